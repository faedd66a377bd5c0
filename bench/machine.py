"""Facts of this machine and of running processes, read from /proc. Linux only.

It must not know what is being measured, or start anything.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MEMORY_FILESYSTEMS = frozenset({"tmpfs", "ramfs"})


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the server gets and which one the load; the same if there is only one."""

    server: tuple[int, ...]
    load: int


def choose_cores(count: int = 1) -> Cores:
    """The server's are the first `count`, the load's is the last: on two cores they share one if `count` is 2."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(server=tuple(allowed[:count]), load=allowed[-1])


def raise_file_limit() -> int:
    """Raise the number of files that may be open to the hard limit, for us and our children; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def filesystem_of(path: Path) -> str:
    """Type of the file system that holds `path`, such as `ext4`."""
    found, kind = "", "unknown"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split()[4].replace("\\040", " ")
        # The longest mount point above the path wins; of two equal ones the later hides the earlier.
        if path.resolve().is_relative_to(mount) and len(mount) >= len(found):
            found, kind = mount, right.split()[0]
    return kind


def measure_fsync_ms(directory: Path, rounds: int = 50) -> float:
    """Median time of appending 4 KiB to a file and making it durable."""
    times_ms = []
    path = directory / "fsync-probe"
    with path.open("wb", buffering=0) as file:
        for _ in range(rounds):
            file.write(bytes(4096))
            began_ns = time.perf_counter_ns()
            os.fdatasync(file.fileno())
            times_ms.append((time.perf_counter_ns() - began_ns) / 1e6)
    path.unlink()
    return statistics.median(times_ms)


def describe_machine(directory: Path) -> dict[str, str]:
    """What a reader has to know to compare the figures with others."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    congestion = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return {
        "processor": f"{len(models)} x {models[0].partition(':')[2].strip()}" if models else platform.machine(),
        "kernel": f"{platform.system()} {platform.release()}, TCP congestion control {congestion}",
        "python": platform.python_version(),
        "load average before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "disk": f"{filesystem_of(directory)} ({directory}), {measure_fsync_ms(directory):.2f} ms per 4 KiB fdatasync",
    }


def descendants_of(pid: int) -> list[int]:
    """The processes that `pid` started, and theirs."""
    children: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        for task in tasks:
            children += [int(child) for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return children + [deeper for child in children for deeper in descendants_of(child)]


def command_of(pid: int) -> str:
    """The command line of a process; empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_running(pid: int) -> bool:
    """Whether the process exists and has not ended; one that has ended may wait a while for whoever adopted it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def rss_bytes(pids: Iterable[int]) -> int:
    """Resident memory, summed; pages that processes share are counted for each."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_ns(pids: Iterable[int]) -> int:
    """Time on a processor so far, all threads summed."""
    return sum(
        int(task.joinpath("schedstat").read_text().split()[0])
        for pid in pids
        for task in Path(f"/proc/{pid}/task").iterdir()
    )


def core_busy_ns(core: int) -> int:
    """Time for which `core` was not idle so far, whoever used it, stolen time included; in steps of a clock tick."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, fields)
            ticks = user + nice + system + irq + softirq + steal
            return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    raise LookupError(f"/proc/stat does not list core {core}")
