"""The server under test: `chatd serve` as a process of its own, its writer as that one's child, and their ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.ports import free_port

REPOSITORY = Path(__file__).parents[2]
SECRET = "a secret of the kill battery, guards nothing"
SHOP_SECRET = "a secret of the battery's shop, guards nothing either"
START_TIMEOUT_S = 60.0
SETTINGS = {
    "CHATD_AUTH__JWT_SECRET": SECRET,
    "CHATD_LIMITS__REQUESTS_PER_S": "100000",
    "CHATD_LIMITS__REQUEST_BURST": "100000",
    "CHATD_LIMITS__USER_REQUESTS_PER_S": "100000",
    "CHATD_LIMITS__USER_REQUEST_BURST": "100000",
    "CHATD_RATES__ON": "false",
    "CHATD_STORE__FREE_DISK_FLOOR_MB": "0",
    "CHATD_MESSAGES__MENTION_ALL_PER_DAY": "100",
    "CHATD_INVITES__OPEN_PER_MAKER": "1000",
    "CHATD_INVITES__REQUEST_AGAIN_S": "0",
    # Groups are told of a changed card in many small steps, so that kills fall between them.
    "CHATD_CATALOGUE__SECRET": SHOP_SECRET,
    "CHATD_CATALOGUE__SETTLE_S": "0.1",
    "CHATD_CATALOGUE__PAUSE_S": "0.05",
    "CHATD_CATALOGUE__GROUPS_PER_COMMIT": "1",
    # Small, so that the ways that are rare in good weather are walked all the time.
    "CHATD_HUB__RING_ENTRIES": "64",
    "CHATD_HUB__PAGE_ENTRIES": "25",
    "CHATD_HUB__SLICE_DELIVERIES": "16",
    "CHATD_HUB__READ_FLUSH_S": "0.2",
    "CHATD_WS__WRITE_HIGH_BYTES": "8192",
    "CHATD_WS__WRITE_LOW_BYTES": "2048",
    "CHATD_WS__SEND_BUFFER_BYTES": "8192",
}


class ServerProcess:
    """Started, killed and started again on the same port and database. `module` is what `python -m` runs."""

    def __init__(self, url: str, home: Path, arguments: Sequence[str] = ("chatd", "serve")) -> None:
        self.url = url
        self.port = free_port()
        self.up = asyncio.Event()
        self.starts = 0
        self.errors: list[str] = []
        """What the servers logged as errors, and what of it was no log line (a traceback)."""
        self._home = home
        self._arguments = arguments
        self._log = home / "server.log"
        self._process: asyncio.subprocess.Process | None = None
        self._end: asyncio.Task[int] | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def ws_url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def admin_socket(self) -> Path:
        """Where the operator asks."""
        return next(self._home.glob("*.sock"))

    @property
    def end(self) -> asyncio.Task[int]:
        """Done as soon as the hub's process has ended, killed or by itself."""
        assert self._end is not None
        return self._end

    @property
    def hub_pid(self) -> int:
        """The process with the sockets."""
        assert self._process is not None
        return self._process.pid

    @property
    def writer_pid(self) -> int | None:
        """The process with the commits; None while there is none."""
        return self._child(b"chatd.store.writer")

    @property
    def search_pid(self) -> int | None:
        """The process that follows the log into the index of search; None while there is none."""
        return self._child(b"chatd.search.program")

    def _child(self, module: bytes) -> int | None:
        """The hub's child that runs this."""
        children: list[int] = []
        for task in Path(f"/proc/{self.hub_pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children += [int(word) for word in task.read_text().split()]
        return next((pid for pid in children if module in _command_line(pid)), None)

    async def start(self) -> None:
        """Start, and wait until it serves. Raises RuntimeError with the last it said, or TimeoutError."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self._arguments,
            "--port",
            str(self.port),
            cwd=self._home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._end = asyncio.create_task(self._process.wait(), name="the end of the server")
        serving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read_log(self._process, serving))
        await asyncio.wait_for(serving, START_TIMEOUT_S)
        self.starts += 1
        self.up.set()

    def environment(self) -> Mapping[str, str]:
        """What the server's processes are started with."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("CHATD_")},
            **SETTINGS,
            "CHATD_STORE__URL": self.url,
            "CHATD_SERVER__STATE_DIR": str(self._home),
            "PYTHONPATH": str(REPOSITORY),
        }

    async def kill(self, *, hub: bool, writer: bool, search: bool = False) -> bool:
        """`kill -9`. A killed hub is waited for. False if there was no writer to kill just now; then nobody was."""
        assert self._process is not None
        pid = self.writer_pid
        if writer and pid is None:
            return False
        if search and (follower := self.search_pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(follower, signal.SIGKILL)
        if hub:
            self.up.clear()
            self._process.kill()
        if writer and pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if hub:
            await self._process.wait()
        return True

    async def stop(self, timeout_s: float = 30.0) -> int:
        """SIGTERM, then the exit status. What does not end is killed."""
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            self.up.clear()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            status = await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            process.kill()
            status = await process.wait()
        if self._reader is not None:
            # The writer holds the same pipe: its end is the writer's end.
            await asyncio.wait_for(self._reader, timeout_s)
        return status

    async def _read_log(self, process: asyncio.subprocess.Process, serving: asyncio.Future[None]) -> None:
        assert process.stderr is not None
        last = b""
        with self._log.open("ab") as log:
            async for line in process.stderr:
                log.write(line)
                log.flush()
                last = line
                if b'"level": "error"' in line or not line.startswith((b"{", b"chatd writer: ", b"chatd search: ")):
                    self.errors.append(line.decode(errors="replace").rstrip())
                if b'"serving"' in line and not serving.done():
                    serving.set_result(None)
        if not serving.done():
            serving.set_exception(RuntimeError(f"the server did not start: {last.decode(errors='replace')}"))


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
