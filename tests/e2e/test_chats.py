"""One's own chat list: pinned, quiet, put away, marked as unread, unsent text, nicknames; on all of one's devices."""

from __future__ import annotations

from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.town import Town, a_millisecond_later
from tests.hub.kit import says, session_of

FORMATS = ["json", "msgpack"]


async def listed(phone: Phone, **request: Any) -> list[str]:
    """The groups of the chat list, read two lines at a time."""
    groups: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = await phone.ask("group.list", limit=2, **request, **more)
        groups += [line["group"] for line in page["groups"]]
        if "more" not in page:
            return groups
        more = {"after": page["more"]}


@pytest.mark.parametrize("fmt", FORMATS)
async def test_what_one_chose_is_on_every_device_and_in_every_list_and_concerns_nobody_else(
    town: Town, fmt: Format
) -> None:
    ann = await town.person("ann", fmt=fmt)
    bob = await town.person("bob")
    group = await town.group_of(ann, bob)
    tablet = await town.phone_of(ann.sub, "tablet", fmt)
    away = tablet.cursors()
    await tablet.hang_up()
    desk = await town.phone_of(ann.sub, "desk")
    head = (await bob.line(group))["head"]
    until = ann.hello["at"] + 3_600_000
    ok = await ann.do("chat.update", group=group, level="mentions", until=until, marked=True)
    chosen = {"pinned": 0, "level": "mentions", "marked": True, "until": until}
    assert ok == {"group": group, "chat": chosen, "archived": False}
    for device in (ann, desk):
        assert (await device.own("chat", group))["chat"] == chosen
    back = await town.phone_of(ann.sub, "tablet", fmt, **away)
    assert (await back.own("chat", group))["chat"] == chosen
    fresh = await town.phone_of(ann.sub, "fresh", fmt)
    lines = [
        fresh.hello["groups"][0],
        await fresh.line(group),
        (await fresh.ask("group.list"))["groups"][0],
        await fresh.ask("group.open", group=group),
    ]
    assert [line["chat"] for line in lines] == [chosen] * 4
    await bob.settle()
    assert "chat" not in await bob.line(group)
    assert [entry for entry in bob.mine if entry["kind"] == "chat"] == []
    assert (await bob.line(group))["head"] == head


async def test_the_list_is_pinned_first_then_newest_then_put_away_on_every_page(town: Town) -> None:
    ann = await town.person("ann")
    groups = []
    for n in range(7):
        a_millisecond_later()
        groups.append(await town.group_of(ann, title=f"{n}"))
    await ann.do("chat.update", group=groups[1], pinned=True)
    a_millisecond_later()
    await ann.do("chat.update", group=groups[3], pinned=True)
    await ann.do("chat.update", group=groups[4], archived=True)
    await ann.do("chat.update", group=groups[6], archived=True)
    for n in (2, 4, 1, 0):
        a_millisecond_later()
        await ann.say(groups[n], "hello")
    order = [groups[n] for n in (3, 1, 0, 2, 5, 4, 6)]
    assert await listed(ann) == order
    assert await listed(ann, archived=False) == order[:5]
    assert await listed(ann, archived=True) == order[5:]
    await ann.do("chat.update", group=groups[1], pinned=True, order=2**53 - 1)
    await ann.do("chat.update", group=groups[6], archived=False)
    order = [groups[n] for n in (1, 3, 0, 2, 6, 5, 4)]
    assert await listed(ann) == order
    again = await town.phone_of(ann.sub, "again")
    assert [line["group"] for line in again.hello["groups"]] == order
    for after in ("", "1:2", "x:1:g", f"{groups[0]}", "--1:1:g"):
        assert (await ann.denied("group.list", after=after)).error["details"] == {"path": "$.data.after"}


