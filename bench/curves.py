"""Draws figures against sizes, both on logarithmic axes, as an SVG. It must not know how figures were taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from bench.report import LABELS, show_number

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, LEGEND = 860, 300, 60, 40, 40, 300
COLOURS = ("#1f6feb", "#bf3989", "#1a7f37", "#bc4c00", "#8250df", "#6e7781", "#0b6e6e", "#a40e26")

Panel = tuple[str, str, Mapping[int, Mapping[str, float]]]
"""A title, what is counted along the axis, and the figures at each size."""


def draw(panels: Sequence[Panel]) -> str:
    font = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(panels)}" {font}>'
    parts = [head, '<rect width="100%" height="100%" fill="#fff"/>']
    for number, panel in enumerate(panels):
        parts += _draw_panel(panel, number * HEIGHT)
    return "\n".join([*parts, "</svg>", ""])


def _draw_panel(panel: Panel, top: int) -> list[str]:
    title, unit, points = panel
    names = list(dict.fromkeys(name for figures in points.values() for name, value in figures.items() if value > 0))
    values = [figures[name] for figures in points.values() for name in names if figures.get(name, 0) > 0]
    across = _Axis(list(points), LEFT, WIDTH - LEGEND)
    up = _Axis(values or [1], top + HEIGHT - BOTTOM, top + TOP)
    parts = [f'<text x="10" y="{top + 22}" font-size="14" font-weight="bold">{escape(title)}</text>']
    parts += [_label(across.place(size), top + HEIGHT - BOTTOM + 16, f"{size:,}", "middle") for size in points]
    parts.append(_label((LEFT + WIDTH - LEGEND) / 2, top + HEIGHT - 8, unit, "middle"))
    for value in up.powers():
        y = up.place(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - LEGEND}" stroke="#d0d7de"/>')
        parts.append(_label(LEFT - 6, y + 4, show_number(value), "end"))
    for number, name in enumerate(names):
        parts += _draw_line(name, number, points, across, up, top)
    return parts


def _draw_line(
    name: str, number: int, points: Mapping[int, Mapping[str, float]], across: _Axis, up: _Axis, top: int
) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    dashes = ' stroke-dasharray="4 3"' if number >= len(COLOURS) else ""
    places = [
        f"{across.place(size):.1f},{up.place(figures[name]):.1f}"
        for size, figures in points.items()
        if figures.get(name, 0) > 0
    ]
    y = top + TOP + 16 * number
    return [
        f'<polyline points="{" ".join(places)}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>',
        f'<path d="M{WIDTH - LEGEND + 16} {y}h18" stroke="{colour}" stroke-width="2"{dashes}/>',
        _label(WIDTH - LEGEND + 40, y + 4, LABELS.get(name, name), "start"),
    ]


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


class _Axis:
    """From values to places, by their logarithm."""

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        self._low = math.floor(math.log10(min(values)))
        self._high = max(self._low + 1, math.ceil(math.log10(max(values))))
        self._first, self._last = first, last

    def place(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._first + share * (self._last - self._first)

    def powers(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]
