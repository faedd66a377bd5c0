"""Bounds: the counts that a commit is judged by, and the budgets that connections, people and addresses spend."""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable
from typing import Final, NamedTuple

import msgspec

_SECONDS: Final = {"s": 1, "min": 60, "h": 3600}
_IPV6_SITE: Final = 64
"""RFC 4291, section 2.5.4: whoever has one address of IPv6 has 2^64 of them."""


class Bounds(msgspec.Struct, frozen=True):
    """Counts and windows that the rules hold to, as configured."""

    group_limit_default: int = 100
    group_limit_max: int = 1000
    groups_per_user: int = 2000
    following_max: int = 20_000
    groups_per_broadcast: int = 1_000_000
    host_owns_follows: bool = False
    """People follow elsewhere, and the host says so."""
    reactions_per_message: int = 20
    edits_per_message: int = 50
    recall_window_ms: int = 120_000
    user_log_keep: int = 1000
    devices_per_user: int = 50
    device_revocations: int = 1000
    handle_pause_ms: int = 30 * 86_400_000
    handle_reserved_ms: int = 90 * 86_400_000
    profile_fields: tuple[str, ...] = ()
    profile_field_max: int = 80
    invites_open_per_maker: int = 100
    requests_per_group: int = 200
    request_again_ms: int = 3_600_000
    pull_ask_ms: int = 7 * 86_400_000
    staff_told: int = 20
    mentions_per_message: int = 20
    mention_all_per_day: int = 3
    pins_per_group: int = 20
    featured_per_group: int = 1000
    bundle_items_max: int = 100
    bundle_depth_max: int = 3
    bundle_text_max: int = 20_000
    public_group_limit_default: int = 1000
    public_group_limit_max: int = 10_000
    public_groups: bool = True
    bans_per_group: int = 1000
    fan_groups_per_owner: int = 20
    dissolved_keep_ms: int = 7 * 86_400_000
    sections_per_group: int = 5
    sections_kept_per_group: int = 50
    cid_ttl_ms: int = 30 * 86_400_000


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


class Rate(NamedTuple):
    """So many per second on average, and so many at once."""

    per_s: float
    burst: float


def rate_of(text: str) -> Rate | None:
    """`30/min, burst 60` as a rate; the units are s, min and h. None for `off`. Raises ValueError for anything else."""
    if text == "off":
        return None
    average, separator, burst = text.partition(", burst ")
    count, slash, unit = average.partition("/")
    if not separator or not slash or unit not in _SECONDS or float(count) <= 0 or float(burst) < 1:
        raise ValueError(f"expected a rate like `30/min, burst 60` or `off`: {text!r}")
    return Rate(float(count) / _SECONDS[unit], float(burst))


class Budgets:
    """A token bucket for each of many keys (people, groups, addresses): all of one rate, in a table of bounded size.

    Beyond `keys_max` the bucket that was asked for longest ago goes, which is mostly a full one; a new one is full.
    """

    __slots__ = ("_buckets", "keys_max", "rate")

    def __init__(self, rate: Rate, keys_max: int) -> None:
        self.rate = rate
        self.keys_max = keys_max
        self._buckets: dict[Hashable, tuple[float, float]] = {}
        """What is left, and when that was; the one touched longest ago comes first."""

    def __len__(self) -> int:
        return len(self._buckets)

    def spend(self, key: Hashable, now_s: float) -> float:
        """Take one. Returns 0.0, or the seconds after which one will be there (nothing is taken then)."""
        per_s, burst = self.rate
        left, at_s = self._buckets.pop(key, (burst, now_s))
        left = min(burst, left + (now_s - at_s) * per_s)
        if len(self._buckets) >= self.keys_max:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = (left - 1.0 if left >= 1.0 else left, now_s)
        return 0.0 if left >= 1.0 else (1.0 - left) / per_s


def address_key(address: str) -> str:
    """What an address counts as: itself, or its /64 of IPv6, which one household has to itself."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(found), _IPV6_SITE), strict=False))
