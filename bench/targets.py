"""What is to be reached, as values, and whether it was. It must not know how figures were taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.compare import OURS, line
from bench.report import Runs, show_number, summarise


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for a figure of ours: as it is, as a ratio to a peer's, or as a ratio to ours in another row."""

    row: str
    figure: str
    bound: float
    at_least: bool
    peer: str = ""
    other_row: str = ""

    @property
    def text(self) -> str:
        against = f" / {self.peer}" if self.peer else f" / in `{self.other_row}`" if self.other_row else ""
        return f"{self.figure}{against} {'≥' if self.at_least else '≤'} {self.bound:g}"


def more(row: str, figure: str, bound: float, peer: str = "") -> Target:
    return Target(row, figure, bound, True, peer)


def less(row: str, figure: str, bound: float, peer: str = "", other_row: str = "") -> Target:
    return Target(row, figure, bound, False, peer, other_row)


TARGETS = (
    more("fan-1", "deliveries_per_s", 0.85, "c"),
    more("fan-8", "deliveries_per_s", 1.0, "jetstream"),
    more("fan-8", "deliveries_per_s", 0.7, "c-joined"),
    more("fan-64", "deliveries_per_s", 0.8, "c-joined"),
    less("open-c-20", "delivery_p99_ms", 1.3, "c"),
    less("open-c-50", "delivery_p99_ms", 1.3, "c"),
    more("small-1", "messages_per_s", 0.6, "c"),
    more("small-1", "messages_per_s", 1.0, "nats"),
    more("small-1", "messages_per_s", 1.3, "node-ws-sqlite"),
    less("idle", "kib_per_connection", 7),
    more("idle", "connects_per_s", 2000),
    less("crowd", "last_p50_ms", 1.3, "c"),
    less("mix-half", "delivery_p99_ms", 2, other_row="mix-calm"),
    less("mix-over", "delivery_p99_ms", 100),
    less("storm-restart", "live_s", 5),
    less("storm-restart", "pages_per_group", 2),
    less("storm-running", "live_s", 5),
    less("storm-running", "pages_per_group", 2),
)


def value_of(target: Target, rows: Mapping[str, Runs]) -> float | None:
    """None if what it needs was not measured."""
    runs = rows.get(target.row, {})
    other = rows.get(target.other_row, {}).get(OURS) if target.other_row else runs.get(target.peer)
    ours = runs.get(OURS)
    if not ours or ((target.peer or target.other_row) and not other):
        return None
    value = summarise(ours, target.figure)[0]
    if not other:
        return value
    theirs = summarise(other, target.figure)[0]
    return value / theirs if theirs else None


def tabulate_targets(rows: Mapping[str, Runs], targets: Sequence[Target] = TARGETS) -> list[str]:
    """What could be judged; nothing if that is nothing."""
    lines = []
    for target in targets:
        value = value_of(target, rows)
        if value is not None:
            reached = value >= target.bound if target.at_least else value <= target.bound
            lines.append(line([target.row, target.text, show_number(value), "yes" if reached else "no"]))
    head = ["### To reach", "", line(["row", "wanted", "is", "reached"]), line(["---", "---", "---:", "---"])]
    return [*head, *lines, ""] if lines else []
