"""Read positions that moved and are not stored yet.

They are the one thing that a crash may take back by a second: kept here, handed to the writer in bounded portions, and
laid over what the store says until they are there.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from chatd.core.users import SaveReads
from chatd.store.link import WriterLink
from chatd.store.outcome import Verdict

PORTION: Final = 2000


class Reads:
    """(group, user) -> message number, for positions newer than the stored ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._moved: dict[tuple[str, str], int] = {}
        self._saving = False
        self._link: WriterLink

    def __len__(self) -> int:
        return len(self._moved)

    def move(self, group: str, user: str, seq: int) -> None:
        """Note a position; never backwards. Beyond the bound only those that are here already move."""
        key = (group, user)
        if len(self._moved) >= self._most and key not in self._moved:
            return
        if seq > self._moved.get(key, 0):
            self._moved[key] = seq

    def of(self, group: str, user: str) -> int:
        """The position noted here, 0 if there is none."""
        return self._moved.get((group, user), 0)

    def save(self, link: WriterLink) -> None:
        """Hand a portion to the writer unless one is on its way."""
        if self._saving or not self._moved:
            return
        portion = dict(islice(self._moved.items(), PORTION))
        wish = SaveReads([(group, user, seq) for (group, user), seq in portion.items()])
        self._link = link
        self._saving = link.propose(wish, lambda verdict: self._saved(portion, verdict))

    def _saved(self, portion: dict[tuple[str, str], int], verdict: Verdict) -> None:
        self._saving = False
        if verdict.answer is None:
            return
        for key, seq in portion.items():
            if self._moved.get(key) == seq:
                del self._moved[key]
        if len(self._moved) >= PORTION:
            self.save(self._link)
