"""What an index holds and what is done to it, whichever database it lies in.

The follower is the only one who writes. What a portion adds and how far it read are one transaction: after a crash a
portion is read again or was whole. An index that is of another life of the database, of another way to cut text, or
broken, is emptied and filled anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from chatd.search.tokens import VERSION

LAYOUT: Final = f"3.{VERSION}"
"""Raised when the tables change or the same text gives other terms."""
GROUP_BITS: Final = 16
GROUP_MASK: Final = (1 << GROUP_BITS) - 1
TICKS: Final = 16
"""Of a millisecond: messages of one moment keep their order, and their times hardly run ahead of the clock."""
AHEAD_MS: Final = 120_000
"""So far may the time in an id be ahead of the message's own."""
_START_MS: Final = 1_577_836_800_000  # 2020
_TICKS_MAX: Final = (1 << (63 - GROUP_BITS)) - 1


class IndexBroken(Exception):
    """The index cannot be used as it is; it has to be made anew."""


class State(msgspec.Struct):
    """How far the index has come: commit `n`, but while `sweep_after` is set only what that sweep has been to."""

    generation: str = ""
    """Another one each time it was made anew."""
    n: int = 0
    sweep_after: str | None = None
    """All groups up to this id were read whole; None when there is nothing to catch up with but commits."""
    swept: int = 0
    total: int = 0
    """Entries read by the sweep, and entries there were at its begin."""


class Place(msgspec.Struct):
    """A group in the index: its number there, the last entry read, and the time given to its last message, in ticks."""

    gid: int
    upto: int
    clock: int


class Doc(msgspec.Struct):
    """A message. Newer ones have higher ids, so that the newest hits come first without sorting."""

    id: int
    gid: int
    pos: int
    sender: str
    kind: str
    runs: str


class Portion(msgspec.Struct):
    """What one transaction does: messages that are new or changed, those without words any more, and how far it is."""

    docs: dict[tuple[int, int], Doc] = {}
    gone: set[tuple[int, int]] = set()
    erased: set[tuple[int, str]] = set()
    """(group, person) of those of whom nothing is to be found any more."""
    cuts: dict[int, int] = {}
    """By group: up to which position nothing is to be found any more."""
    places: dict[str, Place] = {}
    read: int = 0
    """Entries that it took."""


class Index(Protocol):
    """The writing side. Raises `IndexBroken`; whatever else it raises, the same portion may be tried again later."""

    state: State

    def open(self, epoch: str, fresh: str) -> None:
        """Be ready, emptied if it was not made for this life of the database; `fresh` is the generation then."""

    def close(self) -> None: ...

    def wipe(self, epoch: str, fresh: str) -> None:
        """Begin anew."""

    def places(self, groups: Sequence[str]) -> dict[str, Place]:
        """The groups as the index knows them; new ones get a number."""

    def apply(self, portion: Portion, state: State) -> None:
        """One transaction."""

    def present(self) -> bool:
        """Whether what was opened is still what others find."""


def ticks_of(at_ms: int) -> int:
    """A time as ids count it."""
    return max(0, min((at_ms - _START_MS) * TICKS, _TICKS_MAX))


def bits_of(group: str) -> int:
    """What ids have of a group. Not its number in the index, which is another one when that is made anew: who reads the
    pages of a search meanwhile goes on from the id that the last page ended with."""
    return zlib.crc32(group.encode()) & GROUP_MASK


def doc_id(ticks: int, bits: int) -> int:
    """Ordered by time, with the group in the low bits: most of what is of other groups is passed over unread."""
    return (min(ticks, _TICKS_MAX) << GROUP_BITS) | bits


def marks_of(doc: Doc) -> list[str]:
    """Tokens that no text can have: who, which kind, which group."""
    return [sender_mark(doc.sender), kind_mark(doc.kind), group_mark(doc.gid)]


def sender_mark(user: str) -> str:
    return f"@{user}"


def kind_mark(kind: str) -> str:
    return f"!{kind}"


def group_mark(gid: int) -> str:
    return f"={gid}"
