"""The time of day, for what a bot does by itself. It is passed in, so that a test can turn it."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

LOOK_EVERY_S: Final = 30.0
"""A sleep is cut into pieces, so that a clock that was set, or a machine that slept, is noticed."""


class WallClock(Protocol):
    """Where a bot gets the time of day from."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""

    async def sleep_until(self, at_ms: int) -> None:
        """Return once it is `at_ms`; at once if it is later already."""


class SystemWallClock:
    """The time of the machine."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep_until(self, at_ms: int) -> None:
        while (left_ms := at_ms - self.now_ms()) > 0:  # noqa: ASYNC110  no event says that time has passed
            await asyncio.sleep(min(LOOK_EVERY_S, left_ms / 1000))
