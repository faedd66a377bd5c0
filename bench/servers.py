"""Starts a server under test on its own core, says when it is ready, what it uses, and stops it.

It must not know workloads. What differs between the subjects is in `Subject`: how a database is filled and which
command serves it. The process that the command starts is the hub; every process below it counts as writer.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from bench import machine
from bench.subjects import Subject

JSON = Subprotocol("chatd.v1.json")
STOP_S = 20.0
RETRY_S = 0.002


class ServerFailed(RuntimeError):
    """A server did not start, refused the hello, or did not stop."""


class Usage(NamedTuple):
    """What the processes used so far, and how busy their cores were, in nanoseconds."""

    at_ns: int
    hub_ns: int
    writer_ns: int
    core_ns: int


class Size(NamedTuple):
    """Resident memory in bytes."""

    hub: int
    writer: int


class Server:
    """A running server. Leaving the `with` block stops it."""

    def __init__(self, subject: Subject, directory: Path, cores: Sequence[int]) -> None:
        self.port, self.subject, self._cores = free_port(), subject, cores
        self._log = directory / "server.log"
        pin = ["taskset", "-c", ",".join(map(str, cores))] if shutil.which("taskset") else []
        self._began = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                pin + subject.command(directory, self.port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[1],
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        below = machine.descendants_of(self._process.pid)
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
            if error is None:
                raise ServerFailed(f"no end {STOP_S:.0f} s after SIGTERM: {self._last_words()}") from None
        finally:
            wait_for_end(below)

    def wait_for_hello(self, token: str, timeout_s: float) -> float:
        """Try until a hello is accepted; returns the seconds from the start of the process to its response.

        Raises:
            ServerFailed: the process ended, refused, or `timeout_s` went by.
        """
        while time.monotonic() - self._began < timeout_s:
            if self._process.poll() is not None:
                raise ServerFailed(f"ended with {self._process.returncode}: {self._last_words()}")
            try:
                response = say_hello(self.port, token, timeout_s)
            except (OSError, WebSocketException):
                time.sleep(RETRY_S)  # the port of a program that is only starting: nothing tells when it opens
                continue
            if "ok" not in response:
                raise ServerFailed(f"hello was refused: {response}")
            return time.monotonic() - self._began
        raise ServerFailed(f"no hello accepted within {timeout_s:.0f} s: {self._last_words()}")

    def wait_for_port(self, timeout_s: float) -> None:
        """Until it takes connections, and what else a peer needs is done. Raises `ServerFailed`."""
        while time.monotonic() - self._began < timeout_s:
            if self._process.poll() is not None:
                raise ServerFailed(f"ended with {self._process.returncode}: {self._last_words()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout_s).close()
            except OSError:
                time.sleep(RETRY_S)  # the port of a program that is only starting: nothing tells when it opens
                continue
            if self.subject.prepare is not None:
                self.subject.prepare(self.port)
            return
        raise ServerFailed(f"no port within {timeout_s:.0f} s: {self._last_words()}")

    def usage(self) -> Usage:
        pid = self._process.pid
        below = machine.descendants_of(pid)
        busy_ns = sum(machine.core_busy_ns(core) for core in self._cores)
        return Usage(time.monotonic_ns(), machine.cpu_ns([pid]), machine.cpu_ns(below), busy_ns)

    def processes_named(self, name: str) -> list[int]:
        """The processes below the server whose command line has `name` in it."""
        return [pid for pid in machine.descendants_of(self._process.pid) if name in machine.command_of(pid)]

    def size(self) -> Size:
        pid = self._process.pid
        return Size(machine.rss_bytes([pid]), machine.rss_bytes(machine.descendants_of(pid)))

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:].strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def say_hello(port: int, token: str, timeout_s: float) -> dict[str, Any]:
    """One connection, one `session.hello`, its response."""
    hello = {"id": 1, "op": "session.hello", "data": {"token": token, "device": "first"}}
    uri = f"ws://127.0.0.1:{port}/ws"
    with connect(uri, subprotocols=[JSON], compression=None, open_timeout=timeout_s, proxy=None) as ws:
        ws.send(orjson.dumps(hello), text=True)
        while True:
            message: dict[str, Any] = orjson.loads(ws.recv(timeout=timeout_s))
            if message.get("re") == 1:
                return message


def wait_for_end(pids: list[int]) -> None:
    """Wait until the processes below a stopped server are gone; they are not our children, so this looks at /proc."""
    deadline = time.monotonic() + STOP_S
    while any(machine.is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise ServerFailed(f"processes of the server are still there: {pids}")
        time.sleep(RETRY_S)  # of another's children the kernel tells us nothing
