"""Users in the store: their rows, tokens taken away, read positions and their own logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from chatd.core.values import Mine, User
from chatd.store import schema
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Delete, Insert, Lock, Probe, Update

COLUMNS = (
    "user_id",
    "sub",
    "name",
    "created_at",
    "upos",
    "mine_floor",
    "group_count",
    "following_count",
    "valid_after",
    "disabled",
    "profile",
    "settings",
)
MINE_COLUMNS = ("user_id", "upos", "at", "kind", "group_id", "pos", "body")

LOCK = Lock(schema.users, "user_id", COLUMNS)
BY_SUB = Probe(schema.users, ("sub",), COLUMNS)
INSERT = Insert(schema.users, COLUMNS)
UPDATE = Update(
    schema.users,
    (
        *("name", "upos", "mine_floor", "group_count", "following_count", "valid_after"),
        *("disabled", "profile", "settings"),
    ),
    ("user_id",),
)
INSERT_MINE = Insert(schema.mine, MINE_COLUMNS)
PRUNE_MINE = Delete(schema.mine, ("user_id",), upto="upos")
REVOKE_DEVICE = Insert(
    schema.revocations,
    ("user_id", "device", "before"),
    " ON CONFLICT (user_id, device) DO UPDATE SET before = excluded.before WHERE excluded.before > revocations.before",
)
SAVE_READS = Insert(
    schema.reads,
    ("user_id", "group_id", "seq"),
    " ON CONFLICT (user_id, group_id) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > reads.seq",
)


def user_from(row: Row) -> User:
    """A row of `COLUMNS` as a value."""
    *plain, disabled, profile, settings = row
    values = (*plain, bool(disabled), orjson.loads(profile), orjson.loads(settings))
    return User(*values)


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()


def row_of_new(user: User) -> Row:
    """Parameters for `INSERT`."""
    return (
        user.id,
        user.sub,
        user.name,
        user.created_at,
        user.upos,
        user.mine_floor,
        user.groups,
        user.following,
        user.valid_after,
        user.disabled,
        _json(user.profile),
        _json(user.settings),
    )


def row_of_changed(user: User) -> Row:
    """Parameters for `UPDATE`."""
    return (
        user.name,
        user.upos,
        user.mine_floor,
        user.groups,
        user.following,
        user.valid_after,
        user.disabled,
        _json(user.profile),
        _json(user.settings),
        user.id,
    )


def row_of_mine(entry: Mine) -> Row:
    """Parameters for `INSERT_MINE`."""
    return (entry.user, entry.upos, entry.at, entry.kind, entry.group, entry.pos, orjson.dumps(entry.body).decode())


def mine_from(row: Row) -> Mine:
    """A row of `MINE_COLUMNS` as a value."""
    user, upos, at, kind, group, pos, body = row
    return Mine(user, upos, at, kind, group, pos, orjson.loads(body))


BY_ID = Probe(schema.users, ("user_id",), ("user_id", "sub", "name"))
NAMED_BY_SUB = Probe(schema.users, ("sub",), ("user_id", "sub", "name"))


async def user_by_sub(reader: Reader, sub: str) -> User | None:
    """The user that tokens with this `sub` speak for."""
    rows = await reader.all(f"SELECT {', '.join(COLUMNS)} FROM users WHERE sub = ?", (sub,))
    return user_from(rows[0]) if rows else None


async def revoked_before(reader: Reader, user: User, device: str) -> int:
    """Tokens issued before this time (ms) are refused for this user on this device."""
    rows = await reader.all("SELECT before FROM revocations WHERE user_id = ? AND device = ?", (user.id, device))
    return max(user.valid_after, int(rows[0][0]) if rows else 0)


async def mine_page(reader: Reader, user: str, after: int, limit: int) -> list[Mine]:
    """Entries of a user's own log, ascending."""
    columns = ", ".join(MINE_COLUMNS)
    sql = f"SELECT {columns} FROM mine WHERE user_id = ? AND upos > ? ORDER BY upos LIMIT ?"
    return [mine_from(row) for row in await reader.all(sql, (user, after, limit))]


async def mine_at(reader: Reader, user: str, upos: int) -> int | None:
    """The time of one entry of a user's own log, None if it is not there."""
    rows = await reader.all("SELECT at FROM mine WHERE user_id = ? AND upos = ?", (user, upos))
    return int(rows[0][0]) if rows else None


async def users_named(reader: Reader, ids: Sequence[str], subs: Sequence[str]) -> list[tuple[str, str, str]]:
    """(id, sub, name) of the users that exist among those asked for, each once, by id."""
    found = await reader.find(BY_ID, [(i,) for i in ids]) + await reader.find(NAMED_BY_SUB, [(s,) for s in subs])
    return sorted({(str(i), str(sub), str(name)) for i, sub, name in found})


async def head_of_mine(reader: Reader, user: str) -> int:
    """The newest entry of a user's own log."""
    rows = await reader.all("SELECT upos FROM users WHERE user_id = ?", (user,))
    return int(rows[0][0]) if rows else 0
