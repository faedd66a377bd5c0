"""Keeping a group quiet: who may not speak, who learns of it, what is written down, and that it ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town


def message(group: str, text: str = "hello") -> dict[str, Any]:
    """A send of its own."""
    return {"group": group, "kind": "text", "body": {"text": text}, "cid": new_cid()}


async def refused(phone: Phone, group: str, text: str = "hello") -> tuple[str, dict[str, Any]]:
    """Code and details of a message that must be refused."""
    denied = await phone.denied("message.send", **message(group, text))
    return denied.code, denied.details


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_whoever_is_restricted_learns_it_alone_and_admins_see_it(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    bob, cat = await town.people("bob", "cat")
    group = await town.group_of(ann, bob, cat)
    before = (await ann.line(group))["head"]
    done = await ann.do("member.restrict", group=group, user=bob.user, for_s=600, reason="刷屏", tell=True)
    own = await bob.own("restricted", group)
    assert (own["until"], own["by"], own["reason"]) == (done["until"], ann.user, "刷屏")
    assert await refused(bob, group) == ("restricted", {"whom": "member", "until": done["until"]})
    assert (await ann.line(group))["head"] == before, "the group's log knows nothing of it"
    assert cat.mine[-1]["kind"] == "added"

    async def seen_by(phone: Phone) -> dict[str, Any]:
        page = await phone.ask("group.members", group=group)
        return {m["user"]: m["restricted"] for m in page["members"] if "restricted" in m}

    shown = {bob.user: {"until": done["until"]}}
    assert [await seen_by(phone) for phone in (ann, bob, cat)] == [shown, shown, {}]
    assert (await bob.ask("group.get", group=group))["restricted_self"] == {"until": done["until"]}
    assert "restricted_self" not in await cat.ask("group.get", group=group)
    await ann.do("member.unrestrict", group=group, user=bob.user)
    await bob.own("unrestricted", group)
    await bob.say(group, "back")
    assert await seen_by(ann) == {}


async def test_a_restricted_group_is_told_to_everybody_and_quiet_below_admin(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await ann.do("member.role", group=group, user=bob.user, role="admin")
    assert (await cat.cannot("group.restrict", group=group)) == "forbidden"
    pos = (await bob.do("group.restrict", group=group))["pos"]
    entry = (await cat.up_to(group, pos))[-1]
    assert (entry["kind"], entry["by"], entry["restricted"]) == ("moderation", bob.user, True)
    assert "until" not in entry
    assert (await cat.ask("group.get", group=group))["restricted"] == {}
    assert await refused(cat, group) == ("restricted", {"whom": "everybody"})
    await bob.say(group, "only we speak")
    await bob.do("group.unrestrict", group=group)
    await cat.say(group, "so do I")


@pytest.mark.promise("P8", "slow_mode.wire")
async def test_slow_mode_says_how_long_to_wait(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await ann.do("group.slow", group=group, slow_s=3600)
    assert (await bob.ask("group.get", group=group))["slow_s"] == 3600
    cid = new_cid()
    pos = await bob.say(group, "one", cid=cid)
    denied = await bob.denied("message.send", cid=new_cid(), group=group, kind="text", body={"text": "two"})
    assert (denied.code, denied.details) == ("slow_mode", {"bound": "slow_s", "max": 3600})
    assert 3500 < denied.error["retry_after"] <= 3600
    assert await bob.say(group, "one", cid=cid) == pos, "a retry is no second message"
    for _ in range(3):
        await ann.say(group, "owners do not wait")
    await ann.do("group.slow", group=group, slow_s=0)
    await bob.say(group, "three")


async def test_time_alone_ends_a_restriction(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    until = (await ann.do("member.restrict", group=group, user=bob.user, for_s=1))["until"]
    asked = 0
    while (answer := await bob.send("message.send", **message(group))).get("error"):
        asked += 1
        assert answer["error"]["details"] == {"whom": "member", "until": until}
    assert asked
    assert answer["ok"]["at"] >= until
    assert [entry["kind"] for entry in bob.mine if entry["group"] == group] == ["added", "restricted"]


async def test_admins_read_what_was_done_and_nobody_else(town: Town) -> None:
    ann, bob, cat, out = await town.people("ann", "bob", "cat", "out")
    group = await town.group_of(ann, bob, cat)
    await ann.do("member.role", group=group, user=bob.user, role="admin")
    rude = await cat.say(group, "a rude word")
    await bob.do("message.recall", group=group, pos=rude)
    await bob.do("member.restrict", group=group, user=cat.user, for_s=60, reason="rude")
    kick = await ann.do("member.kick", group=group, user=cat.user, reason="again", tell=True)
    assert (await cat.own("removed", group))["reason"] == "again"
    entry = (await bob.up_to(group, kick["pos"]))[-1]
    assert "reason" not in str(entry)
    for reader in (ann, bob):
        page = await reader.ask("audit.list", group=group)
        rows = [(r["act"], r["by"], r["user"], r.get("reason", "")) for r in page["rows"]]
        assert rows == [
            ("member.kick", ann.user, cat.user, "again"),
            ("member.restrict", bob.user, cat.user, "rude"),
            ("message.recall", bob.user, cat.user, ""),
            ("member.role", ann.user, bob.user, ""),
        ]
        assert "a rude word" not in str(page)
    first = await ann.ask("audit.list", group=group, limit=3)
    rest = await ann.ask("audit.list", group=group, limit=3, before=first["more"])
    assert (len(first["rows"]), len(rest["rows"]), "more" in rest) == (3, 1, False)
    only = await ann.ask("audit.list", group=group, by=bob.user, act="member.restrict", user=cat.user)
    assert [row["act"] for row in only["rows"]] == ["member.restrict"]
    await ann.do("member.role", group=group, user=bob.user, role="member")
    assert (await bob.denied("audit.list", group=group)).code == "forbidden"
    absent = (await out.denied("audit.list", group="g" + "x" * 20)).error
    for outsider in (cat, out):
        assert (await outsider.denied("audit.list", group=group)).error == absent
