"""The writer process: takes proposals from a socket, commits them in batches, and sends back what became true.

While one batch is being committed the next one gathers in the socket; everything that is there is taken at once. The
process ends when the socket does. It must not know what a session is.

Frames in both directions are a 4-byte big-endian length and MessagePack. The first frame in is `Settings`, the first
out `Ready`; then lists of `Proposed` come in and lists of `Outcome` go out.
"""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from chatd.core.limits import Bounds
from chatd.store import lock
from chatd.store.collector import spare_the_collector
from chatd.store.database import connect, path_of
from chatd.store.engine import HOUSEKEEPING_ROWS, Engine, Fenced
from chatd.store.failures import StoreLost
from chatd.store.outcome import Outcome, Proposed, Verdict

EXIT_LOST: Final = 70
EXIT_FENCED: Final = 71
FRAME_MAX: Final = 2**31
"""Bytes. Above it the stream must be out of step: the fullest commit of the largest messages stays below."""
EPOCH: Final = "SELECT value FROM meta WHERE key = 'epoch'"
_CHUNK: Final = 1 << 20

log = logging.getLogger("chatd.store")


class Settings(msgspec.Struct, array_like=True):
    """What the writer has to know. `engine` names the class to run, as `module:name`."""

    url: str
    bounds: Bounds
    batch_max: int = 2048
    free_disk_floor_bytes: int = 0
    command_ttl_ms: int = 30 * 86_400_000
    commits_keep: int = 10_000
    tidy_every_s: float = 60.0
    engine: str = "chatd.store.engine:Engine"
    epoch: str = ""
    """The life of the database that the hub knows; empty: whichever it is."""


class Ready(msgspec.Struct, array_like=True):
    """The writer holds the database; `n` is the last commit before it."""

    n: int


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete now. Raises ValueError for a length beyond any bound."""
        buffer = self._buffer
        buffer += data
        start = 0
        whole: list[bytes] = []
        while len(buffer) - start >= 4:
            size = int.from_bytes(buffer[start : start + 4], "big")
            if size > FRAME_MAX:
                raise ValueError(f"a frame of {size} bytes")
            if len(buffer) - start - 4 < size:
                break
            whole.append(bytes(buffer[start + 4 : start + 4 + size]))
            start += 4 + size
        del buffer[:start]
        return whole


def frame(value: Any) -> bytes:
    """One frame."""
    payload = msgspec.msgpack.encode(value)
    return len(payload).to_bytes(4, "big") + payload


_proposals = msgspec.msgpack.Decoder(list[Proposed])
_settings = msgspec.msgpack.Decoder(Settings)


class Writer:
    """The loop around the engine. `disk_free` and `clock_s` are arguments so that tests can turn them."""

    def __init__(
        self,
        channel: socket.socket,
        engine: Engine,
        settings: Settings,
        disk_free: Callable[[], int],
        clock_s: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._channel = channel
        self._engine = engine
        self._settings = settings
        self._disk_free = disk_free
        self._clock_s = clock_s
        self._now_ms = now_ms
        self._waiting: list[Proposed] = []
        self._ended = False
        self._disk_checked_s = float("-inf")
        self._disk_full = False
        self._tidied_s = clock_s()

    def run(self, frames: Frames) -> None:
        """Serve until the other end has closed and everything it sent is settled."""
        while self._gather(frames) or self._waiting:
            if not self._waiting:
                continue
            most = self._settings.batch_max
            batch, self._waiting = self._waiting[:most], self._waiting[most:]
            self._channel.sendall(frame(self._settle(batch)))
            self._tidy_if_due()

    def _gather(self, frames: Frames) -> bool:
        """Wait for work, then take all there is. False when the other end will send no more."""
        wait = not self._waiting
        while not self._ended:
            try:
                data = self._channel.recv(_CHUNK, 0 if wait else socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            self._ended = not data
            for payload in frames.feed(data):
                self._waiting.extend(_proposals.decode(payload))
            wait = not self._waiting
            if len(self._waiting) >= self._settings.batch_max:
                return True
        return False

    def _settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        if self._no_room():
            return [Outcome(0, [Verdict(p.pid, None, "storage_full") for p in batch], [], [])]
        return self._engine.settle(batch)

    def _no_room(self) -> bool:
        """Whether the disk is below the floor; looked up at most once a second."""
        now = self._clock_s()
        if now - self._disk_checked_s >= 1.0:
            self._disk_checked_s = now
            full = self._disk_free() < self._settings.free_disk_floor_bytes
            if full != self._disk_full:
                log.warning(
                    "writes are %s: free disk is %s the floor", *(("off", "below") if full else ("on", "above"))
                )
            self._disk_full = full
        return self._disk_full

    def _tidy_if_due(self) -> None:
        now = self._clock_s()
        if now - self._tidied_s < self._settings.tidy_every_s:
            return
        before_ms = self._now_ms() - self._settings.command_ttl_ms
        if self._engine.tidy(before_ms, self._settings.commits_keep) < HOUSEKEEPING_ROWS:
            self._tidied_s = now  # else there is more to do: again behind the next batch, or it would never catch up


def disk_free_of(url: str) -> Callable[[], int]:
    """How many bytes are free where the database lies; without a bound for one that is not a file of ours."""
    path = path_of(url)
    if path is None:
        return lambda: sys.maxsize
    folder: Path = path.parent

    def free() -> int:
        stat = os.statvfs(folder)
        return stat.f_bavail * stat.f_frsize

    return free


def make_engine(settings: Settings) -> Engine:
    """The engine that the settings name, over a connection of its own.

    Raises `StoreLost`; `Fenced` if the database was restored since the hub looked at it.
    """
    module, _, name = settings.engine.partition(":")
    kind: type[Engine] = getattr(importlib.import_module(module), name)
    holder = secrets.token_hex(12)
    database = connect(settings.url)
    lock.share(database)
    if settings.epoch and database.run(EPOCH)[0] != [(settings.epoch,)]:
        database.close()
        raise Fenced
    return kind(database, settings.bounds, lambda: time.time_ns() // 1_000_000, holder)


def _read_settings(channel: socket.socket, frames: Frames) -> Settings | None:
    while data := channel.recv(_CHUNK):
        for payload in frames.feed(data):
            return _settings.decode(payload)
    return None


def main(fd: int) -> int:
    """Run the writer on the socket `fd`. Returns the exit status."""
    for interruption in (signal.SIGINT, signal.SIGTERM):
        # The hub ends the writer by closing the socket, after the last verdict; a terminal's Ctrl-C reaches both.
        signal.signal(interruption, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="chatd writer: %(message)s", stream=sys.stderr)
    channel = socket.socket(fileno=fd)
    frames = Frames()
    settings = _read_settings(channel, frames)
    if settings is None:
        return 0
    try:
        engine = make_engine(settings)
        spare_the_collector()
        channel.sendall(frame(Ready(engine.n)))
        Writer(channel, engine, settings, disk_free_of(settings.url)).run(frames)
    except StoreLost as error:
        log.error("the database failed: %s", type(error.__cause__ or error).__name__)
        return EXIT_LOST
    except Fenced:
        log.error("another server has taken over this database")
        return EXIT_FENCED
    except (BrokenPipeError, ConnectionResetError):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
