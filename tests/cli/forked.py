"""Commands that are up at once: forked from a process that has imported them, see `tests.forked`.

A command spends half a second of a core on imports, and these tests run hundreds. Each is still a process of its own,
with its own environment, folder and streams, a terminal among them; servers, and what is killed, are started as an
operator starts them.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import chatd
import chatd.cli
from tests.forked import Forked, Forker, Request, run_as, serve


def begin(forker: Forker, arguments: tuple[str, ...], folder: Path, env: dict[str, str], out: int, err: int) -> Forked:
    """Begin a command that writes to these descriptors."""
    return forker.fork({"arguments": arguments, "folder": str(folder), "env": env}, [out, err])


def run(forker: Forker, arguments: tuple[str, ...], folder: Path, env: dict[str, str], timeout_s: float) -> Done:
    """Run a command to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        forked = begin(forker, arguments, folder, env, out.fileno(), err.fileno())
        try:
            status = forked.wait(timeout_s)
        except subprocess.TimeoutExpired:
            forked.kill()
            raise
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return Done([*arguments], status, *said)


Done = subprocess.CompletedProcess[str]


def _command(request: Request, fds: list[int]) -> NoReturn:
    run_as(request, fds[0], fds[1], lambda: _main(request["arguments"]))


def _main(arguments: list[str]) -> int:
    sys.argv[1:] = arguments
    if sys.stdout.isatty() and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # as an interpreter that starts at a terminal has it
    try:
        chatd.cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


if __name__ == "__main__":
    for module in pkgutil.walk_packages(chatd.__path__, "chatd."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    serve(socket.socket(fileno=int(sys.argv[1])), _command)
