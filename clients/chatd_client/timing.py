"""Time and pauses: the clock that is passed in, and how long to wait before trying again."""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import Protocol

BASE_S = 0.5
CAP_S = 30.0
STABLE_S = 10.0
FIRST_S = (0.5, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0)
"""Bounds of the first pauses where there is no server: a restart takes seconds, and whoever finds nobody there loads
nobody. Each is a bound of chance, so that not all come at once; behind them it grows, though never past the time it has
been gone already: after ten seconds without a server nobody waits half a minute for one that is back."""


class Clock(Protocol):
    """Where the client gets its time from."""

    def now(self) -> float:
        """Monotonic seconds."""

    async def sleep(self, delay_s: float) -> None:
        """Return once `delay_s` seconds have passed."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)


class Backoff:
    """Pauses that grow: exponential with full jitter, so that clients that lost one server do not return as one."""

    def __init__(self, random: Random, base_s: float = BASE_S, cap_s: float = CAP_S) -> None:
        self._random = random
        self._base_s = base_s
        self._cap_s = cap_s

    def return_s(self, failures: int, gone_s: float) -> float:
        """Seconds to wait before looking again for a server that was not there so many times in a row (1 or more), and
        has been gone for so long."""
        if failures <= len(FIRST_S):
            return self._random.random() * FIRST_S[failures - 1]
        grown_s = self._bound_s(failures - len(FIRST_S) + 3)  # 4 s: twice the last one
        return self._random.random() * min(grown_s, max(FIRST_S[-1], gone_s))

    def pause_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 or more): anything from 0 to the bound they reach."""
        return self._random.random() * self._bound_s(failures)

    def _bound_s(self, failures: int) -> float:
        return min(self._cap_s, self._base_s * 2.0 ** min(failures - 1, 30))
