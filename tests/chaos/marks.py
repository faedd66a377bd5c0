"""What was marked as read: while the hub lives it is kept, and a kill of it takes back no more than the last second.

A mark waits in the hub until it is stored with the next portion. That it was stored is known from two commands, one
after the other, each sent a second or more after what was before it was answered: by the answer to the first one the
portion that was on its way is stored, by that to the second one the portion behind it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from tests.chaos.answers import Commands, Problem
from tests.chaos.history import Connection, History

LATE_S = 1.0
"""So old a mark may be and not be stored, see "Unread" in `protocol/README.md`."""
Place = tuple[str, str, int]
"""(user, group, section)."""


class Mark(NamedTuple):
    """One that was acknowledged, and in which life of the hub."""

    answered: int
    life: int
    place: Place
    read: int


def asked_of(history: History) -> dict[Place, int]:
    """The greatest number that each asked for, acknowledged or not."""
    asked: dict[Place, int] = {}
    for connection in history.connections:
        for attempt in connection.attempts:
            if attempt.op == "read.mark":
                place = (connection.user, attempt.data["group"], attempt.data.get("section", 0))
                asked[place] = max(asked.get(place, 0), attempt.data["seq"])
    return asked


def check_marks(history: History, commands: Commands) -> Iterator[Problem]:
    """Every hello tells of what was marked before it, as far as that was not taken back."""
    stored, kept = Stored(history, commands), Kept()
    marks = iter(sorted(_marks_of(history)))
    mark, life = next(marks, None), 0
    for asked, connection in sorted(_hellos(history), key=lambda one: one[0]):
        while mark is not None or life < len(history.kills):
            kill = history.kills[life] if life < len(history.kills) else None
            if mark is not None and mark.answered < asked and (kill is None or mark.answered < kill):
                kept.take(mark, life)
                mark = next(marks, None)
            elif kill is not None and kill < asked:
                kept.lose(stored.upto(kill))
                life += 1
            else:
                break
        yield from _check_hello(connection, kept)


class Kept:
    """What has to be known, at a moment."""

    def __init__(self) -> None:
        self.due: dict[Place, int] = {}
        self._sure: dict[Place, int] = {}
        self._open: list[Mark] = []
        """Of this life of the hub."""

    def take(self, mark: Mark, life: int) -> None:
        """It was acknowledged. One that the hub told before it was killed, and that was heard later, is not sure."""
        if mark.life == life:
            self._open.append(mark)
            self.due[mark.place] = max(mark.read, self.due.get(mark.place, 0))

    def lose(self, upto: int) -> None:
        """The hub is killed; what was marked up to this moment is stored."""
        for mark in self._open:
            if mark.answered <= upto:
                self._sure[mark.place] = max(mark.read, self._sure.get(mark.place, 0))
        self.due, self._open = dict(self._sure), []


class Stored:
    """Up to which moment everything that was marked had been stored when the hub was killed."""

    def __init__(self, history: History, commands: Commands) -> None:
        told = [attempt for attempts in commands.values() for attempt in attempts if attempt.ok is not None]
        pairs = sorted((attempt.answered or 0, attempt.sent) for attempt in told)
        self._answered = [answered for answered, _ in pairs]
        self._latest = list(accumulate((sent for _, sent in pairs), max))
        self._clock = history.clock

    def upto(self, kill: int) -> int:
        """The last such moment, 0 if there is none."""
        return self._before(self._before(kill - 1))

    def _before(self, moment: int) -> int:
        """`LATE_S` before the latest command was sent that was answered by this moment."""
        index = bisect_right(self._answered, moment)
        if not index:
            return 0
        return max(0, bisect_right(self._clock, self._clock[self._latest[index - 1]] - LATE_S) - 1)


def _marks_of(history: History) -> Iterator[Mark]:
    for connection in history.connections:
        life = bisect_right(history.kills, connection.asked)
        for attempt in connection.attempts:
            if attempt.op == "read.mark" and attempt.ok is not None:
                place = (connection.user, attempt.data["group"], attempt.data.get("section", 0))
                yield Mark(attempt.answered or 0, life, place, attempt.ok["read"])


def _hellos(history: History) -> Iterator[tuple[int, Connection]]:
    for connection in history.connections:
        if connection.hello is not None:
            yield connection.asked, connection


def _check_hello(connection: Connection, kept: Kept) -> Iterator[Problem]:
    for (group, section), read in _told(connection.hello or {}).items():
        due = kept.due.get((connection.user, group, section), 0)
        if read < due:
            where = f"{group} section {section}" if section else group
            yield "read", f"{connection.user}/{connection.device}: {where} was marked up to {due}, hello says {read}"


def _told(hello: dict[str, Any]) -> dict[tuple[str, int], int]:
    """What hello says, of the groups and sections that it speaks of: what is left out of `section_reads` is 0."""
    told: dict[tuple[str, int], int] = {}
    for line in hello["groups"]:
        told[line["group"], 0] = line.get("read", 0)
        told |= {(line["group"], one["section"]): one.get("read", 0) for one in line.get("sections", ())}
    told |= {(group, 0): read for group, read in hello.get("reads", {}).items()}
    return told | {(one["group"], one["section"]): one["read"] for one in hello.get("section_reads", ())}
