"""Outside a group nothing of it can be seen, changed or guessed, by whatever path."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Denied, Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import says, texts

OF_A_GROUP: dict[str, dict[str, Any]] = {
    "group.get": {},
    "group.open": {},
    "group.close": {},
    "group.members": {},
    "group.update": {"title": "Taken over", "cid": True},
    "member.leave": {"cid": True},
    "member.add": {"users": ["u" + "x" * 22], "cid": True},
    "member.kick": {"user": "u" + "x" * 22, "cid": True},
    "member.role": {"user": "u" + "x" * 22, "role": "admin", "cid": True},
    "message.send": {"kind": "text", "body": {"text": "from outside"}, "cid": True},
    "message.recall": {"pos": 3, "cid": True},
    "message.edit": {"pos": 3, "text": "from outside", "cid": True},
    "message.history": {},
    "message.search": {"query": "us"},
    "reaction.add": {"pos": 3, "emoji": "👍", "cid": True},
    "reaction.remove": {"pos": 3, "emoji": "👍", "cid": True},
    "reaction.list": {"pos": 3},
    "read.mark": {"seq": 1},
    "typing.start": {},
    "member.restrict": {"user": "u" + "x" * 22, "cid": True},
    "member.unrestrict": {"user": "u" + "x" * 22, "cid": True},
    "group.restrict": {"cid": True},
    "group.unrestrict": {"cid": True},
    "group.slow": {"slow_s": 5, "cid": True},
    "audit.list": {},
    "invite.create": {"kind": "link", "cid": True},
    "invite.list": {},
    "invite.tree": {},
    "group.entry": {"entry": "open", "cid": True},
    "group.join": {"cid": True},
    "request.create": {"cid": True},
    "request.list": {},
    "request.approve": {"user": "u" + "x" * 22, "number": 1, "cid": True},
    "request.refuse": {"user": "u" + "x" * 22, "number": 1, "cid": True},
    "request.withdraw": {"cid": True},
    "chat.update": {"level": "none", "cid": True},
    "draft.save": {"text": "from outside"},
    "nickname.set": {"nickname": "Eve", "cid": True},
    "receipt.get": {"seq": 1},
    "presence.get": {},
    "message.at": {"at": 0},
    "message.forward": {"source": "g" + "x" * 22, "positions": [3], "cid": True},
    "pin.add": {"pos": 3, "cid": True},
    "pin.remove": {"pos": 3, "cid": True},
    "pin.list": {},
    "feature.add": {"pos": 3, "cid": True},
    "feature.remove": {"pos": 3, "cid": True},
    "feature.list": {},
    "group.transfer": {"user": "u" + "x" * 22, "cid": True},
    "group.dissolve": {"cid": True},
    "group.announce": {"text": "from outside", "cid": True},
    "member.ban": {"user": "u" + "x" * 22, "cid": True},
    "member.unban": {"user": "u" + "x" * 22, "cid": True},
    "member.bans": {},
    "section.create": {"kind": "chat", "title": "from outside", "cid": True},
    "section.update": {"section": 0, "title": "from outside", "cid": True},
    "section.order": {"sections": [0], "cid": True},
    "section.list": {},
    "group.bots": {},
    "menu.press": {"pos": 3, "button": "yes", "cid": True},
}


async def refusal(phone: Phone, op: str, group: str) -> Denied:
    """What an op on a group is refused with."""
    data = dict(OF_A_GROUP[op])
    if data.pop("cid", False):
        data["cid"] = new_cid()
    return await phone.denied(op, group=group, **data)


@pytest.mark.promise("P7", "outsider")
@pytest.mark.parametrize("op", sorted(OF_A_GROUP))
async def test_a_group_one_is_not_in_looks_like_one_that_does_not_exist(town: Town, op: str) -> None:
    ann, eve = await town.people("ann", "eve")
    group = await town.group_of(ann)
    await ann.say(group, "among us")
    there = (await refusal(eve, op, group)).error
    nowhere = (await refusal(eve, op, "g" + "x" * 22)).error
    assert there == nowhere
    assert there["code"] == "not_found"
    assert not says(eve, "among us")


@on_loop
@pytest.mark.promise(
    "P7",
    "live",
    "resume",
    "history",
    "members",
    "reactions",
    "group.get",
    "group.list",
    "typing",
    "heads",
    "own_log",
    "read",
    "banned",
)
@pytest.mark.parametrize("how", ["member.leave", "member.kick", "member.ban"])
async def test_from_there_on_nothing_reaches_who_is_out_by_any_path(store_url: str, tmp_path: Path, how: str) -> None:
    async with living_town(store_url, tmp_path, hub={"heads_interval_s": 0.05}) as town:
        ann, bob, cat = await town.people("ann", "bob", "cat")
        group = await town.group_of(ann, bob, cat, title="Inner circle")
        formats: tuple[Format, ...] = ("json", "msgpack")
        phones = [bob] + [await town.phone_of(bob.sub, fmt, fmt) for fmt in formats]
        quiet = await town.phone_of(bob.sub, "quiet")
        await quiet.ask("group.close", group=group)
        phones.append(quiet)
        seen = await ann.say(group, "while he was in")
        for phone in phones[:-1]:
            await phone.up_to(group, seen)
        cursors = bob.cursors()
        if how == "member.leave":
            out = (await bob.do(how, group=group))["pos"]
        else:
            out = (await ann.do(how, group=group, user=bob.user))["pos"]
        behind = await ann.say(group, "behind his back")
        await cat.say(group, "me too", reply_to=behind)
        await ann.do("message.edit", group=group, pos=behind, text="behind his back, edited")
        await ann.do("message.edit", group=group, pos=seen, text="changed behind his back")
        await ann.do("reaction.add", group=group, pos=seen, emoji="🙈")
        await ann.do("group.update", group=group, title="Without him")
        await ann.ask("typing.start", group=group)
        await cat.ask("read.mark", group=group, seq=2)
        for op in OF_A_GROUP:
            for phone in phones:
                assert (await refusal(phone, op, group)).code == "not_found", op
        later = await town.phone_of(bob.sub, "later", **cursors)
        fresh = await town.phone_of(bob.sub, "fresh")
        phones += [later, fresh]
        removed = await later.own("removed", group)
        assert removed["pos"] == out
        for phone in phones:
            assert (await phone.ask("group.list"))["groups"] == []
            marks = len(phone.signals)
            await phone.until(lambda phone=phone, marks=marks: len(phone.signals) > marks)  # type: ignore[misc]
        for phone in phones:
            assert all(entry["pos"] < out for entry in phone.entries.get(group, []))
            for text in ("behind his back", "me too", "🙈", "Without him"):
                assert not says(phone, text), (phone.device, text)
            for name, data in phone.signals:
                assert name == "heads"
                assert group not in data["heads"]
        assert (later.hello["groups"], fresh.hello["groups"]) == ([], [])


@pytest.mark.promise("P7", "floor", "quote", "reaction_entry", "edit_entry", "recall_entry", "history", "resume.floor")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_what_refers_to_before_ones_time_is_hidden_and_takes_its_number(town: Town, fmt: Format) -> None:
    ann, old = await town.people("ann", "old")
    new = await town.person("new", fmt=fmt)
    group = await town.group_of(ann, old)
    early = await ann.say(group, "before his time")
    other = await ann.say(group, "before his time too")
    await town.befriend(ann, new)
    joined = (await ann.do("member.add", group=group, users=[new.user]))["pos"]
    await new.up_to(group, joined)
    cursors = new.cursors()
    await ann.do("reaction.add", group=group, pos=early, emoji="🙈")
    await ann.do("message.edit", group=group, pos=early, text="before his time, edited")
    await ann.do("message.recall", group=group, pos=other)
    answer = await ann.say(group, "answering", reply_to=early)
    seen = await ann.say(group, "in his time")
    last = (await old.do("reaction.add", group=group, pos=seen, emoji="👍"))["pos"]
    live = await new.up_to(group, last)
    assert [e["kind"] for e in live] == ["members"] + ["hidden"] * 3 + ["message", "message", "reaction"]
    assert [e["pos"] for e in live] == list(range(joined, last + 1))
    back = await town.phone_of(new.sub, "back", fmt, **cursors)
    paged = await new.history(group)
    assert [e["kind"] for e in paged] == ["members", "hidden", "message", "message", "reaction"]
    assert (paged[1]["pos"], paged[1]["to"]) == (joined + 1, joined + 3)
    for entries in (live, await back.up_to(group, last), paged):
        quoting = next(e for e in entries if e["pos"] == answer)
        assert quoting["reply_to"] == early
        assert "quote" not in quoting
    for phone in (new, back):
        assert not says(phone, "before his time")
        assert not says(phone, "🙈")
    assert (await new.denied("reaction.list", group=group, pos=early)).code == "not_found"
    for op, data in (
        ("message.send", {"kind": "text", "body": {"text": "?"}, "reply_to": early}),
        ("reaction.add", {"pos": early, "emoji": "👍"}),
        ("message.recall", {"pos": early}),
        ("message.edit", {"pos": early, "text": "?"}),
    ):
        assert (await new.cannot(op, group=group, **data)) == "not_found"
    kinds = {e["pos"]: e["kind"] for e in await old.up_to(group, last)}
    assert "hidden" not in kinds.values()


@pytest.mark.promise("P7", "floor")
async def test_an_admin_who_came_later_cannot_act_on_what_they_cannot_see(town: Town) -> None:
    ann, new = await town.people("ann", "new")
    group = await town.group_of(ann)
    early = await ann.say(group, "before")
    await town.befriend(ann, new)
    await ann.do("member.add", group=group, users=[new.user])
    await ann.do("member.role", group=group, user=new.user, role="admin")
    assert (await new.cannot("message.recall", group=group, pos=early)) == "not_found"


@pytest.mark.promise("P7", "live.other_group")
async def test_groups_do_not_mix(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    first, second = await town.group_of(ann, bob), await town.group_of(ann, cat)
    in_first = await ann.say(first, "only the first")
    await ann.say(second, "only the second")
    foreign = await cat.cannot("message.send", group=second, kind="text", body={"text": "?"}, reply_to=in_first + 40)
    assert foreign == "not_found"
    await asyncio.gather(bob.settle(), cat.settle())
    assert not says(bob, "only the second")
    assert not says(cat, "only the first")
    assert texts(await bob.history(first)) == ["only the first"]
