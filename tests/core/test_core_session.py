"""A session's states and what a connection may spend, by a clock that the test turns."""

from __future__ import annotations

import itertools

import pytest

from chatd.core.limits import Budget
from chatd.core.refusal import Refused
from chatd.core.session import HELLO, MOVES, Phase, check_move, check_op
from chatd_protocol.errors import ERRORS


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Phase, Phase)))
def test_a_session_moves_forward_only(before: Phase, after: Phase) -> None:
    order = list(Phase)
    allowed = before is not Phase.CLOSED and (after is Phase.CLOSED or order.index(after) == order.index(before) + 1)
    assert (after in MOVES[before]) == allowed
    if allowed:
        assert check_move(before, after) is after
    else:
        with pytest.raises(AssertionError):
            check_move(before, after)


def test_hello_comes_first_and_once() -> None:
    check_op(Phase.NEW, HELLO)
    check_op(Phase.OPEN, "message.send")
    for phase, op in ((Phase.NEW, "message.send"), (Phase.OPENING, HELLO), (Phase.OPEN, HELLO)):
        with pytest.raises(Refused) as refusal:
            check_op(phase, op)
        assert refusal.value.code == "wrong_state"


def test_a_refusal_says_what_the_table_says_unless_told_more() -> None:
    refusal = Refused("limit", bound="following_max", max=3)
    assert refusal.message == ERRORS["limit"].meaning
    assert refusal.details == {"bound": "following_max", "max": 3}
    with pytest.raises(KeyError):
        Refused("no such code")


@pytest.mark.promise("P8", "budget")
def test_a_budget_gives_a_burst_and_then_its_rate() -> None:
    budget = Budget(rate_per_s=2.0, burst=3.0, now_s=100.0)
    assert [budget.spend(100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert budget.spend(100.25) == pytest.approx(0.25), "being refused costs nothing"
    assert budget.spend(100.5) == 0.0
    assert budget.spend(100.5) == pytest.approx(0.5)


@pytest.mark.promise("P8", "budget")
def test_a_budget_saves_up_no_more_than_its_burst() -> None:
    budget = Budget(rate_per_s=10.0, burst=2.0, now_s=0.0)
    assert [budget.spend(1e6) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]


@pytest.mark.promise("P8", "budget")
def test_over_a_long_time_a_budget_lets_through_its_rate() -> None:
    budget = Budget(rate_per_s=5.0, burst=10.0, now_s=0.0)
    spent = sum(budget.spend(tick / 100) == 0.0 for tick in range(10_000))
    assert 500 <= spent <= 510
