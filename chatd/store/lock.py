"""One server per embedded database: a lock that hub and writer hold together.

An `flock` belongs to the open file, not to a process: the writer inherits the descriptor, and the lock is free only
when both are gone. So nobody can serve, restore or verify a database while an orphaned writer may still commit to it.
On PostgreSQL the row in `writers` fences (see `engine.Fenced`), so that nobody can commit behind another's back; and a
lock of the database itself, of which every writer holds a share, tells that somebody serves. It is free when their
connections are gone.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatd.store.database import Database

SERVED: Final = 0x63686174_73727664  # "chatsrvd": whoever serves a PostgreSQL database holds a share of it


class Held(Exception):
    """Somebody else holds the database; `database` is its file, or its kind."""

    def __init__(self, database: Path | str) -> None:
        self.database = database
        super().__init__(f"{database} is in use by another chatd")


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
                raise Held(database.absolute()) from None
            pause(0.02)


def release(fd: int) -> None:
    """Give up this process's share of the lock."""
    os.close(fd)


def share(database: Database) -> None:
    """Say, as long as this connection lasts, that its database is being served. Waits for whoever takes it whole; on
    SQLite the lock of the file says it. Raises `StoreLost` after a while."""
    if database.kind == "postgresql":
        database.run("SELECT pg_advisory_lock_shared(?)", (SERVED,))
