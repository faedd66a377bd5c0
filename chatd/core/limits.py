"""Bounds: the counts that a commit is judged by, and the budget that a connection spends."""

from __future__ import annotations

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """Counts and windows that the rules hold to, as configured."""

    group_limit_default: int = 100
    group_limit_max: int = 1000
    groups_per_user: int = 2000
    following_max: int = 20_000
    reactions_per_message: int = 20
    edits_per_message: int = 50
    recall_window_ms: int = 120_000
    user_log_keep: int = 1000


class Budget:
    """A token bucket: `rate_per_s` on average, `burst` at once. Time comes in as seconds of any steady clock."""

    __slots__ = ("_at_s", "_left", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._left = burst
        self._at_s = now_s

    def spend(self, now_s: float) -> float:
        """Take one. Returns 0.0, or the seconds after which one will be there (nothing is taken then)."""
        left = min(self.burst, self._left + (now_s - self._at_s) * self.rate_per_s)
        self._at_s = now_s
        if left >= 1.0:
            self._left = left - 1.0
            return 0.0
        self._left = left
        return (1.0 - left) / self.rate_per_s
