"""Two samples of times, and whether their means differ (Welch 1947; |t| < 4.5 is the bound of ISO/IEC 17825)."""

from __future__ import annotations

import statistics
from typing import Final, NamedTuple

BOUND: Final = 4.5


class Verdict(NamedTuple):
    """`t` of `n` times each, and the two means in ms."""

    t: float
    n: int
    one_ms: float
    other_ms: float

    @property
    def same(self) -> bool:
        """Whether no difference is seen."""
        return abs(self.t) < BOUND


def compare(one_s: list[float], other_s: list[float]) -> Verdict:
    """Compare as many times of one kind as of another, in seconds."""
    assert len(one_s) == len(other_s) > 1
    one, other = statistics.fmean(one_s), statistics.fmean(other_s)
    error = (statistics.variance(one_s, one) / len(one_s) + statistics.variance(other_s, other) / len(other_s)) ** 0.5
    return Verdict((one - other) / error if error else 0.0, len(one_s), one * 1000, other * 1000)
