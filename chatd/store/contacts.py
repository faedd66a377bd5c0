"""Requests for a direct chat in the store."""

from __future__ import annotations

from chatd.store.readers import Reader

_WAITING = (
    "SELECT c.asker_id, c.at, c.text, u.name FROM contacts AS c JOIN users AS u ON u.user_id = c.asker_id"
    " WHERE c.user_id = ? AND c.state = 'waiting' AND c.asker_id > ?"
    " AND NOT EXISTS (SELECT 1 FROM blocks AS b WHERE b.user_id = c.user_id AND b.target_id = c.asker_id)"
    " AND NOT EXISTS (SELECT 1 FROM blocks AS x WHERE x.user_id = c.asker_id AND x.target_id = c.user_id)"
    " ORDER BY c.asker_id LIMIT ?"
)


async def waiting_for(reader: Reader, user: str, after: str, limit: int) -> list[tuple[str, int, str, str]]:
    """(asker, time, text, name) of requests that wait for the user, by the asker's id above `after`."""
    rows = await reader.all(_WAITING, (user, after, limit))
    return [(str(asker), int(at), str(text), str(name)) for asker, at, text, name in rows]
