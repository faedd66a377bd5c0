"""Forwarding, kinds of messages, and jumping, over the wire."""

from __future__ import annotations

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import new_cid
from tests.e2e.town import Town
from tests.hub.kit import says, texts

FORMATS: tuple[Format, ...] = ("json", "msgpack")


@pytest.mark.promise("P7", "forward")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_what_is_forwarded_says_nothing_of_where_it_came_from(town: Town, fmt: Format) -> None:
    ann, bob = await town.people("ann", "bob")
    eve = await town.person("eve", fmt=fmt)
    inner, outer = await town.group_of(ann, bob, title="Inner circle"), await town.group_of(ann, eve, title="Outer")
    first = await bob.say(inner, "one")
    second = await ann.say(inner, "two", reply_to=first)
    ok = await ann.do("message.forward", group=outer, source=inner, positions=[first])
    entry = (await eve.up_to(outer, ok["pos"]))[-1]
    assert entry == {
        "kind": "message",
        "pos": ok["pos"],
        "at": ok["at"],
        "seq": 1,
        "sender": ann.user,
        "cid": ok["cid"],
        "type": "text",
        "body": {"text": "one"},
        "forwarded": {},
    }
    ok = await ann.do("message.forward", group=outer, source=inner, positions=[second, first])
    entry = (await eve.up_to(outer, ok["pos"]))[-1]
    items = entry["body"]["items"]
    assert [(item["name"], item["type"], item["body"]) for item in items] == [
        ("Bob", "text", {"text": "one"}),
        ("Ann", "text", {"text": "two"}),
    ]
    assert (entry["type"], entry["alt"], entry["forwarded"]) == ("bundle", "Bob: one / Ann: two", {})
    for secret in (inner, bob.user, "Inner circle"):
        assert not says(eve, secret)
    answer = await eve.say(outer, "which one?", reply_to=ok["pos"])
    quoted = (await ann.up_to(outer, answer))[-1]["quote"]
    assert (quoted["type"], quoted["text"]) == ("bundle", "Bob: one / Ann: two")
    assert (await eve.cannot("message.forward", group=outer, source=inner, positions=[first])) == "not_found"
    assert (await eve.cannot("message.edit", group=outer, pos=ok["pos"], text="x")) == "forbidden"
    edited = await ann.denied("message.edit", group=outer, pos=ok["pos"], text="x", cid=new_cid())
    assert (edited.code, edited.details["path"]) == ("invalid", "$.data.pos")


@pytest.mark.promise("P9", "forward")
async def test_a_copy_stays_as_it_was_and_what_is_gone_is_not_copied(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos, other = await ann.say(group, "as it was"), await ann.say(group, "regretted")
    copied = (await bob.do("message.forward", group=group, source=group, positions=[pos]))["pos"]
    bundle = (await bob.do("message.forward", group=group, source=group, positions=[pos, copied]))["pos"]
    await ann.do("message.edit", group=group, pos=pos, text="changed")
    await ann.do("message.recall", group=group, pos=other)
    assert (await bob.cannot("message.forward", group=group, source=group, positions=[other])) == "gone"
    assert (await bob.cannot("message.forward", group=group, source=group, positions=[pos, other])) == "gone"
    shown = {entry["pos"]: entry for entry in await ann.history(group)}
    assert shown[copied]["body"] == {"text": "as it was"}
    assert [item["body"]["text"] for item in shown[bundle]["body"]["items"]] == ["as it was"] * 2
    await bob.do("message.recall", group=group, pos=bundle)
    gone = {entry["pos"]: entry for entry in await ann.history(group)}[bundle]
    assert {"body", "alt", "forwarded"} & gone.keys() == set()


@pytest.mark.parametrize("fmt", FORMATS)
async def test_a_hosts_own_kind_is_carried_with_its_words(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann"), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    body = {"alt": "🎲 4", "data": {"value": 4, "deep": [1, [None, {"x": 0.5}], "长"], "yes": True}}
    ok = await bob.do("message.send", group=group, kind="x-dice", body=body)
    entry = (await ann.up_to(group, ok["pos"]))[-1]
    assert (entry["type"], entry["body"], entry["alt"]) == ("x-dice", body, "🎲 4")
    answer = await ann.say(group, "four!", reply_to=ok["pos"])
    quote = (await bob.up_to(group, answer))[-1]["quote"]
    assert quote == {"pos": ok["pos"], "sender": bob.user, "type": "x-dice", "text": "🎲 4"}
    assert (await ann.line(group))["last"]["body"] == {"text": "four!"}


@pytest.mark.promise("P7", "found_by_time")
async def test_one_jumps_to_a_time_or_around_a_position_within_what_one_sees(town: Town) -> None:
    ann, new = await town.people("ann", "new")
    group = await town.group_of(ann)
    for number in range(20):
        await ann.say(group, f"{number}")
    log = await ann.history(group)
    for entry in log[::5]:
        found = await ann.ask("message.at", group=group, at=entry["at"])
        first = next(e for e in log if e["at"] == entry["at"])
        assert found == {"group": group, "pos": first["pos"], "at": entry["at"]}
    assert await ann.ask("message.at", group=group, at=log[-1]["at"] + 1) == {"group": group}
    assert (await ann.ask("message.at", group=group, at=0))["pos"] == 1
    page = await ann.ask("message.history", group=group, around=10, limit=6)
    assert [e["pos"] for e in page["entries"]] == [7, 8, 9, 10, 11, 12]
    assert (page["more"], page["older"]) == (True, True)
    page = await ann.ask("message.history", group=group, around=2, limit=6)
    assert ([e["pos"] for e in page["entries"]], "older" in page) == ([1, 2, 3, 4, 5, 6], False)
    page = await ann.ask("message.history", group=group, around=999, limit=6)
    assert ([e["pos"] for e in page["entries"]], page["more"]) == ([19, 20, 21], False)
    both = await ann.denied("message.history", group=group, around=5, after=2)
    assert (both.code, both.details["path"]) == ("invalid", "$.data.around")
    await town.befriend(ann, new)
    joined = (await ann.do("member.add", group=group, users=[new.user]))["pos"]
    await new.up_to(group, joined)
    assert (await new.ask("message.at", group=group, at=0))["pos"] == joined
    assert texts((await new.ask("message.history", group=group, around=5, limit=6))["entries"]) == []
