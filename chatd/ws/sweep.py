"""One timer for all connections.

Every time limit of the transport is a comparison made here and there, about once a second for each connection, and
never a timer of its own: 10,000 idle connections cost one wake-up per slot, not 10,000 handles in the loop's heap.
The connections are dealt out to slots that are visited one after the other, so that the cost is spread over the second.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from typing import Final, Protocol

logger = logging.getLogger("chatd.ws")

SLOTS: Final = 16


class Swept(Protocol):
    """Whatever wants to be visited."""

    slot: int
    """Kept by the sweep: where it put this one, -1 for nowhere."""

    def swept(self, now_s: float) -> None:
        """`now_s` is the sweep's monotonic clock."""

    def abort(self) -> None:
        """What to do with one whose visit failed."""


class Sweep:
    """Visits everything in it once per `interval_s`, a slot at a time."""

    __slots__ = ("_clock", "_handle", "_interval_s", "_loop", "_next", "_slots")

    def __init__(self, interval_s: float, clock: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._slots: list[set[Swept]] = [set() for _ in range(SLOTS)]
        self._next = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arm(0)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def add(self, one: Swept) -> None:
        """Into the next slot in turn, so that a crowd that arrives at once is spread too."""
        self._next = (self._next + 1) % SLOTS
        one.slot = self._next
        self._slots[one.slot].add(one)

    def remove(self, one: Swept) -> None:
        if one.slot >= 0:
            self._slots[one.slot].discard(one)
            one.slot = -1

    def _arm(self, slot: int) -> None:
        assert self._loop is not None
        self._handle = self._loop.call_later(self._interval_s / SLOTS, self._visit, slot)

    def _visit(self, slot: int) -> None:
        self._arm((slot + 1) % SLOTS)
        now_s = self._clock()
        for one in tuple(self._slots[slot]):
            try:
                one.swept(now_s)
            except Exception as exc:  # noqa: BLE001  # one broken visit must not end the limits of all others
                where = "".join(traceback.format_tb(exc.__traceback__))
                logger.error("a connection failed its visit with %s and is dropped\n%s", type(exc).__name__, where)
                one.abort()
