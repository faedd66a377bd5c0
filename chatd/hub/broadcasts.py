"""Carrying out broadcasts, and forgetting old ones: work that goes on by itself, at a pace, and survives restarts.

What is to be said and to whom stands in the store since the broadcast was started. Each step posts to the next groups
in one commit, which also says what came of each; several broadcasts take turns. What is over for long enough goes in
steps too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatd.core.broadcasts import DeliverBroadcast, ForgetBroadcast, is_over
from chatd.core.refusal import Refused
from chatd.store import broadcasts as stored

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

JOB: Final = "broadcasts"
LOOK_EVERY_S: Final = 5.0
TURNS: Final = 16
FORGET_JOB: Final = "old-broadcasts"
FORGET_EVERY_S: Final = 600.0
PORTION: Final = 200
"""Broadcasts that are looked through in one go, and groups that one commit forgets."""
_DAY_MS: Final = 86_400_000


class BroadcastSettings(msgspec.Struct, frozen=True):
    """The pace, and how long what is over is kept."""

    groups_per_commit: int = 20
    pause_s: float = 0.2
    keep_days: float = 90.0


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
        verdict = await hub.link.ask(DeliverBroadcast(one.broadcast_id, one.kind, one.body, one.sender, groups))
        if verdict.answer is None:
            raise Refused(verdict.code)
        return self._settings.pause_s if groups else 0.0


class Forgetter:
    """The job that looks through all broadcasts, some at a time, and forgets the old ones."""

    def __init__(self, hub: Hub, settings: BroadcastSettings) -> None:
        self._hub = hub
        self._settings = settings
        self._after = ""

    async def step(self) -> float | None:
        """Look through the next ones, or take the next step of an old one. Raises `ReaderLost`, `Refused`."""
        hub, before = self._hub, self._hub.now_ms() - int(self._settings.keep_days * _DAY_MS)
        async with hub.readers.snapshot() as reader:
            page = await stored.broadcasts_page(reader, self._after, PORTION)
            old = next((one for one in page if is_over(one, before)), None)
            if old is None:
                self._after = page[-1].broadcast_id if len(page) == PORTION else ""
                return self._settings.pause_s if self._after else None
            results = await stored.results_page(reader, old.broadcast_id, "", PORTION)
        groups = [one.group_id for one in results]
        verdict = await hub.link.ask(ForgetBroadcast(old.broadcast_id, before, groups))
        if verdict.answer is None:
            raise Refused(verdict.code)
        return self._settings.pause_s
