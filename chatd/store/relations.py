"""Follows and blocks in the store."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import orjson

from chatd.core.sharing import Circle, shows_receipts
from chatd.store import schema
from chatd.store.readers import Reader
from chatd.store.statements import Delete, Insert, Probe

_EDGE = ("user_id", "target_id")

FOLLOWS = Probe(schema.follows, _EDGE, _EDGE)
BLOCKS = Probe(schema.blocks, _EDGE, _EDGE)
CHOSEN = Probe(schema.users, ("user_id",), ("user_id", "settings"))
ADD_FOLLOWS = Insert(schema.follows, (*_EDGE, "at"), " ON CONFLICT DO NOTHING")
DROP_FOLLOWS = Delete(schema.follows, _EDGE)
ADD_BLOCKS = Insert(schema.blocks, (*_EDGE, "at"), " ON CONFLICT DO NOTHING")
DROP_BLOCKS = Delete(schema.blocks, _EDGE)


async def circle_of(reader: Reader, pairs: AbstractSet[tuple[str, str]], *, mutual: bool) -> Circle:
    """What the people of these pairs chose for themselves, the blocks between them and, for `mutual`, the follows."""
    people = sorted({user for pair in pairs for user in pair})
    chosen = await reader.find(CHOSEN, [(user,) for user in people])
    both = sorted({*pairs, *((other, one) for one, other in pairs)})
    blocks = await reader.find(BLOCKS, both)
    follows = await reader.find(FOLLOWS, both) if mutual else []
    settings = {str(user): orjson.loads(settings) for user, settings in chosen}
    return Circle(settings, {(a, b) for a, b in follows}, {(a, b) for a, b in blocks})


async def those_who_show_reads(reader: Reader, users: Iterable[str]) -> set[str]:
    """Those of these people who show how far they have read."""
    chosen = await reader.find(CHOSEN, [(user,) for user in users])
    return {str(user) for user, settings in chosen if shows_receipts(orjson.loads(settings))}


async def blocked_of(reader: Reader, user: str, others: AbstractSet[str]) -> set[str]:
    """Those of the others whom the user has blocked."""
    pairs = [(user, other) for other in sorted(others)]
    return {str(other) for _, other in await reader.find(BLOCKS, pairs)} if pairs else set()


async def relations_of(
    reader: Reader, user: str, which: str, after: str, limit: int
) -> list[tuple[str, int, str, str]]:
    """(user, since, name, sub) of a page of `following`, `followers`, `mutual` or `blocked`, by id above `after`.

    Whoever the user has blocked is hidden from their followers and mutuals.
    """
    rows = await reader.all(_LISTS[which], (*[user] * _LISTS[which].count("= ?"), after, limit))
    return [(str(other), int(at), str(name), str(sub)) for other, at, name, sub in rows]


_NOT_BLOCKED = "NOT EXISTS (SELECT 1 FROM blocks AS b WHERE b.user_id = f.target_id AND b.target_id = f.user_id)"
_PAGE = " AND {0} > ? ORDER BY {0} LIMIT ?"
_LISTS = {
    "following": "SELECT f.target_id, f.at, u.name, u.sub FROM follows AS f JOIN users AS u ON u.user_id = f.target_id"
    " WHERE f.user_id = ?" + _PAGE.format("f.target_id"),
    "followers": "SELECT f.user_id, f.at, u.name, u.sub FROM follows AS f JOIN users AS u ON u.user_id = f.user_id"
    f" WHERE f.target_id = ? AND {_NOT_BLOCKED}" + _PAGE.format("f.user_id"),
    "mutual": "SELECT f.user_id, f.at, u.name, u.sub FROM follows AS f JOIN users AS u ON u.user_id = f.user_id"
    " JOIN follows AS back ON back.user_id = f.target_id AND back.target_id = f.user_id"
    f" WHERE f.target_id = ? AND {_NOT_BLOCKED}" + _PAGE.format("f.user_id"),
    "blocked": "SELECT f.target_id, f.at, u.name, u.sub FROM blocks AS f JOIN users AS u ON u.user_id = f.target_id"
    " WHERE f.user_id = ?" + _PAGE.format("f.target_id"),
}

_SUGGESTED = (
    "SELECT picked.other, u.name, (SELECT count(*) FROM memberships AS a"
    " JOIN memberships AS b ON b.user_id = ? AND b.group_id = a.group_id AND b.until_pos IS NULL"
    " WHERE a.user_id = picked.other AND a.until_pos IS NULL) AS common"
    " FROM (SELECT f.target_id AS other FROM follows AS f"
    "  JOIN follows AS back ON back.user_id = f.target_id AND back.target_id = f.user_id"
    "  WHERE f.user_id = ? ORDER BY f.at DESC, f.target_id LIMIT ?) AS picked"
    " JOIN users AS u ON u.user_id = picked.other"
    # Settings are kept as compact JSON. One % for psycopg, two for SQLite, which takes that alike.
    ' WHERE NOT u.disabled AND u.settings NOT LIKE \'%%"pull":"nobody"%%\''
    " AND NOT EXISTS (SELECT 1 FROM blocks AS x WHERE x.user_id = ? AND x.target_id = picked.other)"
    " AND NOT EXISTS (SELECT 1 FROM blocks AS y WHERE y.user_id = picked.other AND y.target_id = ?)"
    " AND NOT EXISTS (SELECT 1 FROM bans AS z WHERE z.group_id = ? AND z.user_id = picked.other)"
    " AND NOT EXISTS (SELECT 1 FROM memberships AS m WHERE m.user_id = picked.other AND m.group_id = ?"
    "  AND m.until_pos IS NULL)"
    " ORDER BY common DESC, picked.other LIMIT ?"
)
LOOKED_AT_MAX = 500
"""Of so many mutual follows, the newest, the best are suggested."""


async def suggested(reader: Reader, user: str, group: str, limit: int) -> list[tuple[str, str, int]]:
    """(user, name, groups in common) of mutual follows who are not in the group, most in common first."""
    params = (user, user, LOOKED_AT_MAX, user, user, group, group, limit)
    return [(str(other), str(name), int(common)) for other, name, common in await reader.all(_SUGGESTED, params)]
