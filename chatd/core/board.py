"""The board of a group: what stands beside its log. Pins in their order, the number of featured posts, the newest calls
to everybody. One record, so that a message that is taken back is taken down from all of it at once.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.kinds import TEXT
from chatd.core.needs import Needs
from chatd.core.records import Record
from chatd.core.values import Entry


class Board(Record):
    """`pins`: [pos, by, at], the uppermost first. `calls`: [pos, seq, at, stands, by, section] of messages that call
    everybody, oldest first; those that were taken back stay for the budget's sake, with `stands` false."""

    table: ClassVar[str] = "boards"

    group_id: str
    pins: list[Any] = []
    featured: int = 0
    calls: list[Any] = []


class Featured(Record):
    """A featured post."""

    table: ClassVar[str] = "featured"
    key_fields: ClassVar[int] = 2

    group_id: str
    pos: int
    by: str
    at: int
    note: str


class Mention(Record):
    """That a message, number `seq` of its section, mentions somebody."""

    table: ClassVar[str] = "mentions"
    key_fields: ClassVar[int] = 4

    user_id: str
    group_id: str
    section: int
    seq: int
    pos: int
    at: int


def board_of(facts: Facts, group: str) -> Board:
    """The group's board; an empty one if nothing was put there yet."""
    return facts.find(Board, group) or Board(group)


def need_taking_down(need: Needs, group: str, pos: int) -> None:
    """What `take_down` has to know."""
    need.record(Board, group)
    need.record(Featured, group, pos)


def take_down(facts: Facts, entry: Entry) -> None:
    """A message whose content goes loses its place on the board and whoever it mentioned. Call it before it goes."""
    drop_mentions(facts, entry)
    sweep_again(facts, entry.group, entry.pos)
    board = facts.find(Board, entry.group)
    if board is None:
        return
    featured = facts.find(Featured, entry.group, entry.pos)
    if featured is not None:
        facts.drop(Featured, entry.group, entry.pos)
    pins = [pin for pin in board.pins if pin[0] != entry.pos]
    calls = without_call(board, entry.pos)
    count = board.featured - (featured is not None)
    if (pins, count, calls) != (board.pins, board.featured, board.calls):
        facts.put(replace(board, pins=pins, featured=count, calls=calls))


def sweep_again(facts: Facts, group_id: str, pos: int) -> None:
    """A message leaves the board: if only that has kept it (`retention`), it goes with the next portion."""
    group = facts.groups[group_id]
    if pos <= group.floor and pos <= group.swept:
        group.swept = pos - 1
        facts.changed_groups.add(group_id)


def mentioned_in(kind: str, body: dict[str, Any]) -> list[str]:
    """Whom a message names, each once, in order."""
    parts = body.get("entities", ()) if kind == TEXT else ()
    return list(dict.fromkeys(part["user"] for part in parts if "user" in part))


def drop_mentions(facts: Facts, entry: Entry) -> None:
    """Nobody is mentioned by this message any more."""
    for user in mentioned_in(entry.body["type"], entry.body["body"]):
        facts.drop(Mention, user, entry.group, entry.section, entry.seq)


def without_call(board: Board, pos: int) -> list[Any]:
    """The calls, with that of this message standing no more."""
    return [[*call[:3], False, *call[4:]] if call[0] == pos else call for call in board.calls]
