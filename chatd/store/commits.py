"""What was committed since: the hub's memory of the writer, for when it missed something."""

from __future__ import annotations

import msgspec
import orjson

from chatd.store.readers import Reader


class Touched(msgspec.Struct):
    """The groups and users whose logs got entries. `whole` is false if the record does not go back far enough."""

    n: int
    groups: set[str]
    users: set[str]
    whole: bool


async def last_commit(reader: Reader, writer: int) -> int:
    """The number of the last commit."""
    rows = await reader.all("SELECT n FROM writers WHERE writer = ?", (writer,))
    return int(rows[0][0]) if rows else 0


async def touched_since(reader: Reader, writer: int, n: int) -> Touched:
    """What commits after `n` touched."""
    rows = await reader.all("SELECT n, groups, users FROM commits WHERE writer = ? AND n > ? ORDER BY n", (writer, n))
    touched = Touched(n, set(), set(), not rows or rows[0][0] == n + 1)
    for number, groups, users in rows:
        touched.n = number
        touched.groups.update(orjson.loads(groups))
        touched.users.update(orjson.loads(users))
    return touched
