"""The races: each is one round on an arena, judged against the order of the log. Returns who won, for the tally.

A round ends with assertions, not with a guess of who should win: either order is right, as long as every answer, the
log and the roster tell the same story.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.races.arena import Arena, Ask, Peer, Verdict
from tests.races.counts import COUNTS
from tests.races.doors import DOORS
from tests.races.owners import OWNERS

Json = dict[str, Any]


async def last_place(arena: Arena) -> str:
    """Ten members pull ten people for one place: exactly one `added`, nine `full`."""
    pullers, wanted = arena.people[:10], arena.people[10:20]
    group = await arena.group(pullers[0], pullers[1:], limit=11)
    asks = [Ask(a, "member.add", _names(arena, group, [b])) for a, b in zip(pullers, wanted, strict=True)]
    verdicts = await arena.at_once(*asks)
    results = [verdict.answer["results"][0]["result"] for verdict in verdicts]
    assert sorted(results) == ["added"] + ["full"] * 9, results
    winner = results.index("added")
    entry = (await arena.log(pullers[0], group))[-1]
    assert entry["joined"] == [{"user": wanted[winner].user, "by": pullers[winner].user}]
    assert entry["pos"] == verdicts[winner].answer["pos"]
    assert entry["count"] == 11
    assert set(await arena.roster(pullers[0], group)) == {peer.user for peer in [*pullers, wanted[winner]]}
    return f"the {'first' if winner == 0 else 'another'}"


async def same_person_twice(arena: Arena) -> str:
    """Ten members pull the same person: one `added`, nine `already`, one entry."""
    pullers, wanted = arena.people[:10], arena.people[10]
    group = await arena.group(pullers[0], pullers[1:])
    verdicts = await arena.at_once(*(Ask(a, "member.add", _names(arena, group, [wanted])) for a in pullers))
    results = [verdict.answer["results"][0]["result"] for verdict in verdicts]
    assert sorted(results) == ["added"] + ["already"] * 9, results
    joins = [entry for entry in await arena.log(pullers[0], group) if wanted.user in _joined(entry)]
    assert [entry["pos"] for entry in joins] == [verdicts[results.index("added")].answer["pos"]]
    return "one"


async def pull_vs_unfollow(arena: Arena) -> str:
    """A pull and the end of the mutual follow, by either of the two."""
    owner, wanted = arena.people[:2]
    leaver, left = arena.chance.sample((owner, wanted), 2)
    edge = {"user": left.user}
    won = await _pull_vs(arena, owner, wanted, Ask(leaver, "follow.remove", edge | {"cid": arena.cid()}))
    await leaver.must("follow.add", edge | {"cid": arena.cid()})
    return won


async def pull_vs_block(arena: Arena) -> str:
    """A pull and a block, by either of the two."""
    owner, wanted = arena.people[:2]
    blocker, blocked = arena.chance.sample((owner, wanted), 2)
    edge = {"user": blocked.user}
    won = await _pull_vs(arena, owner, wanted, Ask(blocker, "block.add", edge | {"cid": arena.cid()}))
    await blocker.must("block.remove", edge | {"cid": arena.cid()})
    return won


async def _pull_vs(arena: Arena, owner: Peer, wanted: Peer, parting: Ask) -> str:
    witness = arena.people[2]
    group = await arena.group(owner, [witness])
    pull, parted = await arena.at_once(Ask(owner, "member.add", _names(arena, group, [wanted])), parting)
    assert parted.code == "ok"
    result: str = pull.answer["results"][0]["result"]
    log = await arena.log(witness, group)
    joins = [entry["pos"] for entry in log if wanted.user in _joined(entry)]
    assert result in ("added", "not_mutual")
    assert joins == ([pull.answer["pos"]] if result == "added" else []), (result, log)
    assert (wanted.user in await arena.roster(witness, group)) == (result == "added")
    if result == "added":
        assert (await wanted.hear(group, "added"))["pos"] == joins[0]
        await owner.must("member.kick", _names_one(arena, group, wanted))
    # Whoever won: once both are answered, the gate is shut.
    later = await owner.must("member.add", _names(arena, group, [wanted]))
    assert later["results"] == [{"user": wanted.user, "result": "not_mutual"}]
    return "the pull" if result == "added" else "the parting"


async def kick_vs_send(arena: Arena) -> str:
    """Somebody writes while being put out: what counts lies before the kick, the rest is refused, nothing follows."""
    owner, member, witness = arena.people[:3]
    group = await arena.group(owner, [member, witness])
    sends = [Ask(member, "message.send", arena.text(group, f"line {i}")) for i in range(3)]
    after = Ask(witness, "message.send", arena.text(group, "after"))
    kick = Ask(owner, "member.kick", _names_one(arena, group, member))
    *sent, kicked, _ = await arena.at_once(*sends, kick, after)
    assert kicked.code == "ok"
    log, edge = await arena.log(witness, group), kicked.answer["pos"]
    assert log[edge - 1]["left"] == [{"user": member.user, "by": owner.user}]
    written = [entry["pos"] for entry in log if entry.get("sender") == member.user]
    assert written == [verdict.answer["pos"] for verdict in sent if verdict.code == "ok"]
    assert all(pos < edge for pos in written)
    # Their order holds, so what was refused is the rest, not something in between.
    codes = [verdict.code for verdict in sent]
    assert codes == ["ok"] * len(written) + ["not_found"] * (3 - len(written)), codes
    assert (await member.hear(group, "removed"))["pos"] == edge
    assert (await member.ask("message.history", {"group": group})).code == "not_found"
    assert all(entry["pos"] < edge for entry in member.entries(group)), member.entries(group)
    return f"{len(written)} of 3 before the kick"


async def demote_vs_kick(arena: Arena) -> str:
    """The owner takes an admin's right away while the admin uses it."""
    owner, admin, member = arena.people[:3]
    group = await arena.group(owner, [admin, member])
    await arena.promote(owner, group, admin)
    demotion = {"group": group, "cid": arena.cid(), "user": admin.user, "role": "member"}
    demoted, kick = await arena.at_once(
        Ask(owner, "member.role", demotion), Ask(admin, "member.kick", _names_one(arena, group, member))
    )
    assert demoted.code == "ok"
    log = await arena.log(owner, group)
    kicks = [entry["pos"] for entry in log if member.user in _left(entry)]
    assert log[demoted.answer["pos"] - 1]["role"] == "member"
    if kick.code == "ok":
        assert kicks == [kick.answer["pos"]]
        assert kicks[0] < demoted.answer["pos"]
    else:
        assert (kick.code, kicks) == ("forbidden", [])
    roster = await arena.roster(owner, group)
    assert roster.get(member.user) == (None if kicks else "member")
    assert roster[admin.user] == "member"
    return "the kick" if kicks else "the demotion"


