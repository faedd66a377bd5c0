"""A clock that stands until somebody turns it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A Monday."""


class TurnedClock:
    """A `WallClock` for tests: `turn` moves it on, and wakes who waited for less."""

    def __init__(self, start: datetime = START) -> None:
        self._now_ms = int(start.timestamp() * 1000)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._now_ms

    async def sleep_until(self, at_ms: int) -> None:
        if at_ms <= self._now_ms:
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        one = (at_ms, over)
        self._waiting.append(one)
        try:
            await over
        finally:
            if one in self._waiting:
                self._waiting.remove(one)

    def turn(self, by_ms: int) -> None:
        """It is so much later."""
        self.turn_to(self._now_ms + by_ms)

    def turn_to(self, at_ms: int) -> None:
        """It is that moment. Raises `ValueError` for one that is over."""
        if at_ms < self._now_ms:
            raise ValueError("a clock is not turned back")
        self._now_ms = at_ms
        for at, over in self._waiting:
            if at <= at_ms and not over.done():
                over.set_result(None)


class NoPauses:
    """A `timing.Clock` on which every pause is over at once."""

    def now(self) -> float:
        return 0.0

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(0 * delay_s)
