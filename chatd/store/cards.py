"""Cards in the store: filling messages with what the catalogue says, and which groups show an item.

Whoever reads entries that somebody will see fills them here, in the same snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from chatd.core.cards import Place, fill, key_of, keys_of
from chatd.core.catalogue import Item, Pending
from chatd.core.facts import Facts
from chatd.core.values import Entry
from chatd.store.catalogue import items_of
from chatd.store.readers import Reader
from chatd.store.records import rows_of

_PLACES = rows_of(Place)
_PENDING = rows_of(Pending)
PLACE_BY_POS, KEEP_PLACE, DROP_PLACE = _PLACES.probe, _PLACES.write, _PLACES.drop
PENDING_BY_KEY, KEEP_PENDING, DROP_PENDING = _PENDING.probe, _PENDING.write, _PENDING.drop
OLDEST_PENDING = f"SELECT {', '.join(_PENDING.columns)} FROM card_changes WHERE at <= ? ORDER BY at LIMIT ?"
_RECENT = "(p.at >= ? OR p.seq > coalesce(s.seq, g.seq) - ?)"
_SHOWN = (
    "SELECT p.group_id, max(p.pos) FROM card_places AS p JOIN groups AS g ON g.group_id = p.group_id"
    " LEFT JOIN sections AS s ON s.group_id = p.group_id AND s.section = p.section"
)
"""The main section has no row: its number is the group's."""
GROUPS_SHOWING = (
    f"{_SHOWN} WHERE p.kind = ? AND p.item_id = ? AND p.group_id > ? AND {_RECENT}"
    " GROUP BY p.group_id ORDER BY p.group_id LIMIT ?"
)
GROUPS_SHOWING_UPTO = GROUPS_SHOWING.replace(" AND p.group_id > ?", " AND p.group_id > ? AND p.group_id <= ?")
NEWEST_IN_GROUP = f"{_SHOWN} WHERE p.kind = ? AND p.item_id = ? AND p.group_id = ? AND {_RECENT} GROUP BY p.group_id"


class Window(msgspec.Struct, frozen=True):
    """Which messages are recent enough to be told of: made at `since` or later, or among their section's `newest`."""

    since: int
    newest: int


async def fill_entries(reader: Reader, entries: Sequence[Entry]) -> None:
    """Give the cards among these what the catalogue says now."""
    keys = keys_of(entries)
    if not keys:
        return
    items = await items_of(reader, keys)
    for entry in entries:
        key = key_of(entry)
        if key is not None:
            fill(entry, items.get(key))


def fill_changes(facts: Facts) -> list[Item]:
    """Fill what a commit tells the hub, and name the items that it changed."""
    if not facts.records.knows(Item):
        return []  # whatever shows an item asked for it
    for entry in facts.entries.values():
        key = key_of(entry)
        if key is not None:
            fill(entry, facts.find(Item, *key))
    return [record for kind, kept, _ in facts.records.changes() if kind is Item for record in kept]  # type: ignore[misc]


async def pending_until(reader: Reader, at: int, limit: int) -> list[Pending]:
    """What is to be told and has been waiting since `at` or longer, the oldest first."""
    rows = await reader.all(OLDEST_PENDING, (at, limit))
    return [_PENDING.read(row) for row in rows]  # type: ignore[misc]


async def groups_to_tell(reader: Reader, pending: Pending, window: Window, limit: int) -> list[tuple[str, int]]:
    """(group, newest message that shows the item) of the next groups that this stands for."""
    recent = (window.since, window.newest)
    item = (pending.kind, pending.item_id)
    if pending.group_id:
        return await reader.all(NEWEST_IN_GROUP, (*item, pending.group_id, *recent))
    if pending.upto:
        bounds = (pending.cursor, pending.upto)
        return await reader.all(GROUPS_SHOWING_UPTO, (*item, *bounds, *recent, limit))
    return await reader.all(GROUPS_SHOWING, (*item, pending.cursor, *recent, limit))


MUST_BE_EMPTY: Final = {
    "card_places: {0} {1} is no message that shows an item": (
        "SELECT p.group_id, p.pos FROM card_places AS p WHERE NOT EXISTS (SELECT 1 FROM entries AS e"
        " WHERE e.group_id = p.group_id AND e.pos = p.pos AND e.section = p.section AND e.seq = p.seq AND e.at = p.at"
        " AND NOT e.recalled"
        """ AND e.body LIKE '{"type":"' || p.kind || '_card",%%"' || p.kind || '":"' || p.item_id || '"%%')"""
    ),
    "card_places: {0} {1} shows an item, and no row says so": (
        "SELECT e.group_id, e.pos FROM entries AS e WHERE e.kind = 'message' AND NOT e.recalled"
        """ AND (e.body LIKE '{"type":"video_card",%%' OR e.body LIKE '{"type":"product_card",%%')"""
        " AND NOT EXISTS (SELECT 1 FROM card_places AS p WHERE p.group_id = e.group_id AND p.pos = e.pos)"
    ),
    "card_places: {0} {1} shows {2}, which the catalogue does not know, or not as shown": (
        "SELECT p.group_id, p.pos, p.item_id FROM card_places AS p WHERE NOT EXISTS (SELECT 1 FROM catalogue AS c"
        " WHERE c.kind = p.kind AND c.item_id = p.item_id AND c.shown)"
    ),
    "card_places: {0} {1} is told of exactly if no entry tells of it": (
        "SELECT p.group_id, p.pos FROM card_places AS p LEFT JOIN"
        " (SELECT DISTINCT e.group_id, e.target FROM entries AS e WHERE e.kind = 'card') AS x"
        " ON x.group_id = p.group_id AND x.target = p.pos WHERE p.told <> (x.target IS NOT NULL)"
    ),
    "card_changes: {1} of {0} is to be told of, and is not in the catalogue": (
        "SELECT p.kind, p.item_id FROM card_changes AS p WHERE NOT EXISTS (SELECT 1 FROM catalogue AS c"
        " WHERE c.kind = p.kind AND c.item_id = p.item_id)"
    ),
}
"""For `verify`: what finds a row is wrong."""
