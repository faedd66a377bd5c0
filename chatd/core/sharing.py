"""Who learns what of whom while chatting: receipts and presence, by what each chose and by blocks.

Both are about people, never about what was said, and neither is ever an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from chatd.core.profiles import PRIVACY

Edge = tuple[str, str]


def shows_receipts(settings: Mapping[str, Any]) -> bool:
    """Whether somebody shows how far they have read; only then do they see it of others."""
    return bool(settings.get("receipts", PRIVACY["receipts"]))


class Circle(msgspec.Struct, frozen=True):
    """What people chose (those who are missing are not known: nothing is shown of them, nor to them), and the edges
    between them."""

    settings: Mapping[str, Mapping[str, Any]]
    follows: AbstractSet[Edge]
    blocks: AbstractSet[Edge]

    def _apart(self, one: str, other: str) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def shows_reads(self, reader: str, to: str) -> bool:
        """Whether somebody learns how far another one has read."""
        chosen = (self.settings.get(reader), self.settings.get(to))
        return all(one is not None and shows_receipts(one) for one in chosen) and not self._apart(reader, to)

    def shows_presence(self, person: str, to: str) -> bool:
        """Whether somebody learns that another one is here."""
        chosen = self.settings.get(person)
        if chosen is None or self._apart(person, to):
            return False
        rule = chosen.get("last_seen", PRIVACY["last_seen"])
        if rule == "mutual":
            return (person, to) in self.follows and (to, person) in self.follows
        return bool(rule == "everybody")
