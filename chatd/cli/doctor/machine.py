"""The machine: Python and the libraries, the clock, and what the system allows a process."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import importlib.util
import os
import platform
import re
import resource
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chatd import __version__
from chatd.cli.doctor.findings import Finding
from chatd.config import Config

PYTHON_MIN: Final = (3, 11)
SQLITE_MIN: Final = (3, 38)  # json_each as a table in joins, RETURNING
SPARE_FILES: Final = 100
"""Descriptors beside those of connections: the database, readers, pipes, logs."""
MEMORY_MB: Final = 256
SOMAXCONN: Final = 1024
_EARLIEST: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_LATEST: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def check_programs() -> Iterator[Finding]:
    """Versions of Python, SQLite and the libraries."""
    python = platform.python_version()
    yield Finding(
        "ok", "versions.chatd", f"chatd {__version__} on Python {python}.", f"chatd {__version__}，Python {python}。"
    )
    yield _loops()
    found = sqlite3.sqlite_version_info
    if found < SQLITE_MIN:
        needed = ".".join(map(str, SQLITE_MIN))
        en = f"SQLite {sqlite3.sqlite_version} is too old: this Python needs one of {needed} or newer."
        yield Finding("fail", "versions.sqlite", en, f"SQLite {sqlite3.sqlite_version} 太旧：需要 {needed} 或更新。")
    else:
        yield Finding(
            "ok", "versions.sqlite", f"SQLite {sqlite3.sqlite_version}.", f"SQLite {sqlite3.sqlite_version}。"
        )
    try:
        required = importlib.metadata.requires("chatd") or []
    except importlib.metadata.PackageNotFoundError:
        required = []  # run from a tree that was not installed
    yield from check_libraries(required)


def _loops() -> Finding:
    if importlib.util.find_spec("chatd.hub._delivery") is not None:
        return Finding("ok", "versions.loops", "The loops over members run in C.", "逐个成员投递的循环使用 C 版本。")
    en = "The loops over members run in Python, which is slower: install chatd where there is a C compiler."
    return Finding(
        "note",
        "versions.loops",
        en,
        "逐个成员投递的循环使用 Python 版本，速度较慢：请在有 C 编译器的机器上安装 chatd。",
    )


def check_libraries(required: list[str]) -> Iterator[Finding]:
    """Whether what is installed is what this version was made for; `required` as the package's metadata say it."""
    wrong = [problem for line in required if "extra ==" not in line and (problem := _unfit(line))]
    for name, has, wanted in wrong:
        en = f"{name} {has or 'is missing'}, but {wanted} is needed: pip install '{name}{wanted}'"
        yield Finding(
            "fail", "versions.libraries", en, f"{name} {has or '未安装'}，需要 {wanted}：pip install '{name}{wanted}'"
        )
    if required and not wrong:
        count = sum("extra ==" not in line for line in required)
        yield Finding("ok", "versions.libraries", f"All {count} libraries fit.", f"{count} 个依赖库版本都合适。")


def _unfit(line: str) -> tuple[str, str, str] | None:
    """Name, version and wanted range of a library that is not what a requirement asks for."""
    parts = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?\s*([^;]*)", line)
    assert parts is not None
    name, wanted = parts[1], parts[2].strip()
    try:
        has = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return name, "", wanted
    for bound in filter(None, wanted.split(",")):
        sign, number = re.match(r"\s*(>=|<|==|!=)\s*([\w.]+)", bound).groups()  # type: ignore[union-attr]
        mine, theirs = _numbers(has), _numbers(number)
        if not {">=": mine >= theirs, "<": mine < theirs, "==": mine == theirs, "!=": mine != theirs}[sign]:
            return name, has, wanted
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0]))[:4]


def check_clock(now_s: float | None = None) -> Iterator[Finding]:
    """Whether the time of day can be true."""
    now = dt.datetime.fromtimestamp(time.time() if now_s is None else now_s, dt.UTC)
    if _EARLIEST <= now < _LATEST:
        yield Finding("ok", "clock.now", f"{now:%Y-%m-%d %H:%M:%S} UTC.", f"{now:%Y-%m-%d %H:%M:%S} UTC。")
    else:
        en = f"{now:%Y-%m-%d} cannot be today: set the clock (NTP) before tokens and messages get wrong times."
        yield Finding(
            "fail", "clock.now", en, f"{now:%Y-%m-%d} 不可能是今天：请先校准时钟（NTP），否则令牌和消息的时间都会错。"
        )


def check_limits(config: Config, proc: Path = Path("/proc")) -> Iterator[Finding]:
    """What the system allows a process."""
    wanted = config.ws.max_connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = f"{soft}/{hard}"
    if hard != resource.RLIM_INFINITY and hard < wanted:
        en = f"{hard} open files at most, [ws] max_connections takes {wanted}: raise LimitNOFILE (ulimit -Hn)."
        zh = f"最多 {hard} 个打开文件，[ws] max_connections 需要 {wanted}：请提高 LimitNOFILE（ulimit -Hn）。"
        yield Finding("warn", "limits.files", en, zh)
    else:
        yield Finding(
            "ok",
            "limits.files",
            f"Open files: {files}; serve takes the larger.",
            f"打开文件数：{files}，serve 会取较大者。",
        )
    if (space := resource.getrlimit(resource.RLIMIT_AS)[0]) != resource.RLIM_INFINITY:
        en = f"Memory of a process is limited to {space // 2**20} MB (ulimit -v): a server that hits it ends."
        yield Finding(
            "warn",
            "limits.address_space",
            en,
            f"进程内存被限制为 {space // 2**20} MB（ulimit -v）：超出时服务器会退出。",
        )
    yield from _memory(proc)
    backlog = _number(proc / "sys/net/core/somaxconn")
    if backlog is not None and backlog < SOMAXCONN:
        en = f"net.core.somaxconn is {backlog}: when all come back at once, some wait; sysctl -w it to {SOMAXCONN}."
        yield Finding(
            "note",
            "limits.somaxconn",
            en,
            f"net.core.somaxconn 为 {backlog}：大量同时重连时会排队，可用 sysctl 调到 {SOMAXCONN}。",
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 2:
        en, zh = (
            "One core: the server and its writer share it; two are better.",
            "只有一个核：服务器与写入进程共用，最好有两个。",
        )
        yield Finding("note", "limits.cores", en, zh)
    else:
        yield Finding("ok", "limits.cores", f"{cores} cores.", f"{cores} 个核。")


def _memory(proc: Path) -> Iterator[Finding]:
    try:
        lines = (proc / "meminfo").read_text(encoding="ascii")
    except OSError:
        return  # no Linux
    found = re.search(r"^MemAvailable:\s+(\d+) kB", lines, re.MULTILINE)
    free_mb = int(found[1]) // 1024 if found else 0
    if free_mb < MEMORY_MB:
        en = f"{free_mb} MB of memory are free: a server wants {MEMORY_MB} MB at least."
        yield Finding("warn", "limits.memory", en, f"可用内存 {free_mb} MB：服务器至少需要 {MEMORY_MB} MB。")
    else:
        yield Finding("ok", "limits.memory", f"{free_mb} MB of memory are free.", f"可用内存 {free_mb} MB。")


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
