"""Follows and blocks in the store."""

from __future__ import annotations

from chatd.store import schema
from chatd.store.readers import Reader
from chatd.store.statements import Delete, Insert, Probe

_EDGE = ("user_id", "target_id")

FOLLOWS = Probe(schema.follows, _EDGE, _EDGE)
BLOCKS = Probe(schema.blocks, _EDGE, _EDGE)
ADD_FOLLOWS = Insert(schema.follows, (*_EDGE, "at"), " ON CONFLICT DO NOTHING")
DROP_FOLLOWS = Delete(schema.follows, _EDGE)
ADD_BLOCKS = Insert(schema.blocks, (*_EDGE, "at"), " ON CONFLICT DO NOTHING")
DROP_BLOCKS = Delete(schema.blocks, _EDGE)


async def relations_of(reader: Reader, user: str, which: str, after: str, limit: int) -> list[tuple[str, int, str]]:
    """(user, since, name) of a page of `following`, `followers`, `mutual` or `blocked`, by id above `after`.

    Whoever the user has blocked is hidden from their followers and mutuals.
    """
    rows = await reader.all(_LISTS[which], (*[user] * _LISTS[which].count("= ?"), after, limit))
    return [(str(other), int(at), str(name)) for other, at, name in rows]


_NOT_BLOCKED = "NOT EXISTS (SELECT 1 FROM blocks AS b WHERE b.user_id = f.target_id AND b.target_id = f.user_id)"
_PAGE = " AND {0} > ? ORDER BY {0} LIMIT ?"
_LISTS = {
    "following": "SELECT f.target_id, f.at, u.name FROM follows AS f JOIN users AS u ON u.user_id = f.target_id"
    " WHERE f.user_id = ?" + _PAGE.format("f.target_id"),
    "followers": "SELECT f.user_id, f.at, u.name FROM follows AS f JOIN users AS u ON u.user_id = f.user_id"
    f" WHERE f.target_id = ? AND {_NOT_BLOCKED}" + _PAGE.format("f.user_id"),
    "mutual": "SELECT f.user_id, f.at, u.name FROM follows AS f JOIN users AS u ON u.user_id = f.user_id"
    " JOIN follows AS back ON back.user_id = f.target_id AND back.target_id = f.user_id"
    f" WHERE f.target_id = ? AND {_NOT_BLOCKED}" + _PAGE.format("f.user_id"),
    "blocked": "SELECT f.target_id, f.at, u.name FROM blocks AS f JOIN users AS u ON u.user_id = f.target_id"
    " WHERE f.user_id = ?" + _PAGE.format("f.target_id"),
}
