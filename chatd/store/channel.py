"""A writer's process and the socket to it, before anybody knows what is said there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Protocol, cast

from chatd.store.writer import Frames


class Process(Protocol):
    """A writer's process."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended. Raises `subprocess.TimeoutExpired`."""

    def kill(self) -> None:
        """End it now."""


def launch(fd: int, inherit: tuple[int, ...]) -> Process:
    """Start a writer that has the socket `fd` and keeps `inherit` open. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-m", "chatd.store.writer", str(fd)], pass_fds=(fd, *inherit), stdin=subprocess.DEVNULL
    )


class Listener(Protocol):
    """Who is told what comes from a writer."""

    def channel_heard(self, channel: Channel, payloads: list[bytes]) -> None:
        """Frames came."""

    def channel_lost(self, channel: Channel) -> None:
        """The socket has ended."""


class Channel(asyncio.Protocol):
    """One writer's end of the socket. What a former writer's says no longer counts."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.frames = Frames()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._listener.channel_heard(self, self.frames.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._listener.channel_lost(self)
