"""What is said above the line one types in: a few rows, and below them what has become of the connection."""

from __future__ import annotations

from collections import deque
from typing import Final

from chatd.cli.chat_render import Line
from chatd.cli.screen.bar import Bar
from chatd.cli.screen.cells import clean

NOTE_ROWS: Final = 4
"""Answers of so many rows stand above the line one types in; longer ones get a sheet."""


class Notes:
    """Stand until they are dropped, or others push them out."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._lines: deque[Line] = deque(maxlen=NOTE_ROWS)
        self._connection: Line | None = None

    def add(self, lines: list[Line]) -> None:
        """Say something below what was said there before."""
        self._lines.extend(lines)
        self._show()

    def forget(self, line: Line) -> None:
        """That holds no more."""
        if any(one is line for one in self._lines):
            self._lines = deque((one for one in self._lines if one is not line), maxlen=NOTE_ROWS)
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

    def _show(self) -> None:
        lines = [*self._lines, *([self._connection] if self._connection is not None else [])][-NOTE_ROWS:]
        self._bar.set(*([(style, clean(text), "close notes") for style, text in line] for line in lines))
