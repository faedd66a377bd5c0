"""Receipts on their way: who has read on, gathered per group, told now and then to those who may know.

What people chose and whom they blocked is read from the store each time, so that it counts from its commit on. Signals
only: what is dropped here can be asked for with `receipt.get`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.feed import Feed
from chatd.store.relations import circle_of

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

PAIRS_AT_ONCE: Final = 5000
"""So many pairs of a reader and somebody to be told are looked at in one round, or those of one group."""
READS_MAX: Final = 20_000


class Receipts:
    """The job that tells them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._moved: dict[tuple[str, int], dict[str, int]] = {}
        """By group and section."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def note(self, feed: Feed, user: str, seq: int, section: int = 0) -> None:
        """Somebody has read on."""
        if feed.members > self._hub.settings.receipt_group_max or len(feed.live) < 2 or self._count >= READS_MAX:
            return
        reads = self._moved.setdefault((feed.group, section), {})
        self._count += user not in reads
        reads[user] = seq

    async def tell(self) -> float | None:
        """One round; says when the next one is due if there is more."""
        rounds = self._take()
        pairs = {(reader, to) for feed, _, reads in rounds for reader in reads for to in _live(feed) if to != reader}
        if pairs:
            async with self._hub.readers.snapshot() as reader:
                circle = await circle_of(reader, pairs, mutual=False)
            for feed, section, reads in rounds:
                place: dict[str, Any] = {"group": feed.group} | ({"section": section} if section else {})
                for follow in feed.live:
                    person = follow.session.person
                    to = person.user if person is not None else ""
                    shown = {user: seq for user, seq in reads.items() if user != to and circle.shows_reads(user, to)}
                    if shown:
                        follow.session.signal("receipts", place | {"reads": shown})
        return 0.0 if self._moved else None

    def _take(self) -> list[tuple[Feed, int, dict[str, int]]]:
        """The groups of one round."""
        taken: list[tuple[Feed, int, dict[str, int]]] = []
        pairs = 0
        while self._moved and pairs < PAIRS_AT_ONCE:
            group, section = next(iter(self._moved))
            reads = self._moved.pop((group, section))
            self._count -= len(reads)
            feed = self._hub.feeds.get(group)
            if feed is not None:
                taken.append((feed, section, reads))
                pairs += len(reads) * len(feed.live)
        return taken


def _live(feed: Feed) -> set[str]:
    """Whoever may be told."""
    return {follow.session.person.user for follow in feed.live if follow.session.person is not None}