@pytest.mark.parametrize("fmt", FORMATS)
async def test_what_is_marked_as_unread_is_until_somebody_reads_or_writes_there(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    bob = await town.person("bob")
    group = await town.group_of(ann, bob)
    await bob.say(group, "hello")
    seq = (await ann.line(group))["seq"]
    await ann.ask("read.mark", group=group, seq=seq)
    desk = await town.phone_of(ann.sub, "desk", fmt)
    await ann.do("chat.update", group=group, marked=True)
    assert (await desk.own("chat", group))["chat"]["marked"]
    assert (await ann.line(group))["unread"] == 0
    await desk.ask("read.mark", group=group, seq=seq)
    assert not (await ann.own("chat", group, 2))["chat"]["marked"]
    assert not (await ann.line(group))["chat"]["marked"]
    await desk.ask("read.mark", group=group, seq=seq)
    await ann.do("chat.update", group=group, marked=True)
    fresh = await town.phone_of(ann.sub, "fresh")
    await fresh.say(group, "I am here")
    assert not (await ann.own("chat", group, 4))["chat"]["marked"]
    assert [entry["chat"]["marked"] for entry in ann.mine if entry["kind"] == "chat"] == [True, False, True, False]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.promise("P7", "nicknames")
async def test_what_one_is_called_in_a_group_is_known_there_and_nowhere_else(town: Town, fmt: Format) -> None:
    ann, bob, out = await town.people("ann", "bob", "out")
    cat = await town.person("cat", fmt=fmt)
    group, other = await town.group_of(ann, bob, cat), await town.group_of(ann, bob, out)
    ok = await bob.do("nickname.set", group=group, nickname="  石榴哥 ")
    assert ok["nickname"] == "石榴哥"
    told = (await cat.up_to(group, ok["pos"]))[-1]
    assert (told["kind"], told["names"]) == ("nicknames", [{"user": bob.user, "nickname": "石榴哥"}])
    assert "pos" not in await bob.do("nickname.set", group=group, nickname="石榴哥")
    members = {m["user"]: m for m in (await cat.ask("group.members", group=group))["members"]}
    assert members[bob.user]["nickname"] == "石榴哥"
    assert "nickname" not in members[ann.user]
    assert (await bob.line(group))["nickname"] == "石榴哥"
    assert all("nickname" not in m for m in (await out.ask("group.members", group=other))["members"])
    direct = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    assert await ann.cannot("nickname.set", group=direct, nickname="x") == "forbidden"
    assert await out.cannot("nickname.set", group=group, nickname="x") == "not_found"
    emptied = await bob.do("nickname.set", group=group, nickname="")
    assert (await cat.up_to(group, emptied["pos"]))[-1]["names"] == [{"user": bob.user, "nickname": ""}]
    assert "nickname" not in await bob.line(group)
    await bob.do("nickname.set", group=group, nickname="gone with him")
    await bob.do("member.leave", group=group)
    await ann.do("member.add", group=group, users=[bob.user])
    assert "nickname" not in await bob.line(group)
    assert not says(out, "石榴哥")


async def test_fields_that_do_not_go_together_are_named(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "$.data"),
        ({"order": 4}, "$.data"),
        ({"order": 4, "pinned": False}, "$.data.order"),
        ({"order": 0, "pinned": True}, "$.data.order"),
        ({"until": 5}, "$.data"),
        ({"until": 5, "level": "all"}, "$.data.until"),
        ({"until": 5, "marked": True}, "$.data.until"),
        ({"pinned": True, "archived": True}, "$.data.archived"),
        ({"level": "some"}, "$.data.level"),
    ]
    for fields, path in wrong:
        denied = await ann.denied("chat.update", group=group, cid="AAECAwQFBgcICQoLDA0ODA", **fields)
        assert (denied.code, denied.details["path"]) == ("invalid", path), fields
    for op, field in (("draft.save", {"text": "x" * 4001}), ("nickname.set", {"nickname": "x" * 41})):
        cid = {"cid": "AAECAwQFBgcICQoLDA0ODA"} if op == "nickname.set" else {}
        assert (await ann.denied(op, group=group, **field, **cid)).code == "invalid"
    assert (await ann.denied("draft.save", group=group, text="\x00")).code == "invalid"
    assert session_of(town.server.hub, ann).follows[group].marked is False
