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
    read       what was marked as read is not any more
    section    more sections are open than may be, or something stands in one that is not open
    asked      who said no, or was not asked, is treated otherwise
    card       somebody was not told how a product changed, or too often, or is shown it as it was
    search     the index lacks a message, or has one that is gone
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.chaos.answers import check_answers, commands_of, rules_of, texts_of
from tests.chaos.beside import check_beside, done_of
from tests.chaos.beside_menus import check_menus
from tests.chaos.beside_relations import check_relations
from tests.chaos.beside_sections import check_sections, open_ones, sections_at_end
from tests.chaos.history import Attempt, Connection, History
from tests.chaos.ledger import Ledger, Log, Stay
from tests.chaos.marks import Place, asked_of, check_marks
from tests.chaos.streams import Stream

VIOLATIONS_MAX = 200
Marks = dict[Place, int]
"""The newest message marked as read. What somebody sent themselves counts as read too."""


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
    done = done_of(commands)
    yield from check_sections(history, ledger, done)
    yield from check_relations(history, ledger, done)
    yield from check_menus(history, ledger, done)
    yield from check_marks(history, commands)
    whole: set[tuple[str, int]] = set()
    marks = asked_of(history)
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
    group, log = line["group"], ledger.logs[line["group"]]
    stay = log.member_at_end(user)
    assert stay is not None
    if (line["head"], line["seq"], line["floor"]) != (log.truth.head, log.truth.seq, stay.floor):
        yield "order", f"{user}: the line {line} is not that of head {log.truth.head}, seq {log.truth.seq}, {stay}"
    main = {"section": 0} | {key: line[key] for key in ("seq", "read", "unread")}
    shown = line.get("sections", [main])
    due = open_ones(sections_at_end(log))
    if [one["section"] for one in shown] != due:
        yield "section", f"{user}: the line of {group} has the sections {shown}, open are {due}"
    if sum(one.get("unread", 0) for one in shown) != line["unread"]:
        yield "unread", f"{user}: the line of {group} has {line['unread']} unread, its sections {shown}"
    for one in shown:
        section = one["section"]
        if not section and (one.get("seq", 0), one.get("read", 0)) != (line["seq"], line["read"]):
            yield "unread", f"{user}: the line {line} has another main section"
        read = one.get("read", 0), one.get("unread", 0)
        for promise, what in _check_read(user, log, stay, section, read, marks.get((user, group, section), 0)):
            yield promise, f"{user}: {group} section {section} {what}"
        if one.get("seq", 0) != len(log.numbered[section]):
            yield "order", f"{user}: {group} section {section} is at {one}, of {len(log.numbered[section])} messages"


def _check_read(
    user: str, log: Log, stay: Stay, section: int, told: tuple[int, int], marked: int
) -> Iterator[tuple[str, str]]:
    """`told`: how far somebody has read in a section, and how much is unread."""
    (read, unread), rows = told, log.numbered[section]
    recalled = sum(1 for row in rows if row.recalled and (row.seq or 0) > read)
    if unread != len(rows) - read - recalled:
        yield "unread", f"has {unread} unread of {len(rows)} after {read}, {recalled} recalled"
    from_seq = sum(1 for row in rows if row.pos <= stay.floor)
    own = (row.seq or 0 for row in rows if row.actor == user)
    if not from_seq <= read <= max((from_seq, marked, *own)):
        yield "unread", f"is read up to {read}, which nobody said; the floor is at {from_seq}"


def _check_pages(connection: Connection, group: str, ledger: Ledger) -> Iterator[tuple[str, str]]:
    stay = ledger.logs[group].member_at_end(connection.user)
    assert stay is not None
    pages = [
        event
        for event in connection.events
        if isinstance(event, Attempt) and event.op == "message.history" and event.data["group"] == group and event.ok
    ]
    by_section = [page for page in pages if "section" in page.data]
    seen = {
        pos
        for page in pages
        if "section" not in page.data
        for s in (page.ok or {})["shown"]
        for pos in range(s.pos, s.upto + 1)
    }
    missing = set(range(stay.floor + 1, ledger.logs[group].truth.head + 1)) - seen
    if missing:
        yield "hole", f"{connection.user}: the pages of {group} leave out {sorted(missing)[:5]}"
    read = {page.data["section"] for page in by_section}
    for section in read:
        rows = [row.pos for row in ledger.logs[group].numbered[section] if row.pos > stay.floor]
        shown = {s.pos for page in by_section if page.data["section"] == section for s in (page.ok or {})["shown"]}
        if shown != set(rows):
            yield "hole", f"{connection.user}: the pages of {group} section {section} show {shown} instead of {rows}"
