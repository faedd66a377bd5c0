"""Keeping the file of the ledger up to date, out of the database: by the running server, or on demand.

The server looks once in a while and adds what is new; no commit waits for the file. Whoever adds goes on behind the
file's last line, if the database still has that row; a file of another past gets everything once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from chatd.backup.ledger_file import LedgerFile, Line
from chatd.store import ledger
from chatd.store.database import Database, Row
from chatd.store.readers import Reader

PORTION_ROWS: Final = 1000
JOB: Final = "ledger"


def line_of(row: Row) -> Line:
    """A row as `ledger.PAGE` reads it."""
    n, at, kind, group, pos, user, made_at = row
    return Line(n, at, kind, group, pos, user, made_at)


def keep_ledger(database: Database, path: Path) -> int:
    """Add to the file what the database has more. Returns how many lines. Raises OSError, `StoreLost`, `Trouble`."""
    file = LedgerFile(path)
    last = file.last()
    upto = last.n if last is not None and database.run(ledger.PAGE, (last.n - 1, 1))[0] == [_row(last)] else 0
    added = 0
    while rows := database.run(ledger.PAGE, (upto, PORTION_ROWS))[0]:
        file.add([line_of(row) for row in rows])
        upto, added = rows[-1][0], added + len(rows)
    return added


def _row(line: Line) -> Row:
    return (line.n, line.at, line.kind, line.group, line.pos, line.user, line.made_at)


class LedgerKeeper:
    """The same in the running server, as a job."""

    def __init__(self, path: Path, snapshot: Callable[[], AbstractAsyncContextManager[Reader]]) -> None:
        self._file = LedgerFile(path)
        self._snapshot = snapshot
        self._upto: int | None = None
        """The last row that is in the file; None until it was looked at, and after trouble with it."""

    async def step(self) -> float | None:
        """Add what is new, a portion of it. Returns 0 if there is more."""
        upto, self._upto = self._upto, None
        if upto is None:
            upto = await self._find_out()
        async with self._snapshot() as reader:
            rows = await reader.all(ledger.PAGE, (upto, PORTION_ROWS))
        if rows:
            await asyncio.to_thread(self._file.add, [line_of(row) for row in rows])
            upto = rows[-1][0]
        self._upto = upto
        return 0.0 if len(rows) == PORTION_ROWS else None

    async def _find_out(self) -> int:
        last = await asyncio.to_thread(self._file.last)
        if last is None:
            return 0
        async with self._snapshot() as reader:
            return last.n if await reader.all(ledger.PAGE, (last.n - 1, 1)) == [_row(last)] else 0
