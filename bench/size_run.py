"""Measures one size of one kind. It must not know tables.

Writing is measured at the commit engine, in this process: which rows and bytes a message costs depends on no socket.
Reading is measured over a socket, at a server of its own.
"""

from __future__ import annotations

import os
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench import machine
from bench.asking import ask
from bench.generator import compile_generator
from bench.line import Line
from bench.rows import Bench, Figures, run_once, seed_once
from bench.seed import CHATD_DATABASE, START_MS, Seat, found_group, group_id
from bench.servers import Server
from bench.storm_seed import seed_people, tokens_of, user_id
from bench.subjects import CHATD
from bench.workloads import Storm, Workload
from chatd.core.limits import Bounds
from chatd.core.messages import Send
from chatd.core.values import User
from chatd.store import users
from chatd.store.database import Sqlite
from chatd.store.engine import Engine
from chatd.store.migrate import migrate
from chatd.store.outcome import Proposed

START_TIMEOUT_S = 120.0
MESSAGES, BATCH = 256, 64
"""Messages of a measurement of writing, once one by one and once so many at a time."""
FEW_GROUPS, FEW_PEOPLE = 50, 10


Measure = Callable[[int, float, Path], Figures]
"""From a size, the seconds to ask for and an empty folder."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Something that grows, and what is measured at each size."""

    title: str
    unit: str
    expected: str
    sizes: Sequence[int]
    measure: Measure


def measure_members(size: int, seconds: float, folder: Path) -> Figures:
    """What it costs to write a message to a group of so many; nobody of them is connected."""
    database = _seed_group(folder, size)
    clock = START_MS
    engine = Engine(database, Bounds(), lambda: clock, "bench")
    singles = [[_message(n)] for n in range(MESSAGES)]
    batches = [[_message(n) for n in range(at, at + BATCH)] for at in range(MESSAGES, 2 * MESSAGES, BATCH)]
    figures = {f"alone_{name}": value for name, value in _write(database, engine, folder, singles).items()}
    figures |= {f"joined_{name}": value for name, value in _write(database, engine, folder, batches).items()}
    database.close()
    return figures


def _write(database: Sqlite, engine: Engine, folder: Path, batches: Sequence[Sequence[Proposed]]) -> Figures:
    log = folder / f"{CHATD_DATABASE}-wal"
    database.run("PRAGMA wal_autocheckpoint=0")
    database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    before, count, times_ms = _rows_written(database), sum(map(len, batches)), []
    for batch in batches:
        began_s = time.perf_counter()
        outcomes = engine.settle(batch)
        times_ms.append((time.perf_counter() - began_s) * 1000 / len(batch))
        refused = [verdict.code for outcome in outcomes for verdict in outcome.verdicts if verdict.answer is None]
        assert not refused, refused
    return {
        "rows": (_rows_written(database) - before) / count,
        "bytes": log.stat().st_size / count,
        "commit_p50_ms": statistics.median(times_ms),
    }


def _rows_written(database: Sqlite) -> int:
    rows, _ = database.run("SELECT total_changes()")
    return int(rows[0][0])


def _message(number: int) -> Proposed:
    body = {"text": "0" * 64}
    send = Send(user_id(0), secrets.token_urlsafe(16), secrets.token_bytes(16), group_id(1), "text", body, None, None)
    return Proposed(number, send)


def _seed_group(folder: Path, size: int) -> Sqlite:
    migrate(f"sqlite:///{folder / CHATD_DATABASE}")
    database = Sqlite(folder / CHATD_DATABASE)
    names = [user_id(number) for number in range(size)]
    database.begin()
    rows = (users.row_of_new(User(name, name, "", START_MS, upos=0, groups=1)) for name in names)
    database.write(users.INSERT, list(rows))
    found_group(database, 1, names, 0, START_MS)
    database.commit()
    return database


def measure_online(size: int, seconds: float, folder: Path) -> Figures:
    """What a delivery costs in a group of so many who are all connected, one message in flight."""
    generator = compile_generator(folder)
    bench = Bench(generator, folder, machine.choose_cores(), min(1, seconds), seconds)
    workload = Workload("online", "", "load", (size,), inflight=1)
    figures = run_once(bench, CHATD, workload, seed_once(bench, CHATD, workload))
    return {name: figures[name] for name in ("cpu_us_per_delivery", "last_p50_ms", "last_p99_ms", "entries_per_frame")}


def measure_stored(size: int, seconds: float, folder: Path) -> Figures:
    """What a page of history, the chat list and a message cost with so many messages stored, in 50 groups."""
    seed_people(folder, Storm(FEW_PEOPLE, FEW_GROUPS, FEW_GROUPS, 0, False), size // FEW_GROUPS)
    return _ask(folder, size // FEW_GROUPS, seconds)


def measure_groups(size: int, seconds: float, folder: Path) -> Figures:
    """What the chat list and coming in cost somebody who is in so many groups."""
    seed_people(folder, Storm(FEW_PEOPLE, size, size, 0, False), 10)
    return _ask(folder, 10, seconds)


def _ask(folder: Path, stored: int, seconds: float) -> Figures:
    cores = machine.choose_cores()
    seat = Seat(group_id(1), tokens_of(folder, 1)[0])
    with Server(CHATD, folder, cores.server) as server:
        server.wait_for_hello(seat.token, START_TIMEOUT_S)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {cores.load})
        try:
            asked = uvloop.run(ask(server.port, seat, stored, seconds, searches=False))
            del asked["asked"]  # a count of questions, not a cost
            return asked | uvloop.run(_come_and_say(server.port, seat, seconds / 2))
        finally:
            os.sched_setaffinity(0, before)


async def _come_and_say(port: int, seat: Seat, seconds: float) -> Figures:
    """A connection with its hello, and a message with its answer, one after another."""
    came_ms: list[float] = []
    said_ms: list[float] = []
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s or not came_ms:
        began_s = time.perf_counter()
        async with await Line.dial(port, seat.token, "coming") as line:
            came_ms.append((time.perf_counter() - began_s) * 1000)
            began_s = time.perf_counter()
            cid = secrets.token_urlsafe(16)
            await line.ask("message.send", group=seat.group, cid=cid, kind="text", body={"text": "0" * 64})
            said_ms.append((time.perf_counter() - began_s) * 1000)
    return {
        f"{kind}_{share}_ms": value
        for kind, taken in (("hello", came_ms), ("say", said_ms))
        for share, value in (("p50", statistics.median(taken)), ("p99", sorted(taken)[int(len(taken) * 0.99)]))
    }


SCALES = {
    "members": Scale(
        "Writing a message, against members of its group",
        "members",
        "Wanted: the same rows and bytes, whatever the size.",
        [10**power for power in range(1, 7)],
        measure_members,
    ),
    "online": Scale(
        "Delivering a message, against members of its group who are online",
        "online",
        "Wanted: the same per delivery, or less.",
        [10**power for power in range(1, 5)],
        measure_online,
    ),
    "stored": Scale(
        "Reading and writing, against messages stored",
        "messages",
        "Wanted: flat, or growing with the logarithm.",
        [10**power for power in range(4, 8)],
        measure_stored,
    ),
    "groups": Scale(
        "Reading and writing, against groups of the person",
        "groups",
        "Wanted: no more than in proportion to what is shown, which is a page.",
        [1, 10, 100, 1000, 2000],
        measure_groups,
    ),
}
