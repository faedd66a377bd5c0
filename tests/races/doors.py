"""Races at the door of a group: invites, revoking them, and decisions about requests. Judged like those in `rounds`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.races.arena import WAIT_S, Arena, Ask, Peer

Json = dict[str, Any]


async def single_use(arena: Arena) -> str:
    """Ten people, each twice, for an invite that is good for one."""
    owner, racers = arena.people[0], arena.people[1:11]
    group = await arena.group(owner, [])
    made = await _invite(arena, owner, group, max_uses=1)
    verdicts = await arena.at_once(*(_redeem(arena, peer, made) for peer in racers * 2))
    results = [verdict.answer["result"] if verdict.code == "ok" else verdict.code for verdict in verdicts]
    assert sorted(results) == ["added", "already"] + ["invite_invalid"] * 18, results
    winner = racers[results.index("added") % 10]
    assert set(await arena.roster(owner, group)) == {owner.user, winner.user}
    (listed,) = (await owner.must("invite.list", {"group": group}))["invites"]
    assert (listed["uses"], listed["state"]) == (1, "used_up")
    return "the first" if winner is racers[0] else "another"


async def single_use_crowd(arena: Arena) -> str:
    """Two hundred strangers for an invite that is good for one: the others are told what a late one is told."""
    owner, racers = arena.people[0], await arena.gather_crowd()
    if "expired" not in arena.kept:
        arena.kept["expired"] = await _told_too_late(arena)
    group = await arena.group(owner, [])
    made = await _invite(arena, owner, group, max_uses=1)
    verdicts = await arena.at_once(*(_redeem(arena, peer, made) for peer in racers))
    codes = [verdict.code for verdict in verdicts]
    assert codes.count("ok") == 1, codes
    winner = codes.index("ok")
    assert verdicts[winner].answer["result"] == "added"
    assert all(verdict.error == arena.kept["expired"] for verdict in verdicts if verdict.code != "ok")
    assert set(await arena.roster(owner, group)) == {owner.user, racers[winner].user}
    (joined,) = [entry for entry in await arena.log(owner, group) if entry["kind"] == "members"]
    assert joined["joined"] == [{"user": racers[winner].user, "by": owner.user, "how": "invite"}]
    assert joined["pos"] == verdicts[winner].answer["pos"]
    (listed,) = (await owner.must("invite.list", {"group": group}))["invites"]
    assert (listed["uses"], listed["state"]) == (1, "used_up")
    assert (await racers[winner].hear(group, "added"))["pos"] == joined["pos"]
    return "the first" if winner == 0 else "another"


async def _told_too_late(arena: Arena) -> Json:
    """What is said to somebody whose invite has expired."""
    owner, late = arena.people[0], arena.crowd[0]
    group = await arena.group(owner, [])
    made = await _invite(arena, owner, group, expires_in=1)
    async with asyncio.timeout(WAIT_S):
        while (await owner.must("invite.list", {"group": group}))["invites"][0]["state"] != "expired":
            pass
    ask = _redeem(arena, late, made)
    refused = await late.ask(ask.op, ask.data)
    assert refused.code == "invite_invalid"
    return refused.error


async def last_place_two_ways(arena: Arena) -> str:
    """Five come by an invite and five are pulled in, for one place: one is in."""
    owner, invited, pulled = arena.people[0], arena.people[1:6], arena.people[6:11]
    group = await arena.group(owner, [], limit=2)
    made = await _invite(arena, owner, group)
    asks = [_redeem(arena, peer, made) for peer in invited]
    asks += [Ask(owner, "member.add", {"group": group, "cid": arena.cid(), "users": [p.user]}) for p in pulled]
    verdicts = await arena.at_once(*asks)
    by_invite = [verdict.code for verdict in verdicts[:5]]
    by_pull = [verdict.answer["results"][0]["result"] for verdict in verdicts[5:]]
    assert set(by_invite) <= {"ok", "limit"}
    assert set(by_pull) <= {"added", "full"}
    assert by_invite.count("ok") + by_pull.count("added") == 1
    assert len(await arena.roster(owner, group)) == 2
    return "an invite" if "ok" in by_invite else "a pull"


async def approve_twice(arena: Arena) -> str:
    """Two admins and the one who asks decide on a request: once."""
    owner, admin, asker = arena.people[:3]
    group = await arena.group(owner, [admin])
    await arena.promote(owner, group, admin)
    await owner.must("group.entry", {"group": group, "cid": arena.cid(), "entry": "approval"})
    await asker.must("group.join", {"group": group, "cid": arena.cid()})
    decision = {"group": group, "user": asker.user, "number": 1}
    verdicts = await arena.at_once(
        Ask(owner, "request.approve", decision | {"cid": arena.cid()}),
        Ask(admin, arena.chance.choice(("request.approve", "request.refuse")), decision | {"cid": arena.cid()}),
        Ask(asker, "request.withdraw", {"group": group, "cid": arena.cid()}),
    )
    codes = [verdict.code for verdict in verdicts]
    assert sorted(codes) == ["already_decided", "already_decided", "ok"], codes
    state = verdicts[codes.index("ok")].answer["state"]
    joins = [e for e in await arena.log(owner, group) if asker.user in {one["user"] for one in e.get("joined", ())}]
    assert len(joins) == (state == "approved")
    assert (asker.user in await arena.roster(owner, group)) == (state == "approved")
    return str(state)


async def approve_by_two(arena: Arena) -> str:
    """Two admins let somebody in who asked by an invite: once, and the invite is used once."""
    owner, admin, asker = arena.people[:3]
    group = await arena.group(owner, [admin])
    await arena.promote(owner, group, admin)
    made = await _invite(arena, owner, group, approval=True, max_uses=3)
    ask = _redeem(arena, asker, made)
    assert (await asker.must(ask.op, ask.data))["result"] == "pending"
    decision = {"group": group, "user": asker.user, "number": 1}
    verdicts = await arena.at_once(
        *(Ask(a, "request.approve", decision | {"cid": arena.cid()}) for a in (owner, admin))
    )
    codes = [verdict.code for verdict in verdicts]
    assert sorted(codes) == ["already_decided", "ok"], codes
    first = codes.index("ok")
    (joined,) = [e for e in await arena.log(owner, group) if asker.user in {one["user"] for one in e.get("joined", ())}]
    assert joined["joined"] == [{"user": asker.user, "by": (owner, admin)[first].user, "how": "request"}]
    assert joined["pos"] == verdicts[first].answer["pos"]
    assert len(await arena.roster(owner, group)) == 3
    (listed,) = (await owner.must("invite.list", {"group": group}))["invites"]
    assert listed["uses"] == 1
    return "the owner" if first == 0 else "the admin"


async def ban_vs_redeem(arena: Arena) -> str:
    """Somebody is banned while they take an invite up: they are out in the end, and its use counts if they were in."""
    owner, newcomer = arena.people[:2]
    group = await arena.group(owner, [])
    made = await _invite(arena, owner, group)
    ban = Ask(owner, "member.ban", {"group": group, "user": newcomer.user, "cid": arena.cid()})
    banned, redeemed = await arena.at_once(ban, _redeem(arena, newcomer, made))
    assert banned.code == "ok"
    assert redeemed.code in ("ok", "invite_invalid")
    was_in = redeemed.code == "ok"
    moves = [entry["pos"] for entry in await arena.log(owner, group) if entry["kind"] == "members"]
    assert moves == ([redeemed.answer["pos"], banned.answer["pos"]] if was_in else [])
    assert set(await arena.roster(owner, group)) == {owner.user}
    (listed,) = (await owner.must("invite.list", {"group": group}))["invites"]
    assert listed["uses"] == int(was_in)
    if was_in:
        removed = await newcomer.hear(group, "removed")
        assert (removed["pos"], removed["why"]) == (banned.answer["pos"], "banned")
    late = _redeem(arena, newcomer, made)
    assert (await newcomer.ask(late.op, late.data)).code == "invite_invalid"
    return "the newcomer" if was_in else "the ban"


async def revoke_vs_redeem(arena: Arena) -> str:
    """An invite is taken back while somebody takes it up."""
    owner, newcomer = arena.people[:2]
    group = await arena.group(owner, [])
    made = await _invite(arena, owner, group)
    revoke = Ask(owner, "invite.revoke", {"invite": made["invite"], "cid": arena.cid()})
    revoked, redeemed = await arena.at_once(revoke, _redeem(arena, newcomer, made))
    assert revoked.code == "ok"
    assert redeemed.code in ("ok", "invite_invalid")
    assert (newcomer.user in await arena.roster(owner, group)) == (redeemed.code == "ok")
    (listed,) = (await owner.must("invite.list", {"group": group}))["invites"]
    assert (listed["uses"], listed["state"]) == (int(redeemed.code == "ok"), "revoked")
    # Whoever won: once both are answered, it lets nobody in.
    late = await arena.people[2].ask("invite.redeem", {"secret": made["token"], "cid": arena.cid()})
    assert late.code == "invite_invalid"
    return "the newcomer" if redeemed.code == "ok" else "the revocation"


async def _invite(arena: Arena, maker: Peer, group: str, **fields: Any) -> Json:
    return await maker.must("invite.create", {"group": group, "cid": arena.cid(), "kind": "link"} | fields)


def _redeem(arena: Arena, peer: Peer, made: Json) -> Ask:
    return Ask(peer, "invite.redeem", {"secret": made["token"], "cid": arena.cid()})


DOORS: Sequence[Any] = (
    single_use,
    single_use_crowd,
    last_place_two_ways,
    approve_twice,
    approve_by_two,
    revoke_vs_redeem,
    ban_vs_redeem,
)
