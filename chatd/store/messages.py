"""Entries of the groups' logs and the reactions on them, in the store."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import orjson

from chatd.core.values import Entry
from chatd.store import schema
from chatd.store.cards import fill_entries
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Delete, Insert, Probe, Update

COLUMNS = (
    "group_id",
    "pos",
    "at",
    "kind",
    "actor",
    "cid",
    "seq",
    "target",
    "version",
    "recalled",
    "reactions",
    "body",
    "section",
)
WIDTH = len(COLUMNS)
_REACTION = ("group_id", "pos", "user_id", "emoji")

BY_POS = Probe(schema.entries, ("group_id", "pos"), COLUMNS)
BETWEEN = Probe(schema.entries, ("group_id", "pos", "pos"), COLUMNS, most=2**53, compare=("=", ">", "<="))
"""Keys are a group, the position before the first one wanted, and the last one."""
BY_CID = Probe(schema.entries, ("actor", "cid"), (*COLUMNS, "digest"))
POS_OF_SEQ = Probe(schema.entries, ("group_id", "section", "seq"), ("group_id", "seq", "pos"))
NEWEST = "SELECT pos, section FROM entries WHERE group_id = ? AND pos > ? AND seq IS NOT NULL ORDER BY pos DESC LIMIT ?"
INSERT = Insert(schema.entries, (*COLUMNS, "digest"))
REWRITE = Update(schema.entries, ("version", "recalled", "reactions", "body"), ("group_id", "pos"))
REACTIONS = Probe(schema.reactions, _REACTION, _REACTION)
ADD_REACTIONS = Insert(schema.reactions, _REACTION, " ON CONFLICT DO NOTHING")
DROP_REACTIONS = Delete(schema.reactions, _REACTION)
DROP_ALL_REACTIONS = Delete(schema.reactions, ("group_id", "pos"))


def entry_from(row: Row) -> Entry:
    """A row that begins with `COLUMNS` as a value."""
    group, pos, at, kind, actor, cid, seq, target, version, recalled, reactions, body, section = row[:WIDTH]
    return Entry(
        group,
        pos,
        at,
        kind,
        actor,
        cid,
        seq,
        target,
        version,
        bool(recalled),
        orjson.loads(reactions) if reactions is not None else {},
        orjson.loads(body),
        section,
    )


def _json_of_reactions(entry: Entry) -> str | None:
    return orjson.dumps(entry.reactions).decode() if entry.reactions else None


def row_of_new(entry: Entry, digest: bytes | None) -> Row:
    """Parameters for `INSERT`."""
    return (
        entry.group,
        entry.pos,
        entry.at,
        entry.kind,
        entry.actor,
        entry.cid,
        entry.seq,
        entry.target,
        entry.version,
        entry.recalled,
        _json_of_reactions(entry),
        orjson.dumps(entry.body).decode(),
        entry.section,
        digest,
    )


def row_of_rewritten(entry: Entry) -> Row:
    """Parameters for `REWRITE`."""
    body = orjson.dumps(entry.body).decode()
    return (entry.version, entry.recalled, _json_of_reactions(entry), body, entry.group, entry.pos)


class Page(msgspec.Struct):
    """Neighbouring entries, ascending, with the live rows of what they refer to."""

    entries: list[Entry]
    targets: dict[int, Entry]
    more: bool

    @property
    def shown(self) -> list[Entry]:
        """Every entry of which something is shown."""
        return [*self.entries, *self.targets.values()]


_BOTH = ", ".join("e." + c for c in COLUMNS) + ", " + ", ".join("t." + c for c in COLUMNS)
_FROM = (
    " FROM entries AS e LEFT JOIN entries AS t ON t.group_id = e.group_id AND t.pos = e.target"
    " WHERE e.group_id = ? AND e.pos > ? AND e.pos <= ? ORDER BY e.pos"
)
PAGE_UP = f"SELECT {_BOTH}{_FROM} LIMIT ?"
PAGE_DOWN = f"SELECT {_BOTH}{_FROM} DESC LIMIT ?"
PAGE_OF_SECTION = (
    f"SELECT {_BOTH} FROM entries AS e LEFT JOIN entries AS t ON t.group_id = e.group_id AND t.pos = e.target"
    " WHERE e.group_id = ? AND e.section = ? AND e.seq IS NOT NULL AND e.seq >= ? AND e.seq <= ? ORDER BY e.seq"
)
AT_POS = Probe(schema.entries, ("group_id", "pos"), ("group_id", "pos", "at"))
BY_SEQ = Probe(schema.entries, ("group_id", "section", "seq"), COLUMNS)
REACTED = (
    "SELECT user_id, emoji FROM reactions WHERE group_id = ? AND pos = ? AND user_id > ?"
    " ORDER BY user_id, emoji LIMIT ?"
)


async def page_up(reader: Reader, group: str, after: int, upto: int, limit: int) -> Page:
    """Entries above `after` and not above `upto`, the oldest first."""
    page = _page(await reader.all(PAGE_UP, (group, after, upto, limit + 1)), limit)
    await fill_entries(reader, page.shown)
    return page


async def page_down(reader: Reader, group: str, after: int, upto: int, limit: int) -> Page:
    """The newest entries above `after` and not above `upto`."""
    page = _page(await reader.all(PAGE_DOWN, (group, after, upto, limit + 1)), limit)
    page.entries.reverse()
    await fill_entries(reader, page.shown)
    return page


async def section_page(reader: Reader, group: str, section: int, first: int, last: int) -> Page:
    """The messages of a section with these numbers."""
    rows = await reader.all(PAGE_OF_SECTION, (group, section, first, last)) if first <= last else []
    page = _page(rows, len(rows))
    await fill_entries(reader, page.shown)
    return page


def page_of(rows: list[Row]) -> Page:
    """A page of rows that a statement of this module gave, without what the catalogue says."""
    return _page(rows, len(rows))


def _page(rows: list[Row], limit: int) -> Page:
    entries, targets = [], {}
    for row in rows[:limit]:
        entries.append(entry_from(row))
        if row[WIDTH] is not None:
            target = entry_from(row[WIDTH:])
            targets[target.pos] = target
    return Page(entries, targets, len(rows) > limit)


async def times_of(reader: Reader, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """When the entries at these (group, pos) were made; those that do not exist are left out."""
    return {(str(group), int(pos)): int(at) for group, pos, at in await reader.find(AT_POS, keys)}


async def messages_numbered(reader: Reader, keys: Sequence[tuple[str, int, int]]) -> list[Entry]:
    """The messages with these (group, section, number), in no particular order."""
    found = [entry_from(row) for row in await reader.find(BY_SEQ, keys)]
    await fill_entries(reader, found)
    return found


async def message_at(reader: Reader, group: str, pos: int) -> Entry | None:
    """The entry at this position if it is a message."""
    rows = await reader.find(BY_POS, [(group, pos)])
    entry = entry_from(rows[0]) if rows else None
    return entry if entry is not None and entry.kind == "message" else None


class Shown(msgspec.Struct):
    """A message with the live row of what it answers."""

    entry: Entry
    target: Entry | None


async def messages_at(reader: Reader, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Shown]:
    """The messages at these (group, pos), by them; what is no message or was recalled is left out."""
    rows = [entry_from(row) for row in await reader.find(BY_POS, keys)]
    found = [entry for entry in rows if entry.kind == "message" and not entry.recalled]
    answered = [(entry.group, entry.target) for entry in found if entry.target is not None]
    targets = {(t.group, t.pos): t for t in map(entry_from, await reader.find(BY_POS, answered))}
    await fill_entries(reader, [*found, *targets.values()])
    return {(e.group, e.pos): Shown(e, targets.get((e.group, e.target or 0))) for e in found}


async def first_since(reader: Reader, group: str, floor: int, upto: int, at: int) -> tuple[int, int] | None:
    """(pos, at) of the first entry above `floor` and not above `upto` that was made at a time or later.

    Times never decrease, so it is looked for by halves: no index on them is needed, nor kept up for every message.
    """
    low, high, found = floor + 1, upto, None
    while low <= high:
        middle = (low + high) // 2
        made_at = (await times_of(reader, [(group, middle)]))[group, middle]
        if made_at >= at:
            high, found = middle - 1, (middle, made_at)
        else:
            low = middle + 1
    return found


async def reacted(reader: Reader, group: str, pos: int, after: str, limit: int) -> list[tuple[str, str]]:
    """(user, sign) of a page of reactions to a message, by user above `after`."""
    return [(str(user), str(emoji)) for user, emoji in await reader.all(REACTED, (group, pos, after, limit))]


async def span_of(reader: Reader, group: str) -> tuple[int, int]:
    """(newest position, the one at and below which no messages are kept) of the group in this snapshot."""
    rows = await reader.all("SELECT head, floor FROM groups WHERE group_id = ?", (group,))
    return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)


async def head_of(reader: Reader, group: str) -> int:
    """The newest position of the group in this snapshot."""
    rows = await reader.all("SELECT head FROM groups WHERE group_id = ?", (group,))
    return int(rows[0][0]) if rows else 0
