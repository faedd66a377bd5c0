"""Everybody comes back at once, each having missed something in each of many groups: after a restart of the server, or
to one that has been running and has what was missed at hand.

It must not know tables or repeats.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
import uvloop

from bench.generator import Load, Member, faults_of, write_members
from bench.line import Line
from bench.metrics import read_metrics
from bench.rows import Bench, Figures, Invalid, Seeded
from bench.seed import Seat, group_id
from bench.servers import Server
from bench.storm_seed import groups_of
from bench.subjects import Subject
from bench.workloads import Storm

START_TIMEOUT_S, LIVE_TIMEOUT_S = 120.0, 180.0
PATIENCE_S = 120
"""How long the generator waits for everybody to have everything."""
AT_ONCE = 500
"""Connections that are being opened at the same time: more would only wait in the kernel's queue."""


def run_storm(bench: Bench, subject: Subject, storm: Storm, seeded: Seeded) -> Figures:
    """One fresh server on a fresh copy, and all that come back to it.

    Raises:
        Invalid: somebody did not get exactly what they missed.
        LoadFailed, ServerFailed: it did not come to figures.
    """
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=bench.directory))
    try:
        shutil.copytree(seeded.directory, directory, dirs_exist_ok=True)
        with Server(subject, directory, bench.cores.server) as server:
            server.wait_for_hello(token_of(seeded.seats[0]), START_TIMEOUT_S)
            if not storm.running:
                return _come_back(bench, server, storm, directory, seeded.seats)
            with _some_stay(bench, server, storm, directory, seeded.seats):
                uvloop.run(say_what_is_missed(server.port, storm, seeded.seats))
                return _come_back(bench, server, storm, directory, seeded.seats)
    finally:
        shutil.rmtree(directory)


def token_of(seat: Seat) -> str:
    token: str = orjson.loads(seat.token)["data"]["token"]
    return token


@contextmanager
def _some_stay(bench: Bench, server: Server, storm: Storm, directory: Path, seats: Sequence[Seat]) -> Iterator[None]:
    """As many as it takes to have somebody in each group, as it is where a server runs."""
    file = directory / "staying"
    step = storm.groups // storm.each
    write_members(file, (Member(group_id(groups_of(storm, n)[0]), "stays", token_of(seats[n])) for n in range(step)))
    with Load(bench.command(server, file, "--idle")) as load:
        load.wait_for("ready", LIVE_TIMEOUT_S)
        yield


def _come_back(bench: Bench, server: Server, storm: Storm, directory: Path, seats: Sequence[Seat]) -> Figures:
    file = directory / "members"
    write_members(file, (Member(seat.group, "-", seat.token) for seat in seats))
    before = read_metrics(server.port)
    began = server.usage()
    how = ("--idle", "--dialect", "storm", "--handshakes", AT_ONCE, "--patience", PATIENCE_S)
    with Load(bench.command(server, file, *how)) as load:
        load.wait_for("ready", LIVE_TIMEOUT_S)
        ended, after = server.usage(), read_metrics(server.port)
        load.go()
        result = load.wait_for("result", 10)
    if faults := faults_of(result):
        raise Invalid(faults)
    pages = after["chatd_pages_read_total"] - before["chatd_pages_read_total"]
    return {
        "live_s": float(result["connect_s"]),
        "live_p50_ms": float(result["last_p50_ms"]),
        "live_p99_ms": float(result["last_p99_ms"]),
        "clients_per_s": storm.people / result["connect_s"],
        "missed": float(storm.people * storm.each * storm.missed),
        "pages": pages,
        "pages_per_group": pages / storm.groups,
        "server_cpu_s": (ended.hub_ns + ended.writer_ns - began.hub_ns - began.writer_ns) / 1e9,
    }


async def say_what_is_missed(port: int, storm: Storm, seats: Sequence[Seat]) -> None:
    """As many of the people as are needed to reach every group say it while all others are away."""
    step = storm.groups // storm.each
    for person in range(step):
        async with await Line.dial(port, token_of(seats[person]), "before") as line:
            for number in groups_of(storm, person):
                await asyncio.gather(*(_say(line, group_id(number)) for _ in range(storm.missed)))


async def _say(line: Line, group: str) -> None:
    cid = secrets.token_urlsafe(16)
    await line.ask("message.send", group=group, cid=cid, kind="text", body={"text": "what is missed"})
