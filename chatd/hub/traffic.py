"""How much is written where, for whoever watches. While nobody does, a commit costs one addition.

Groups are told apart only while somebody asks for it every few seconds, and then only so many of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

WATCHED_S: Final = 15.0
"""So long after the last question groups are still counted."""
KEPT_MAX: Final = 2000
"""Of so many groups the counts are kept; the quietest are forgotten when there are twice as many."""


class Traffic:
    """Counts entries; `groups` is None while nobody watches. Whoever adds to it says so with `add`, in place."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._until_s = 0.0
        self.entries = 0
        """Entries published since the start."""
        self.groups: Counter[str] | None = None

    def add(self, group: str, entries: int) -> None:
        """Entries of one group were published. Only while `groups` is not None."""
        counts = self.groups
        if counts is None:
            return
        counts[group] += entries
        if len(counts) > 2 * KEPT_MAX:
            self.groups = Counter(dict(counts.most_common(KEPT_MAX))) if self._clock_s() < self._until_s else None

    def watch(self, most: int) -> list[tuple[str, int]]:
        """The busiest groups since the last question, which was a moment ago or was the first."""
        now_s = self._clock_s()
        counts = self.groups if now_s < self._until_s else None
        self.groups = Counter()
        self._until_s = now_s + WATCHED_S
        return counts.most_common(most) if counts is not None else []

    def look_away(self) -> None:
        """Called now and then: stops counting once nobody asks any more."""
        if self.groups is not None and self._clock_s() >= self._until_s:
            self.groups = None
