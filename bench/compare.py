"""Tables of many servers: one line for each, beside what it promises. It must not know how figures were taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.report import LABELS, Runs, show_cell, show_number, summarise
from bench.rows import Figures
from bench.subjects import Subject
from bench.workloads import Workload

OURS = "chatd"
COLUMNS = {  # after the headline and the ratio
    "load": (
        "messages_per_s",
        "deliveries_per_s",
        "cpu_us_per_delivery",
        "ack_p50_ms",
        "delivery_p50_ms",
        "delivery_p99_ms",
        "last_p50_ms",
        "last_p99_ms",
        "hot_deliveries_per_s",
        "hot_delivery_p99_ms",
        "rss_mib",
        "rss_grown_mib",
        "load_idle",
        "load_late_p99_ms",
        "complete",
        "out_of_order",
    ),
    "idle": ("connects_per_s", "hub_mib", "writer_mib"),
}


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def tabulate_promises(subjects: Sequence[Subject]) -> list[str]:
    """Who is measured, and what each says of a message that it took."""
    lines = [line(["", "is", "stores", "durable", "order", "resume"]), line(["---"] * 6)]
    for subject in subjects:
        p = subject.promises
        lines.append(line([subject.name, subject.title, p.stores, p.durable, p.ordered, p.resume]))
    return [*lines, ""]


def tabulate_row(workload: Workload, runs: Runs) -> list[str]:
    """A line for each who gave figures. The ratio is ours to theirs, median to median."""
    taken = {figure for figures in runs.values() for run in figures for figure in run}
    wanted = COLUMNS.get(workload.kind, tuple(LABELS))
    known = [name for name in wanted if name in taken]
    columns = [workload.headline, *(name for name in known if name != workload.headline)]
    head = ["", f"**{LABELS.get(workload.headline, workload.headline)}**", f"{OURS} / it"]
    head += [LABELS.get(name, name) for name in columns[1:]]
    lines = [f"### {workload.title}", "", line(head), line(["---", *["---:"] * (len(head) - 1)])]
    for name, figures in runs.items():
        cells = [name, show_cell(figures, workload.headline), show_ratio(runs, name, workload.headline)]
        cells += [show_median(figures, column) for column in columns[1:]]
        lines.append(line(cells))
    return [*lines, ""]


def show_median(figures: Sequence[Figures], name: str) -> str:
    if any(name not in run for run in figures):
        return ""
    return show_number(summarise(figures, name)[0], name)


def ratio_of(runs: Runs, other: str, figure: str) -> float | None:
    """Ours to theirs; None where there is nothing to compare."""
    if other == OURS or OURS not in runs or other not in runs:
        return None
    theirs = summarise(runs[other], figure)[0]
    return summarise(runs[OURS], figure)[0] / theirs if theirs else None


def show_ratio(runs: Runs, other: str, figure: str) -> str:
    ratio = ratio_of(runs, other, figure)
    return "" if ratio is None else f"{ratio:.2f}"


def tabulate_missing(missing: Mapping[str, str]) -> list[str]:
    """Peers that are not measured, and why."""
    if not missing:
        return []
    return ["Not measured:", "", *(f"- {name}: {reason}" for name, reason in missing.items()), ""]


def say_completeness(rows: Mapping[str, Runs]) -> str:
    """One line about everything that was sent in all the runs that have figures."""
    complete = [
        run["complete"] for runs in rows.values() for figures in runs.values() for run in figures if "complete" in run
    ]
    if not complete:
        return "Nothing was sent."
    return (
        f"In all {len(complete)} runs with figures every member got every message once and in the order that its "
        f"server promises: {min(complete):.2%} of all deliveries at the least. A run in which one was lost, doubled or "
        "out of that order gives no figures and is listed below."
    )
