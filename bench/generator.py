"""Compiles the load generator and talks to it. It must not know servers or workloads.

The generator is C (`load/load.c`): one written in Python would be slower than what it measures.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

SOURCE = Path(__file__).parent / "load" / "load.c"
COMPILERS = ("cc", "gcc", "clang")
FAULTS = ("missing", "doubled", "disordered", "unsorted", "strayed", "mismatched", "unacked", "errors", "closed")
"""Counters of a result that are 0 when everybody got everything once, in order, under one number."""

Event = dict[str, Any]


class NoCompiler(RuntimeError):
    """No C compiler on the PATH."""


class LoadFailed(RuntimeError):
    """The generator stopped before its result, or took too long."""


class Member(NamedTuple):
    """One connection: whose token, on which device, and the group it reads."""

    group: str
    device: str
    token: str


def compile_generator(directory: Path) -> Path:
    """Compile the load generator into `directory` and return the program. Raises as `compile_c`."""
    return compile_c(SOURCE, directory / "load")


def compile_c(source: Path, program: Path) -> Path:
    """Compile one file and what it includes.

    Raises:
        NoCompiler: there is none of `cc`, `gcc`, `clang`.
        subprocess.CalledProcessError: it does not compile; the compiler has said why on stderr.
    """
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise NoCompiler(f"the load generator is C and needs a compiler: none of {', '.join(COMPILERS)} is on the PATH")
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source], check=True)
    return program


def write_members(path: Path, members: Iterable[Member]) -> None:
    path.write_text("".join(f"{member.group} {member.device} {member.token}\n" for member in members))
    path.chmod(0o600)  # tokens


class Load:
    """A running generator: its events come one by one, each with a bound on the wait."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def wait_for(self, name: str, timeout_s: float) -> Event:
        """Read events until the one called `name`.

        Raises:
            LoadFailed: the generator ended first, or `timeout_s` went by.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            event: Event = json.loads(self._read_line(deadline, name))
            if event["event"] == name:
                return event

    def go(self) -> None:
        """Let it begin to send (or, when idle, hang up)."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def _read_line(self, deadline: float, name: str) -> bytes:
        assert self._process.stdout is not None
        while b"\n" not in self._unread:
            readable, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                raise LoadFailed(f"the load generator did not say {name!r} in time")
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise LoadFailed(self._last_words() or f"the load generator ended before {name!r}")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace").strip()


def faults_of(result: Event, order: str = "group") -> str:
    """What is wrong with a result, in words; empty if nothing is. Where only the order of each sender is promised
    (`order` is "sender"), that members see different orders is no fault."""
    judged = [name for name in FAULTS if not (name == "disordered" and order == "sender")]
    found = [f"{name} {result[name]}" for name in judged if result[name]]
    if found and result["first_error"]:
        found.append(result["first_error"])
    return ", ".join(found)
