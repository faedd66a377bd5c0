"""What a check found, and how checks are run: each in bounded time, none able to take the others down."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

Level = Literal["ok", "note", "warn", "fail"]

CHECK_S: Final = 15.0
"""So long one group of checks may take: a dead network file system lets no call return."""


class Finding(NamedTuple):
    """One thing that was looked at; `en` and `zh` say what is so and what to do."""

    level: Level
    check: str
    en: str
    zh: str


Check = Callable[[], Iterator[Finding]]


def run_checks(checks: Mapping[str, Check], patience_s: float = CHECK_S) -> Iterator[Finding]:
    """What each check finds, in order."""
    for name, check in checks.items():
        yield from _run_one(name, check, patience_s)


def _run_one(name: str, check: Check, patience_s: float) -> Iterator[Finding]:
    found: queue.SimpleQueue[Finding | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            for finding in check():
                found.put(finding)
        except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, not the end of the others
            kind = type(error).__name__
            en = f"This check itself failed ({kind}: {error}): please report it."
            found.put(Finding("fail", f"{name}.check", en, f"检查本身出错（{kind}: {error}），请报告此问题。"))
        finally:
            found.put(None)

    threading.Thread(target=run, daemon=True, name=f"doctor {name}").start()
    while True:
        try:
            finding = found.get(timeout=patience_s)
        except queue.Empty:
            en = f"No answer within {patience_s:g} s: something below (a disk, a network) hangs."
            yield Finding("fail", f"{name}.time", en, f"{patience_s:g} 秒内没有应答：底层（磁盘或网络）可能卡住了。")
            return
        if finding is None:
            return
        yield finding
