"""What the doctor finds, to be asked about."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import Program
from tests.ports import free_port

Found = dict[str, list[dict[str, str]]]


def healthy(folder: Path) -> Program:
    """One that the doctor finds nothing wrong with: room for its connections and files, and a port of its own."""
    room = {"CHATD_WS__MAX_CONNECTIONS": "100", "CHATD_STORE__FREE_DISK_FLOOR_MB": "1"}
    return Program(folder, CHATD_SERVER__PORT=str(free_port()), **room)


def look(program: Program, *arguments: str, status: int = 0, **env: str) -> Found:
    """What the doctor finds, by check."""
    ended = program.run("doctor", "--json", *arguments, **env)
    assert ended.returncode == status, ended.stdout + ended.stderr
    found: Found = {}
    report = json.loads(ended.stdout)
    assert sum(report["counts"].values()) == len(report["findings"])
    for finding in report["findings"]:
        assert finding["en"].rstrip().endswith((".", "'", "?"))
        assert any("\u4e00" <= char <= "\u9fff" or char.isdigit() for char in finding["zh"])
        found.setdefault(finding["check"], []).append(finding)
    return found


def levels(found: Found, check: str) -> set[str]:
    return {finding["level"] for finding in found.get(check, [])}


def text_of(found: Found, check: str) -> str:
    return " ".join(finding["en"] for finding in found[check])


def listing(folder: Path, but: str = "-shm") -> dict[str, tuple[int, int]]:
    """Every file with its time and size; not the map of a WAL, in which every reader leaves its mark, nor those with
    `but` in their name."""
    files = [path for path in sorted(folder.rglob("*")) if not path.name.endswith("-shm") and but not in path.name]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}
