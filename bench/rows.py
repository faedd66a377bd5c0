"""Runs one workload once on one subject and returns its figures, by name. It must not know tables or repeats."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.generator import Event, Load, Member, faults_of, write_members
from bench.machine import Cores
from bench.seed import Seat
from bench.servers import Server, Usage
from bench.subjects import Subject
from bench.workloads import Workload

START_TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 180.0
SETTLE_STEP_S, SETTLE_MAX_S = 0.5, 10.0
WARM_CONNECTIONS = 200
"""Connections that come and go before the first reading of the memory, so that code loaded on demand is not charged to
the idle ones."""
LEAST_IDLE = 0.1
"""Of the measured time the generator must have had nothing to read for so much, or it was what was measured."""

TEXT_BYTES = 64

Figures = dict[str, float]


class Invalid(RuntimeError):
    """A run whose figures mean nothing: something was lost, doubled or refused, or the generator was the limit."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every run needs."""

    generator: Path
    directory: Path
    cores: Cores
    warm_s: float
    measured_s: float
    text_bytes: int = TEXT_BYTES
    drain_s: float = 30
    """How long to wait for what was sent and has not arrived."""

    def command(self, server: Server, members: Path, *extra: object) -> list[str | Path]:
        pin = ["taskset", "-c", str(self.cores.load)] if shutil.which("taskset") else []
        arguments: list[object] = ["--port", server.port, "--members", members, "--text-bytes", self.text_bytes]
        arguments += [*server.subject.arguments, *extra]
        return [*pin, self.generator, *map(str, arguments)]


@dataclass(frozen=True, slots=True)
class Seeded:
    """A filled folder that is copied for every run."""

    directory: Path
    seats: list[Seat]


def seed_once(bench: Bench, subject: Subject, workload: Workload) -> Seeded:
    directory = Path(tempfile.mkdtemp(prefix=f"{subject.name}-{workload.name}-", dir=bench.directory))
    return Seeded(directory, subject.seed(directory, workload.groups, workload.stored))


def run_once(bench: Bench, subject: Subject, workload: Workload, seeded: Seeded) -> Figures:
    """One fresh server on a fresh copy of the seeded folder. The rates of the workload are numbers by now.

    Raises:
        Invalid: the run's figures mean nothing.
        LoadFailed, ServerFailed: it did not come to figures.
    """
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=bench.directory))
    try:
        shutil.copytree(seeded.directory, directory, dirs_exist_ok=True)
        with Server(subject, directory, bench.cores.server) as server:
            start_s = wait_until_ready(server, seeded.seats)
            if workload.kind == "start":
                return {"start_s": start_s}
            if workload.kind == "idle":
                return _hold_idle(bench, workload, server, directory, seeded.seats)
            return _put_load(bench, workload, server, directory, seeded.seats)
    finally:
        shutil.rmtree(directory)


def wait_until_ready(server: Server, seats: Sequence[Seat]) -> float:
    """The seconds until ours accepted a hello; of a peer, whose port has only opened, nothing is said."""
    if server.subject.dialect == "chatd":
        return server.wait_for_hello(seats[0].token, START_TIMEOUT_S)
    server.wait_for_port(START_TIMEOUT_S)
    return 0.0


def arguments_of(workload: Workload) -> list[object]:
    """What the generator is asked to send."""
    if workload.inflight:
        return ["--inflight", workload.inflight]
    hot: list[object] = ["--hot-rate", workload.hot] if workload.hot else []
    return ["--rate", workload.rate, *hot, *(["--stalled", workload.stalled] if workload.stalled else [])]


def _put_load(bench: Bench, workload: Workload, server: Server, directory: Path, seats: Sequence[Seat]) -> Figures:
    file = directory / "members"
    write_members(file, (Member(seat.group, "d1", seat.token) for seat in seats))
    times = ("--warm", bench.warm_s, "--seconds", bench.measured_s, "--drain", bench.drain_s)
    with Load(bench.command(server, file, *arguments_of(workload), *times)) as load:
        load.wait_for("ready", CONNECT_TIMEOUT_S)
        load.go()
        load.wait_for("measuring", bench.warm_s + 10)
        before, small = server.usage(), server.size()
        load.wait_for("measured", bench.measured_s + 10)
        after = server.usage()
        size = server.size()
        result = load.wait_for("result", bench.drain_s + 10)
    _refuse_faults(result, server.subject)
    memory = {"rss_mib": sum(size) / 2**20, "rss_grown_mib": (sum(size) - sum(small)) / 2**20}
    return figures_of(result) | _costs_of(result, before, after) | memory


