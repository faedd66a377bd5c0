"""What a server under test is to the benchmark, and the two that are of this project. It must not start anything.

The peers, which are of others, are in `bench.peers`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import seed

Role = Literal["own", "main", "other"]
"""Ours; a peer that is in every row; a peer that is in the rows by which one compares them all."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What a server says of a message that it took, in a few words each."""

    stores: str
    durable: str
    ordered: str
    resume: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A server to measure."""

    name: str
    seed: seed.Seed
    command: Callable[[Path, int], list[str]]
    """From the seeded folder and a port of 127.0.0.1 to the command that serves it."""
    title: str = ""
    promises: Promises = Promises("?", "?", "?", "?")
    role: Role = "own"
    dialect: str = "chatd"
    """How the load generator speaks with it."""
    path: str = "/ws"
    subprotocol: str = "chatd.v1.json"
    order: Literal["group", "sender"] = "group"
    """What is judged: that all members see one order, or that what one sender says comes in its order."""
    missing: Callable[[], str] = str
    """Why it cannot be run here; empty if it can."""
    prepare: Callable[[int], None] | None = None
    """What there is to do once its port is open."""

    @property
    def arguments(self) -> Sequence[str]:
        """How the load generator is told what it speaks with."""
        return ["--dialect", self.dialect, "--path", self.path, "--subprotocol", self.subprotocol]


def serve_sketch(directory: Path, port: int) -> list[str]:
    database = str(directory / seed.SKETCH_DATABASE)
    return [sys.executable, "-m", "bench.sketch", "--port", str(port), "--db", database]


def serve_chatd(directory: Path, port: int) -> list[str]:
    return serve_store(f"sqlite:///{directory / seed.CHATD_DATABASE}", directory, port)


def serve_store(url: str, directory: Path, port: int) -> list[str]:
    """With the budgets of a single client lifted: one connection of the generator stands for many people."""
    free = {
        "STORE__URL": url,
        "SERVER__STATE_DIR": str(directory),
        "LIMITS__REQUESTS_PER_S": "1000000",
        "LIMITS__REQUEST_BURST": "1000000",
        "LIMITS__USER_REQUESTS_PER_S": "1000000",
        "LIMITS__USER_REQUEST_BURST": "1000000",
        "RATES__ON": "false",
    }
    settings = [f"CHATD_{name}={value}" for name, value in free.items()]
    return ["env", *settings, sys.executable, "-m", "chatd", "serve", "--port", str(port)]


FSYNC = "yes: fsync before the answer and before any delivery"
CHATD = Subject(
    "chatd",
    seed.seed_chatd,
    serve_chatd,
    "this server, SQLite, synchronous=FULL",
    Promises("yes", FSYNC, "one order for all, numbered", "exactly what was missed"),
)
SKETCH = Subject(
    "sketch",
    seed.seed_sketch,
    serve_sketch,
    "the same path without rules (bench/sketch.py), SQLite, synchronous=FULL",
    Promises("yes", FSYNC, "one order for all, numbered", "no"),
)
SUBJECTS = {subject.name: subject for subject in (SKETCH, CHATD)}
