"""What erasures are kept in: values, no rules. A part of its own because the facts and those who make users know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from chatd.core.records import Record
from chatd.core.values import Entry


class Erasure(Record):
    """Somebody whose erasure began and is not through yet."""

    table: ClassVar[str] = "erasures"

    user_id: str
    at: int
    cursor: str = ""
    """The last group that is done with, in the database's order."""


class ErasedSub(Record):
    """The keyed hash of an erased person's `sub`: tokens issued before `before` (ms) speak for nobody any more."""

    table: ClassVar[str] = "erased_subs"

    digest: str
    before: int


@dataclass(slots=True)
class Cut:
    """What goes of one group's log: positions of entries, the mentions of people in them, and what is to be kept of
    the commands that made the newest of them."""

    gone: set[int] = field(default_factory=set)
    mentions: list[tuple[str, str, int, int]] = field(default_factory=list)
    """(user, group, section, seq)"""
    commands: list[tuple[Entry, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Going:
    """What of the changes of a commit is not said by new rows: content that goes."""

    barred: frozenset[str] = frozenset()
    """People whose erasure is under way: nothing is done for them any more."""
    redacted: dict[str, set[int]] = field(default_factory=dict)
    """By group: entries whose content went without an entry of its own that says so."""
    wipes: list[tuple[str, str | None]] = field(default_factory=list)
    """(user, group) of people of whom a portion of the rows beside the log goes: in one group, or everywhere."""
    prunes: dict[str, int] = field(default_factory=dict)
    """Own logs that end at a new floor."""
    cuts: dict[str, Cut] = field(default_factory=dict)
    """By group: what of its log goes by age."""
    scrub: bool = False
    """What was overwritten is to be gone from the log of changes of the database too."""
