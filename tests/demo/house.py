"""Programs as a person starts them: by a line of a shell, with what they show and what is typed into them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

WAIT_S = 60
ROOT = Path(__file__).parents[2]


class Program:
    """One running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.shown: list[str] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    async def sees(self, *parts: str) -> str:
        """The next line that has all of these in it."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while line := (await self._process.stdout.readline()).decode():
                self.shown.append(line.rstrip("\n"))
                if all(part in line for part in parts):
                    return line.rstrip("\n")
        raise AssertionError(f"ended without {parts}: {self.shown}")

    async def types(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def ends(self, interruption: signal.Signals | None = None) -> int:
        """The exit status, after the end of the input or a signal."""
        assert self._process.stdin is not None
        if interruption is not None:
            self._process.send_signal(interruption)
        self._process.stdin.close()
        async with asyncio.timeout(WAIT_S):
            rest, _ = await self._process.communicate()
        self.shown += rest.decode().splitlines()
        return self._process.returncode or 0


@asynccontextmanager
async def started(line: str, folder: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[Program]:
    """Start a line of a shell in a folder; what still runs at the end is killed."""
    environ = {**os.environ, "PYTHONPATH": path_of_code(), "LANG": "C.UTF-8", "LC_ALL": "", **(environ or {})}
    process = await asyncio.create_subprocess_shell(
        f"exec {line}", cwd=folder, env=environ, stdin=PIPE, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # With whatever a pipe of the line has started.
            await process.communicate()


def path_of_code() -> str:
    """Where the packages lie, for a process that is started somewhere else."""
    return os.pathsep.join(str(ROOT / part) for part in (".", "clients", "migrations", "protocol"))
