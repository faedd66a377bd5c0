"""The judge: does a history keep the promises?

A pure function of a `History`. Violations are named after what was broken:

    lost       acknowledged or shown, and not in the database
    doubled    one command happened twice
    hole       numbers are missing
    order      somebody saw another log than the one in the database, or the log contradicts itself
    ack        an answer is not true, or a retry did not get it again
    resume     a connection got something twice, not at all, or a `reset` or `truncated` without a reason
    audience   somebody saw what lies outside their stay, or did not see what lies inside
    mine       a user's own log: holes, wrong order, or not before the entries it announces
    recalled   what was taken back was shown again
    unread     the count of unread messages is wrong
    card       somebody was not told how a product changed, or too often, or is shown it as it was
    search     the index lacks a message, or has one that is gone
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.chaos.answers import check_answers, commands_of, rules_of, texts_of
from tests.chaos.beside import check_beside
from tests.chaos.history import Attempt, Connection, History
from tests.chaos.ledger import Ledger
from tests.chaos.streams import Stream

VIOLATIONS_MAX = 200
Marks = dict[tuple[str, str], int]
"""(user, group) -> the newest message marked as read. What somebody sent themselves counts as read too."""


class Violation(NamedTuple):
    """What was broken, and where."""

    promise: str
    what: str


def check(history: History) -> list[Violation]:
    """Everything that is wrong with a history, at most `VIOLATIONS_MAX` of it."""
    found: list[Violation] = []
    for promise, what in _problems(history):
        found.append(Violation(promise, what))
        if len(found) >= VIOLATIONS_MAX:
            break
    return found


def _problems(history: History) -> Iterator[tuple[str, str]]:
    commands = commands_of(history)
    ledger = Ledger(history.truth, texts_of(commands), rules_of(commands))
    yield from ledger.problems
    yield from check_answers(history, ledger, commands)
    yield from check_beside(history, ledger, commands)
    whole: set[tuple[str, int]] = set()
    marks = _marks_of(history)
    for connection in history.connections:
        yield from Stream(connection, ledger, whole).check()
        if connection.fresh:
            yield from _check_fresh(connection, ledger, marks)


def _check_fresh(connection: Connection, ledger: Ledger, marks: Marks) -> Iterator[tuple[str, str]]:
    """A new session at the end is told every group the user is in, all of its log, and what is unread."""
    user = connection.user
    lines = {line["group"]: line for line in (connection.hello or {}).get("groups", [])}
    due = {group for group, log in ledger.logs.items() if log.member_at_end(user) is not None}
    if lines.keys() != due:
        yield "audience", f"{user}: hello lists {sorted(lines)}, the user is in {sorted(due)}"
    for group in sorted(due & lines.keys()):
        yield from _check_line(user, lines[group], ledger, marks)
        yield from _check_pages(connection, group, ledger)


def _check_line(user: str, line: dict[str, Any], ledger: Ledger, marks: Marks) -> Iterator[tuple[str, str]]:
    group, read = line["group"], line["read"]
    log = ledger.logs[group]
    stay = log.member_at_end(user)
    assert stay is not None
    if (line["head"], line["seq"], line["floor"]) != (log.truth.head, log.truth.seq, stay.floor):
        yield "order", f"{user}: the line {line} is not that of head {log.truth.head}, seq {log.truth.seq}, {stay}"
    recalled = sum(1 for row in log.truth.rows if row.recalled and (row.seq or 0) > read)
    if line["unread"] != log.truth.seq - read - recalled:
        yield "unread", f"{user}: {group} {line['unread']} unread of {log.truth.seq} after {read}, {recalled} recalled"
    from_seq = sum(1 for row in log.truth.rows if row.seq is not None and row.pos <= stay.floor)
    own = (row.seq or 0 for row in log.truth.rows if row.actor == user)
    if not from_seq <= read <= max((from_seq, marks.get((user, group), 0), *own)):
        yield "unread", f"{user}: {group} is read up to {read}, which nobody said; the floor is at {from_seq}"


def _marks_of(history: History) -> Marks:
    marks: Marks = {}
    for connection in history.connections:
        for attempt in connection.attempts:
            if attempt.op == "read.mark":
                key = (connection.user, attempt.data["group"])
                marks[key] = max(marks.get(key, 0), attempt.data["seq"])
    return marks


def _check_pages(connection: Connection, group: str, ledger: Ledger) -> Iterator[tuple[str, str]]:
    stay = ledger.logs[group].member_at_end(connection.user)
    assert stay is not None
    pages = [
        event
        for event in connection.events
        if isinstance(event, Attempt) and event.op == "message.history" and event.data["group"] == group and event.ok
    ]
    seen = {pos for page in pages for s in (page.ok or {})["shown"] for pos in range(s.pos, s.upto + 1)}
    missing = set(range(stay.floor + 1, ledger.logs[group].truth.head + 1)) - seen
    if missing:
        yield "hole", f"{connection.user}: the pages of {group} leave out {sorted(missing)[:5]}"
