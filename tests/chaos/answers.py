"""Are the answers true? Every acknowledged command is in the log where its answer says, once; nothing refused is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.history import Attempt, History, Row
from tests.chaos.ledger import CHANGES, Ledger
from tests.chaos.wording import sent_words

RETRY = frozenset({"unavailable", "overloaded", "rate_limited", "storage_full"})
"""Refusals that say nothing about what became of the command."""
_KINDS = {
    "message.send": "message",
    "message.edit": "edit",
    "message.recall": "recall",
    "reaction.add": "reaction",
    "reaction.remove": "reaction",
    "member.add": "members",
    "member.kick": "members",
    "member.leave": "members",
    "member.role": "role",
    "group.update": "settings",
    "group.create": "created",
    "message.forward": "message",
    "invite.redeem": "members",
    "request.approve": "members",
    "group.join": "members",
    "member.ban": "members",
    "pin.add": "pin",
    "pin.remove": "unpin",
    "feature.add": "feature",
    "feature.remove": "unfeature",
    "nickname.set": "nicknames",
    "group.slow": "moderation",
    "group.transfer": "owner",
    "group.announce": "announcement",
    "group.entry": "settings",
    "section.create": "sections",
    "section.update": "sections",
    "section.order": "sections",
}
Problem = tuple[str, str]
Commands = dict[tuple[str, str], list[Attempt]]


def commands_of(history: History) -> Commands:
    """Every attempt of every command, by (user, cid), in the order in which they were sent."""
    commands: Commands = defaultdict(list)
    for connection in history.connections:
        for attempt in connection.attempts:
            if "cid" in attempt.data:
                commands[connection.user, attempt.data["cid"]].append(attempt)
    for attempts in commands.values():
        attempts.sort(key=lambda attempt: attempt.sent)
    return commands


def texts_of(commands: Commands) -> dict[tuple[str, str], str]:
    """What was said under each cid: what its accepted attempt said, or the first where none was answered."""
    texts = {}
    for key, attempts in commands.items():
        told = next((attempt for attempt in attempts if attempt.ok is not None), attempts[0])
        if told.op == "message.send":
            texts[key] = sent_words(told.data["body"])
        elif told.op == "message.edit":
            texts[key] = told.data["text"]
    return texts


def rules_of(commands: Commands) -> dict[str, str]:
    """The history rule that each group was created with."""
    return {
        attempt.ok["group"]: attempt.data.get("history", "none")
        for attempts in commands.values()
        for attempt in attempts
        if attempt.op == "group.create" and attempt.ok is not None
    }


def check_answers(history: History, ledger: Ledger, commands: Commands) -> Iterator[Problem]:
    """Compare every command with the log."""
    rows: dict[tuple[str, str], list[tuple[str, Row]]] = defaultdict(list)
    for group, log in ledger.logs.items():
        for row in log.truth.rows:
            if row.cid is not None:
                rows[row.actor or "", row.cid].append((group, row))
    for key, found in rows.items():
        if len(found) > 1:
            yield "doubled", f"{key} is in the log {len(found)} times: {[(g, r.pos) for g, r in found]}"
        if key not in commands:
            yield "order", f"{found[0]} was sent by nobody"
    for key, attempts in commands.items():
        yield from _check_command(key, attempts, rows.get(key, []), ledger, history.recall_window_ms)
    yield from _check_lanes(history)


def _check_command(
    key: tuple[str, str], attempts: list[Attempt], rows: list[tuple[str, Row]], ledger: Ledger, window_ms: int
) -> Iterator[Problem]:
    accepted = [attempt for attempt in attempts if attempt.ok is not None]
    for attempt in attempts:
        if attempt.code == "internal":
            yield "ack", f"{key}: {attempt.op} met an internal error"
    if not accepted:
        final = [a for a in attempts if a.code is not None and a.code not in RETRY]
        if final and rows:
            yield "ack", f"{key} was refused with {final[0].code} and is in the log: {rows[0][0]} {rows[0][1].pos}"
        return
    first = accepted[0]
    for other in accepted[1:]:
        if (other.op, other.data) != (first.op, first.data):
            yield "doubled", f"{key}: {other.op} was accepted beside {first.op}"
        elif other.ok != first.ok:
            yield "doubled", f"{key}: {first.op} was answered {first.ok}, and again {other.ok}"
    yield from _check_refusals(key, attempts, first)
    yield from _check_place(key, first, rows, ledger, window_ms)


def _check_refusals(key: tuple[str, str], attempts: list[Attempt], first: Attempt) -> Iterator[Problem]:
    """Once it was acknowledged, the same request gets its answer again, and another one `conflict`."""
    assert first.answered is not None
    for attempt in attempts:
        if attempt.code is None or attempt.code in RETRY or attempt.sent < first.answered:
            continue
        same = (attempt.op, attempt.data) == (first.op, first.data)
        if same or attempt.code != "conflict":
            yield "ack", f"{key}: {attempt.op} got {attempt.code} after it had been acknowledged"


def _check_place(
    key: tuple[str, str], attempt: Attempt, rows: list[tuple[str, Row]], ledger: Ledger, window_ms: int
) -> Iterator[Problem]:
    ok, data = attempt.ok or {}, attempt.data
    pos, group, kind = ok.get("pos"), ok.get("group"), _KINDS.get(attempt.op)
    if kind is None or pos is None or group is None:
        return
    row = ledger.logs[group].by_pos.get(pos) if group in ledger.logs else None
    if row is None or row.kind != kind:
        yield "lost", f"{key}: {attempt.op} was acknowledged at {group} {pos}, where there is {row}"
    elif kind == "message" or kind in CHANGES:
        if (row.actor, row.cid) != key:
            yield "lost", f"{key}: {attempt.op} was acknowledged at {group} {pos}, where {row.actor} {row.cid} stands"
        elif rows and kind == "message":
            due = {"group": group, "pos": row.pos, "cid": row.cid, "at": row.at}
            due |= ({"seq": row.seq} if row.seq is not None else {}) | ({"section": row.section} if row.section else {})
            if ok != due | {"recall_until": row.at + window_ms}:
                yield "ack", f"{key}: answered {ok}, in the log {due}"
            if data.get("section", 0) != row.section:
                yield "ack", f"{key}: sent to section {data.get('section', 0)}, stands in {row.section}"
        elif ok.get("target", data["pos"]) != row.target or data["pos"] != row.target:
            yield "ack", f"{key}: {attempt.op} of {data['pos']} is of {row.target} in the log"
    elif kind == "members":
        yield from _check_members(key, attempt, row)
    elif kind == "nicknames" and key[0] not in {one["user"] for one in row.body["names"]}:
        yield "lost", f"{key}: {attempt.op} was acknowledged at {group} {pos}, which names {row.body}"
    elif kind == "owner" and row.body["user"] != data["user"]:
        yield "lost", f"{key}: the group was handed to {data['user']}, and {group} {pos} says {row.body}"


def _check_members(key: tuple[str, str], attempt: Attempt, row: Row) -> Iterator[Problem]:
    ok: dict[str, Any] = attempt.ok or {}
    if attempt.op == "member.add":
        due = {one["user"] for one in ok["results"] if one["result"] == "added"}
    else:
        due = {attempt.data.get("user", key[0])}
    way = "left" if attempt.op in {"member.kick", "member.ban", "member.leave"} else "joined"
    there = {one["user"] for one in row.body.get(way, ())}
    # Who is added or put out twice in one commit stands in two entries, and only the last is named.
    if not due & there:
        yield "lost", f"{key}: {attempt.op} was acknowledged for {due}, its entry names {there}"


def _check_lanes(history: History) -> Iterator[Problem]:
    """First tries of one connection are taken in the order in which they were sent. What a person's other device had
    sent before stands where that one put it."""
    first: dict[tuple[str, str], int] = {}
    for connection in history.connections:
        for attempt in connection.attempts:
            key = (connection.user, attempt.data.get("cid", ""))
            first[key] = min(attempt.sent, first.get(key, attempt.sent))
    for connection in history.connections:
        last: dict[str, int] = {}
        for attempt in connection.attempts:
            key = (connection.user, attempt.data.get("cid", ""))
            if attempt.op != "message.send" or attempt.sent != first[key] or attempt.ok is None:
                continue
            group, pos = attempt.ok["group"], attempt.ok["pos"]
            if pos <= last.get(group, 0):
                yield "order", f"{key}: sent after what stands at {last[group]}, and stands at {pos}"
            last[group] = pos
