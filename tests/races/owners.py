"""Races about who owns a group and about its end. Judged like those in `rounds`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.races.arena import Arena, Ask


async def transfer_vs_leave(arena: Arena) -> str:
    """A group is handed to somebody who goes: they own it and must stay, or are out and it stays where it was."""
    owner, heir, witness = arena.people[:3]
    group = await arena.group(owner, [heir, witness])
    transfer = {"group": group, "cid": arena.cid(), "user": heir.user}
    handed, left = await arena.at_once(
        Ask(owner, "group.transfer", transfer), Ask(heir, "member.leave", {"group": group, "cid": arena.cid()})
    )
    log, roster = await arena.log(witness, group), await arena.roster(witness, group)
    handovers = [entry["pos"] for entry in log if entry["kind"] == "owner"]
    if handed.code == "ok":
        assert (left.code, handovers) == ("owner_must_stay", [handed.answer["pos"]])
        assert roster == {heir.user: "owner", owner.user: "admin", witness.user: "member"}
        return "the transfer"
    assert (handed.code, left.code, handovers) == ("not_found", "ok", [])
    assert log[left.answer["pos"] - 1]["left"] == [{"user": heir.user}]
    assert roster == {owner.user: "owner", witness.user: "member"}
    return "the leaver"


async def succession_vs_leave(arena: Arena) -> str:
    """The owner goes and names a successor who goes too: a group is never without an owner."""
    owner, heir, witness = arena.people[:3]
    group = await arena.group(owner, [heir, witness])
    going = {"group": group, "cid": arena.cid(), "successor": heir.user}
    gone, left = await arena.at_once(
        Ask(owner, "member.leave", going), Ask(heir, "member.leave", {"group": group, "cid": arena.cid()})
    )
    roster = await arena.roster(witness, group)
    if gone.code == "ok":
        assert left.code == "owner_must_stay"
        assert roster == {heir.user: "owner", witness.user: "member"}
        assert (await owner.hear(group, "removed"))["pos"] == gone.answer["pos"]
        return "the owner"
    assert (gone.code, left.code) == ("not_found", "ok")
    assert roster == {owner.user: "owner", witness.user: "member"}
    return "the heir"


async def leave_vs_dissolve(arena: Arena) -> str:
    """A member goes while the group ends: both happen, in the order that the log tells; then nothing more."""
    owner, member, witness = arena.people[:3]
    group = await arena.group(owner, [member, witness])
    left, ended = await arena.at_once(
        Ask(member, "member.leave", {"group": group, "cid": arena.cid()}),
        Ask(owner, "group.dissolve", {"group": group, "cid": arena.cid()}),
    )
    assert left.code == ended.code == "ok"
    log = await arena.log(witness, group)
    assert log[left.answer["pos"] - 1]["left"] == [{"user": member.user}]
    assert log[ended.answer["pos"] - 1]["kind"] == "dissolved"
    assert len(log) == max(left.answer["pos"], ended.answer["pos"])
    assert await arena.roster(witness, group) == {owner.user: "owner", witness.user: "member"}
    removed = await member.hear(group, "removed")
    assert (removed["pos"], removed["why"]) == (left.answer["pos"], "left")
    assert all(entry["pos"] < left.answer["pos"] for entry in member.entries(group)), member.entries(group)
    assert (await witness.ask("message.send", arena.text(group, "on"))).code == "read_only"
    return "the leaver" if left.answer["pos"] < ended.answer["pos"] else "the end"


async def owner_leaves_vs_dissolve(arena: Arena) -> str:
    """The owner goes and names a successor, and ends the group from another device: in either order one of them owns
    the group or nobody any more, and somebody who is out ends nothing."""
    owner, heir, witness = arena.people[:3]
    second = await arena.enter(owner.sub, "two")
    group = await arena.group(owner, [heir, witness])
    gone, ended = await arena.at_once(
        Ask(owner, "member.leave", {"group": group, "cid": arena.cid(), "successor": heir.user}),
        Ask(second, "group.dissolve", {"group": group, "cid": arena.cid()}),
    )
    await second.close()
    ends = [entry["pos"] for entry in await arena.log(witness, group) if entry["kind"] == "dissolved"]
    roster = await arena.roster(witness, group)
    assert gone.code == "ok"
    assert owner.user not in roster
    if ended.code == "ok":
        assert ends == [ended.answer["pos"]]
        assert ends[0] < gone.answer["pos"]
        assert roster == {heir.user: "member", witness.user: "member"}
        return "the end"
    assert (ended.code, ends) == ("not_found", [])
    assert roster == {heir.user: "owner", witness.user: "member"}
    return "the leaver"


OWNERS: Sequence[Any] = (transfer_vs_leave, succession_vs_leave, leave_vs_dissolve, owner_leaves_vs_dissolve)
