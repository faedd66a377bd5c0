"""The log as the follower reads it: pieces of many groups at once, without ever holding the writer up.

The number of statements does not depend on the number of groups: on a busy machine each one waits for its turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from chatd.core.values import Entry
from chatd.store import schema
from chatd.store.database import Database, Postgres, Sqlite, path_of
from chatd.store.messages import BETWEEN, BY_POS, entry_from
from chatd.store.statements import Probe

_READING: Final = ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 5000", "PRAGMA mmap_size = 0")
_HEADS: Final = Probe(schema.groups, ("group_id",), ("group_id", "head"))
_FLOORS: Final = Probe(schema.groups, ("group_id",), ("group_id", "floor"))
WRITER: Final = 0
Commit = tuple[int, list[str]]
"""Its number, and the groups that it touched."""
Span = tuple[str, int, int]
"""A group, the position before the first one that is wanted of it, and the last one."""


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

    def commits_after(self, n: int, limit: int) -> list[Commit]:
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

    def heads(self, groups: Sequence[str]) -> dict[str, int]:
        """How far these groups are."""
        return dict(self._db.find(_HEADS, [(group,) for group in groups])) if groups else {}

    def floors(self, groups: Sequence[str]) -> dict[str, int]:
        """Up to where messages of these groups are no longer kept; those that keep all of theirs are left out."""
        rows = self._db.find(_FLOORS, [(group,) for group in groups]) if groups else []
        return {str(group): int(floor) for group, floor in rows if floor}

    def read(self, spans: Sequence[Span]) -> list[tuple[Entry, Entry | None]]:
        """The entries of these spans, those of a group in their order, each with the live row of what it refers to."""
        entries = [entry_from(row) for row in self._db.find(BETWEEN, spans)]
        entries.sort(key=lambda entry: (entry.group, entry.pos))
        keys = {(entry.group, entry.target) for entry in entries if entry.target is not None}
        rows = self._db.find(BY_POS, list(keys)) if keys else []
        targets = {(row[0], row[1]): entry_from(row) for row in rows}
        return [(entry, targets.get((entry.group, entry.target or 0))) for entry in entries]
