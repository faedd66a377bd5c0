"""Turns repeated figures into medians with their spread, and these into tables.

It must not know how they were taken.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench.rows import Figures
from bench.workloads import Workload

Runs = Mapping[str, Sequence[Figures]]
"""The figures of one row: subject name -> one per repeat."""

LABELS = {  # a figure without a label is called by its name
    "deliveries_per_s": "deliveries/s",
    "messages_per_s": "messages/s",
    "deliveries_per_cpu_s": "deliveries per CPU second of the server",
    "messages_per_cpu_s": "messages per CPU second of the server",
    "entries_per_frame": "entries joined in a frame",
    "cpu_us_per_delivery": "CPU µs per delivery",
    **{
        f"{lane}{kind}_{share}_ms": f"{whose}{words}, {shown}, ms"
        for lane, whose in (("", ""), ("hot_", "hot group: "))
        for kind, words in (("ack", "send to ack"), ("delivery", "send to deliver"), ("last", "send to last deliver"))
        for share, shown in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("max", "most"))
    },
    "hot_deliveries_per_s": "hot group: deliveries/s",
    "hot_messages_per_s": "hot group: messages/s",
    "complete": "complete",
    "out_of_order": "out of one order",
    "rss_mib": "MiB RSS under load",
    "rss_grown_mib": "MiB RSS more than at the beginning",
    "live_s": "until all have what they missed, s",
    "live_p50_ms": "hello to all that was missed, p50, ms",
    "live_p99_ms": "hello to all that was missed, p99, ms",
    "clients_per_s": "people per second",
    "missed": "entries missed by all",
    "pages": "pages read from the store",
    "pages_per_group": "pages read per group",
    "server_cpu_s": "CPU seconds of the server",
    **{
        f"{kind}_{share}_ms": f"{words}, {share}, ms"
        for kind, words in (
            ("history", "page of history"),
            ("search", "search"),
            ("list", "chat list"),
            ("hello", "connecting, with hello"),
            ("say", "message to answer"),
        )
        for share in ("p50", "p99")
    },
    "asked": "questions asked",
    **{
        f"{how}_{figure}": f"{words}, {shown}"
        for how, shown in (("alone", "alone"), ("joined", "64 at a time"))
        for figure, words in (
            ("rows", "rows per message"),
            ("bytes", "bytes of log per message"),
            ("commit_p50_ms", "ms per message"),
        )
    },
    "hub_cpu": "hub, share of the core",
    "writer_cpu": "writer, share of the core",
    "others_cpu": "everybody else on that core",
    "load_cpu": "load generator, share of its core",
    "load_idle": "load generator, share of time with nothing to read",
    "load_late_p99_ms": "load generator, ms too late to send in an open loop, p99",
    "connects_per_s": "connections with hello per second",
    "kib_per_connection": "hub, KiB RSS per connection",
    "writer_kib_per_connection": "writer, KiB RSS per connection",
    "hub_mib": "hub, MiB RSS",
    "writer_mib": "writer, MiB RSS",
    "start_s": "start to first accepted hello, s",
}
SHARES = frozenset({"hub_cpu", "writer_cpu", "others_cpu", "load_cpu", "load_idle", "complete"})
"""Shown in percent."""
CIRCUMSTANCES = SHARES | {"load_late_p99_ms"}
"""Of which a ratio would say nothing."""
YARDSTICK = "sketch"


def summarise(runs: Sequence[Figures], figure: str) -> tuple[float, float, float]:
    """Median, smallest and largest of one figure."""
    values = [run[figure] for run in runs]
    return statistics.median(values), min(values), max(values)


def show_number(value: float, figure: str = "") -> str:
    if figure in SHARES:
        return f"{value:.0%}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show_cell(runs: Sequence[Figures], figure: str) -> str:
    middle, least, most = (show_number(value, figure) for value in summarise(runs, figure))
    return f"{middle} ({least}..{most})" if len(runs) > 1 else middle


def ratio_to_yardstick(runs: Runs, subject: str, figure: str) -> float | None:
    """Median over median; None where there is nothing to compare."""
    if subject == YARDSTICK or figure in CIRCUMSTANCES or YARDSTICK not in runs or subject not in runs:
        return None
    theirs = summarise(runs[YARDSTICK], figure)[0]
    return summarise(runs[subject], figure)[0] / theirs if theirs else None


def figures_of(workload: Workload, runs: Runs) -> list[str]:
    """The figures that were taken, the one the row is about first."""
    taken = {figure for figures in runs.values() for run in figures for figure in run}
    known = [name for name in LABELS if name in taken]
    own = dict.fromkeys(name for figures in runs.values() for run in figures for name in run if name not in LABELS)
    return list(dict.fromkeys([workload.headline, *known, *own]))


def tabulate(workload: Workload, runs: Runs) -> list[str]:
    """One row of the benchmark as a Markdown table: a line per figure, a column per subject."""
    subjects = list(runs)
    compared = [name for name in subjects if name != YARDSTICK and YARDSTICK in runs]
    head = ["", *subjects, *(f"{name} / {YARDSTICK}" for name in compared)]
    lines = [f"### {workload.title}", "", _line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    for figure in figures_of(workload, runs):
        cells = [show_cell(runs[name], figure) for name in subjects]
        for name in compared:
            ratio = ratio_to_yardstick(runs, name, figure)
            wanted = f" (wanted: {workload.target:g})" if figure == workload.headline and workload.target else ""
            cells.append("" if ratio is None else f"{ratio:.2f}{wanted}")
        label = LABELS.get(figure, figure)
        lines.append(_line([f"**{label}**" if figure == workload.headline else label, *cells]))
    return [*lines, ""]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def compose(facts: Mapping[str, str], rows: Sequence[tuple[Workload, Runs]], failures: Sequence[str]) -> str:
    """The whole report in Markdown."""
    lines = ["# Benchmark", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    lines += ["Cells are median (smallest..largest).", ""]
    for workload, runs in rows:
        lines += tabulate(workload, runs)
    if failures:
        lines += ["### Runs without figures", "", *(f"- {failure}" for failure in failures), ""]
    return "\n".join(lines)


def as_json(facts: Mapping[str, str], rows: Sequence[tuple[Workload, Runs]], failures: Sequence[str]) -> dict[str, Any]:
    """Every figure of every repeat."""
    taken = [{"row": workload.name, "title": workload.title, "runs": dict(runs)} for workload, runs in rows]
    return {"facts": dict(facts), "rows": taken, "failures": list(failures)}
