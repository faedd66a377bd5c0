"""The program that follows the log: `python -m chatd.search.program`, started and watched by the server.

Beside the server and not in it: cutting text is work for a processor that the sockets need. Lines of JSON come in (the
settings first, then `{"n": 7}` for "there are commits up to 7" and `{"rebuild": true}`) and go out (`Status`). It ends
when its input does.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import orjson

from chatd.search.follower import Follower
from chatd.search.index import Index, IndexBroken
from chatd.search.log import Log
from chatd.search.postgres import PostgresIndex
from chatd.search.sqlite import SqliteIndex

IDLE_S: Final = 5.0
TOLD_EVERY_S: Final = 0.1
GATHER_S: Final = 0.1
"""What is said within this time goes into the index together: a transaction for each commit costs a quarter more."""
EXIT_FAILED: Final = 70
_CHUNK: Final = 65_536


class Settings(msgspec.Struct):
    """What the program has to know. `path`: the file of the index, None for PostgreSQL. `rebuild_share`: the part of
    the time that making an index anew may take; the rest it waits."""

    url: str
    path: str | None
    portion_entries: int = 500
    rebuild_share: float = 0.5
    niceness: int = 19


class Status(msgspec.Struct):
    """How far the index is. `swept` of `total` entries, while it is made anew."""

    generation: str
    n: int
    rebuilding: bool
    swept: int
    total: int


class Program:
    """The loop around the follower."""

    def __init__(self, settings: Settings, follower: Follower, index: Index) -> None:
        self._settings = settings
        self._follower = follower
        self._index = index
        self._input = b""
        self._told_s = float("-inf")
        self._rebuild = False
        self._ended = False

    def run(self) -> None:
        """Until the input ends."""
        self._follower.open()
        self._tell()
        while not self._ended:
            try:
                self._turn()
            except IndexBroken:
                self._follower.rebuild()
            self._tell()
            self._listen(IDLE_S, wake=True)

    def _turn(self) -> None:
        if self._rebuild or not self._index.present():
            self._rebuild = False
            self._follower.rebuild()
        for spent_s in _timed(self._follower.work()):
            pause_s = self._pause_after(spent_s)
            if pause_s or time.monotonic() - self._told_s >= TOLD_EVERY_S:
                self._tell()
            self._listen(pause_s)
            if self._ended or self._rebuild:
                return

    def _pause_after(self, spent_s: float) -> float:
        """Those who wait for what was just said come first; a million old messages can wait."""
        if self._follower.sweeping:
            return spent_s * (1 / self._settings.rebuild_share - 1)
        return 0.0 if self._follower.behind else max(0.0, GATHER_S - spent_s)

    def _listen(self, wait_s: float, *, wake: bool = False) -> None:
        """Read what the server says for so long. `wake`: no longer than until it says something."""
        until_s = time.monotonic() + wait_s
        while not self._ended and not self._rebuild:
            left_s = max(0.0, until_s - time.monotonic())
            ready, _, _ = select.select([0], [], [], left_s)
            if not ready:
                return
            data = os.read(0, _CHUNK)
            self._ended = not data
            lines = (self._input + data).split(b"\n")
            self._input = lines.pop()
            self._rebuild = any("rebuild" in orjson.loads(line) for line in lines)
            if wake:
                return

    def _tell(self) -> None:
        state = self._follower.state
        self._told_s = time.monotonic()
        status = Status(state.generation, state.n, self._follower.sweeping, state.swept, state.total)
        # Not through a buffer, which would be flushed once more at the end, when nobody may be listening any more.
        os.write(1, msgspec.json.encode(status) + b"\n")


def _timed(work: Iterator[None]) -> Iterator[float]:
    """The seconds that each portion took."""
    began_s = time.monotonic()
    for _ in work:
        yield time.monotonic() - began_s
        began_s = time.monotonic()


def _first_line() -> bytes:
    """Not a byte more, which would be lost in a buffer."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit(0)
        line += byte
    return line


def main() -> None:
    """The entry point."""
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, signal.SIG_IGN)  # meant for the server, which ends this by ending the input
    try:
        serve(msgspec.json.decode(_first_line(), type=Settings))
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, the server starts the program again
        # The type, not the text, which may quote what somebody wrote.
        where = traceback.extract_tb(error.__traceback__)[-1]
        print(f"chatd search: {type(error).__name__} at {where.name}:{where.lineno}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_FAILED)


def serve(settings: Settings) -> None:
    """Follow until the input ends."""
    log = Log(settings.url)
    index: Index
    if settings.path is not None:
        index = SqliteIndex(Path(settings.path))
    else:
        index = postgres = PostgresIndex(settings.url)
        while not postgres.follows():
            if select.select([0], [], [], IDLE_S)[0] and not os.read(0, _CHUNK):
                return
    follower = Follower(log, index, settings.portion_entries, lambda: secrets.token_hex(8))
    Program(settings, follower, index).run()


if __name__ == "__main__":
    main()
