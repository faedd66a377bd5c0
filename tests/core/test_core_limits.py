"""Budgets of many keys: what each may spend, and how much they may weigh together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.limits import Budget, Budgets, Rate, address_key, rate_of


def test_rates_are_read_from_what_a_person_writes() -> None:
    assert rate_of("20/s, burst 200") == Rate(20.0, 200.0)
    assert rate_of("30/min, burst 60") == Rate(0.5, 60.0)
    assert rate_of("36/h, burst 1") == Rate(0.01, 1.0)
    assert rate_of("off") is None


@pytest.mark.parametrize("text", ["", "20", "20/s", "20/day, burst 3", "0/s, burst 3", "5/s, burst 0", "x/s, burst 1"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|convert"):
        rate_of(text)


@pytest.mark.promise("P8", "rates.keyed")
def test_each_key_spends_its_own() -> None:
    budgets = Budgets(Rate(2.0, 3.0), keys_max=10)
    assert [budgets.spend("ann", 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert budgets.spend("ben", 100.0) == 0.0
    assert budgets.spend("ann", 100.25) == 0.25
    assert budgets.spend("ann", 100.5) == 0.0


@given(st.lists(st.floats(0, 3), max_size=30), st.floats(0.1, 10), st.integers(1, 10))
def test_a_key_is_treated_as_a_single_budget_is(waits: list[float], per_s: float, burst: int) -> None:
    budget, budgets = Budget(per_s, burst, 0.0), Budgets(Rate(per_s, burst), 5)
    now_s = 0.0
    for wait in waits:
        now_s += wait
        assert budgets.spend("ann", now_s) == budget.spend(now_s)


@pytest.mark.promise("P8", "rates.keyed")
def test_the_table_never_outgrows_its_bound_and_forgets_who_was_quiet_longest() -> None:
    budgets = Budgets(Rate(0.001, 1.0), keys_max=3)
    for name in ("ann", "ben", "cat"):
        assert budgets.spend(name, 0.0) == 0.0
    assert budgets.spend("ann", 1.0) > 0
    assert budgets.spend("ben", 1.0) > 0, "ann and ben have asked again: cat is the quietest now"
    assert budgets.spend("dan", 2.0) == 0.0
    assert len(budgets) == 3
    assert budgets.spend("ann", 3.0) > 0
    assert budgets.spend("ben", 3.0) > 0
    assert budgets.spend("cat", 4.0) == 0.0, "forgotten: begins anew"
    for number in range(1000):
        budgets.spend(number, 5.0)
    assert len(budgets) == 3


def test_an_address_of_ipv6_counts_as_its_household() -> None:
    assert address_key("2001:db8:1:2:3:4:5:6") == address_key("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert address_key("2001:db8:1:3::1") != address_key("2001:db8:1:2::1")
    assert address_key("192.0.2.7") == "192.0.2.7"
    assert address_key("") == ""
