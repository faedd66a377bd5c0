"""The rows of the benchmark, as values. It must not know how they are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["load", "idle", "start", "storm", "asking", "search"]
Who = Literal["all", "main", "own", "ours"]


@dataclass(frozen=True, slots=True)
class Share:
    """A rate that depends on what was measured before: a share of the messages a second of another row."""

    of: float
    row: str
    subject: str = ""
    """Whose; empty for each subject's own."""


@dataclass(frozen=True, slots=True)
class Storm:
    """Everybody comes back at once. Each is in `each` of the groups and missed `missed` entries in each of them."""

    people: int
    groups: int
    each: int
    missed: int
    running: bool
    """Whether it was all said to a server that still runs; else it has just started."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One row: who is there, and what they do."""

    name: str
    title: str
    kind: Kind
    groups: tuple[int, ...]
    """Members of each group."""
    inflight: int = 0
    """Messages sent and not yet acknowledged, per group, at any time (closed loop)."""
    rate: float | Share = 0
    """Messages a second over all groups (open loop); used if `inflight` is 0."""
    hot: float | Share = 0
    """Messages a second in the first group, which is then measured by itself; the rest is for the others."""
    stalled: int = 0
    """How many of the first group read nothing while it lasts."""
    devices: int = 1
    """Connections per member."""
    stored: int = 0
    """Messages in the database before the start, spread over the groups."""
    headline: str = "deliveries_per_s"
    """The figure the row is about."""
    target: float | None = None
    """The ratio to the sketch that is wanted."""
    storm: Storm | None = None
    who: Who = "main"
    """Who is measured: all there are, those that are in every row, what is of this project, or the server alone."""


SMALL = (10,) * 200
MIX = (5000, *(10,) * 500)
MIX_RATE = 500
"""Each of the small groups has one message a second."""
SILENT = 0.001
"""One message, at the beginning."""

WORKLOADS = (
    Workload("fan-1", "A: 1 group x 1,000, 1 in flight", "load", (1000,), inflight=1, target=0.8),
    Workload("fan-8", "A: 1 group x 1,000, 8 in flight", "load", (1000,), inflight=8, target=0.8, who="all"),
    Workload("fan-64", "A: 1 group x 1,000, 64 in flight", "load", (1000,), inflight=64, target=0.8),
    *(
        Workload(
            f"open-{name}-{percent}",
            f"A: 1 group x 1,000, open loop at {percent} % of {whose} maximum (64 in flight)",
            "load",
            (1000,),
            rate=Share(percent / 100, "fan-64", subject),
            headline="delivery_p99_ms",
        )
        for name, whose, subject in (("c", "C's", "c"), ("own", "each one's own", ""))
        for percent in (20, 50, 80)
    ),
    Workload(
        "small-1",
        "B: 200 groups x 10, 1 in flight each",
        "load",
        SMALL,
        1,
        headline="messages_per_s",
        target=0.6,
        who="all",
    ),
    Workload(
        "small-8", "B: 200 groups x 10, 8 in flight each", "load", SMALL, 8, headline="messages_per_s", target=0.6
    ),
    Workload(
        "idle", "C: 10,000 idle connections in one group", "idle", (1000,), devices=10, headline="kib_per_connection"
    ),
    Workload("crowd", "D: 1 group x 10,000, 5 messages/s", "load", (10_000,), rate=5, headline="last_p50_ms"),
    Workload(
        "hot", "E: 1 group x 5,000 alone, 64 in flight", "load", (5000,), 64, headline="messages_per_s", who="own"
    ),
    Workload(
        "mix-calm",
        "E: 500 groups x 10 with 1 message/s each, beside a silent group x 5,000",
        "load",
        MIX,
        rate=MIX_RATE,
        hot=SILENT,
        headline="delivery_p99_ms",
        who="own",
    ),
    Workload(
        "mix-half",
        "E: the same, the group x 5,000 at 50 % of its maximum",
        "load",
        MIX,
        rate=MIX_RATE,
        hot=Share(0.5, "hot"),
        headline="delivery_p99_ms",
        who="own",
    ),
    Workload(
        "mix-slow",
        "E: the same, and 50 of the 5,000 read nothing meanwhile",
        "load",
        MIX,
        rate=MIX_RATE,
        hot=Share(0.5, "hot"),
        stalled=50,
        headline="delivery_p99_ms",
        who="own",
    ),
    Workload(
        "mix-over",
        "E: the same, the group x 5,000 at 150 % of its maximum",
        "load",
        MIX,
        rate=MIX_RATE,
        hot=Share(1.5, "hot"),
        headline="delivery_p99_ms",
        who="own",
    ),
    *(
        Workload(
            f"storm-{name}",
            f"F: 5,000 come back to 20 of 200 groups each with 30 missed entries, {when}",
            "storm",
            (),
            storm=Storm(5000, 200, 20, 30, running),
            headline="live_s",
            who="ours",
        )
        for name, when, running in (
            ("restart", "right after a restart", False),
            ("running", "to a server that has been running", True),
        )
    ),
    *(
        Workload(
            f"asking-{name}",
            f"G: history, search and chat list of one person with 10^5 stored messages, {when}",
            "asking",
            (1000,),
            rate=rate,
            stored=100_000,
            headline="history_p99_ms",
            who="ours",
        )
        for name, when, rate in (
            ("calm", "nobody else does anything", 0),
            ("busy", "beside 50 messages/s to 1,000", 50),
        )
    ),
    Workload(
        "start", "start with 10^6 messages", "start", (100,) * 10, stored=1_000_000, headline="start_s", who="own"
    ),
)

TINY = (
    Workload("tiny-fan", "2 groups x 10, 2 in flight", "load", (10, 10), 2, headline="messages_per_s", who="all"),
    Workload("tiny-open", "1 group x 10, open loop", "load", (10,), rate=100, headline="delivery_p99_ms", who="own"),
    Workload(
        "tiny-mix", "a hot group and others", "load", (12, 3, 3), rate=20, hot=40, stalled=2,
        headline="delivery_p99_ms", who="own",
    ),
    Workload("tiny-idle", "idle", "idle", (10,), devices=4, headline="kib_per_connection", who="own"),
    Workload("tiny-storm", "a storm", "storm", (), storm=Storm(8, 4, 2, 3, True), headline="live_s", who="ours"),
    Workload(
        "tiny-asking", "asking", "asking", (5,), rate=20, stored=100, headline="history_p99_ms", who="ours"
    ),
    Workload("tiny-start", "start", "start", (5, 5), stored=100, headline="start_s", who="own"),
)  # fmt: skip
"""The short form: that everything runs, and that everybody gets everything. Its figures say nothing."""
