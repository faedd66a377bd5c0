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
