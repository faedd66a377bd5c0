"""When a server that stops wants its clients back."""

from __future__ import annotations

import pytest

from chatd.hub.hub import spread_of


@pytest.mark.parametrize(
    ("sessions", "within_s", "spread_s"), [(1, 10, 1), (2_500, 10, 2.5), (1_000_000, 10, 10), (1, 0.5, 0.5)]
)
def test_few_come_back_soon_and_many_one_after_the_other(sessions: int, within_s: float, spread_s: float) -> None:
    assert spread_of(sessions, within_s) == spread_s
