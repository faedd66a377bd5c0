"""What a commit made true, as the hub is told it. Sent only once it is durable."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from chatd.core.catalogue import Item
from chatd.core.values import Entry, Mine
from chatd.core.wishes import AnyWish

_REWRITES: Final = ("recall", "edit")


class Proposed(msgspec.Struct, array_like=True):
    """A proposal on its way to the writer, with the hub's number for it."""

    pid: int
    wish: AnyWish


class Verdict(msgspec.Struct, array_like=True, gc=False):
    """The answer to one proposal: `answer`, or the `code` of a refusal."""

    pid: int
    answer: dict[str, Any] | None
    code: str = ""
    message: str = ""
    details: dict[str, Any] = {}


class GroupChange(msgspec.Struct, array_like=True):
    """What one commit added to one group.

    `targets`: the live rows, after this commit, of what the new entries refer to. `joins`: (user, pos of the entry,
    floor, message number at the floor); `leaves`: (user, pos of the entry).
    """

    group: str
    after: int
    head: int
    at: int
    seq: int
    members: int
    entries: list[Entry]
    targets: list[Entry]
    joins: list[tuple[str, int, int, int]]
    leaves: list[tuple[str, int]]
    redacted: list[Entry] = []
    """Entries whose content went, as they are now, without a new entry that says so; with these alone `entries` is
    empty."""

    floor: int = 0
    """No message at or below is kept, but what stands on the board; `gone`: positions that went in this commit."""
    gone: list[int] = []

    @property
    def redacts(self) -> bool:
        """Whether something that could be read before cannot be any more, or reads otherwise."""
        if self.redacted or self.gone:
            return True
        for entry in self.entries:  # noqa: SIM110 - a generator costs more than all of this, for every group and commit
            if entry.kind in _REWRITES:
                return True
        return False


class Outcome(msgspec.Struct, array_like=True):
    """One commit. `n` counts the commits of this database; a commit that changed nothing for others has `n` 0.

    `items`: what changed in the catalogue. `entries`: how many are in `groups`, in sum.
    """

    n: int
    verdicts: list[Verdict]
    groups: list[GroupChange]
    mine: list[Mine]
    items: list[Item] = []
    entries: int = 0
