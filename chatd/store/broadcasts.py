"""Broadcasts in the store: those that are under way, what came of each group, and which groups one can be aimed at."""

from __future__ import annotations

from typing import Final

import orjson

from chatd.core.broadcasts import RUNNING, Broadcast, BroadcastGroup
from chatd.core.profiles import tag_names
from chatd.store import records, schema
from chatd.store.readers import Reader
from chatd.store.statements import Probe

MEMBERS_MAX: Final = 1_000_000
"""No group has more."""
_WAITING: Final = "broadcast_id = ? AND result = '' ORDER BY group_id LIMIT ?"
_ALL: Final = (
    "SELECT group_id FROM groups WHERE group_id > ? AND kind <> 'direct' AND dissolved_at IS NULL"
    " ORDER BY group_id LIMIT ?"
)
PRESENT: Final = Probe(
    schema.memberships, ("group_id",), ("group_id", "user_id"), " AND t.until_pos IS NULL", most=MEMBERS_MAX
)
TAGGED: Final = Probe(
    # Profiles are kept as compact JSON. One % for psycopg, two for SQLite, which takes that alike.
    schema.users,
    ("user_id",),
    ("user_id", "profile"),
    """ AND t.profile LIKE '%%"tag":%%'""",
)


async def find_broadcast(reader: Reader, broadcast_id: str) -> Broadcast | None:
    """The one with this id."""
    found = await records.find(reader, Broadcast, [(broadcast_id,)])
    return found[0] if found else None


async def broadcasts_page(reader: Reader, after: str, limit: int) -> list[Broadcast]:
    """All broadcasts, by id above `after`."""
    return await records.select(reader, Broadcast, "broadcast_id > ? ORDER BY broadcast_id LIMIT ?", (after, limit))


async def running(reader: Reader, limit: int) -> list[Broadcast]:
    """Those that are going out."""
    return await records.select(reader, Broadcast, f"state = '{RUNNING}' ORDER BY broadcast_id LIMIT ?", (limit,))


async def waiting_groups(reader: Reader, broadcast_id: str, limit: int) -> list[str]:
    """Groups of which nothing has come yet."""
    found = await records.select(reader, BroadcastGroup, _WAITING, (broadcast_id, limit))
    return [one.group_id for one in found]


async def results_page(reader: Reader, broadcast_id: str, after: str, limit: int) -> list[BroadcastGroup]:
    """What came of each group, by group above `after`."""
    where = "broadcast_id = ? AND group_id > ? ORDER BY group_id LIMIT ?"
    return await records.select(reader, BroadcastGroup, where, (broadcast_id, after, limit))


async def groups_to_aim_at(
    reader: Reader, tag: str | None, now_ms: int, after: str, limit: int
) -> tuple[list[str], str | None]:
    """Groups that can be written to, by id above `after`, and the last one that was looked at (None: there are no
    more). With a `tag`, only those in which somebody with that verified tag is."""
    rows = await reader.all(_ALL, (after, limit + 1))
    groups = [str(row[0]) for row in rows[:limit]]
    more = groups[-1] if len(rows) > limit else None
    if tag is None or not groups:
        return groups, more
    members = await reader.find(PRESENT, [(group,) for group in groups])
    people = await reader.find(TAGGED, [(user,) for user in sorted({user for _, user in members})])
    tagged = {str(user) for user, profile in people if tag in tag_names(orjson.loads(profile), now_ms)}
    theirs = {group for group, user in members if user in tagged}
    return [group for group in groups if group in theirs], more
