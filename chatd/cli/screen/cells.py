"""Text in cells whose number every terminal agrees on, and breaking it into lines together with its styles.

Terminals disagree about signs that are made of several: families, skin tones, flags, keycaps. One that counts otherwise
than we do pushes everything behind them out of place, so they are taken apart into signs that all count alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len

from chatd.cli.chat_cells import printable

Piece = tuple[str, str]
"""A style's name and a text."""
Row = list[Piece]

OPENING: Final = frozenset("（「『【《〈“‘([{")
CLOSING: Final = frozenset("，。！？；：、）」』】》〉”’…％,.!?;:)]}%")
_JOINERS: Final = dict.fromkeys([0x200D, 0xFE0E, 0xFE0F, 0x20E3, *range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)])
_FLAGS: Final = {0x1F1E6 + index: chr(ord("A") + index) for index in range(26)}
_STEADY: Final = {**_JOINERS, **_FLAGS}
_RARE: Final = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


def steady(text: str) -> str:
    """Signs of several code points taken apart, flags as their two letters."""
    return text.translate(_STEADY) if _RARE.search(text) else text


def clean(text: str, keep_lines: bool = False) -> str:
    """What somebody else wrote, so that it can do nothing to the terminal nor to what stands around it."""
    return steady(printable(text, keep_lines))


def width(text: str) -> int:
    """The cells that a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, cells: int) -> str:
    """At most so many cells, with an ellipsis where something is missing."""
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for char in text:
        used += width(char)
        if used > cells - 1:
            break
        kept.append(char)
    return "".join(kept) + "…" if cells > 0 else ""


def fill(text: str, cells: int) -> str:
    """Exactly so many cells: cut or padded."""
    short = cut(text, cells)
    return short + " " * (cells - width(short))


def width_of(row: Iterable[Piece]) -> int:
    """The cells of a row."""
    return sum(width(text) for _, text in row)


def cut_row(row: Row, cells: int) -> Row:
    """At most so many cells of a row."""
    kept: Row = []
    for style, text in row:
        room = cells - width_of(kept)
        if room <= 0:
            break
        kept.append((style, cut(text, room)))
    return kept


def wrap(pieces: Iterable[Piece], cells: int) -> list[Row]:
    """Rows of at most so many cells; broken at spaces where there are any, between any two wide characters, else
    anywhere. A sign that closes something does not begin a row, nor does one that opens something end one."""
    folds = _Folds(max(cells, 2))
    for style, text in pieces:
        for char in text:
            folds.put(style, char)
    return folds.done()


class _Folds:
    """Rows as they grow, and the word that is not on one yet."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._rows: list[list[Piece]] = [[]]
        self._used = 0
        self._word: list[Piece] = []

    def put(self, style: str, char: str) -> None:
        """One more character."""
        if char == "\n":
            self._flush()
            self._next_row()
            return
        wide = width(char) > 1
        if wide:
            self._flush()
        self._word.append((style, char))
        if wide or char == " ":
            self._flush()

    def done(self) -> list[Row]:
        """The rows, with what has the same style in one piece."""
        self._flush()
        return [_joined(row) for row in self._rows]

    def _next_row(self) -> None:
        self._rows.append([])
        self._used = 0

    def _flush(self) -> None:
        """Put the word onto a row."""
        word, self._word = self._word, []
        need = sum(width(char) for _, char in word if char != " ")
        if self._used and self._used + need > self._cells:
            kept = self._pop_last() if word[0][1] in CLOSING else []
            kept = self._pop_opening() + kept
            self._next_row()
            for style, char in kept:
                self._place(style, char)
        for style, char in word:
            if self._used + width(char) > self._cells:
                if char == " ":
                    continue
                self._next_row()
            self._place(style, char)

    def _pop_last(self) -> list[Piece]:
        """Take the last word off the row, or its last character where there is nothing before it."""
        last = self._rows[-1]
        first = len(last) - 1
        while first > 0 and all(width(char) == 1 and char != " " for _, char in last[first - 1 : first + 1]):
            first -= 1
        first = first or len(last) - 1
        kept = last[first:] if first else []
        del last[len(last) - len(kept) :]
        return kept

    def _pop_opening(self) -> list[Piece]:
        """Take the signs off the row's end that open something, unless there is nothing else on it."""
        last = self._rows[-1]
        if not last:
            return []
        first = len(last)
        while first > 1 and last[first - 1][1] in OPENING:
            first -= 1
        kept = last[first:] if first > 1 or last[0][1] not in OPENING else []
        del last[len(last) - len(kept) :]
        return kept

    def _place(self, style: str, char: str) -> None:
        self._rows[-1].append((style, char))
        self._used += width(char)


def _joined(row: Row) -> Row:
    joined: Row = []
    for style, text in row:
        if joined and joined[-1][0] == style:
            joined[-1] = (style, joined[-1][1] + text)
        else:
            joined.append((style, text))
    return joined
