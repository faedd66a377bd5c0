"""How often whom: budgets by name (see `[rates]` of the settings) and by key, for what protects this process.

    hub.rates.check("sign_in", address_key(peer))       an address, at a route or before hello
    hub.rates.check("search", user)                     a person, at an op

A name whose rate is off has no bound here. What protects people (places, quotas, guessing of codes) is judged in the
commit and not here: these budgets are in memory, of one node, and begin anew when it starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping

from chatd.core.limits import Budgets, Rate
from chatd.core.refusal import Refused
from chatd.service.rates import GROUP_RATED, RATED


class Rates:
    """`refused` counts by name."""

    def __init__(self, rates: Mapping[str, Rate | None], keys_max: int, clock_s: Callable[[], float]) -> None:
        self._names = frozenset(rates)
        self._budgets = {name: Budgets(rate, keys_max) for name, rate in rates.items() if rate is not None}
        self._rated = {op: self._budgets[name] for op, name in RATED.items() if name in self._budgets}
        self._clock_s = clock_s
        self.refused: Counter[str] = Counter()

    def check(self, name: str, key: Hashable) -> None:
        """Take one from the budget `name` of `key`. Raises `Refused("rate_limited")`, KeyError for an unknown name."""
        budgets = self._budgets.get(name)
        if budgets is not None:
            self._spend(name, budgets, key)
        elif name not in self._names:
            raise KeyError(name)

    def check_op(self, op: str, user: str) -> None:
        """Take one from the budget that a person has for acts of this kind. Raises `rate_limited`."""
        budgets = self._rated.get(op)
        if budgets is not None:
            self._spend(RATED[op], budgets, user)

    def check_group(self, op: str, group: str) -> None:
        """Take one from what all members together may write to a group. To be asked for members only."""
        if op in GROUP_RATED:
            self.check("group_send", group)

    def _spend(self, name: str, budgets: Budgets, key: Hashable) -> None:
        wait_s = budgets.spend(key, self._clock_s())
        if wait_s:
            self.refused[name] += 1
            raise Refused("rate_limited", bound=name, retry_after=round(wait_s, 3))
