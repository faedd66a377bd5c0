"""Carrying out broadcasts: work that goes on by itself, at a pace, and survives restarts.

What is to be said and to whom stands in the store since the broadcast was started. Each step posts to the next groups
in one commit, which also says what came of each; several broadcasts take turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatd.core.broadcasts import DeliverBroadcast
from chatd.core.refusal import Refused
from chatd.store import broadcasts as stored

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

JOB: Final = "broadcasts"
LOOK_EVERY_S: Final = 5.0
TURNS: Final = 16


class BroadcastSettings(msgspec.Struct, frozen=True):
    """The pace."""

    groups_per_commit: int = 20
    pause_s: float = 0.2


class Broadcaster:
    """The job. `step` does a bounded piece and says in how many seconds the next one is due."""

    def __init__(self, hub: Hub, settings: BroadcastSettings) -> None:
        self._hub = hub
        self._settings = settings
        self._turn = 0

    async def step(self) -> float | None:
        """Post to the next groups of one that is under way. Raises `ReaderLost`, `Refused`."""
        hub = self._hub
        async with hub.readers.snapshot() as reader:
            under_way = await stored.running(reader, TURNS)
            if not under_way:
                return None
            self._turn += 1
            one = under_way[self._turn % len(under_way)]
            groups = await stored.waiting_groups(reader, one.broadcast_id, self._settings.groups_per_commit)
        verdict = await hub.link.ask(DeliverBroadcast(one.broadcast_id, one.kind, one.body, groups))
        if verdict.answer is None:
            raise Refused(verdict.code)
        return self._settings.pause_s if groups else 0.0
