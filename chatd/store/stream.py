"""The rows of a query in the order of their key, a page at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from chatd.store.database import Database, Row

PAGE_ROWS: Final = 1000


class Stream:
    """`sql` takes the key of the last row and how many rows may come. The first columns are the key."""

    def __init__(self, database: Database, sql: str, start: Row) -> None:
        self._db = database
        self._sql = sql
        self._key = start
        self._page: list[Row] = []
        self._next = 0
        self._ended = False

    def peek(self) -> Row | None:
        """The next row, None at the end."""
        if self._next == len(self._page) and not self._ended:
            self._page, _ = self._db.run(self._sql, (*self._key, PAGE_ROWS))
            self._next = 0
            self._ended = len(self._page) < PAGE_ROWS
            if self._page:
                self._key = self._page[-1][: len(self._key)]
        return self._page[self._next] if self._next < len(self._page) else None

    def skip(self) -> None:
        """Go on behind the row that `peek` showed."""
        self._next += 1

    def take(self, *key: Any) -> Iterator[Row]:
        """The next rows that begin with this key."""
        while (row := self.peek()) is not None and row[: len(key)] == key:
            self.skip()
            yield row

    def __iter__(self) -> Iterator[Row]:
        return self.take()
