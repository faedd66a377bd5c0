"""What stands beside the logs: is every acknowledged act in it, once? Doors, bans, boards, chat lists, cards, search.

That the state is what the log leads to is asked of `chatd verify`; here it is compared with what the clients were told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.chaos.answers import Commands, Problem
from tests.chaos.history import Attempt, Found, History, InviteRow, PlaceRow, Row
from tests.chaos.ledger import Ledger, Log
from tests.chaos.shop import price_of
from tests.chaos.wording import stored_words

IN_THE_LIST = ("pinned", "level")


class Done(NamedTuple):
    """An acknowledged command: who, its answer, when it was first sent and first answered."""

    user: str
    op: str
    data: dict[str, Any]
    ok: dict[str, Any]
    sent: int
    answered: int


def check_beside(history: History, ledger: Ledger, commands: Commands) -> Iterator[Problem]:
    """Compare what was acknowledged with what is kept."""
    done = done_of(commands)
    yield from _check_invites(done, history)
    yield from _check_decided(done)
    kept = history.truth.kept
    yield from _check_last(done, "member.ban", "member.unban", kept.bans)
    yield from _check_last(done, "member.restrict", "member.unrestrict", kept.restricted)
    yield from _check_chats(done, history, ledger)
    yield from _check_drafts(history)
    yield from _check_calls(done, history)
    yield from _check_mentions(ledger, history)
    yield from _check_forwards(done, ledger)
    yield from _check_catalogue(history)
    yield from _check_told(done, history, ledger)
    yield from _check_cards_shown(history)
    for found in history.found:
        yield from _check_found(found, ledger)


def done_of(commands: Commands) -> dict[str, list[Done]]:
    """By op, in the order of the answers."""
    done: dict[str, list[Done]] = defaultdict(list)
    for (user, _), attempts in commands.items():
        accepted = [attempt for attempt in attempts if attempt.ok is not None]
        if accepted:
            told: Attempt = min(accepted, key=lambda attempt: attempt.answered or 0)
            sent = min(attempt.sent for attempt in attempts)
            one = Done(user, told.op, told.data, told.ok or {}, sent, told.answered or 0)
            done[one.op].append(one)
    for of in done.values():
        of.sort(key=lambda one: one.answered)
    return done


# -- doors


def _check_invites(done: Mapping[str, list[Done]], history: History) -> Iterator[Problem]:
    rows = history.truth.kept.invites
    by_token: dict[str, str] = {}
    for made in done.get("invite.create", ()):
        invite = made.ok["invite"]
        by_token[made.ok["token"]] = invite
        row = rows.get(invite)
        if row is None or (row.group, row.maker, row.max_uses) != (
            made.data["group"],
            made.user,
            made.data.get("max_uses"),
        ):
            yield "lost", f"the invite {invite} of {made.user} was acknowledged, and is {row}"
    ended = {one.data["invite"]: one.answered for one in done.get("invite.revoke", ())}
    for invite in ended.keys() & rows.keys():
        if not rows[invite].revoked:
            yield "lost", f"the end of the invite {invite} was acknowledged, and it stands"
    used: Counter[str] = Counter()
    for one in done.get("invite.redeem", ()):
        taken = one.data.get("invite") or by_token.get(one.data.get("secret", ""))
        if one.ok["result"] == "added" and taken is not None:
            used[taken] += 1
            if one.sent > ended.get(taken, one.sent):
                yield "ack", f"{one.user} came in by the invite {taken}, which had been revoked"
    yield from _check_uses(rows, used, done)


def _check_uses(rows: Mapping[str, InviteRow], used: Counter[str], done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Each coming in is counted once: by the invite, or where an admin lets people in, by all of the group's."""
    let_in: Counter[str] = Counter(one.data["group"] for one in done.get("request.approve", ()) if "pos" in one.ok)
    approving = {one.data["group"] for one in done.get("group.entry", ()) if one.data["entry"] == "approval"}
    counted: Counter[str] = Counter()
    for invite, row in rows.items():
        if not row.pull:
            counted[row.group] += row.uses
        if (row.pull or row.group not in approving) and row.uses != used[invite]:
            what = "lost" if row.uses < used[invite] else "doubled"
            yield what, f"the invite {invite} was used {used[invite]} times, and counts {row.uses}"
        if row.max_uses is not None and row.uses > row.max_uses:
            yield "doubled", f"the invite {invite} is good for {row.max_uses}, and counts {row.uses}"
    for group in approving & counted.keys():
        if counted[group] != let_in[group]:
            what = "lost" if counted[group] < let_in[group] else "doubled"
            yield what, f"{group}: {let_in[group]} were let in who came by invites, which count {counted[group]}"