async def one_cid_twice(arena: Arena) -> str:
    """The same request over two connections at once: it happens once, and both get the same answer."""
    owner, other = arena.people[:2]
    second = await arena.enter(owner.sub, "two")
    group = await arena.group(owner, [])
    kind = arena.chance.randrange(3)
    data = (arena.text(group, "once"), _names(arena, group, [other]), _new_group(arena))[kind]
    op = ("message.send", "member.add", "group.create")[kind]
    one, two = await arena.at_once(Ask(owner, op, data), Ask(second, op, data))
    assert one.code == two.code == "ok"
    assert one.answer == two.answer
    log = await arena.log(owner, one.answer["group"])
    assert len(log) == (1 if op == "group.create" else 2), log
    changed = data | ({"title": "other"} if op == "group.create" else {"group": "g" + "0" * 21})
    assert (await owner.ask(op, changed)).code == "conflict"
    await second.close()
    return op


async def recall_vs_edit(arena: Arena) -> str:
    """A message is edited and taken back at once: whatever came first, the text is gone in the end, for everybody."""
    owner, member, witness = arena.people[:3]
    group = await arena.group(owner, [member, witness])
    pos = (await member.must("message.send", arena.text(group, "first words")))["pos"]
    edit = {"group": group, "pos": pos, "cid": arena.cid(), "text": "second words"}
    recall = {"group": group, "pos": pos, "cid": arena.cid()}
    recaller = arena.chance.choice((owner, member))
    edited, recalled = await arena.at_once(Ask(member, "message.edit", edit), Ask(recaller, "message.recall", recall))
    assert recalled.code == "ok"
    log = await arena.log(witness, group)
    edits = [entry["pos"] for entry in log if entry["kind"] == "edit"]
    assert "body" not in log[pos - 1]
    assert log[pos - 1]["recalled"]["by"] == recaller.user
    assert log[recalled.answer["pos"] - 1]["kind"] == "recall"
    if edited.code == "ok":
        assert edits == [edited.answer["pos"]]
        assert edits[0] < recalled.answer["pos"]
        assert "body" not in log[edits[0] - 1]
    else:
        assert (edited.code, edits) == ("gone", [])
    await _check_gone_from_stream(arena, witness, group, recalled)
    return "the edit" if edits else "the recall"


