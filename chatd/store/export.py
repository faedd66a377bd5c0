"""The rows that exports are made of, page by page from one snapshot of a database that a server may be using."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import orjson

from chatd.core.records import Record
from chatd.store import groups, messages
from chatd.store.database import Database, Postgres, Row, Sqlite, path_of
from chatd.store.records import read_row, rows_of

PAGE_ROWS: Final = 500
_READING: Final = ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 5000", "PRAGMA mmap_size = 0")
R = TypeVar("R", bound=Record)


def _names(columns: tuple[str, ...], prefix: str) -> str:
    return ", ".join(prefix + column for column in columns)


GROUP: Final = f"SELECT {_names(groups.COLUMNS, '')} FROM groups WHERE group_id = ?"
# The columns that a page goes on from come first (`pages`); what they are compared with stands before the limit.
MEMBERS: Final = (
    f"SELECT m.user_id, m.period, {_names(groups.MEMBER_COLUMNS, 'm.')}, u.name, u.profile FROM memberships AS m"
    " JOIN users AS u ON u.user_id = m.user_id WHERE m.group_id = ? AND (m.user_id, m.period) > (?, ?)"
    " ORDER BY m.user_id, m.period LIMIT ?"
)
ITEMS: Final = (
    "SELECT DISTINCT kind, item_id, kind, item_id FROM card_places WHERE group_id = ? AND (kind, item_id) > (?, ?)"
    " ORDER BY kind, item_id LIMIT ?"
)
FOLLOWING: Final = (
    "SELECT f.target_id, f.target_id, u.name, f.at FROM follows AS f JOIN users AS u ON u.user_id = f.target_id"
    " WHERE f.user_id = ? AND f.target_id > ? ORDER BY f.target_id LIMIT ?"
)
FOLLOWERS: Final = (
    "SELECT f.user_id, f.user_id, u.name, f.at FROM follows AS f JOIN users AS u ON u.user_id = f.user_id"
    " WHERE f.target_id = ? AND f.user_id > ? AND NOT EXISTS"
    " (SELECT 1 FROM blocks AS b WHERE b.user_id = f.target_id AND b.target_id = f.user_id)"
    " ORDER BY f.user_id LIMIT ?"
)
"""Without those whom the person has blocked: they do not see these either."""
BLOCKED: Final = (
    "SELECT b.target_id, b.target_id, u.name, b.at FROM blocks AS b JOIN users AS u ON u.user_id = b.target_id"
    " WHERE b.user_id = ? AND b.target_id > ? ORDER BY b.target_id LIMIT ?"
)
STAYS: Final = (
    f"SELECT m.group_id, m.period, m.group_id, m.period, {_names(groups.MEMBER_COLUMNS, 'm.')}, g.title"
    " FROM memberships AS m JOIN groups AS g ON g.group_id = m.group_id"
    " WHERE m.user_id = ? AND (m.group_id, m.period) > (?, ?) ORDER BY m.group_id, m.period LIMIT ?"
)
READS: Final = (
    "SELECT group_id, section, group_id, section, seq FROM reads WHERE user_id = ? AND (group_id, section) > (?, ?)"
    " ORDER BY group_id, section LIMIT ?"
)
INVITE_FIELDS: Final = ("invite", "group", "kind", "note", "created", "expires", "max_uses", "uses", "user", "revoked")
INVITES: Final = (
    "SELECT i.invite_id, i.invite_id, i.group_id, i.kind, i.note, i.created_at, i.expires_at, i.max_uses, i.uses,"
    " i.target, i.revoked_at FROM memberships AS m JOIN invites AS i ON i.group_id = m.group_id AND i.maker = m.user_id"
    " WHERE m.user_id = ? AND m.period = 1 AND i.invite_id > ? ORDER BY i.invite_id LIMIT ?"
)
MINE: Final = (
    "SELECT upos, upos, at, kind, group_id, pos, body FROM mine WHERE user_id = ? AND upos > ? ORDER BY upos LIMIT ?"
)
_OWN: Final = "FROM entries WHERE actor = ? AND cid IS NOT NULL"
OWN_ENTRIES: Final = (
    f"SELECT cid, {_names(messages.COLUMNS, '')} {_OWN} AND cid > ? AND kind IN ('message', 'reaction', 'feature')"
    " ORDER BY cid LIMIT ?"
)
OWN_ENTRIES_COUNT: Final = f"SELECT count(*) {_OWN}"
ACCOUNT: Final = "SELECT login, changed_at FROM accounts WHERE user_id = ?"
HANDLES: Final = "SELECT handle, taken_at, until FROM handles WHERE user_id = ? ORDER BY handle_key"
_STARTS: Final[dict[str, Any]] = {"period": 0, "section": -1, "upos": -1}


@contextmanager
def snapshot(url: str) -> Iterator[Database]:
    """One state of the database, whatever is committed meanwhile; nothing can be written through it.

    Raises `StoreLost`, ValueError if there is none.
    """
    path = path_of(url)
    if path is not None and not path.exists():
        raise ValueError(f"there is no database at {path}")
    database: Database = Sqlite(path, _READING) if path is not None else Postgres(url)
    try:
        database.run("BEGIN" if database.kind == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield database
        database.rollback()
    finally:
        database.close()


def one(database: Database, sql: str, params: Row) -> Row | None:
    """The only row, if there is one."""
    rows, _ = database.run(sql, params)
    return rows[0] if rows else None


def chunks(database: Database, sql: str, params: Row, width: int) -> Iterator[list[Row]]:
    """Pages of a query whose first `width` columns are what the next page goes on from."""
    columns = sql.removeprefix("SELECT ").removeprefix("DISTINCT ").split(", ")[:width]
    key: Row = tuple(_STARTS.get(column.partition(".")[2] or column, "") for column in columns)
    while rows := database.run(sql, (*params, *key, PAGE_ROWS))[0]:
        yield rows
        key = tuple(rows[-1][:width])


def pages(database: Database, sql: str, params: Row, width: int) -> Iterator[Row]:
    """The rows of all pages, without the columns that they go on from."""
    for rows in chunks(database, sql, params, width):
        for row in rows:
            yield tuple(row[width:])


def records_of(database: Database, kind: type[R], where: str, params: Row) -> Iterator[R]:
    """Records by a condition; for what one person has few of."""
    rows, _ = database.run(f'SELECT {", ".join(rows_of(kind).columns)} FROM "{kind.table}" WHERE {where}', params)
    for row in rows:
        yield read_row(kind, row)


def boards(database: Database, group: str) -> Iterator[tuple[str, list[int], list[int]]]:
    """(group, pinned messages, featured ones)."""
    rows, _ = database.run("SELECT pins FROM boards WHERE group_id = ?", (group,))
    featured, _ = database.run("SELECT pos FROM featured WHERE group_id = ? ORDER BY pos", (group,))
    for (pins,) in rows:
        yield group, [pin[0] for pin in orjson.loads(pins)], [pos for (pos,) in featured]