def _check_decided(done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    decided: Counter[tuple[str, str, int]] = Counter()
    for op in ("request.approve", "request.refuse"):
        decided.update((one.data["group"], one.data["user"], one.data["number"]) for one in done.get(op, ()))
    for request, count in decided.items():
        if count > 1:
            yield "doubled", f"the request {request} was decided {count} times"


# -- where the last word counts


def _check_last(done: Mapping[str, list[Done]], on: str, off: str, kept: set[tuple[str, str]]) -> Iterator[Problem]:
    last: dict[tuple[str, str], Done] = {}
    for one in sorted((*done.get(on, ()), *done.get(off, ())), key=lambda one: one.answered):
        last[one.data["group"], one.data["user"]] = one
    for key in last.keys() | kept:
        due = key in last and last[key].op == on
        if due != (key in kept):
            yield "lost", f"{on} of {key}: the last that was acknowledged is {last.get(key)}, it is {key in kept}"


def _check_chats(done: Mapping[str, list[Done]], history: History, ledger: Ledger) -> Iterator[Problem]:
    """Of who is in a group for the first time: whoever comes back begins anew."""
    last = {(one.user, one.data["group"]): one for one in done.get("chat.update", ())}
    for (user, group), one in last.items():
        stays = ledger.logs[group].stays.get(user, []) if group in ledger.logs else []
        if len(stays) != 1 or stays[0].until is not None:
            continue
        kept = history.truth.kept.chats.get((user, group), {"pinned": 0, "level": "all"})
        due = {name: one.ok["chat"][name] for name in IN_THE_LIST}
        if kept != due:
            yield "lost", f"{user}: {group} was acknowledged to stand as {due} in the list, and stands as {kept}"


def _check_drafts(history: History) -> Iterator[Problem]:
    """Not durable at once; but nothing is kept that nobody wrote."""
    written = {
        (connection.user, attempt.data["group"], attempt.data["text"])
        for connection in history.connections
        for attempt in connection.attempts
        if attempt.op == "draft.save"
    }
    for (user, group), text in history.truth.kept.drafts.items():
        if (user, group, text) not in written:
            yield "order", f"{user}: the unsent text of {group} was written by nobody"


# -- what messages do beside being there


def _check_calls(done: Mapping[str, list[Done]], history: History) -> Iterator[Problem]:
    """Every call to everybody is counted against the budget once, also when it was taken back."""
    due: dict[str, set[int]] = defaultdict(set)
    for one in done.get("message.send", ()):
        if any("all" in part for part in one.data["body"].get("entities", ())):
            due[one.data["group"]].add(one.ok["pos"])
    calls = history.truth.kept.calls
    for group in due.keys() | calls.keys():
        kept = calls.get(group, [])
        if sorted(due[group]) != sorted(kept):
            what = "lost" if due[group] - set(kept) else "doubled"
            yield what, f"{group}: calls everybody at {sorted(due[group])}, and counts {kept}"


def _check_mentions(ledger: Ledger, history: History) -> Iterator[Problem]:
    """Whoever is named and was in finds it. (That nobody else does is for `chatd verify` to say.)"""
    for group, log in ledger.logs.items():
        for row in log.truth.rows:
            if row.kind != "message" or row.recalled:
                continue
            for part in row.body["body"].get("entities", ()):
                user = part.get("user")
                if user is None or user == row.actor or not _was_in(log, user, row.pos):
                    continue
                if (user, group, row.pos) not in history.truth.kept.mentions:
                    yield "lost", f"{group} {row.pos} mentions {user}, and they do not find it"


def _was_in(log: Log, user: str, pos: int) -> bool:
    return any(stay.joined < pos and stay.sees(pos) for stay in log.stays.get(user, ()))


def _check_forwards(done: Mapping[str, list[Done]], ledger: Ledger) -> Iterator[Problem]:
    """What was forwarded was said there."""
    for one in done.get("message.forward", ()):
        row, source = row_at(ledger, one.data["group"], one.ok["pos"]), ledger.logs.get(one.data["source"])
        if row is None or source is None or row.kind != "message":
            continue  # said elsewhere
        said = [{state.text for state in source.states.get(pos, ())} for pos in sorted(one.data["positions"])]
        body = row.body["body"]
        parts = [item["body"]["text"] for item in body["items"]] if "items" in body else [stored_words(body)]
        if len(parts) != len(said) or any(part not in of for part, of in zip(parts, said, strict=True)):
            yield "order", f"{one.data['group']} {row.pos} forwards {parts}, which {one.data['source']} did not say"


def row_at(ledger: Ledger, group: str, pos: int) -> Row | None:
    log = ledger.logs.get(group)
    return None if log is None else log.by_pos.get(pos)


# -- cards


def _check_catalogue(history: History) -> Iterator[Problem]:
    offered: dict[str, int] = {}
    for change in history.changes:
        offered[change.item] = change.rev
        row = history.truth.kept.items.get(change.item)
        if change.accepted and (row is None or row.rev < change.rev):
            yield "lost", f"{change} was accepted, and the catalogue has {row}"
    for item, row in history.truth.kept.items.items():
        if row.rev > offered.get(item, 0) or row.price != price_of(row.rev):
            yield "order", f"the catalogue has {row} of {item}, which nobody offered"
    if history.truth.kept.untold:
        yield "card", f"{history.truth.kept.untold} changes were never told to all groups"


def _check_told(done: Mapping[str, list[Done]], history: History, ledger: Ledger) -> Iterator[Problem]:
    """Who showed a product before it last changed was told, and nobody more often than it changed."""
    kept = history.truth.kept
    shown: dict[tuple[str, str], list[PlaceRow]] = defaultdict(list)
    for place in kept.places:
        shown[place.group, place.item].append(place)
    cards = [one for one in done.get("message.send", ()) if "product" in one.data["body"]]
    item_at = {(one.data["group"], one.ok["pos"]): one.data["body"]["product"] for one in cards}
    item_at |= {(place.group, place.pos): place.item for place in kept.places}
    told: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for group, log in ledger.logs.items():
        for row in log.truth.rows:
            if row.kind == "card" and (item := item_at.get((group, row.target or 0))) is not None:
                told[group, item].append(row)
    for (group, item), places in shown.items():
        changed = kept.items[item]
        there = {place.pos for place in places}
        before = any(place.at < changed.at for place in places) and changed.version > 1
        if before and not any(row.at >= changed.at and row.target in there for row in told[group, item]):
            yield "card", f"{group} shows {item} and was not told that it changed at {changed.at}"
    recalled = Counter(group for group, log in ledger.logs.items() for row in log.truth.rows if row.recalled)
    for (group, item), rows in told.items():
        most = kept.items[item].version - 1 + recalled[group]
        if len(rows) > most:
            yield "card", f"{group} was told {len(rows)} times of {item}, which changed {most} times"


def _check_cards_shown(history: History) -> Iterator[Problem]:
    """A page that is read when all is quiet shows every product as it is."""
    items = history.truth.kept.items
    for connection in history.connections:
        for event in connection.events if connection.fresh else ():
            if not isinstance(event, Attempt) or event.op != "message.history" or event.ok is None:
                continue
            for shown in event.ok["shown"]:
                card = (shown.raw.get("body") or {}).get("card") if shown.raw["kind"] == "message" else None
                if card is not None and (card["rev"], card["price"]) != (
                    items[card["id"]].version,
                    items[card["id"]].price,
                ):
                    yield "card", f"{connection.user}: {event.data['group']} {shown.pos} shows {card}"


# -- search


def _check_found(found: Found, ledger: Ledger) -> Iterator[Problem]:
    """Everything that one sees and that has the words, and nothing else. What a bundle is found by is not judged."""
    log = ledger.logs[found.group]
    stay = log.member_at_end(found.user)
    if stay is None:
        return
    said = {
        row.pos: stored_words(row.body["body"])
        for row in log.truth.rows
        if row.kind == "message" and row.pos > stay.floor and not row.recalled and "items" not in row.body["body"]
    }
    due = {pos for pos, words in said.items() if found.words in words}
    bundles = {row.pos for row in log.truth.rows if "items" in (row.body.get("body") or {})}
    for pos in sorted(due - found.positions)[:5]:
        yield "search", f"{found.user} does not find {found.words} at {found.group} {pos}"
    for pos in sorted(found.positions - due - bundles)[:5]:
        yield "search", f"{found.user} finds {found.words} at {found.group} {pos}, which does not say so"
