"""How long history, search and the chat list take for one person, while a group of a thousand is being talked to, or
while it is not. It must not know tables or repeats.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench.generator import Load, Member, faults_of, write_members
from bench.line import Line
from bench.metrics import read_metrics
from bench.rows import CONNECT_TIMEOUT_S, START_TIMEOUT_S, Bench, Figures, Invalid, Seeded, arguments_of
from bench.seed import Seat
from bench.servers import Server
from bench.subjects import Subject
from bench.workloads import Workload

INDEX_TIMEOUT_S, STEP_S = 600.0, 0.05
PAGE = 50


def ask_beside(bench: Bench, subject: Subject, workload: Workload, seeded: Seeded) -> Figures:
    """One fresh server on a fresh copy; without a rate nobody else does anything.

    Raises:
        Invalid: the load's figures mean nothing.
        LoadFailed, ServerFailed: it did not come to figures.
    """
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=bench.directory))
    try:
        shutil.copytree(seeded.directory, directory, dirs_exist_ok=True)
        with Server(subject, directory, bench.cores.server) as server:
            server.wait_for_hello(seeded.seats[0].token, START_TIMEOUT_S)
            wait_for_index(server.port)
            file = directory / "members"
            write_members(file, (Member(seat.group, "d1", seat.token) for seat in seeded.seats))
            return _ask_beside(bench, workload, server, file, seeded.seats)
    finally:
        shutil.rmtree(directory)


def wait_for_index(port: int) -> None:
    """Until search has everything. Raises `Invalid`."""
    deadline = time.monotonic() + INDEX_TIMEOUT_S
    while time.monotonic() < deadline:
        figures = read_metrics(port)
        if not figures.get("chatd_search_rebuilding", 0) and not figures.get("chatd_search_behind", 0):
            return
        time.sleep(STEP_S)  # how far it is can only be asked again
    raise Invalid(f"the index is not there after {INDEX_TIMEOUT_S:.0f} s")


def _ask_beside(bench: Bench, workload: Workload, server: Server, file: Path, seats: Sequence[Seat]) -> Figures:
    how = arguments_of(workload) if workload.rate else ["--idle"]
    times = ["--warm", bench.warm_s, "--seconds", bench.measured_s, "--drain", bench.drain_s]
    with Load(bench.command(server, file, *how, *times)) as load:
        load.wait_for("ready", CONNECT_TIMEOUT_S)
        if workload.rate:
            load.go()
            load.wait_for("measuring", bench.warm_s + 10)
        asked = _on_core(bench.cores.load, server.port, seats[0], workload.stored, bench.measured_s)
        if workload.rate:
            load.wait_for("measured", bench.measured_s + 10)
        else:
            load.go()
        result = load.wait_for("result", bench.drain_s + 10)
    if faults := faults_of(result):
        raise Invalid(faults)
    beside = {name: float(result[name]) for name in ("delivery_p99_ms", "messages_per_s")} if workload.rate else {}
    return asked | beside


def _on_core(core: int, port: int, seat: Seat, stored: int, seconds: float) -> Figures:
    """We ask from the core of the load: the server has its own to itself."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return uvloop.run(ask(port, seat, stored, seconds))
    finally:
        os.sched_setaffinity(0, before)


async def ask(port: int, seat: Seat, stored: int, seconds: float, *, searches: bool = True) -> Figures:
    """One after another, each kind in turn, for so long."""
    chance = random.Random(7)
    kinds = ("history", "list", "search") if searches else ("history", "list")
    times_ms: dict[str, list[float]] = {kind: [] for kind in kinds}
    async with await Line.dial(port, seat.token, "asking") as line:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s or not all(times_ms.values()):
            for kind, taken in times_ms.items():
                op, asked = _question(kind, seat.group, chance.randrange(PAGE, stored + PAGE), chance)
                began_s = time.perf_counter()
                await line.ask(op, **asked)
                taken.append((time.perf_counter() - began_s) * 1000)
    figures = {f"{kind}_p50_ms": statistics.median(taken) for kind, taken in times_ms.items()}
    figures |= {f"{kind}_p99_ms": sorted(taken)[int(len(taken) * 0.99)] for kind, taken in times_ms.items()}
    return figures | {"asked": float(sum(map(len, times_ms.values())))}


def _question(kind: str, group: str, pos: int, chance: random.Random) -> tuple[str, dict[str, Any]]:
    if kind == "history":
        return "message.history", {"group": group, "before": pos, "limit": PAGE}
    if kind == "list":
        return "group.list", {}
    return "message.search", {"query": f"message {chance.randrange(1, 1000)}", "limit": 20}
