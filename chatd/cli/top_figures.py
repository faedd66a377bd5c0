"""What `chatd top` shows, from two looks at the server: so much a second, and what each process costs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_RATES: Final = {
    "commands_per_s": "proposals",
    "entries_per_s": "entries",
    "deliveries_per_s": "deliveries",
    "commits_per_s": "commits",
    "batches_per_s": "batches",
    "pages_per_s": "pages_read",
    "searches_per_s": "searches",
}
_NOW: Final = (
    "url",
    "at",
    "sessions",
    "people",
    "bots",
    "groups",
    "sessions_behind",
    "sessions_slow",
    "unsent_bytes",
    "proposals_waiting",
    "reads_unsaved",
    "writer_restarts",
    "fell_behind",
    "search_lag_ms",
    "search_lag_commits",
    "search_rebuilding",
    "jobs",
)


def processes_of(pids: Mapping[str, int | None], proc: Path = Path("/proc")) -> dict[str, dict[str, Any]]:
    """What each process has used: `cpu_s` in sum and `memory_bytes`; None where the system does not tell."""
    return {name: {"pid": pid} | _usage(pid, proc) for name, pid in pids.items() if pid is not None}


def _usage(pid: int, proc: Path) -> dict[str, Any]:
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(") ")[2].split()
        pages = int((proc / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return {"cpu_s": None, "memory_bytes": None}
    ticks = int(fields[11]) + int(fields[12])  # proc(5): utime and stime are fields 14 and 15
    return {"cpu_s": ticks / os.sysconf("SC_CLK_TCK"), "memory_bytes": pages * os.sysconf("SC_PAGE_SIZE")}


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """One picture of the time between two answers of the act `top`, each with `usage` of the processes beside it."""
    passed_s = max(now["at_s"] - before["at_s"], 1e-6)
    shown: dict[str, Any] = {name: now[name] for name in _NOW if name in now}
    shown["interval_s"] = round(passed_s, 3)
    for name, counter in _RATES.items():
        if counter in now:
            shown[name] = round(max(now[counter] - before.get(counter, 0), 0) / passed_s, 2)
    batches = now["batches"] - before["batches"]
    shown["commands_per_batch"] = round((now["proposals"] - before["proposals"]) / batches, 2) if batches > 0 else 0.0
    shown["ms_per_batch"] = round((now["batch_ms"] - before["batch_ms"]) / batches, 2) if batches > 0 else 0.0
    shown["processes"] = {
        name: {
            "pid": one["pid"],
            "cpu_percent": _percent(before["usage"].get(name), one, passed_s),
            "memory_bytes": one["memory_bytes"],
        }
        for name, one in now["usage"].items()
    }
    shown["groups_busy"] = [
        {name: value for name, value in group.items() if name != "entries"}
        | {"entries_per_s": round(group["entries"] / passed_s, 2)}
        for group in now["groups_busy"]
    ]
    return shown


def _percent(before: Mapping[str, Any] | None, now: Mapping[str, Any], passed_s: float) -> float | None:
    """Of one core. None for a process that was not there before, and where the system does not tell."""
    if before is None or before["pid"] != now["pid"] or now["cpu_s"] is None or before["cpu_s"] is None:
        return None
    return round(float(now["cpu_s"] - before["cpu_s"]) / passed_s * 100, 1)
