"""Faults of sections and of asking people first: numbers that come twice, a section too many, read positions that are
never stored, and a no that is forgotten. Planted by `planted`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatd.core import sections
from chatd.core.invites import DeclineInvite
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed


class SectionNumberReused(Engine):
    """A new writer gives the number of each section's newest message to the next one; nothing keeps it from that."""

    def _take_over(self) -> int:
        self._db.begin()
        self._db.run("DROP INDEX IF EXISTS entries_by_seq")
        self._db.run("UPDATE sections SET seq = seq - 1 WHERE seq > 0")
        self._db.commit()
        return super()._take_over()


class SixSections(Engine):
    """Nobody counts how many sections are open."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        sections._check_room = lambda *_: None


class DeclineForgotten(Engine):
    """A no that is said again, because its answer did not arrive, is taken back."""

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        said = [proposed.wish for proposed in batch if isinstance(proposed.wish, DeclineInvite)]
        again = [wish.invite for wish in said if self._is_known(wish)]
        outcomes = super().settle(batch)
        if again:
            self._db.begin()
            for invite in again:
                self._db.run("UPDATE invites SET declined_at = NULL WHERE invite_id = ?", (invite,))
            self._db.commit()
        return outcomes

    def _is_known(self, wish: DeclineInvite) -> bool:
        rows, _ = self._db.run("SELECT 1 FROM commands WHERE user_id = ? AND cid = ?", (wish.actor, wish.cid))
        return bool(rows)


def keep_only_main_reads() -> None:
    """What was read in other sections than the main one is never stored."""
    from chatd.hub import reads
    from chatd.store.link import WriterLink

    def save(self: reads.Reads, link: WriterLink) -> None:
        sections_read = {
            (user, place): seq for user, places in self._moved.items() for place, seq in places.items() if place[1]
        }
        for user, place in sections_read:
            del self._moved[user][place]
        before(self, link)
        for (user, place), seq in sections_read.items():
            self._moved.setdefault(user, {})[place] = seq

    before = reads.Reads.save
    reads.Reads.save = save  # type: ignore[method-assign]
