"""What is said above the line one types in: a few rows, and below them what has become of the connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from chatd.cli.chat_render import Line
from chatd.cli.screen.bar import Bar
from chatd.cli.screen.cells import Row, clean, cut_row, wrap

NOTE_ROWS: Final = 4
"""Answers of so many rows stand above the line one types in; longer ones get a sheet."""


def rows_of(lines: list[Line], cells: int) -> list[Row]:
    """The lines in rows of so many cells, whole."""
    return [row for line in lines for row in wrap([(style, clean(text)) for style, text in line], cells)]


class Notes:
    """Stand until they are dropped, or others push them out. `cells`: how wide they may be now."""

    def __init__(self, bar: Bar, cells: Callable[[], int]) -> None:
        self._bar = bar
        self._cells = cells
        self._lines: deque[Line] = deque(maxlen=NOTE_ROWS)
        self._connection: Line | None = None

    def add(self, lines: list[Line]) -> None:
        """Say something below what was said there before."""
        self._lines.extend(lines)
        self._show()

    def forget(self, line: Line) -> None:
        """That holds no more."""
        self._keep(lambda one: one is not line)

    def forget_text(self, text: str) -> None:
        """The same, of whatever says just this."""
        self._keep(lambda one: "".join(part for _, part in one) != text)

    def _keep(self, holds: Callable[[Line], bool]) -> None:
        kept = [one for one in self._lines if holds(one)]
        if len(kept) < len(self._lines):
            self._lines = deque(kept, maxlen=NOTE_ROWS)
            self._show()

    def tell_connection(self, line: Line) -> None:
        """What has become of the connection takes the place of what was said of it before."""
        self._connection = line
        self._show()

    def forget_connection(self, line: Line) -> None:
        """That was said for long enough, unless something else is said by now."""
        if self._connection is line:
            self._connection = None
            self._show()

    def drop(self) -> None:
        """What stood there was read."""
        self._lines.clear()
        self._connection = None
        self._show()

    def redraw(self) -> None:
        """There is another width."""
        self._show()

    def _show(self) -> None:
        """The newest ones, each whole as far as there are rows for it."""
        lines = [*self._lines, *([self._connection] if self._connection is not None else [])]
        cells = self._cells()
        shown: list[Row] = []
        for line in reversed(lines):
            rows, room = rows_of([line], cells), NOTE_ROWS - len(shown)
            if len(rows) > room and shown:
                break
            if len(rows) > room:
                rows = [*rows[: room - 1], cut_row([*rows[room - 1], ("dim", "…" * cells)], cells)]
            shown[:0] = rows
        self._bar.set(*([(style, text, "close notes") for style, text in row] for row in shown))
