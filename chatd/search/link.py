"""The server's side of search: starts the program that follows the log, knows how far it is, and asks its index.

Whatever becomes of the program or the index, nothing else of the server notices: searches are `unavailable` meanwhile,
or say what they may be missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from chatd.search.finding import Candidates, Wanted, find_candidates
from chatd.search.program import Settings, Status
from chatd.store.readers import ReaderLost, Readers

RESTART_FIRST_S: Final = 0.5
RESTART_MAX_S: Final = 30.0
END_S: Final = 5.0
SAMPLES_MAX: Final = 36_000
_UNDEFINED: Final = frozenset({"UndefinedTable", "UndefinedColumn"})
"""Errors of PostgreSQL, by name: psycopg is imported only where it is used."""
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Lag(msgspec.Struct, frozen=True):
    """What the index does not have yet: so many commits, the oldest of them for so long. `rebuilding`: and perhaps
    older messages too."""

    commits: int
    ms: int
    rebuilding: bool


class SearchLink:
    """`published` says up to which commit the server shows what was written; the index is measured against it."""

    def __init__(
        self,
        settings: Settings,
        *,
        readers: int,
        timeout_s: float,
        published: Callable[[], int],
        clock_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._index_url = settings.url if settings.path is None else f"sqlite:///{Path(settings.path).absolute()}"
        self._readers_max = readers
        self._timeout_s = timeout_s
        self._published = published
        self._clock_s = clock_s
        self._readers: Readers | None = None
        self._generation = ""
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._told_n = -1
        self._samples: deque[tuple[int, float]] = deque(maxlen=SAMPLES_MAX)
        """(commit, when it was the newest), the oldest first; those that the index has are dropped."""
        self._log = structlog.get_logger("chatd.search")
        self.status = Status("", 0, True, 0, 0)
        self.restarts = 0
        self.asked = 0
        self.failed = 0

    # -- life

    def start(self) -> None:
        """Begin; nobody waits for it."""
        self._supervisor = asyncio.get_running_loop().create_task(self._supervise(), name="search supervisor")

    async def close(self) -> None:
        """End the program and close the index."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        if self._readers is not None:
            await self._readers.close()

    @property
    def pid(self) -> int | None:
        """The process id of the program."""
        return self._process.pid if self._process is not None else None

    async def _supervise(self) -> None:
        pause_s = RESTART_FIRST_S
        while True:
            began_s = self._clock_s()
            try:
                await self._run_program()
            except (OSError, ReaderLost, msgspec.MsgspecError) as error:
                self._log.warning("the index cannot be followed", error=type(error).__name__)
            self.restarts += 1
            pause_s = RESTART_FIRST_S if self._clock_s() - began_s > RESTART_MAX_S else min(2 * pause_s, RESTART_MAX_S)
            await asyncio.sleep(pause_s)  # longer each time: a program that cannot start would take a core

    async def _run_program(self) -> None:
        pipe = asyncio.subprocess.PIPE
        words = [sys.executable, "-m", "chatd.search.program"]
        self._process = process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe)
        assert process.stdin is not None
        assert process.stdout is not None
        _be_nice(process.pid, self._settings.niceness)
        self._told_n = -1
        try:
            process.stdin.write(msgspec.json.encode(self._settings) + b"\n")
            while line := await process.stdout.readline():
                await self._take(msgspec.json.decode(line, type=Status))
        finally:
            self._process = None
            process.stdin.close()
            status = await asyncio.shield(_end(process))
        self._log.warning("the program that follows the log ended", status=status)

    async def _take(self, status: Status) -> None:
        if status.generation != self._generation:
            await self._reopen(status.generation)
        self.status = status
        while self._samples and self._samples[0][0] <= status.n:
            self._samples.popleft()
        self._moved.set()
        self._moved = asyncio.Event()

    async def _reopen(self, generation: str) -> None:
        """The index is another one: connections to the one before would go on showing that."""
        before, self._readers = self._readers, None
        if before is not None:
            await before.close()
        fresh = Readers(self._index_url, self._readers_max)
        try:
            await fresh.open()
        except BaseException:
            await asyncio.shield(fresh.close())  # whoever is interrupted here leaves no thread behind
            raise
        self._readers, self._generation = fresh, generation

    # -- how far it is

    async def tick(self) -> None:
        """To be called a few times a second: tells the program what there is to read."""
        n = self._published()
        if n > self.status.n and (not self._samples or self._samples[-1][0] < n):
            self._samples.append((n, self._clock_s()))
        if n != self._told_n and self._tell({"n": n}):
            self._told_n = n

    def lag(self, n: int | None = None, rebuilding: bool | None = None) -> Lag:
        """What an index that has everything up to commit `n` (without it: the last that was heard) does not have."""
        n = self.status.n if n is None else n
        rebuilding = self.status.rebuilding if rebuilding is None else rebuilding
        missing = max(0, self._published() - n)
        since_s = next((at_s for number, at_s in self._samples if number > n), self._clock_s())
        return Lag(missing, int((self._clock_s() - since_s) * 1000) if missing else 0, rebuilding)

    async def caught_up(self) -> None:
        """Wait until the index has everything that is published now."""
        n = self._published()
        while self.status.rebuilding or self.status.n < n or self._readers is None:
            await self.tick()
            await self.moved(1.0)

    async def moved(self, within_s: float) -> None:
        """Wait until the program says how far it is, or so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), within_s)

    def rebuild(self) -> bool:
        """Make the index anew. False if the program is not running."""
        return self._tell({"rebuild": True})

    def _tell(self, what: dict[str, int | bool]) -> bool:
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return False
        self._process.stdin.write(msgspec.json.encode(what) + b"\n")
        return True

    def figures(self) -> dict[str, int]:
        """For the operator."""
        lag = self.lag()
        return {
            "search_lag_commits": lag.commits,
            "search_lag_ms": lag.ms,
            "search_rebuilding": int(lag.rebuilding),
            "search_rebuilt_entries": self.status.swept,
            "search_rebuild_total": self.status.total,
            "searches": self.asked,
            "searches_failed": self.failed,
            "search_restarts": self.restarts,
        }

    # -- asking

    async def find(self, wanted: Wanted, limit: int) -> Candidates:
        """The newest candidates. Raises `ReaderLost`, and `TimeoutError` for what takes too long."""
        if self._readers is None:
            raise ReaderLost("the index is not open")
        self.asked += 1
        embedded = self._settings.path is not None
        try:
            async with asyncio.timeout(self._timeout_s), self._readers.snapshot() as reader:
                return await find_candidates(reader, embedded, wanted, limit)
        except ReaderLost as error:
            self.failed += 1
            if (getattr(error.__cause__, "sqlite_errorcode", 0) or 0) & 0xFF in _BROKEN:
                self._log.warning("the index is broken and is made anew")
                self.rebuild()
            raise
        except TimeoutError:
            self.failed += 1
            raise
        except Exception as error:
            self.failed += 1
            if type(error).__name__ not in _UNDEFINED:
                raise
            raise ReaderLost("the tables of the index are not there") from error


def _be_nice(pid: int, niceness: int) -> None:
    """From its first instruction on: loading the program takes as long as the server's own start, on one core."""
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + niceness))


async def _end(process: asyncio.subprocess.Process) -> int:
    """Its input has ended, so it ends; if not in time, it is ended. Returns its status."""
    try:
        async with asyncio.timeout(END_S):
            return await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()
