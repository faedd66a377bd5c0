"""Sections of a group, as people meet them over the wire."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import PATIENCE_S, Denied, Phone, new_cid
from tests.e2e.test_search import indexed
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import says

FORMATS: tuple[Format, ...] = ("json", "msgpack")


async def make(phone: Phone, group: str, kind: str = "chat", title: str = "More") -> int:
    """A section. Returns its number."""
    return int((await phone.do("section.create", group=group, kind=kind, title=title))["section"])


async def section_of(phone: Phone, group: str, section: int) -> dict[str, Any]:
    """A section as it stands for somebody."""
    found: list[dict[str, Any]] = (await phone.ask("section.list", group=group))["sections"]
    return next(one for one in found if one["section"] == section)


async def entry(phone: Phone, group: str, pos: int) -> dict[str, Any]:
    return next(one for one in await phone.up_to(group, pos) if one["pos"] == pos)


@pytest.mark.parametrize("fmt", FORMATS)
async def test_each_section_has_its_own_numbers_and_unread_in_one_log(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    assert "sections" not in await bob.line(group)
    made = await ann.do("section.create", group=group, kind="chat", title="闲聊", intro="随便说")
    told = await entry(bob, group, made["pos"])
    closet = {"section": 1, "kind": "chat", "title": "闲聊", "intro": "随便说"}
    assert told["sections"] == [{"section": 0, "kind": "chat", "title": ""}, closet]
    assert (told["kind"], told["act"], told["section"], told["by"]) == ("sections", "create", 1, ann.user)
    answer: dict[str, Any] = {}
    for section in (0, 1, 1):
        send = {"group": group, "kind": "text", "body": {"text": f"in {section}"}} | ({"section": 1} if section else {})
        answer = await ann.do("message.send", **send)
        pushed = await entry(bob, group, answer["pos"])
        assert (pushed.get("section"), pushed["seq"]) == (section or None, answer["seq"])
    line = await bob.line(group)
    assert (line["seq"], line["unread"], line["last"]["body"]["text"]) == (1, 3, "in 1")
    assert [(one["section"], one.get("seq"), one.get("unread")) for one in line["sections"]] == [(0, 1, 1), (1, 2, 2)]
    heads = [answer["pos"] - 2, answer["pos"]]
    assert [one["head"] for one in line["sections"]] == heads
    assert [one["head"] for one in (await bob.ask("section.list", group=group))["sections"]] == heads
    assert (await bob.ask("read.mark", group=group, seq=1, section=1)) == {"group": group, "read": 1, "section": 1}
    line = await bob.line(group)
    assert (line["unread"], line["read"]) == (2, 0)
    await bob.ask("read.mark", group=group, seq=1)
    assert [one.get("unread") for one in (await bob.line(group))["sections"]] == [None, 1]
    mine = await ann.line(group)
    assert [one.get("unread") for one in mine["sections"]] == [None, None], "who writes has read what was there"


async def test_where_one_has_read_in_a_section_reaches_the_other_device_and_comes_back(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    section = await make(ann, group)
    pos = [await ann.say(group, "hello", section=section) for _ in range(3)][-1]
    tablet = await town.phone_of(bob.sub, "tablet", "msgpack")
    await tablet.ask("group.open", group=group)
    await bob.up_to(group, pos)
    await bob.ask("read.mark", group=group, seq=2, section=section)
    signal = await tablet.signal("read", lambda data: data.get("section") == section)
    assert signal == {"group": group, "read": 2, "section": section}
    assert (await bob.ask("read.mark", group=group, seq=1, section=section))["read"] == 2, "never backwards"
    later = await town.back(bob)
    assert {"group": group, "section": section, "read": 2} in later.hello["section_reads"]
    assert group in later.hello["reads"]
    assert (await section_of(later, group, section))["unread"] == 1
    refusal = await later.denied("read.mark", group=group, seq=4, section=section)
    assert (refusal.code, refusal.details) == ("invalid", {"path": "$.data.seq"})
    assert (await later.denied("read.mark", group=group, seq=1, section=9)).details == {"section": 9}


async def test_read_positions_in_sections_survive_a_restart_of_the_store(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    section = await make(ann, group)
    await ann.say(group, "hello", section=section)
    await ann.say(group, "hello", section=section)
    await bob.ask("read.mark", group=group, seq=1, section=section)
    hub = town.server.hub
    assert hub.reads.known_of(bob.user) == {(group, section): 1}
    async with asyncio.timeout(PATIENCE_S):
        while hub.reads.known_of(bob.user):
            hub.reads.save(hub.link)
            await hub.link.settled()
    assert hub.reads.known_of(bob.user) == {}, "what is stored is kept in memory no more"
    one = await section_of(bob, group, section)
    assert (one["read"], one["unread"]) == (1, 1)


@pytest.mark.parametrize("fmt", FORMATS)
async def test_who_writes_where_depends_on_the_kind_of_section(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    announce, qa, showcase = [await make(ann, group, kind) for kind in ("announce", "qa", "showcase")]

    async def refused(section: int, **more: Any) -> str:
        return await bob.cannot("message.send", group=group, kind="text", body={"text": "me"}, section=section, **more)

    assert await refused(announce) == "forbidden"
    assert await refused(showcase) == "forbidden"
    assert await refused(9) == "no_section"
    pos = await ann.say(group, "Live at eight", section=announce)
    question = await bob.say(group, "Where?", section=qa)
    answer = await ann.say(group, "Here", section=qa, reply_to=question)
    assert (await entry(bob, group, answer))["quote"]["section"] == qa
    assert await refused(qa, reply_to=pos) == "invalid"
    about = await bob.say(group, "Great", reply_to=pos)
    assert (await entry(ann, group, about))["quote"].items() >= {"pos": pos, "section": announce}.items()
    forwarded = await bob.do("message.forward", group=group, source=group, positions=[pos], section=qa)
    assert (forwarded["section"], forwarded["seq"]) == (qa, 3)
    into = {"group": group, "source": group, "positions": [pos], "section": announce}
    assert await bob.cannot("message.forward", **into) == "forbidden"
    assert await bob.cannot("section.create", group=group, kind="chat", title="mine") == "forbidden"
    await ann.do("pin.add", group=group, pos=pos)
    await ann.do("feature.add", group=group, pos=question)
    assert [one["entry"]["section"] for one in (await bob.ask("pin.list", group=group))["pins"]] == [announce]
    assert [one["entry"]["section"] for one in (await bob.ask("feature.list", group=group))["posts"]] == [qa]


async def test_a_closed_section_is_off_the_list_and_can_be_read(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    section = await make(ann, group)
    pos = await bob.say(group, "old words", section=section)
    await ann.say(group, "more", section=section)
    told = (await ann.do("section.update", group=group, section=section, closed=True))["pos"]
    assert (await entry(bob, group, told))["act"] == "close"
    line = await bob.line(group)
    shown = [one["section"] for one in line["sections"]]
    assert (line["unread"], shown) == (0, [0]), "nothing that is unread is hidden there"
    assert (await section_of(bob, group, section)).items() >= {"closed": True, "unread": 1}.items()
    for op, more in (
        ("message.send", {"kind": "text", "body": {"text": "x"}, "section": section}),
        ("message.edit", {"pos": pos, "text": "x"}),
        ("reaction.add", {"pos": pos, "emoji": "👍"}),
    ):
        assert await bob.cannot(op, group=group, **more) == "read_only"
    assert [e["body"]["text"] for e in await bob.history(group, section=section)] == ["old words", "more"]
    await bob.do("message.recall", group=group, pos=pos)
    await ann.do("section.update", group=group, section=section, closed=False)
    await bob.say(group, "again", section=section)


@pytest.mark.parametrize("fmt", FORMATS)
async def test_the_messages_of_a_section_page_by_page(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    section = await make(ann, group)
    places: dict[int, list[int]] = {0: [], section: []}
    for n in range(14):
        where = section if n % 3 else 0
        places[where].append(await ann.say(group, str(n), section=where))
    for where, expected in places.items():
        back: list[int] = []
        page: dict[str, Any] = {"more": True, "entries": []}
        while page["more"]:
            before = {"before": page["entries"][0]["pos"]} if page["entries"] else {}
            page = await bob.ask("message.history", group=group, section=where, limit=2, **before)
            assert all(e["kind"] == "message" and e.get("section", 0) == where for e in page["entries"])
            back = [e["pos"] for e in page["entries"]] + back
        assert back == expected
        on: list[int] = []
        page = {"more": True}
        while page["more"]:
            page = await bob.ask("message.history", group=group, section=where, limit=3, after=on[-1] if on else 0)
            on += [e["pos"] for e in page["entries"]]
        assert on == expected
        around = await bob.ask("message.history", group=group, section=where, around=expected[2], limit=4)
        assert [e["pos"] for e in around["entries"]] == expected[:4]
        assert (around["more"], around.get("older", False)) == (len(expected) > 4, False)
        around = await bob.ask("message.history", group=group, section=where, around=expected[3], limit=4)
        assert [e["pos"] for e in around["entries"]] == expected[1:5]
        assert around["older"]
    assert (await bob.denied("message.history", group=group, section=9)).code == "no_section"
    assert (await bob.ask("message.history", group=group, section=section, before=1))["entries"] == []


@pytest.mark.promise("P7", "history.section")
@pytest.mark.promise("P9", "history.section")
async def test_nothing_from_before_ones_time_is_in_a_section(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    section = await make(ann, group)
    secret = await ann.say(group, "among us", section=section)
    await ann.say(group, "among us in the main one")
    await town.befriend(ann, bob)
    await ann.do("member.add", group=group, users=[bob.user])
    reply = await ann.say(group, "welcome", section=section, reply_to=secret)
    assert [e["pos"] for e in await bob.history(group, section=section)] == [reply]
    assert [e["pos"] for e in await bob.history(group, section=section, after=0)] == [reply]
    assert [e["pos"] for e in await bob.history(group, section=section, around=secret)] == [reply]
    assert await bob.history(group, section=0) == []
    one = await section_of(bob, group, section)
    assert (one["seq"], one["read"], one["unread"]) == (2, 1, 1)
    assert (await bob.line(group))["unread"] == 1
    assert (await bob.denied("receipt.get", group=group, seq=1, section=section)).code == "not_found"
    await ann.do("message.recall", group=group, pos=reply)
    assert (await bob.line(group))["unread"] == 0
    assert not says(bob, "among us")
    (shown,) = await bob.history(group, section=section)
    assert (shown["recalled"]["by"], "body" in shown) == (ann.user, False)


async def test_what_was_written_while_one_was_out_counts_as_read_in_every_hello(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    section = await make(ann, group)
    await bob.up_to(group, await ann.say(group, "one", section=section))
    await bob.ask("read.mark", group=group, seq=1, section=section)
    hub = town.server.hub
    hub.reads.save(hub.link)
    await hub.link.settled()
    await bob.do("member.leave", group=group)
    await ann.say(group, "two", section=section)
    came = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    await bob.up_to(group, came)
    assert (await bob.ask("read.mark", group=group, seq=1, section=section))["read"] == 2
    back = await town.back(bob)
    assert {"group": group, "section": section, "read": 2} in back.hello["section_reads"]
    assert "unread" not in await section_of(back, group, section)


async def test_a_notice_before_ones_time_makes_nothing_of_a_section_unread(town: Town) -> None:
    ann, cat = await town.people("ann", "cat")
    group = await town.group_of(ann)
    section = await make(ann, group)
    for _ in range(2):
        await ann.say(group, "before", section=section)
    await ann.do("message.send", group=group, kind="notice", body={"text": "be kind"}, section=section)
    await town.befriend(ann, cat)
    await ann.do("member.add", group=group, users=[cat.user])
    await ann.say(group, "behind it", section=section)
    seen = await section_of(cat, group, section)
    assert (seen["seq"], seen["read"], seen["unread"]) == (3, 2, 1)
    assert (await cat.ask("read.mark", group=group, seq=1, section=section))["read"] == 2


@pytest.mark.promise("P9", "history.section")
async def test_a_notice_that_came_last_brings_nothing_from_before_ones_time_into_the_list(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    section = await make(ann, group)
    await ann.say(group, "among us", section=section)
    await ann.do("message.send", group=group, kind="notice", body={"text": "read this"}, section=section)
    await town.befriend(ann, bob)
    await ann.do("member.add", group=group, users=[bob.user])
    assert "head" not in await section_of(bob, group, section)
    assert "last" not in await bob.line(group)
    assert (await bob.denied("receipt.get", group=group, seq=1, section=section)).code == "not_found"
    fresh = await town.phone_of(bob.sub, "fresh")
    assert not says(bob, "among us")
    assert not says(fresh, "among us")


async def test_mentions_are_counted_where_they_stand(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    section = await make(ann, group)
    part = {"offset": 0, "length": 1}
    body = {"text": "x you", "entities": [part | {"user": bob.user}]}
    first = (await ann.do("message.send", group=group, kind="text", body=body, section=section))["pos"]
    everybody = {"text": "x all", "entities": [part | {"all": True}]}
    await ann.do("message.send", group=group, kind="text", body=everybody, section=section)
    await ann.do("message.send", group=group, kind="text", body=body)
    line = await bob.line(group)
    assert (line["mentions"], line["mention"]) == (3, first)
    assert [one.get("mentions") for one in line["sections"]] == [1, 2]
    await bob.ask("read.mark", group=group, seq=2, section=section)
    assert [one.get("mentions") for one in (await bob.line(group))["sections"]] == [1, None]
    assert len((await bob.ask("mention.list"))["mentions"]) == 3
    await ann.do("message.send", group=group, kind="text", body=everybody, section=section)
    await ann.do("message.send", group=group, kind="text", body=body, section=section)
    assert (await section_of(bob, group, section))["mentions"] == 2
    await bob.do("block.add", user=ann.user)
    assert "mentions" not in await section_of(bob, group, section), "who is blocked calls nobody who blocked them"
    assert "mentions" not in await bob.line(group)


async def test_receipts_are_per_section(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    section = await make(ann, group)
    for phone in (ann, bob, cat):
        await phone.do("privacy.set", receipts=True)
    await ann.say(group, "main")
    await ann.say(group, "hello", section=section)
    await bob.ask("read.mark", group=group, seq=1, section=section)
    shown = await ann.ask("receipt.get", group=group, seq=1, section=section)
    assert shown == {"group": group, "seq": 1, "users": [bob.user], "section": section}
    assert (await ann.ask("receipt.get", group=group, seq=1))["users"] == []
    signal = await ann.signal("receipts", lambda data: data.get("section") == section)
    assert signal["reads"] == {bob.user: 1}
    assert (await ann.denied("receipt.get", group=group, seq=2, section=section)).code == "not_found"
    assert (await ann.denied("receipt.get", group=group, seq=1, section=9)).code == "no_section"


@pytest.mark.promise("P8", "limits.sections_per_group")
async def test_the_sixth_section_is_refused_on_all_connections_at_once(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    phones = [ann, await town.phone_of(ann.sub, "tablet", "msgpack")]
    futures = [
        phone.send("section.create", group=group, kind="chat", title=f"{n}", cid=new_cid())
        for n in range(5)
        for phone in phones
    ]
    codes = []
    for phone, future in zip(phones * 5, futures, strict=True):
        try:
            await phone.answer_to(future)
            codes.append("")
        except Denied as refusal:
            codes.append(refusal.code)
    assert sorted(codes) == ["", "", "", "", *["section_limit"] * 6]
    assert len((await ann.line(group))["sections"]) == 5


async def test_sections_are_ordered_and_renamed(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    one, two = await make(ann, group, title="one"), await make(ann, group, title="two")
    assert await ann.do("section.order", group=group, sections=[0, one, two]) == {"group": group}
    told = await entry(bob, group, (await ann.do("section.order", group=group, sections=[two, 0, one]))["pos"])
    assert (told["act"], "section" in told) == ("order", False)
    await ann.do("section.update", group=group, section=0, title="大厅")
    await ann.do("section.update", group=group, section=one, kind="qa", intro="Ask")
    shown = [(s["section"], s["kind"], s["title"]) for s in (await bob.line(group))["sections"]]
    assert shown == [(two, "chat", "two"), (0, "chat", "大厅"), (one, "qa", "one")]
    assert (await ann.denied("section.update", group=group, section=one, cid="x" * 21 + "A")).code == "invalid"
    direct = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    assert await ann.cannot("section.create", group=direct, kind="chat", title="x") == "forbidden"
    assert [s["section"] for s in (await ann.ask("section.list", group=direct))["sections"]] == [0]
    acts = [row["act"] for row in (await ann.ask("audit.list", group=group))["rows"]]
    assert acts == ["section.update", "section.update", "section.order", "section.create", "section.create"]


@on_loop
async def test_messages_are_searched_in_a_section(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, search={"on": True}) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        section = await make(ann, group)
        await ann.say(group, "石榴 in the main one")
        pos = await ann.say(group, "石榴 over there", section=section)

        await indexed(town)

        async def found(**more: Any) -> list[tuple[int, int]]:
            page = await ann.ask("message.search", query="石榴", group=group, **more)
            return [(hit["pos"], hit.get("section", 0)) for hit in page["hits"]]

        assert await found(section=section) == [(pos, section)]
        assert await found(section=0) == [(pos - 1, 0)]
        assert await found() == [(pos, section), (pos - 1, 0)]
        refusal = await ann.denied("message.search", query="石榴", section=section)
        assert (refusal.code, refusal.details) == ("invalid", {"path": "$.data.group"})
