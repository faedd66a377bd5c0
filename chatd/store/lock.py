"""One server per embedded database: a lock that hub and writer hold together.

An `flock` belongs to the open file, not to a process: the writer inherits the descriptor, and the lock is free only
when both are gone. So nobody can serve, restore or verify a database while an orphaned writer may still commit to it.
PostgreSQL needs no file: there the row in `writers` fences (see `engine.Fenced`).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path


class Held(Exception):
    """Somebody else holds the database."""


def take(
    database: Path,
    wait_s: float = 0.0,
    clock_s: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Lock the database and return the descriptor that holds the lock.

    Waits up to `wait_s` for a previous server that is still on its way out. Raises `Held`.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = clock_s() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if clock_s() >= deadline:
                os.close(fd)
                raise Held(f"{database} is in use by another chatd") from None
            pause(0.02)


def release(fd: int) -> None:
    """Give up this process's share of the lock."""
    os.close(fd)
