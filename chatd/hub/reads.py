"""Read positions that moved and are not stored yet.

They are the one thing that a crash may take back by a second: kept here, handed to the writer in bounded portions, and
laid over what the store says until they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Final

from chatd.core.users import SaveReads
from chatd.store.link import WriterLink
from chatd.store.outcome import Verdict

PORTION: Final = 2000


class Reads:
    """(group, user, section) -> message number, for positions newer than the stored ones.

    A read of the store may be older than what has been stored when it ends: whoever lays these positions over it asks
    for them before (`of_user`), or looks at `stored` and reads again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._moved: dict[str, dict[tuple[str, int], int]] = {}
        """By person, then by group and section."""
        self._count = 0
        self._saving = False
        self._link: WriterLink
        self.stored = 0
        """How many portions have been stored, and are not here any more."""

    def __len__(self) -> int:
        return self._count

    def move(self, group: str, user: str, seq: int, section: int = 0) -> None:
        """Note a position; never backwards. Beyond the bound only those that are here already move."""
        places, key = self._moved.get(user), (group, section)
        known = places.get(key, 0) if places is not None else 0
        if seq <= known or (not known and self._count >= self._most):
            return
        if places is None:
            places = self._moved[user] = {}
        self._count += not known
        places[key] = seq

    def of(self, group: str, user: str, section: int = 0) -> int:
        """The position noted here, 0 if there is none."""
        places = self._moved.get(user)
        return places.get((group, section), 0) if places is not None else 0

    def of_user(self, user: str) -> Callable[[str, int], int]:
        """The same for one person, by group and section, as it is now or moves later."""
        known = self.known_of(user)
        return lambda group, section: max(known.get((group, section), 0), self.of(group, user, section))

    def known_of(self, user: str) -> dict[tuple[str, int], int]:
        """Somebody's positions now, by group and section."""
        return dict(self._moved.get(user, {}))

    def forget(self, user: str) -> None:
        """The person is no more."""
        self._count -= len(self._moved.pop(user, {}))

    def save(self, link: WriterLink) -> None:
        """Hand a portion to the writer unless one is on its way."""
        if self._saving or not self._moved:
            return
        moved = (
            (group, user, section, seq)
            for user, places in self._moved.items()
            for (group, section), seq in places.items()
        )
        portion = list(islice(moved, PORTION))
        self._link = link
        self._saving = link.propose(SaveReads(portion), lambda verdict: self._saved(portion, verdict))

    def _saved(self, portion: list[tuple[str, str, int, int]], verdict: Verdict) -> None:
        self._saving = False
        if verdict.answer is None:
            return
        self.stored += 1
        for group, user, section, seq in portion:
            places = self._moved.get(user)
            if places is not None and places.get((group, section)) == seq:
                del places[group, section]
                self._count -= 1
                if not places:
                    del self._moved[user]
        if self._count >= PORTION:
            self.save(self._link)
