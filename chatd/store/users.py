"""Users in the store: their rows, tokens taken away, read positions and their own logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from chatd.core.devices import Devices
from chatd.core.handles import key_of
from chatd.core.profiles import PART_MAX
from chatd.core.values import Mine, User
from chatd.store import records, schema
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
    "erased_at",
)
MINE_COLUMNS = ("user_id", "upos", "at", "kind", "group_id", "pos", "body")

LOCK = Lock(schema.users, "user_id", COLUMNS)
BY_SUB = Probe(schema.users, ("sub",), COLUMNS)
INSERT = Insert(schema.users, COLUMNS)
UPDATE = Update(
    schema.users,
    (
        *("sub", "name", "upos", "mine_floor", "group_count", "following_count", "valid_after"),
        *("disabled", "profile", "settings", "erased_at"),
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
    ("user_id", "group_id", "section", "seq"),
    " ON CONFLICT (user_id, group_id, section) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > reads.seq",
)


def user_from(row: Row) -> User:
    """A row of `COLUMNS` as a value."""
    *plain, disabled, profile, settings, erased_at = row
    values = (*plain, bool(disabled), orjson.loads(profile), orjson.loads(settings), erased_at)
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
        user.erased_at,
    )


def row_of_changed(user: User) -> Row:
    """Parameters for `UPDATE`."""
    return (
        user.sub,
        user.name,
        user.upos,
        user.mine_floor,
        user.groups,
        user.following,
        user.valid_after,
        user.disabled,
        _json(user.profile),
        _json(user.settings),
        user.erased_at,
        user.id,
    )


def row_of_mine(entry: Mine) -> Row:
    """Parameters for `INSERT_MINE`."""
    return (entry.user, entry.upos, entry.at, entry.kind, entry.group, entry.pos, orjson.dumps(entry.body).decode())


def mine_from(row: Row) -> Mine:
    """A row of `MINE_COLUMNS` as a value."""
    user, upos, at, kind, group, pos, body = row
    return Mine(user, upos, at, kind, group, pos, orjson.loads(body))


NAMES = Probe(schema.users, ("user_id",), ("user_id", "name"))
BY_ID = Probe(schema.users, ("user_id",), COLUMNS)
PARTS = "SELECT user_id FROM name_parts WHERE part >= ? AND part < ? ORDER BY part, user_id LIMIT ?"


async def user_by_sub(reader: Reader, sub: str) -> User | None:
    """The user that tokens with this `sub` speak for."""
    rows = await reader.all(f"SELECT {', '.join(COLUMNS)} FROM users WHERE sub = ?", (sub,))
    return user_from(rows[0]) if rows else None


_ALL_OF: Final = f"SELECT {', '.join(COLUMNS)} FROM users WHERE"
NAMED: Final = (
    f"{_ALL_OF} sub = ?",
    f"{_ALL_OF} user_id = ?",
    f"{_ALL_OF} user_id = (SELECT user_id FROM handles WHERE handle_key = ? AND until IS NULL)",
)
"""The ways in which an operator may name somebody, in the order in which they are tried; see `ways_to_name`."""


def ways_to_name(name: str) -> list[tuple[str, str]]:
    """Statements that find the person of that name, with their parameter: the first that finds somebody counts."""
    by_sub, by_id, by_handle = NAMED
    ways = [(by_sub, name), (by_id, name)]
    return [*ways, (by_handle, key_of(name[1:]))] if name.startswith("@") else ways


async def person(reader: Reader, name: str) -> User | None:
    """The user with this `sub`, else the one with this id, else the one with this handle behind an `@`."""
    for statement, parameter in ways_to_name(name):
        if rows := await reader.all(statement, (parameter,)):
            return user_from(rows[0])
    return None


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


async def users_named(reader: Reader, ids: Sequence[str], subs: Sequence[str]) -> list[User]:
    """The users that exist among those asked for, each once, by id."""
    rows = await reader.find(BY_ID, [(i,) for i in ids]) + await reader.find(BY_SUB, [(s,) for s in subs])
    found = {row[0]: row for row in rows}
    return [user_from(found[user]) for user in sorted(found)]


async def users_page(reader: Reader, after: str, limit: int, *, disabled: bool = False, words: str = "") -> list[User]:
    """Users by id above `after`; with `disabled` those who are shut out and not erased, with `words` those whose
    name or `sub` has them in it. Who is shut out is in no index of names, so that all are read."""
    sql, parameters = f"{_ALL_OF} user_id > ?", [after]
    if disabled:
        sql += " AND disabled AND erased_at IS NULL"
    if words:
        sql += " AND (name LIKE ? ESCAPE '!' OR lower(name) LIKE ? ESCAPE '!' OR lower(sub) LIKE ? ESCAPE '!')"
        for_like = "%" + re.sub("([!%_])", r"!\1", words) + "%"
        parameters += [for_like, for_like.lower(), for_like.lower()]
    rows = await reader.all(f"{sql} ORDER BY user_id LIMIT ?", (*parameters, limit))
    return [user_from(row) for row in rows]


async def users_with_part(reader: Reader, part: str, limit: int) -> list[str]:
    """Ids of those whose folded name has an ending that begins like this; somebody may be there twice.

    No byte of UTF-8 is 0xff: what begins with the part lies between it and it with that byte behind.
    """
    first = part[:PART_MAX].encode()
    return [str(row[0]) for row in await reader.all(PARTS, (first, first + b"\xff", limit))]


async def last_seen(reader: Reader, ids: Sequence[str]) -> dict[str, int]:
    """When each was last here on whatever device, as far as it is stored."""
    rows = await records.find(reader, Devices, [(i,) for i in ids])
    return {row.user_id: max((seen for _, _, seen in row.devices.values()), default=0) for row in rows}


async def head_of_mine(reader: Reader, user: str) -> int:
    """The newest entry of a user's own log."""
    rows = await reader.all("SELECT upos FROM users WHERE user_id = ?", (user,))
    return int(rows[0][0]) if rows else 0