async def _check_gone_from_stream(arena: Arena, witness: Peer, group: str, recalled: Verdict) -> None:
    """Whoever follows live sees no text of the message behind the recall."""
    await witness.must("message.send", arena.text(group, "and on"))
    kinds = [entry["kind"] for entry in witness.entries(group)]
    behind = witness.entries(group)[kinds.index("recall") + 1 :]
    assert all("words" not in str(entry) for entry in behind), behind
    assert [entry["pos"] for entry in witness.entries(group) if entry["kind"] == "recall"] == [recalled.answer["pos"]]


async def direct_by_both(arena: Arena) -> str:
    """Both create their direct chat at once: there is one, made by one of them."""
    one, other = next(arena.pairs)
    asks = [
        Ask(a, "group.create", {"cid": arena.cid(), "kind": "direct", "user": b.user})
        for a, b in ((one, other), (other, one))
    ]
    first, second = await arena.at_once(*asks)
    assert first.code == second.code == "ok"
    assert first.answer["group"] == second.answer["group"]
    assert sorted((first.answer["created"], second.answer["created"])) == [False, True]
    maker = one if first.answer["created"] else other
    log = await arena.log(other, first.answer["group"])
    assert [entry["kind"] for entry in log] == ["created"]
    assert log[0]["by"] == maker.user
    assert sorted(log[0]["members"]) == sorted((one.user, other.user))
    for peer in (one, other):
        assert (await peer.hear(first.answer["group"], "added"))["pos"] == 1
    return "the one" if maker is one else "the other"


async def leave_vs_kick(arena: Arena) -> str:
    """Somebody goes while being put out: they go once."""
    owner, member, witness = arena.people[:3]
    group = await arena.group(owner, [member, witness])
    left, kicked = await arena.at_once(
        Ask(member, "member.leave", {"group": group, "cid": arena.cid()}),
        Ask(owner, "member.kick", _names_one(arena, group, member)),
    )
    assert sorted((left.code, kicked.code)) == ["not_found", "ok"]
    ends = [(entry["pos"], entry["left"]) for entry in await arena.log(witness, group) if member.user in _left(entry)]
    by = {} if left.code == "ok" else {"by": owner.user}
    pos = (left if left.code == "ok" else kicked).answer["pos"]
    assert ends == [(pos, [{"user": member.user} | by])]
    removed = await member.hear(group, "removed")
    assert (removed["pos"], removed["why"]) == (pos, "kicked" if by else "left")
    return "the leaver" if not by else "the kick"


async def role_vs_kick(arena: Arena) -> str:
    """The owner makes an admin of somebody whom another admin puts out: admins do not act on admins."""
    owner, admin, member = arena.people[:3]
    group = await arena.group(owner, [admin, member])
    await arena.promote(owner, group, admin)
    promotion = {"group": group, "cid": arena.cid(), "user": member.user, "role": "admin"}
    promoted, kick = await arena.at_once(
        Ask(owner, "member.role", promotion), Ask(admin, "member.kick", _names_one(arena, group, member))
    )
    log, roster = await arena.log(owner, group), await arena.roster(owner, group)
    kicks = [entry["pos"] for entry in log if member.user in _left(entry)]
    if kick.code == "ok":
        assert (promoted.code, kicks, roster.get(member.user)) == ("not_found", [kick.answer["pos"]], None)
    else:
        assert (kick.code, promoted.code, kicks, roster[member.user]) == ("forbidden", "ok", [], "admin")
    return "the kick" if kicks else "the promotion"


def _names(arena: Arena, group: str, people: list[Peer]) -> Json:
    return {"group": group, "cid": arena.cid(), "users": [peer.user for peer in people]}


def _names_one(arena: Arena, group: str, peer: Peer) -> Json:
    return {"group": group, "cid": arena.cid(), "user": peer.user}


def _new_group(arena: Arena) -> Json:
    return {"cid": arena.cid(), "kind": "private", "title": "once"}


def _joined(entry: Json) -> set[str]:
    return {one["user"] for one in entry.get("joined", ())}


def _left(entry: Json) -> set[str]:
    return {one["user"] for one in entry.get("left", ())}


RACES: dict[str, Callable[[Arena], Awaitable[str]]] = {
    race.__name__: race
    for race in (
        last_place,
        same_person_twice,
        pull_vs_unfollow,
        pull_vs_block,
        kick_vs_send,
        demote_vs_kick,
        one_cid_twice,
        recall_vs_edit,
        direct_by_both,
        leave_vs_kick,
        role_vs_kick,
        *DOORS,
        *OWNERS,
        *COUNTS,
    )
}
