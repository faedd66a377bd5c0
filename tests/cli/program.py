"""`chatd` as a process of its own, the way an operator runs it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, NamedTuple

from tests.cli import forked
from tests.forked import Forked, Forker

PATIENCE_S = 60


class Program:
    """Runs `chatd` in one folder with one database."""

    forker: ClassVar[Forker | None] = None
    """Where commands come from, if not each out of a new interpreter."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.database = folder / "chatd.db"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATD_")}
        self.env = kept | {
            "CHATD_STORE__URL": f"sqlite:///{self.database}",
            "CHATD_STORE__FREE_DISK_FLOOR_MB": "0",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        self.env |= env

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        if self.forker is not None:
            return forked.run(self.forker, arguments, self.folder, self.env | env, PATIENCE_S)
        return subprocess.run(
            [sys.executable, "-m", "chatd", *arguments],
            cwd=self.folder,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def shown(self, *arguments: str, columns: int = 80, **env: str) -> Shown:
        """The same at a terminal of so many columns: what a person sees, without colours."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        env = self.env | {"TERM": "xterm", "NO_COLOR": "1"} | env
        process: Forked | subprocess.Popen[bytes]
        if self.forker is not None:
            process = forked.begin(self.forker, arguments, self.folder, env, theirs, theirs)
        else:
            process = subprocess.Popen(
                [sys.executable, "-m", "chatd", *arguments],
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
            )
        os.close(theirs)
        seen = bytearray()
        deadline = threading.Timer(PATIENCE_S, process.kill)
        deadline.start()
        try:
            with contextlib.suppress(OSError):  # Linux tells so that nobody writes any more
                while piece := os.read(ours, 65_536):
                    seen += piece
            status = process.wait(PATIENCE_S)
        finally:
            deadline.cancel()
            os.close(ours)
        return Shown(status, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode()).replace("\r\n", "\n"))

    @contextmanager
    def serving(self) -> Iterator[Served]:
        """A server on a free port; told to stop at the end, unless it has ended."""
        process = subprocess.Popen(
            [sys.executable, "-m", "chatd", "serve", "--port", "0"],
            cwd=self.folder,
            env=self.env,
            stderr=subprocess.PIPE,
            text=True,
        )
        served = Served(process)
        try:
            served.await_url()
            yield served
        finally:
            served.stop()


class Shown(NamedTuple):
    """What stood on a terminal."""

    status: int
    text: str


class Served:
    """A running `chatd serve`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = ""
        self.log: list[str] = []

    def await_url(self) -> None:
        """Wait until it says where it serves."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if line.startswith("{") and json.loads(line).get("event") == "serving":
                self.url = json.loads(line)["url"]
                return
        raise AssertionError("it did not start:\n" + "".join(self.log))

    def stop(self) -> int:
        """Tell it to stop, as a service manager does. Returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=PATIENCE_S)
        if rest:
            self.log.append(rest)
        return self.process.returncode