def _refuse_faults(result: Event, subject: Subject) -> None:
    if faults := faults_of(result, subject.order):
        raise Invalid(faults)
    if result["seconds"] > 0 and result["idle_share"] < LEAST_IDLE:
        raise Invalid(f"the load generator was the limit: idle for {result['idle_share']:.0%} of the time")


def figures_of(result: Event) -> Figures:
    """What the generator measured; of a hot group beside what it measured of the others."""
    latencies = [
        f"{kind}_{share}_ms" for kind in ("ack", "delivery", "last") for share in ("p50", "p99", "p999", "max")
    ]
    names = ["deliveries_per_s", "messages_per_s", *latencies]
    if "hot_messages" in result:
        names += [f"hot_{name}" for name in names]
    return {name: float(result[name]) for name in names} | {
        "connects_per_s": float(result["connects_per_s"]),
        "entries_per_frame": result["delivered"] / max(1, result["frames"]),
        "complete": result["delivered"] / max(1, result["owed"]),
        "out_of_order": float(result["disordered"]),
        "load_cpu": float(result["cpu_share"]),
        "load_idle": float(result["idle_share"]),
        "load_late_p99_ms": float(result["late_p99_ms"]),
    }


def _costs_of(result: Event, before: Usage, after: Usage) -> Figures:
    """Shares of one core, and the work per second of the server's own processor time (robust on a busy core)."""
    spent_ns = after.at_ns - before.at_ns
    hub_ns, writer_ns = after.hub_ns - before.hub_ns, after.writer_ns - before.writer_ns
    others_ns = after.core_ns - before.core_ns - hub_ns - writer_ns
    messages = result["messages"] + result.get("hot_messages", 0)
    deliveries = result["deliveries"] + result.get("hot_deliveries", 0)
    return {
        "hub_cpu": hub_ns / spent_ns,
        "writer_cpu": writer_ns / spent_ns,
        "others_cpu": max(0.0, others_ns / spent_ns),
        "cpu_us_per_delivery": (hub_ns + writer_ns) / 1e3 / max(1, deliveries),
        "deliveries_per_cpu_s": deliveries * 1e9 / (hub_ns + writer_ns),
        "messages_per_cpu_s": messages * 1e9 / (hub_ns + writer_ns),
    }


def _hold_idle(bench: Bench, workload: Workload, server: Server, directory: Path, seats: Sequence[Seat]) -> Figures:
    file, few = directory / "members", directory / "few"
    members = [Member(seat.group, f"d{n}", seat.token) for seat in seats for n in range(1, workload.devices + 1)]
    write_members(file, members)
    write_members(few, members[:WARM_CONNECTIONS])
    _open_and_close(bench, server, few)
    before = server.size()
    with Load(bench.command(server, file, "--idle")) as load:
        load.wait_for("ready", CONNECT_TIMEOUT_S)
        _settle(server)
        after = server.size()
        load.go()
        result = load.wait_for("result", 10)
    _refuse_faults(result, server.subject)
    count = len(members)
    return {
        "kib_per_connection": (after.hub - before.hub) / count / 1024,
        "writer_kib_per_connection": (after.writer - before.writer) / count / 1024,
        "hub_mib": after.hub / 2**20,
        "writer_mib": after.writer / 2**20,
        "connects_per_s": float(result["connects_per_s"]),
    }


def _open_and_close(bench: Bench, server: Server, members: Path) -> None:
    with Load(bench.command(server, members, "--idle")) as load:
        load.wait_for("ready", CONNECT_TIMEOUT_S)
        load.go()
        load.wait_for("result", 10)
    _settle(server)


def _settle(server: Server) -> None:
    """Wait until the memory of the server no longer changes, for a bounded time."""
    size, deadline = server.size(), time.monotonic() + SETTLE_MAX_S
    while time.monotonic() < deadline:
        time.sleep(SETTLE_STEP_S)  # of memory the kernel tells nobody: it can only be looked at again
        earlier, size = size, server.size()
        if size == earlier:
            return
