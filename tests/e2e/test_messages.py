"""Messages: sending, answering, editing, taking back, reacting, reading."""

from __future__ import annotations

import pytest

from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town
from tests.hub.kit import says, texts


@pytest.mark.promise("P3", "live", "history")
async def test_everybody_gets_the_same_numbers_in_the_same_order(town: Town) -> None:
    people = await town.people("ann", "bob", "cat", "dan")
    group = await town.group_of(*people)
    answers = [
        phone.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": f"{phone.sub} {number}"})
        for number in range(25)
        for phone in people
    ]
    placed = [await people[0].answer_to(answer) for answer in answers]
    last = max(ok["pos"] for ok in placed)
    logs = [await phone.up_to(group, last) for phone in people]
    base = [e for e in logs[0] if e["kind"] == "message"]
    assert [e["pos"] for e in base] == list(range(base[0]["pos"], last + 1))
    assert [e["seq"] for e in base] == list(range(1, 101))
    ats = [e["at"] for e in base]
    assert ats == sorted(ats)
    for log in logs[1:]:
        assert [e for e in log if e["kind"] == "message"] == base
    assert [e for e in await people[3].history(group, limit=200) if e["kind"] == "message"] == base
    for phone in people:
        mine = [e["body"]["text"] for e in base if e["sender"] == phone.user]
        assert mine == [f"{phone.sub} {number}" for number in range(25)]
    by_cid = {e["cid"]: e for e in base}
    for ok in placed:
        assert (by_cid[ok["cid"]]["pos"], by_cid[ok["cid"]]["seq"], by_cid[ok["cid"]]["at"]) == (
            ok["pos"],
            ok["seq"],
            ok["at"],
        )


