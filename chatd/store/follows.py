"""Follows as the operator sees them, by `sub`; and how far an import of them has come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chatd.core.follows import FollowImport
from chatd.store import schema
from chatd.store.database import Database
from chatd.store.readers import Reader
from chatd.store.records import read_row, rows_of
from chatd.store.statements import Probe

SUBS: Final = Probe(schema.users, ("sub",), ("sub", "user_id"))
_IMPORTS: Final = rows_of(FollowImport).probe
_BACK: Final = "EXISTS (SELECT 1 FROM follows AS b WHERE b.user_id = f.target_id AND b.target_id = f.user_id)"
_FOLLOWING: Final = "follows AS f JOIN users AS u ON u.user_id = f.target_id WHERE f.user_id = ?"
_FOLLOWERS: Final = "follows AS f JOIN users AS u ON u.user_id = f.user_id WHERE f.target_id = ?"
_LISTS: Final = {
    "following": f"{_FOLLOWING} AND u.user_id > ?",
    "followers": f"{_FOLLOWERS} AND u.user_id > ?",
    "mutual": f"{_FOLLOWING} AND {_BACK} AND u.user_id > ?",
}
WHICH: Final = frozenset(_LISTS)


async def users_of(reader: Reader, subs: Iterable[str]) -> dict[str, str]:
    """The ids of those of these that are users."""
    return dict(await reader.find(SUBS, [(sub,) for sub in subs]))


def users_in(database: Database, subs: Iterable[str]) -> dict[str, str]:
    """The same, for a program without a loop."""
    return dict(database.find(SUBS, [(sub,) for sub in subs]))


async def import_of(reader: Reader, import_id: str) -> FollowImport | None:
    """How far an import has come."""
    rows = await reader.find(_IMPORTS, [(import_id,)])
    return read_row(FollowImport, rows[0]) if rows else None


def import_in(database: Database, import_id: str) -> FollowImport | None:
    """The same, for a program without a loop."""
    rows = database.find(_IMPORTS, [(import_id,)])
    return read_row(FollowImport, rows[0]) if rows else None


async def edges_page(reader: Reader, user: str, which: str, after: str, limit: int) -> list[tuple[str, str, str, int]]:
    """(user, sub, name, since) of whom somebody follows, is followed by, or both, by id above `after`.

    Blocks hide nobody here: it is what is stored.
    """
    sql = f"SELECT u.user_id, u.sub, u.name, f.at FROM {_LISTS[which]} ORDER BY u.user_id LIMIT ?"
    return [(str(a), str(b), str(c), int(at)) for a, b, c, at in await reader.all(sql, (user, after, limit))]
