"""Receipts on their way: who has read on, gathered per group, told now and then to those who may know.

What people chose and whom they blocked is read from the store each time, so that it counts from its commit on. Signals
only: what is dropped here can be asked for with `receipt.get`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.sharing import Circle
from chatd.hub.feed import Feed
from chatd.store.relations import circle_of, those_who_show_reads

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

PAIRS_AT_ONCE: Final = 5000
"""So many pairs of a reader and somebody to be told are looked at in one round, or those of one group."""
READS_MAX: Final = 20_000
Round = tuple[Feed, int, dict[str, int]]
"""Of one group and section: who has read up to which message."""


class Receipts:
    """The job that tells them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._moved: dict[tuple[str, int], dict[str, int]] = {}
        """By group and section."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def concern(self, feed: Feed) -> bool:
        """Whether somebody can be told who has read on in this group, and there is room for more."""
        return len(feed.live) > 1 and feed.members <= self._hub.settings.receipt_group_max and self._count < READS_MAX

    def note(self, feed: Feed, user: str, seq: int, section: int = 0) -> None:
        """Somebody has read on."""
        if not self.concern(feed):
            return
        reads = self._moved.setdefault((feed.group, section), {})
        self._count += user not in reads
        reads[user] = seq

    async def tell(self) -> float | None:
        """One round; says when the next one is due if there is more."""
        rounds = self._take()
        if rounds:
            async with self._hub.readers.snapshot() as reader:
                showing = await those_who_show_reads(reader, {user for _, _, reads in rounds for user in reads})
                rounds = _only_of(showing, rounds)
                pairs = {(who, to) for feed, _, reads in rounds for who in reads for to in _live(feed) if to != who}
                circle = await circle_of(reader, pairs, mutual=False) if pairs else None
            if circle is not None:
                _signal(rounds, circle)
        return 0.0 if self._moved else None

    def _take(self) -> list[Round]:
        """The groups of one round."""
        taken: list[Round] = []
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


def _signal(rounds: list[Round], circle: Circle) -> None:
    """Tell everybody what they may know."""
    for feed, section, reads in rounds:
        place: dict[str, Any] = {"group": feed.group} | ({"section": section} if section else {})
        for follow in feed.live:
            person = follow.session.person
            to = person.user if person is not None else ""
            shown = {user: seq for user, seq in reads.items() if user != to and circle.shows_reads(user, to)}
            if shown:
                follow.session.signal("receipts", place | {"reads": shown})


def _only_of(users: set[str], rounds: list[Round]) -> list[Round]:
    """What is left of a round without everybody else: most people show nothing, and cost no more than that look."""
    kept = [(feed, section, {user: reads[user] for user in reads.keys() & users}) for feed, section, reads in rounds]
    return [one for one in kept if one[2]]


def _live(feed: Feed) -> set[str]:
    """Whoever may be told."""
    return {follow.session.person.user for follow in feed.live if follow.session.person is not None}
