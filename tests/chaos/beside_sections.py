"""Sections: is every acknowledged change of them in the log, once, and does each entry go on from the one before?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.chaos.answers import Problem
from tests.chaos.beside import Done, row_at
from tests.chaos.history import Attempt, History, Row
from tests.chaos.ledger import Ledger, Log

OPEN_MAX = 5
OPS = ("section.create", "section.update", "section.order")
MAIN: dict[str, Any] = {"section": 0, "kind": "chat"}
Sections = Sequence[Mapping[str, Any]]


def check_sections(history: History, ledger: Ledger, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Compare the log with itself, with what was acknowledged, and with what was shown."""
    for group, log in ledger.logs.items():
        yield from _check_log(group, log)
    yield from _check_acts(done, ledger)
    for connection in history.connections:
        for event in connection.events:
            if isinstance(event, Attempt) and event.op == "section.list" and event.ok is not None:
                yield from _check_open(event.data["group"], event.ok["sections"])


def sections_at_end(log: Log) -> Sections:
    """All of a group's sections, as its last entry about them says."""
    told = [row for row in log.truth.rows if row.kind == "sections"]
    sections: Sections = told[-1].body["sections"] if told else (MAIN,)
    return sections


def _check_log(group: str, log: Log) -> Iterator[Problem]:
    sections: Sections = (MAIN,)
    for row in log.truth.rows:
        if row.kind == "sections":
            yield from _check_open(group, row.body["sections"])
            due = {one["section"] for one in sections}
            if row.body["act"] == "create":
                due |= {1 + max(due)}
            if sorted(due) != sorted(one["section"] for one in row.body["sections"]):
                yield "section", f"{group} {row.pos}: {row.body['act']} after {sections} leads to {row.body}"
            sections = row.body["sections"]
        elif row.kind == "message" and row.section:
            of = next((one for one in sections if one["section"] == row.section), None)
            if of is None or of.get("closed"):
                yield "section", f"{group} {row.pos} stands in section {row.section}, which is {of}"


def _check_open(group: str, sections: Sections) -> Iterator[Problem]:
    count = len(open_ones(sections))
    if count > OPEN_MAX:
        yield "section", f"{group} has {count} open sections"


def open_ones(sections: Sections) -> list[int]:
    """The numbers of those that are open, in their order."""
    return [one["section"] for one in sections if not one.get("closed")]


def _check_acts(done: Mapping[str, list[Done]], ledger: Ledger) -> Iterator[Problem]:
    """Each that changed something is one entry, and each entry is one of them."""
    acts: dict[tuple[str, int], list[Done]] = defaultdict(list)
    for op in OPS:
        for one in done.get(op, ()):
            if "pos" in one.ok:
                acts[one.data["group"], one.ok["pos"]].append(one)
    for (group, pos), ones in acts.items():
        row = row_at(ledger, group, pos)
        if len(ones) > 1:
            yield "doubled", f"{group} {pos} was the answer to {ones}"
        elif row is None or row.kind != "sections" or row.actor != ones[0].user or not _says(row, ones[0]):
            yield "lost", f"{ones[0]} was acknowledged at {group} {pos}, where there is {row}"
    for group, log in ledger.logs.items():
        for row in log.truth.rows:
            if row.kind == "sections" and (group, row.pos) not in acts:
                yield "doubled", f"{group} {row.pos} changes the sections, and was the answer to nothing: {row.body}"


def _says(row: Row, one: Done) -> bool:
    """Whether the entry says what was asked."""
    body, data = row.body, one.data
    if one.op == "section.order":
        return bool(body["act"] == "order" and open_ones(body["sections"]) == data["sections"])
    of: Mapping[str, Any] = next((s for s in body["sections"] if s["section"] == one.ok["section"]), {})
    asked = {key: data[key] for key in ("kind", "title", "intro", "closed") if key in data}
    as_told = {key: of.get(key) or type(value)() for key, value in asked.items()}
    is_new = (body["act"] == "create") == (one.op == "section.create")
    return bool(is_new and body["section"] == one.ok["section"] and as_told == asked)
