"""Where somebody was mentioned, in the store: by name in rows of their own, with everybody on the groups' boards."""

from __future__ import annotations

import msgspec
import orjson

from chatd.store.readers import Reader
from chatd.store.relations import blocked_of

NOT_BY_BLOCKED = (
    "NOT EXISTS (SELECT 1 FROM entries AS y JOIN blocks AS k ON k.user_id = x.user_id AND k.target_id = y.actor"
    " WHERE y.group_id = x.group_id AND y.pos = x.pos)"
)
"""Whoever blocks somebody is mentioned by them no more, in nothing that was ever said; that a row `x` is not such."""
BY_NAME = (
    "SELECT x.at, x.pos, x.group_id FROM mentions AS x JOIN memberships AS m"
    " ON m.user_id = x.user_id AND m.group_id = x.group_id AND m.until_pos IS NULL"
    " WHERE x.user_id = ? AND (x.at, x.pos) <= (?, ?) AND x.pos > m.from_pos"
    f" AND {NOT_BY_BLOCKED}"
    " ORDER BY x.at DESC, x.pos DESC LIMIT ?"
)
WITH_ALL = (
    "SELECT b.group_id, b.calls, m.from_pos FROM memberships AS m JOIN boards AS b ON b.group_id = m.group_id"
    " WHERE m.user_id = ? AND m.until_pos IS NULL"
)
BASELESS = (
    "SELECT x.user_id, x.group_id, x.pos FROM mentions AS x LEFT JOIN entries AS e"
    " ON e.group_id = x.group_id AND e.pos = x.pos WHERE (e.pos IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM gone_groups AS g WHERE g.group_id = x.group_id))"
    " OR e.kind <> 'message' OR e.recalled"
    " OR e.section <> x.section"
    " OR e.seq <> x.seq OR e.at <> x.at OR e.actor = x.user_id OR replace(e.body, x.user_id, '') = e.body"
)
"""Mentions by what does not name their person: there must be none."""
TIES_MAX = 64
"""So many mentions with one time and one number, in as many groups, are told apart; nobody is mentioned like that."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a message that mentions somebody stands, in the order of the list; a place is the cursor as well."""

    at: int
    pos: int
    group: str


async def mentions_of(reader: Reader, user: str, before: Place, limit: int) -> list[Place]:
    """The newest places before one where the user is mentioned and may see it, the newest first. Whoever calls
    everybody does not call those who have blocked them."""
    rows = await reader.all(BY_NAME, (user, before.at, before.pos, limit + TIES_MAX))
    places = [Place(*row) for row in rows]
    called = [
        (Place(at, pos, group), by)
        for group, calls, floor in await reader.all(WITH_ALL, (user,))
        for pos, _, at, stands, by, _ in orjson.loads(calls)
        if stands and pos > floor and by != user
    ]
    blocked = await blocked_of(reader, user, {by for _, by in called})
    places += [place for place, by in called if by not in blocked]
    return sorted((place for place in places if place < before), reverse=True)[:limit]
