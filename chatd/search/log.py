"""The log as the follower reads it: pages, without ever holding the writer up."""

from __future__ import annotations

from typing import Final

import orjson

from chatd.core.values import Entry
from chatd.store.database import Database, Postgres, Sqlite, path_of
from chatd.store.messages import PAGE_UP, WIDTH, entry_from

_READING: Final = ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 5000", "PRAGMA mmap_size = 0")
WRITER: Final = 0


class Log:
    """Only reads. Raises `StoreLost`."""

    def __init__(self, url: str) -> None:
        path = path_of(url)
        self._db: Database = Sqlite(path, _READING) if path is not None else Postgres(url)

    def close(self) -> None:
        self._db.close()

    def epoch(self) -> str:
        """Which life of the database this is."""
        return str(self._db.run("SELECT value FROM meta WHERE key = 'epoch'")[0][0][0])

    def last_commit(self) -> int:
        """The number of the newest commit."""
        rows, _ = self._db.run("SELECT n FROM writers WHERE writer = ?", (WRITER,))
        return int(rows[0][0]) if rows else 0

    def commits_after(self, n: int, limit: int) -> list[tuple[int, list[str]]]:
        """The next commits, each with the groups it touched."""
        sql = "SELECT n, groups FROM commits WHERE writer = ? AND n > ? ORDER BY n LIMIT ?"
        rows, _ = self._db.run(sql, (WRITER, n, limit))
        return [(number, orjson.loads(groups)) for number, groups in rows]

    def size(self) -> int:
        """How many entries there are in all groups."""
        rows, _ = self._db.run("SELECT coalesce(sum(head), 0) FROM groups")
        return int(rows[0][0])

    def groups_after(self, group: str, limit: int) -> list[tuple[str, int]]:
        """The next groups by id, with their heads."""
        sql = "SELECT group_id, head FROM groups WHERE group_id > ? ORDER BY group_id LIMIT ?"
        return [(str(name), int(head)) for name, head in self._db.run(sql, (group, limit))[0]]

    def page(self, group: str, after: int, limit: int) -> list[tuple[Entry, Entry | None]]:
        """The next entries of a group, each with the live row of what it refers to."""
        rows, _ = self._db.run(PAGE_UP, (group, after, 2**53, limit))
        return [(entry_from(row), entry_from(row[WIDTH:]) if row[WIDTH] is not None else None) for row in rows]
