"""The pace of an import: by turned clocks, beside a server whose commits take as long as the test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from chatd.cli.follow_pace import (
    EDGES_FIRST,
    EDGES_LEAST,
    EDGES_MOST,
    GOAL_S,
    IDLE_REST,
    LOOK_S,
    REST_LEAST,
    REST_MAX_S,
    REST_MOST,
    Load,
    Pace,
)


class Done(NamedTuple):
    load: Load | None
    proposals: int = 1


class Served:
    """A server beside which an import runs: each portion takes `base_s` and `edge_s` an edge; `others_per_s` proposals
    of others are committed one by one, each in `commit_s`."""

    def __init__(self, rest: bool = True, rate: int | None = None) -> None:
        self.now_s = 0.0
        self.base_s, self.edge_s = 0.002, 0.00005
        self.commit_s, self.others_per_s = 0.002, 0.0
        self.load = Load()
        self.pace = Pace(rest, rate, lambda: self.now_s, self._sleep)
        self.slept: list[float] = []
        self.worked_s = 0.0
        self._others = 0.0

    def _pass(self, seconds: float) -> None:
        self.now_s += seconds
        self._others += seconds * self.others_per_s
        count, self._others = int(self._others), self._others % 1
        before = self.load
        self.load = Load(before.batches + count, before.batches_s + count * self.commit_s, before.answered + count)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._pass(seconds)

    def portion(self, alone: bool = False) -> float:
        """Take one. How long it took."""
        took_s = self.base_s + self.edge_s * self.pace.edges

        def work() -> Done:
            self._pass(took_s)
            before = self.load
            self.load = Load(before.batches + 1, before.batches_s + took_s, before.answered + 1)
            return Done(None if alone else self.load)

        self.pace.spend(self.pace.edges, work)
        self.worked_s += took_s
        return took_s

    def run(self, seconds: float, then: Callable[[], None] = lambda: None) -> None:
        """Portions for so long."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.portion()
            then()


def test_beside_people_who_write_an_import_has_a_third_of_the_writer_at_most() -> None:
    served = Served()
    served.others_per_s = 20.0
    served.run(60)
    assert served.worked_s <= 60 / (1 + REST_LEAST) * 1.01
    assert served.worked_s >= 60 / (1 + REST_LEAST) * 0.8
    assert served.pace.rest == REST_LEAST


def test_while_nobody_writes_it_hardly_rests_and_begins_to_when_somebody_does() -> None:
    served = Served()
    served.run(10)
    assert served.slept[0] == pytest.approx((served.base_s + served.edge_s * EDGES_FIRST) * REST_LEAST)
    before, began_s = served.worked_s, served.now_s
    served.run(20)
    assert (served.worked_s - before) / (served.now_s - began_s) == pytest.approx(1 / (1 + IDLE_REST), rel=0.05)
    served.others_per_s = 5.0
    served.run(2 * LOOK_S)
    before, began_s = served.worked_s, served.now_s
    served.run(10)
    assert (served.worked_s - before) / (served.now_s - began_s) == pytest.approx(1 / (1 + REST_LEAST), rel=0.1)


def test_while_commits_take_longer_than_usually_it_backs_off_and_comes_back_afterwards() -> None:
    served = Served()
    served.others_per_s = 50.0
    served.run(10)
    served.commit_s, served.edge_s, served.base_s = 0.008, 0.0002, 0.008
    rests: list[float] = []
    served.run(10, lambda: rests.append(served.pace.rest))
    assert max(rests) == REST_MOST
    served.commit_s, served.edge_s, served.base_s = 0.002, 0.00005, 0.002
    served.run(30)
    assert served.pace.rest == REST_LEAST


def test_what_stays_slow_is_usual_after_a_while() -> None:
    served = Served()
    served.others_per_s = 50.0
    served.run(10)
    served.commit_s, served.edge_s, served.base_s = 0.008, 0.0002, 0.008
    served.run(120)
    assert served.pace.rest == REST_LEAST


def test_a_portion_is_as_large_as_can_be_done_in_a_moment() -> None:
    served = Served()
    served.others_per_s = 20.0
    took = [served.portion() for _ in range(200)]
    assert served.pace.edges == EDGES_MOST
    assert max(took) <= 2 * GOAL_S
    served.edge_s = 0.0005
    assert served.portion() > 2 * GOAL_S
    took = [served.portion() for _ in range(50)][5:]
    assert max(took) <= 2 * GOAL_S
    served.base_s = 1.0
    took = [served.portion() for _ in range(10)]
    assert served.pace.edges == EDGES_LEAST
    assert max(served.slept) <= REST_MAX_S


def test_another_server_is_looked_at_anew() -> None:
    served = Served()
    served.others_per_s = 20.0
    served.run(5)
    served.load = Load()
    served.run(5)
    assert served.pace.rest == REST_LEAST


def test_fast_never_rests_and_a_rate_is_kept_by_both() -> None:
    fast = Served(rest=False)
    fast.portion()
    assert (fast.slept, fast.pace.edges) == ([], EDGES_MOST)
    alone = Served()
    alone.portion(alone=True)
    assert alone.slept == []
    for rest in (False, True):
        slow = Served(rest=rest, rate=100)
        edges = slow.pace.edges
        took_s = slow.portion()
        assert slow.slept == [pytest.approx(edges / 100 - took_s)]
