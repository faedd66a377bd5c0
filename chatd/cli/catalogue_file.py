"""The rows of a file to import, one after the other: CSV (RFC 4180) with a line of names, or a JSON object a line.

Memory is bounded by the longest line allowed. What cannot be read is a row too, which says why. It opens nothing and
knows nothing of what it reads beyond which of their fields are numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import orjson

LINE_MAX_BYTES: Final = 65_536
_NUMBERS: Final = frozenset({"rev", "price", "stock", "duration_ms", "version"})
Format = Literal["csv", "ndjson"]


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in a line: `raw`, or why it could not be read. `end`: the bytes of the file read so far."""

    line: int
    raw: object
    problem: str
    end: int


class _Lines:
    """The lines of a file, each of bounded length; what is too long is given as None, and skipped."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0
        self.end = 0

    def __iter__(self) -> Iterator[bytes | None]:
        while line := self._file.readline(LINE_MAX_BYTES + 1):
            self.number += 1
            self.end += len(line)
            whole = len(line) <= LINE_MAX_BYTES
            while not line.endswith(b"\n") and (line_rest := self._file.readline(LINE_MAX_BYTES)):
                whole = False
                self.end += len(line_rest)
                if line_rest.endswith(b"\n"):
                    break
            yield line if whole else None


def read_rows(file: BinaryIO, form: Format, kind: str | None = None, columns: Sequence[str] = ()) -> Iterator[Row]:
    """Every row of the file. `kind` is that of rows that name none; `columns` are those of a CSV whose first line names
    none of them, and so is a row."""
    lines = _Lines(file)
    rows = _read_csv(lines, columns) if form == "csv" else _read_ndjson(lines)
    for row in rows:
        if kind is not None and isinstance(row.raw, dict):
            row.raw.setdefault("kind", kind)
        yield row


def _read_ndjson(lines: _Lines) -> Iterator[Row]:
    for line in lines:
        if line is None:
            yield Row(lines.number, None, f"longer than {LINE_MAX_BYTES} bytes", lines.end)
        elif line.strip():
            try:
                yield Row(lines.number, orjson.loads(line), "", lines.end)
            except orjson.JSONDecodeError:
                yield Row(lines.number, None, "not JSON", lines.end)


def _read_csv(lines: _Lines, columns: Sequence[str]) -> Iterator[Row]:
    csv.field_size_limit(LINE_MAX_BYTES)
    reader = csv.reader(_texts(lines), strict=True)
    names: list[str] | None = None
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            yield Row(first, None, f"not CSV in UTF-8: {type(error).__name__}", lines.end)
            continue
        if names is None and columns and not set(columns) & {name.strip() for name in cells}:
            names = list(columns)
        if names is None:
            names = [name.strip() for name in cells]
        elif len(cells) == len(names):
            yield Row(first, _object_of(names, cells), "", lines.end)
        elif cells:
            yield Row(first, None, f"{len(cells)} fields, the first line names {len(names)}", lines.end)


def _texts(lines: _Lines) -> Iterator[str]:
    for line in lines:
        # A line that is too long becomes one that no reader of CSV takes for a row.
        yield '"too long' + '"x\n' if line is None else line.decode("utf-8-sig" if lines.number == 1 else "utf-8")


def _object_of(names: Iterable[str], cells: Iterable[str]) -> dict[str, object]:
    """An empty cell is a field that is missing."""
    return {name: _value_of(name, cell) for name, cell in zip(names, cells, strict=True) if cell.strip()}


def _value_of(name: str, cell: str) -> object:
    text = cell.strip() if name in _NUMBERS else cell
    return int(text) if name in _NUMBERS and text.isascii() and text.removeprefix("-").isdecimal() else cell
