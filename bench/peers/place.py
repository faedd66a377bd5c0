"""Where the peers are kept that had to be fetched or built, and what is there. It must not fetch anything.

One folder per user, outside of this repository: `~/.cache/chatd-bench`, or what CHATD_BENCH_PEERS names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

SOURCES = Path(__file__).parent


def folder() -> Path:
    named = os.environ.get("CHATD_BENCH_PEERS")
    return Path(named) if named else Path.home() / ".cache" / "chatd-bench"


def python() -> Path:
    """The interpreter of the environment with FastAPI and NATS in it."""
    return folder() / "python" / "bin" / "python"


def nats_server() -> Path:
    return folder() / "python" / "bin" / "nats-server"


def node_modules() -> Path:
    return folder() / "node" / "node_modules"


def centrifuge() -> Path:
    return folder() / "centrifuge" / "server"


def ejabberd() -> Path:
    """The root of what the packages hold, unpacked."""
    return folder() / "ejabberd"


def needs_file(path: Callable[[], Path], how: str) -> Callable[[], str]:
    """A check for a peer that is there once a file is; `how` is the word after `python -m bench.peers`."""
    return lambda: "" if path().exists() else f"not fetched: python -m bench.peers {how}"


def needs_program(name: str, check: Callable[[], str]) -> Callable[[], str]:
    """That check, for a peer that also needs a program of the machine."""
    return lambda: check() if shutil.which(name) else f"there is no {name} on the PATH"