async def test_what_a_message_and_its_answer_look_like(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    cid, text = new_cid(), "多行\n文字 👍🏽 \u202e \t end"
    ok = await ann.ask("message.send", group=group, cid=cid, kind="text", body={"text": text})
    assert ok["recall_until"] == ok["at"] + 120_000
    for phone in (ann, bob):
        entry = (await phone.up_to(group, ok["pos"]))[-1]
        assert entry == {
            "kind": "message",
            "pos": ok["pos"],
            "at": ok["at"],
            "seq": 1,
            "sender": ann.user,
            "cid": cid,
            "type": "text",
            "body": {"text": text},
        }


async def test_an_answer_quotes_what_the_target_says_now(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    target = await ann.say(group, "the question " + "?" * 200)
    pos = await bob.say(group, "the answer", reply_to=target)
    entry = (await ann.up_to(group, pos))[-1]
    assert (entry["reply_to"], entry["quote"]["pos"], entry["quote"]["sender"]) == (target, target, ann.user)
    assert entry["quote"]["text"] == ("the question " + "?" * 200)[:100]
    await ann.do("message.edit", group=group, pos=target, text="another question")
    assert {e["pos"]: e for e in await bob.history(group)}[pos]["quote"]["text"] == "another question"
    assert (await bob.cannot("message.send", group=group, kind="text", body={"text": "?"}, reply_to=1)) == "not_found"
    assert (await bob.cannot("message.send", group=group, kind="text", body={"text": "?"}, reply_to=999)) == "not_found"


@pytest.mark.promise("P9", "live", "history", "quote", "line", "reactions", "resume", "edit_entry", "reaction_entry")
async def test_what_is_taken_back_is_gone_from_everywhere(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    early = bob.cursors()
    pos = await ann.say(group, "regretted at first")
    quoting = await bob.say(group, "answering", reply_to=pos)
    await ann.do("message.edit", group=group, pos=pos, text="regretted in the end")
    reacted = await bob.do("reaction.add", group=group, pos=pos, emoji="👍")
    line = await bob.line(group)
    assert line["last"]["pos"] == quoting
    done = await ann.do("message.recall", group=group, pos=pos)
    entry = (await bob.up_to(group, done["pos"]))[-1]
    assert (entry["kind"], entry["target"], entry["by"]) == ("recall", pos, ann.user)
    fresh = await town.phone_of(bob.sub, "tablet")
    resumed = await town.phone_of(bob.sub, "laptop", **early)
    await resumed.up_to(group, done["pos"])
    page = {e["pos"]: e for e in await fresh.history(group)}
    assert set(page[pos]) == {"kind", "pos", "at", "seq", "sender", "cid", "type", "recalled"}
    assert page[pos]["recalled"]["by"] == ann.user
    assert page[quoting]["quote"] == {"pos": pos, "sender": ann.user, "type": "text", "recalled": True}
    assert "body" not in page[quoting + 1], "the edit shows nothing any more"
    assert "reactions" not in page[reacted["pos"]]
    assert {e["pos"]: e for e in resumed.entries[group]}[pos] == page[pos]
    assert (await fresh.denied("reaction.list", group=group, pos=pos)).code == "gone"
    await fresh.ask("group.list")
    await fresh.ask("group.open", group=group)
    for phone in (fresh, resumed):
        assert not says(phone, "regretted")
    async with town.server.hub.readers.snapshot() as reader:
        rows = await reader.all("SELECT body FROM entries WHERE group_id = ?", (group,))
    assert not any("regretted" in str(row) for row in rows), "the store keeps nothing of it either"


@pytest.mark.promise("P9", "line")
async def test_the_last_line_shows_no_text_once_it_is_taken_back(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos = await ann.say(group, "regretted")
    assert (await ann.line(group))["last"]["body"]["text"] == "regretted"
    await ann.do("message.recall", group=group, pos=pos)
    fresh = await town.phone_of(bob.sub, "tablet")
    assert fresh.hello["groups"][0]["last"]["recalled"]["by"] == ann.user
    await fresh.line(group)
    assert not says(fresh, "regretted")


@pytest.mark.promise("P9", "acts")
async def test_nothing_can_be_done_to_what_is_gone(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos = await ann.say(group, "regretted")
    await ann.do("message.recall", group=group, pos=pos)
    assert (await ann.cannot("message.recall", group=group, pos=pos)) == "gone"
    assert (await ann.cannot("message.edit", group=group, pos=pos, text="?")) == "gone"
    assert (await bob.cannot("reaction.add", group=group, pos=pos, emoji="👍")) == "gone"
    assert (await bob.cannot("reaction.remove", group=group, pos=pos, emoji="👍")) == "gone"
    assert (await bob.cannot("message.send", group=group, kind="text", body={"text": "?"}, reply_to=pos)) == "gone"


async def test_whose_messages_one_may_change(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    hers, his = await ann.say(group, "by the owner"), await bob.say(group, "by a member")
    assert (await bob.cannot("message.recall", group=group, pos=hers)) == "forbidden"
    assert (await cat.cannot("message.recall", group=group, pos=his)) == "forbidden"
    assert (await ann.cannot("message.edit", group=group, pos=his, text="not his words")) == "forbidden"
    assert (await ann.cannot("message.recall", group=group, pos=1)) == "not_found"
    await ann.do("message.recall", group=group, pos=his)
    assert {e["pos"]: e for e in await cat.history(group)}[his]["recalled"]["by"] == ann.user


async def test_edits_are_counted_and_told(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos = await ann.say(group, "frist")
    for version, text in ((1, "fisrt"), (2, "first")):
        ok = await ann.do("message.edit", group=group, pos=pos, text=text)
        assert (ok["target"], ok["version"]) == (pos, version)
        entry = (await bob.up_to(group, ok["pos"]))[-1]
        assert (entry["kind"], entry["target"], entry["version"], entry["body"]) == (
            "edit",
            pos,
            version,
            {"text": text},
        )
    message = {e["pos"]: e for e in await bob.history(group)}[pos]
    assert (message["body"]["text"], message["version"]) == ("first", 2)


async def test_reactions_are_told_as_the_state_after_them(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    pos = await ann.say(group, "a good one")
    for phone in (bob, cat):
        await phone.do("reaction.add", group=group, pos=pos, emoji="👍")
    done = await bob.do("reaction.add", group=group, pos=pos, emoji="❤️")
    entry = (await ann.up_to(group, done["pos"]))[-1]
    assert (entry["by"], entry["emoji"], entry["on"]) == (bob.user, "❤️", True)
    assert entry["reactions"] == [{"emoji": "👍", "count": 2}, {"emoji": "❤️", "count": 1}]
    again = await bob.do("reaction.add", group=group, pos=pos, emoji="👍")
    assert again == {"group": group, "target": pos}, "nothing changed, so there is no entry"
    listed = (await ann.ask("reaction.list", group=group, pos=pos))["reactions"]
    assert {r["user"]: sorted(r["emoji"]) for r in listed} == {bob.user: sorted(["👍", "❤️"]), cat.user: ["👍"]}
    done = await bob.do("reaction.remove", group=group, pos=pos, emoji="👍")
    entry = (await ann.up_to(group, done["pos"]))[-1]
    assert entry["on"] is False
    assert entry["reactions"] == [{"emoji": emoji, "count": 1} for emoji in sorted(("👍", "❤️"))]
    for phone, emoji in ((cat, "👍"), (bob, "❤️")):
        done = await phone.do("reaction.remove", group=group, pos=pos, emoji=emoji)
    assert "reactions" not in (await ann.up_to(group, done["pos"]))[-1]
    assert "reactions" not in {e["pos"]: e for e in await ann.history(group)}[pos]
    one = await ann.ask("reaction.list", group=group, pos=pos)
    assert one == {"reactions": []}


async def test_reactions_are_listed_in_pages_of_people(town: Town) -> None:
    people = await town.people("ann", "b", "c", "d")
    group = await town.group_of(*people)
    pos = await people[0].say(group, "popular")
    for phone in people:
        for emoji in ("👍", "🎉"):
            await phone.do("reaction.add", group=group, pos=pos, emoji=emoji)
    first = await people[0].ask("reaction.list", group=group, pos=pos, limit=3)
    second = await people[0].ask("reaction.list", group=group, pos=pos, limit=3, after=first["more"])
    assert [r["user"] for r in first["reactions"] + second["reactions"]] == sorted(p.user for p in people)
    assert all(len(r["emoji"]) == 2 for r in first["reactions"] + second["reactions"])


async def unread(phone: Phone, group: str) -> int:
    """What the chat list says."""
    return int((await phone.line(group))["unread"])


async def test_unread_is_what_others_said_since_one_read(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    sent = [await ann.say(group, f"{number}") for number in range(5)]
    assert (await unread(bob, group), await unread(ann, group)) == (5, 0)
    await ann.do("message.recall", group=group, pos=sent[1])
    assert await unread(bob, group) == 4
    assert (await bob.ask("read.mark", group=group, seq=3)) == {"group": group, "read": 3}
    assert await unread(bob, group) == 2
    await ann.do("message.recall", group=group, pos=sent[0])
    assert await unread(bob, group) == 2, "it was read already"
    await bob.do("reaction.add", group=group, pos=sent[4], emoji="👍")
    assert (await unread(bob, group), await unread(ann, group)) == (2, 0), "only messages count"
    await bob.say(group, "caught up")
    assert (await unread(bob, group), await unread(ann, group)) == (0, 1)
    fresh = await town.phone_of(bob.sub, "tablet")
    assert fresh.hello["groups"][0]["read"] == 6


async def test_read_marks_only_go_forward_and_are_one_for_all_devices(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    tablet = await town.phone_of(bob.sub, "tablet")
    for number in range(5):
        await ann.say(group, f"{number}")
    await bob.ask("read.mark", group=group, seq=4)
    assert (await tablet.signal("read")) == {"group": group, "read": 4}
    assert (await tablet.ask("read.mark", group=group, seq=2))["read"] == 4
    assert await unread(tablet, group) == 1
    await tablet.ask("read.mark", group=group, seq=5)
    await bob.signal("read", lambda data: data["read"] == 5)
    assert await unread(bob, group) == 0
    beyond = await bob.denied("read.mark", group=group, seq=6)
    assert (beyond.code, beyond.details["path"]) == ("invalid", "$.data.seq")
    assert [name for name, _ in ann.signals] == []


async def test_typing_is_told_to_the_others_and_not_too_often(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await cat.ask("group.close", group=group)
    for _ in range(3):
        await ann.ask("typing.start", group=group)
    assert await bob.signal("typing") == {"group": group, "user": ann.user}
    await bob.ask("typing.start", group=group)
    await ann.signal("typing")
    for phone in (bob, cat):
        await phone.settle()
    assert len(bob.signals) == 1
    assert cat.signals == []


@pytest.mark.promise("P3", "history")
async def test_history_is_paged_both_ways(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    for number in range(2, 24):
        assert await ann.say(group, f"{number}") == number
    backwards: list[int] = []
    page = await ann.ask("message.history", group=group, limit=5)
    while True:
        assert page["as_of"] == 23
        backwards = [e["pos"] for e in page["entries"]] + backwards
        if not page["more"]:
            break
        page = await ann.ask("message.history", group=group, limit=5, before=backwards[0])
    forwards: list[int] = []
    page = await ann.ask("message.history", group=group, limit=5, after=0)
    while True:
        forwards += [e["pos"] for e in page["entries"]]
        if not page["more"]:
            break
        page = await ann.ask("message.history", group=group, limit=5, after=forwards[-1])
    assert backwards == forwards == list(range(1, 24))
    assert await ann.history(group, before=1) == []
    assert await ann.history(group, after=23) == []
    both = await ann.denied("message.history", group=group, before=5, after=2)
    assert both.code == "invalid"
    assert texts(await ann.history(group, after=3, limit=2)) == ["4", "5"]


async def test_sends_that_name_the_one_before_stay_in_order(town: Town) -> None:
    ann = await town.person("ann")
    group, other = await town.group_of(ann), await town.group_of(ann)
    first, second, lost = new_cid(), new_cid(), new_cid()
    await ann.say(group, "first", cid=first)
    await ann.say(group, "second", cid=second, after=first)
    refused = await ann.cannot("message.send", group=group, kind="text", body={"text": "third"}, after=lost)
    assert refused == "out_of_order"
    elsewhere = await ann.cannot("message.send", group=other, kind="text", body={"text": "third"}, after=first)
    assert elsewhere == "out_of_order"
    await ann.say(group, "third", cid=lost, after=second)
