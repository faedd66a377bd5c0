"""What a dead letter was about, and finding it again when it is to be tried once more.

Of an entry of a group only its place and time are kept, never what was said: it is read anew, so what was taken back or
has gone by age meanwhile is not handled. A job, and an entry of the bot's own log, exist nowhere else and are kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from chatd_client.bots.happenings import SILENT, Unit
from chatd_client.bots.store import DeadLetter, Timer
from chatd_protocol.log import Entry, MineEntry, UnknownEntry

ReadOne = Callable[[str, int], Awaitable[Sequence[Entry | UnknownEntry]]]
"""The entry behind a number of a group's log, if there is one."""


class Subject(msgspec.Struct, omit_defaults=True, frozen=True):
    """One thing that happened: the `index`-th of what the entry, or one of the other two, says."""

    place: str
    index: int
    pos: int = 0
    at: int = 0
    mine: MineEntry | None = None
    timer: Timer | None = None


def subject_of(unit: Unit, index: int) -> bytes:
    """What is kept with a dead letter."""
    entry = unit.entry
    if entry is not None and not isinstance(entry, UnknownEntry):
        subject = Subject(unit.place, index, entry.pos, entry.at)
    else:
        subject = Subject(unit.place, index, mine=unit.mine, timer=unit.timer)
    return msgspec.json.encode(subject)


def read_subject(letter: DeadLetter) -> Subject | None:
    """None for one that was written by a version that did not keep it."""
    return msgspec.json.decode(letter.subject, type=Subject) if letter.subject else None


async def find(subject: Subject, read_one: ReadOne) -> Unit | None:
    """The same thing again; None where it is no more: taken back, gone by age, or of a past that is another one now.
    Raises `ChatdError` as reading does."""
    if subject.mine is not None or subject.timer is not None:
        return Unit(subject.place, mine=subject.mine, timer=subject.timer)
    for entry in await read_one(subject.place, subject.pos - 1):
        if entry.pos == subject.pos and not isinstance(entry, SILENT) and entry.at == subject.at:
            return Unit(subject.place, entry=entry)
    return None
