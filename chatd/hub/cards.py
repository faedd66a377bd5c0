"""Telling groups that what a card shows has changed: work that goes on by itself, at a pace, and survives restarts.

What is to be told stands in the store (`core.catalogue.Pending`) since the commit that changed the item. Each step
looks up the next groups that show it in recent messages and proposes one commit for them, which moves the row on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatd.core.cards import Announce
from chatd.core.catalogue import Pending
from chatd.core.refusal import Refused
from chatd.store.cards import Window, groups_to_tell, pending_until

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

JOB: Final = "cards"
DAY_MS: Final = 86_400_000
TURNS: Final = 16
LOOK_EVERY_S: Final = 1.0


class CardSettings(msgspec.Struct, frozen=True):
    """The pace, and how old a message may be for its group to be told. `settle_s`: changes of one item within this time
    are told once."""

    recent_messages: int = 200
    recent_days: int = 14
    groups_per_commit: int = 50
    settle_s: float = 1.0
    pause_s: float = 0.1


class CardTeller:
    """The job. `step` does a bounded piece and says in how many seconds the next one is due."""

    def __init__(self, hub: Hub, settings: CardSettings) -> None:
        self._hub = hub
        self._settings = settings
        self._turn = 0

    async def step(self) -> float | None:
        """Tell the next groups of something that waits. Raises `ReaderLost`, `Refused`."""
        hub, settings = self._hub, self._settings
        now_ms = hub.now_ms()
        window = Window(now_ms - settings.recent_days * DAY_MS, settings.recent_messages)
        settled_at = now_ms - int(settings.settle_s * 1000)
        async with hub.readers.snapshot() as reader:
            waiting = await pending_until(reader, settled_at, TURNS)
            if not waiting:
                return None
            # Several items take turns: one that many groups show does not hold up the others.
            self._turn += 1
            pending = waiting[self._turn % len(waiting)]
            places = await groups_to_tell(reader, pending, window, settings.groups_per_commit + 1)
        verdict = await hub.link.ask(self._wish(pending, places))
        if verdict.answer is None:
            raise Refused(verdict.code)
        return settings.pause_s

    def _wish(self, pending: Pending, places: list[tuple[str, int]]) -> Announce:
        most = self._settings.groups_per_commit
        page, last = [(group, pos) for group, pos in places[:most]], len(places) <= most
        cursor = page[-1][0] if page else pending.cursor
        return Announce(
            pending.kind,
            pending.item_id,
            pending.group_id,
            pending.generation,
            pending.cursor,
            page,
            cursor,
            last,
        )
