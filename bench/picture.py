"""Draws medians as bars, as an SVG without anything fetched or run. It must not know how figures were taken."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bench.report import LABELS, Runs, show_number, summarise
from bench.workloads import Workload

WIDTH, NAMES, LINE, BAR, TITLE = 860, 150, 20, 13, 46
OURS, THEIRS, SPREAD = "#1f6feb", "#8b949e", "#24292f"
LEAST_IS_BEST = ("_ms", "kib_per_connection", "_s")


def draw_rows(title: str, rows: Sequence[tuple[Workload, Runs]]) -> str:
    """One group of bars per row; empty without any. The thin line is the spread, smallest to largest."""
    if not rows:
        return ""
    y, parts = 30, []
    for workload, runs in rows:
        parts += _draw_row(workload, runs, y)
        y += TITLE + LINE * len(runs)
    font = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}" {font}>'
    name = f'<rect width="100%" height="100%" fill="#fff"/><text x="10" y="20" font-size="15">{escape(title)}</text>'
    return "\n".join([head, name, *parts, "</svg>", ""])


def _draw_row(workload: Workload, runs: Runs, top: int) -> list[str]:
    figure = workload.headline
    label = LABELS.get(figure, figure)
    better = "less is better" if is_less_better(figure) else "more is better"
    heading = escape(f"{workload.title}: {label} ({better})")
    parts = [f'<text x="10" y="{top + 30}" font-weight="bold">{heading}</text>']
    longest = max(summarise(figures, figure)[2] for figures in runs.values()) or 1
    scale = (WIDTH - NAMES - 110) / longest
    for number, (name, figures) in enumerate(runs.items()):
        middle, least, most = summarise(figures, figure)
        y = top + TITLE - 8 + LINE * number
        colour = OURS if name == "chatd" else THEIRS
        parts += [
            f'<text x="{NAMES - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{NAMES}" y="{y}" width="{middle * scale:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<path d="M{NAMES + least * scale:.1f} {y + BAR / 2}H{NAMES + most * scale:.1f}" stroke="{SPREAD}"/>',
            f'<text x="{NAMES + most * scale + 6:.1f}" y="{y + 11}">{show_number(middle, figure)}</text>',
        ]
    return parts


def is_less_better(figure: str) -> bool:
    return figure.endswith(LEAST_IS_BEST) and not figure.endswith("per_s")
