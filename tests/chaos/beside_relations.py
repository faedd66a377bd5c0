"""Between people: who follows whom, who was asked first and what became of it, and who is still in groups that mind."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.chaos.answers import Problem
from tests.chaos.beside import Done
from tests.chaos.history import Attempt, History, InviteRow, MineRow
from tests.chaos.ledger import Ledger


def check_relations(history: History, ledger: Ledger, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Compare what was acknowledged with what is kept, and with the own logs."""
    yield from _check_follows(history, done)
    yield from _check_choices(history, done)
    yield from _check_asked(history, done)
    yield from _check_declined(history, done)
    yield from _check_told(history, done)
    yield from _check_received(history, ledger)
    yield from _check_fans(ledger, done)


def _check_follows(history: History, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    last: dict[tuple[str, str], Done] = {}
    for one in sorted((*done.get("follow.add", ()), *done.get("follow.remove", ())), key=lambda one: one.answered):
        last[one.user, one.data["user"]] = one
    for edge in last.keys() | history.truth.kept.follows:
        due = edge in last and last[edge].op == "follow.add"
        if due != (edge in history.truth.kept.follows):
            yield "lost", f"{edge} follow: the last that was acknowledged is {last.get(edge)}, it is {not due}"


def _check_choices(history: History, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    last = {one.user: one.data["pull"] for one in done.get("privacy.set", ())}
    for user, due in last.items():
        if history.truth.kept.pulls.get(user) != due:
            yield "lost", f"{user} chose {due}, and it is {history.truth.kept.pulls.get(user)}"


# -- ask me first


def _check_asked(history: History, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Whom somebody asked has an invite from them."""
    kept = {(row.group, row.maker, row.target) for row in history.truth.kept.invites.values() if row.pull}
    for one in done.get("member.add", ()):
        for result in one.ok["results"]:
            if result["result"] == "asked" and (one.data["group"], one.user, result["user"]) not in kept:
                yield "lost", f"{one.user} was told that {result['user']} is asked into {one.data['group']}"


def _check_declined(history: History, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """A no stands, unless there was nothing to say no to any more; after it they do not come in by this invite."""
    used: dict[str, list[Done]] = defaultdict(list)
    for one in done.get("invite.redeem", ()):
        if "invite" in one.data and one.ok["result"] == "added":
            used[one.data["invite"]].append(one)
    for one in done.get("invite.decline", ()):
        invite = history.truth.kept.invites.get(one.data["invite"])
        used_up = any(other.sent < one.answered for other in used[one.data["invite"]])
        if invite is None or not (invite.declined or used_up):
            yield "asked", f"{one.user} said no to {one.data['invite']}, which is {invite}"
    for user, rows in history.truth.mine.items():
        for row in rows:
            if row.kind == "declined":
                yield from _check_no(user, row, rows, history.truth.kept.invites, used[row.body["invite"]])


def _check_no(
    user: str, no: MineRow, rows: list[MineRow], kept: Mapping[str, InviteRow], used: list[Done]
) -> Iterator[Problem]:
    invite = no.body["invite"]
    if not kept[invite].declined:
        yield "asked", f"{user}: {invite} was declined at {no.upos} of the own log, and is {kept[invite]}"
    entered = {one.ok["pos"] for one in used}
    for row in rows:
        if row.kind == "added" and row.group == no.group and row.pos in entered and row.upos > no.upos:
            yield "asked", f"{user}: came in at {row.upos} of the own log by {invite}, declined at {no.upos}"


def _check_told(history: History, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Somebody is told once that they are asked, and again only after they had come; and of their no once."""
    asked = {
        (one.data["group"], one.user, result["user"])
        for one in done.get("member.add", ())
        for result in one.ok["results"]
        if result["result"] == "asked"
    }
    told: Counter[tuple[str, str]] = Counter()
    for rows in history.truth.mine.values():
        told.update((row.kind, row.body["invite"]) for row in rows if row.kind in {"invited", "declined"})
    for invite, row in history.truth.kept.invites.items():
        if not row.pull or row.target is None:
            continue
        if told["invited", invite] > 1 + row.uses or told["declined", invite] > 1:
            yield "doubled", f"{row.target} was told {dict(told)} of {invite}, which is {row}"
        whole = not history.truth.mine_floor.get(row.target, 0)
        if whole and not told["invited", invite] and (row.group, row.maker, row.target) in asked:
            yield "lost", f"{row.target} was not told of {invite}, which is {row}"


def _check_received(history: History, ledger: Ledger) -> Iterator[Problem]:
    """What waits for somebody when all is quiet. Those of whoever was put out are dead; founders never are."""
    waits: dict[str, set[str]] = defaultdict(set)
    due: dict[str, set[str]] = defaultdict(set)
    for invite, row in history.truth.kept.invites.items():
        if row.target is not None and _waits(row, history, ledger):
            waits[row.target].add(invite)
            if ledger.logs[row.group].by_pos[1].actor == row.maker:
                due[row.target].add(invite)
    for connection in history.connections:
        for event in connection.events if connection.fresh else ():
            if isinstance(event, Attempt) and event.op == "invite.received" and event.ok is not None:
                shown = {one["invite"] for one in event.ok["invites"]}
                for invite in (shown - waits[connection.user]) | (due[connection.user] - shown):
                    of = history.truth.kept.invites.get(invite)
                    yield "asked", f"for {connection.user} are shown {sorted(shown)}, and {invite} is {of}"


def _waits(row: InviteRow, history: History, ledger: Ledger) -> bool:
    over = row.revoked or row.declined or (row.max_uses is not None and row.uses >= row.max_uses)
    inside = ledger.logs[row.group].member_at_end(row.target or "") is not None
    return not over and not inside and (row.group, row.target) not in history.truth.kept.bans


# -- groups that mind who follows their owner


def _check_fans(ledger: Ledger, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Who ceases to follow the owner does not talk on in the same stay: not at all, or not until they follow again."""
    said: dict[tuple[str, str], list[Done]] = defaultdict(list)
    for one in sorted(done.get("message.send", ()), key=lambda one: one.sent):
        said[one.user, one.data["group"]].append(one)
    chosen = [one for one in done.get("group.update", ()) if one.data.get("on_unfollow_owner", "keep") != "keep"]
    again = defaultdict(list)
    for one in done.get("follow.add", ()):
        again[one.user, one.data["user"]].append(one.sent)
    for one in done.get("follow.remove", ()):
        until = min((sent for sent in again[one.user, one.data["user"]] if sent > one.answered), default=None)
        for choice in chosen:
            if choice.user == one.data["user"]:
                group, end = choice.data["group"], until if choice.data["on_unfollow_owner"] == "restrict" else None
                yield from _check_fan(one, group, end, said[one.user, group], ledger)


def _check_fan(gone: Done, group: str, until: int | None, said: list[Done], ledger: Ledger) -> Iterator[Problem]:
    """`said`: by when it was sent. `until`: when they were about to follow again."""
    before = [
        one.ok["pos"]
        for one in said[: bisect_left(said, gone.sent, key=lambda one: one.sent)]
        if one.answered < gone.sent
    ]
    stay = ledger.stay_at(gone.user, group, max(before)) if before else None
    for one in said[bisect_left(said, gone.answered, key=lambda one: one.sent) :]:
        if stay is None or (until is not None and one.sent > until):
            return
        if stay.sees(one.ok["pos"]) and (until is None or one.answered < until):
            yield "lost", f"{gone.user} ceased to follow the owner of {group}, and goes on at {one.ok['pos']} in {stay}"
            return
