"""Bans in the store."""

from __future__ import annotations

from typing import Final

from chatd.store.database import Row
from chatd.store.readers import Reader

BANS: Final = (
    "SELECT b.user_id, b.by, b.at, b.reason, u.name, u.sub FROM bans AS b JOIN users AS u ON u.user_id = b.user_id"
    " WHERE b.group_id = ? AND b.user_id > ? ORDER BY b.user_id LIMIT ?"
)


async def bans_page(reader: Reader, group: str, after: str, limit: int) -> list[Row]:
    """(user, by, at, reason, name, sub) of a page of bans, by id above `after`."""
    return await reader.all(BANS, (group, after, limit))


_ALL: Final = (
    "SELECT b.group_id, b.user_id, u.sub, u.name, b.by, b.at, b.reason FROM bans AS b"
    " JOIN users AS u ON u.user_id = b.user_id WHERE (b.group_id, b.user_id) > (?, ?){}"
    " ORDER BY b.group_id, b.user_id LIMIT ?"
)


async def all_bans(
    reader: Reader, group: str | None, user: str | None, after: tuple[str, str], limit: int
) -> list[Row]:
    """(group, user, sub, name, by, at, reason) of bans of a group, of a user, of both or all, by group and user."""
    chosen = [(column, of) for column, of in (("group_id", group), ("user_id", user)) if of is not None]
    where = "".join(f" AND b.{column} = ?" for column, _ in chosen)
    return await reader.all(_ALL.format(where), (*after, *(of for _, of in chosen), limit))
