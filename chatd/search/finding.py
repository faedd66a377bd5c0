"""Asking the index: positions in the groups of one person, the newest first.

Nothing here looks at a text. Ids of the index are ordered by time, so a page ends as soon as it is full; postings of
other groups are passed over by the low bits of their ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from chatd.search.index import (
    AHEAD_MS,
    GROUP_MASK,
    State,
    bits_of,
    doc_id,
    group_mark,
    kind_mark,
    sender_mark,
    ticks_of,
)
from chatd.search.query import Query
from chatd.store.database import Row
from chatd.store.readers import Reader, ReaderLost

FEW: Final = 5000
"""PostgreSQL: so many messages at most are all looked at; else the newest are gone through until a page is full."""
FEW_GROUPS: Final = 64
ID_MAX: Final = 2**63 - 1


class Wanted(NamedTuple):
    """What is looked for, and where: per group the positions above the first and not above the second.

    `sender` and `kind` narrow it; `after_ms` and `before_ms` are times, both included; `below` is an id.
    """

    query: Query
    scope: Mapping[str, tuple[int, int]]
    sender: str | None = None
    kind: str | None = None
    after_ms: int | None = None
    before_ms: int | None = None
    below: int | None = None


class Candidate(NamedTuple):
    """A message that has all the words, as of when the index read it."""

    id: int
    group: str
    pos: int


class Candidates(NamedTuple):
    """`n`: the commit up to which the index is whole. `sweeping`: older messages may be missing too."""

    found: list[Candidate]
    n: int
    sweeping: bool


async def find_candidates(reader: Reader, embedded: bool, wanted: Wanted, limit: int) -> Candidates:
    """The newest candidates below `wanted.below`. Raises `ReaderLost`."""
    find = _find_in_file if embedded else _find_in_tables
    kept = await reader.all(_STATE[embedded])
    if not kept:
        raise ReaderLost("the index is just being emptied")
    state = State(**orjson.loads(kept[0][0]))
    rows = await find(reader, wanted, limit)
    return Candidates([Candidate(*row) for row in rows], state.n, state.sweep_after is not None)


def _bounds(wanted: Wanted) -> tuple[int, int]:
    """The first and the last id that can be wanted. A message may have been given a slightly later time than it has."""
    low = doc_id(ticks_of(wanted.after_ms), 0) if wanted.after_ms is not None else 0
    high = doc_id(ticks_of(wanted.before_ms + AHEAD_MS), 0) if wanted.before_ms is not None else ID_MAX
    return low, high if wanted.below is None else min(high, wanted.below - 1)


def _marks(wanted: Wanted) -> list[str]:
    marks = [sender_mark(wanted.sender)] if wanted.sender is not None else []
    return marks + ([kind_mark(wanted.kind)] if wanted.kind is not None else [])


_STATE: Final = {
    True: "SELECT value FROM state WHERE key = 'state'",
    False: "SELECT value FROM search_state WHERE key = 'state'",
}

# -- SQLite

_GIDS: Final = "SELECT g.gid, g.group_id FROM json_each(?) AS k CROSS JOIN groups AS g ON g.group_id = k.value"
_IN_FILE: Final = f"""
WITH scope (gid, bits, lo, hi) AS MATERIALIZED (
    SELECT json_extract(k.value, '$[0]'), json_extract(k.value, '$[1]'), json_extract(k.value, '$[2]'),
        json_extract(k.value, '$[3]')
    FROM json_each(?) AS k
)
SELECT d.id, d.gid, d.pos FROM words CROSS JOIN docs AS d ON d.id = words.rowid
CROSS JOIN scope AS s ON s.gid = d.gid
WHERE words MATCH ? AND words.rowid >= ? AND words.rowid <= ?
AND (words.rowid & {GROUP_MASK}) IN (SELECT bits FROM scope)
AND d.pos > s.lo AND d.pos <= s.hi
ORDER BY words.rowid DESC LIMIT ?
"""


async def _find_in_file(reader: Reader, wanted: Wanted, limit: int) -> list[Row]:
    gids: dict[int, str] = dict(await reader.all(_GIDS, (orjson.dumps(list(wanted.scope)).decode(),)))
    if not gids:
        return []
    marks = _marks(wanted) + ([group_mark(gid) for gid in gids] if len(gids) == 1 else [])
    match = " AND ".join(f'"{token}"' for token in (*wanted.query.tokens, *marks))
    scope = orjson.dumps([(gid, bits_of(group), *wanted.scope[group]) for gid, group in gids.items()]).decode()
    rows = await reader.all(_IN_FILE, (scope, match, *_bounds(wanted), limit))
    return [(number, gids[gid], pos) for number, gid, pos in rows]


# -- PostgreSQL

_GIDS_OF_TABLES: Final = "SELECT gid, group_id FROM search_groups WHERE group_id = ANY(?::text[])"
_FEW: Final = "SELECT id, gid, pos FROM search_docs WHERE tokens @@ ?::tsquery AND id BETWEEN ? AND ? LIMIT ?"
_NEWEST: Final = (
    "SELECT id, gid, pos FROM search_docs WHERE tokens @@ ?::tsquery AND id BETWEEN ? AND ? AND gid = ANY(?::bigint[])"
    " ORDER BY id DESC LIMIT ?"
)


async def _find_in_tables(reader: Reader, wanted: Wanted, limit: int) -> list[Row]:
    gids: dict[int, str] = dict(await reader.all(_GIDS_OF_TABLES, (reader.array(list(wanted.scope)),)))
    if not gids:
        return []
    query = " & ".join(f"'{token}'" for token in (*wanted.query.tokens, *_marks(wanted)))
    if len(gids) <= FEW_GROUPS:
        query += " & (" + " | ".join(f"'{group_mark(gid)}'" for gid in gids) + ")"
    bounds = _bounds(wanted)

    def mine(rows: Sequence[Row]) -> list[Row]:
        shown = [(number, gids[gid], pos) for number, gid, pos in rows if gid in gids]
        return [row for row in shown if wanted.scope[row[1]][0] < row[2] <= wanted.scope[row[1]][1]]

    few = await reader.all(_FEW, (query, *bounds, FEW + 1))
    if len(few) <= FEW:
        return sorted(mine(few), reverse=True)[:limit]
    found: list[Row] = []
    low, high = bounds
    while len(found) < limit:
        rows = await reader.all(_NEWEST, (query, low, high, list(gids), limit))
        found += mine(rows)
        if len(rows) < limit:
            break
        high = rows[-1][0] - 1
    return found[:limit]
