"""Which groups are busy, for whoever watches: by how far their logs went between two looks. A commit costs nothing.

Only groups are seen in which somebody is connected at both looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from heapq import nlargest
from operator import itemgetter
from typing import Final

from chatd.hub.feed import Feed

WATCHED_S: Final = 15.0
"""So long after a look what it saw is kept, to be compared with."""
_PORTION: Final = 1000
"""Of so many groups at a time, so that nobody's message waits."""


class Traffic:
    """`feeds` are the groups of the hub, looked through whenever somebody asks."""

    def __init__(self, feeds: Mapping[str, Feed], clock_s: Callable[[], float]) -> None:
        self._feeds = feeds
        self._clock_s = clock_s
        self._until_s = 0.0
        self._heads: dict[str, int] | None = None

    def is_watched(self) -> bool:
        """Whether there is a look to compare with."""
        return self._heads is not None

    async def watch(self, most: int) -> list[tuple[str, int]]:
        """The groups with most entries since the last look, which was a moment ago or was the first."""
        before = self._heads if self._heads is not None and self._clock_s() < self._until_s else {}
        heads, moved = {}, []
        for number, (group, feed) in enumerate(list(self._feeds.items())):
            if number % _PORTION == 0:
                await asyncio.sleep(0)
            heads[group] = head = feed.head
            entries = head - before.get(group, head)
            if entries > 0:
                moved.append((group, entries))
        self._heads, self._until_s = heads, self._clock_s() + WATCHED_S
        return nlargest(most, moved, key=itemgetter(1))

    def look_away(self) -> None:
        """Called now and then: forgets the last look once nobody asks any more."""
        if self._clock_s() >= self._until_s:
            self._heads = None
