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
    """(group, user, section) -> message number, for positions newer than the stored ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._moved: dict[tuple[str, str, int], int] = {}
        self._sections: dict[str, set[tuple[str, int]]] = {}
        """By person: the sections other than main ones of which a position is here."""
        self._saving = False
        self._link: WriterLink

    def __len__(self) -> int:
        return len(self._moved)

    def move(self, group: str, user: str, seq: int, section: int = 0) -> None:
        """Note a position; never backwards. Beyond the bound only those that are here already move."""
        key = (group, user, section)
        if len(self._moved) >= self._most and key not in self._moved:
            return
        if seq > self._moved.get(key, 0):
            self._moved[key] = seq
            if section:
                self._sections.setdefault(user, set()).add((group, section))

    def of(self, group: str, user: str, section: int = 0) -> int:
        """The position noted here, 0 if there is none."""
        return self._moved.get((group, user, section), 0)

    def of_user(self, user: str) -> Callable[[str, int], int]:
        """The same for one person, by group and section. To be asked for before the store is read: what is not here
        any more then is there."""
        known = self.sections_of(user)
        return lambda group, section: known.get((group, section), 0) if section else self.of(group, user)

    def sections_of(self, user: str) -> dict[tuple[str, int], int]:
        """Somebody's positions in sections other than main ones, by group and section."""
        places = self._sections.get(user, ())
        return {(group, section): self._moved[group, user, section] for group, section in places}

    def save(self, link: WriterLink) -> None:
        """Hand a portion to the writer unless one is on its way."""
        if self._saving or not self._moved:
            return
        portion = dict(islice(self._moved.items(), PORTION))
        wish = SaveReads([(*key, seq) for key, seq in portion.items()])
        self._link = link
        self._saving = link.propose(wish, lambda verdict: self._saved(portion, verdict))

    def _saved(self, portion: dict[tuple[str, str, int], int], verdict: Verdict) -> None:
        self._saving = False
        if verdict.answer is None:
            return
        for key, seq in portion.items():
            if self._moved.get(key) == seq:
                del self._moved[key]
                self._forget(*key)
        if len(self._moved) >= PORTION:
            self.save(self._link)

    def _forget(self, group: str, user: str, section: int) -> None:
        places = self._sections.get(user)
        if section and places is not None:
            places.discard((group, section))
            if not places:
                del self._sections[user]
