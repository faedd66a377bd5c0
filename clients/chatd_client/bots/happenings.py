"""What there is to handle: a unit for everything that moves a cursor, and what happened in it, person by person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chatd_client.bots.context import Context, Deed
from chatd_client.bots.contexts import (
    CardContext,
    EntryContext,
    JobContext,
    JoinContext,
    LeaveContext,
    MessageContext,
    MineContext,
    PressContext,
)
from chatd_client.bots.menus import split_id
from chatd_client.bots.store import DeadLetter, Timer
from chatd_client.feed import last_pos
from chatd_protocol.log import (
    CardChanged,
    Created,
    Entry,
    Hidden,
    MembersChanged,
    Message,
    MineEntry,
    UnknownEntry,
)

SILENT: Final = (Hidden, UnknownEntry)


@dataclass(frozen=True)
class Unit:
    """One thing to be handled, in `place` (a group, or empty): an entry of its log, one of the bot's own, a job that
    is due, or a dead letter that is to be tried again; or, with none of these, that the group's numbers begin anew
    behind `floor`."""

    place: str
    entry: Entry | UnknownEntry | None = None
    mine: MineEntry | None = None
    timer: Timer | None = None
    floor: int | None = None
    letter: DeadLetter | None = None

    @property
    def name(self) -> str:
        """As it stands in logs and dead letters."""
        if self.entry is not None:
            return f"entry {self.place} {self.entry.pos}"
        if self.mine is not None:
            return f"mine {self.mine.upos}"
        if self.timer is not None:
            return f"job {self.timer.job} {self.place} {self.timer.due}"
        return self.letter.unit if self.letter is not None else f"begin {self.place}"

    @property
    def kind(self) -> str:
        """The kind of the entry; `job`, `letter`, `begin`."""
        if self.entry is not None:
            return self.entry.kind if isinstance(self.entry, UnknownEntry) else str(self.entry.__struct_config__.tag)
        if self.mine is not None:
            return self.mine.kind
        return "job" if self.timer is not None else "letter" if self.letter is not None else "begin"

    @property
    def seed(self) -> tuple[str | int, ...]:
        """What names of acts follow from. With the time, for after a restored backup a number may stand for another
        entry."""
        if self.entry is not None:
            return ("entry", self.place, self.entry.pos, getattr(self.entry, "at", 0))
        if self.mine is not None:
            return ("mine", self.mine.upos, self.mine.at)
        if self.timer is not None:
            return ("job", self.timer.id, self.timer.due)
        return ("begin", self.place)

    @property
    def since(self) -> int:
        """An entry of the group that comes before everything done about this."""
        if self.entry is not None:
            return last_pos(self.entry)
        return (self.mine.pos or 0) if self.mine is not None else 0


@dataclass(frozen=True)
class Happening:
    """One thing that happened, about one person, and how its context is made."""

    context: type[Context]
    user: str
    make: Callable[[Deed], Context]


def happenings_of(unit: Unit, me: str) -> list[Happening]:
    """What of it concerns handlers. Nothing that the bot did itself, and nothing that bots say: two of them would
    never end."""
    if unit.timer is not None:
        timer = unit.timer
        return [Happening(JobContext, "", lambda deed: JobContext(deed, timer))]
    if unit.mine is not None:
        return [_of_mine(unit.mine)]
    entry = unit.entry
    match entry:
        case None | Hidden() | UnknownEntry():
            return []
        case Message():
            if entry.sender == me or entry.bot or entry.body is None:
                return []
            message = entry
            return [Happening(MessageContext, entry.sender, lambda deed: MessageContext(deed, message))]
        case MembersChanged():
            return _of_members(entry, me)
        case CardChanged():
            return _of_card(entry)
    by = getattr(entry, "by", None) or ""
    if by == me and not isinstance(entry, Created):
        return []
    other = entry
    return [Happening(EntryContext, by, lambda deed: EntryContext(deed, other))]


def _of_mine(entry: MineEntry) -> Happening:
    if entry.kind == "pressed":
        about = split_id(entry.button or "")[1]
        return Happening(PressContext, entry.by or "", lambda deed: PressContext(deed, entry, about))
    return Happening(MineContext, entry.by or entry.user or "", lambda deed: MineContext(deed, entry))


def _of_members(entry: MembersChanged, me: str) -> list[Happening]:
    found = [
        Happening(JoinContext, one.user, lambda deed, one=one: JoinContext(deed, one, entry.count))  # type: ignore[misc]
        for one in entry.joined
        if one.user != me
    ]
    return found + [
        Happening(LeaveContext, one.user, lambda deed, one=one: LeaveContext(deed, one, entry.count))  # type: ignore[misc]
        for one in entry.left
        if one.user != me
    ]


def _of_card(entry: CardChanged) -> list[Happening]:
    card = entry.card
    return [] if card is None else [Happening(CardContext, "", lambda deed: CardContext(deed, entry, card))]
