"""The rows of the benchmark, as values. It must not know how they are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Workload:
    """One row: who is there, and what they do."""

    name: str
    title: str
    kind: Literal["load", "idle", "start", "search"]
    groups: tuple[int, ...]
    """Members of each group."""
    inflight: int = 0
    """Messages sent and not yet acknowledged, per group, at any time (closed loop)."""
    rate: float = 0
    """Messages a second over all groups (open loop); used if `inflight` is 0."""
    devices: int = 1
    """Connections per member."""
    stored: int = 0
    """Messages in the database before the start, spread over the groups."""
    headline: str = "deliveries_per_s"
    """The figure the row is about."""
    target: float | None = None
    """The ratio to the sketch that is wanted."""


WORKLOADS = (
    Workload("fan-1", "1 group x 1,000, 1 in flight", "load", (1000,), inflight=1, target=0.8),
    Workload("fan-8", "1 group x 1,000, 8 in flight", "load", (1000,), inflight=8, target=0.8),
    Workload("fan-64", "1 group x 1,000, 64 in flight", "load", (1000,), inflight=64, target=0.8),
    Workload(
        "small-1", "200 groups x 10, 1 in flight each", "load", (10,) * 200, 1, headline="messages_per_s", target=0.6
    ),
    Workload(
        "small-8", "200 groups x 10, 8 in flight each", "load", (10,) * 200, 8, headline="messages_per_s", target=0.6
    ),
    Workload("open-50", "1 group x 1,000, 50 messages/s, open loop", "load", (1000,), rate=50, headline="last_p99_ms"),
    Workload(
        "idle", "10,000 idle connections in one group", "idle", (1000,), devices=10, headline="kib_per_connection"
    ),
    Workload("start", "start with 10^6 messages", "start", (100,) * 10, stored=1_000_000, headline="start_s"),
)
