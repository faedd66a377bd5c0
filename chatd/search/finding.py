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

WINDOW: Final = 2000
WINDOW_MAX: Final = 40_000
"""PostgreSQL: so many of the newest messages are looked through, and so many more for words that are in many."""
FEW: Final = 1500
"""PostgreSQL: so many messages that have the words are all looked at; of more, the newest until a page is full."""
MARKS_CHEAP: Final = 8
MARKS_MAX: Final = 64
"""PostgreSQL: groups that words are looked for together with at once; and, after all else, at most."""
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
_IN_WINDOW: Final = (
    "SELECT id, gid, pos FROM (SELECT * FROM search_docs WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?) AS picked"
    " WHERE gid = ANY(?::bigint[]) AND tokens @@ ?::tsquery ORDER BY id DESC LIMIT ?"
)
_BELOW_WINDOW: Final = "SELECT id FROM search_docs WHERE id BETWEEN ? AND ? ORDER BY id DESC OFFSET ? LIMIT 1"
# A prepared statement is planned for any ids: as if few messages lay between them, when mostly all do. So ids are none
# that an index is asked for here.
_FEW: Final = "SELECT id, gid, pos FROM search_docs WHERE tokens @@ ?::tsquery AND id + 0 BETWEEN ? AND ? LIMIT ?"


class _Tables:
    """One search. The index of words knows no order: for one page of what is everywhere it would be read whole. So
    what is common is found by going through the newest messages, and only what is rare by its words."""

    def __init__(self, reader: Reader, wanted: Wanted, gids: dict[int, str]) -> None:
        self._reader = reader
        self._scope = wanted.scope
        self._gids = gids
        self._query = " & ".join(f"'{token}'" for token in (*wanted.query.tokens, *_marks(wanted)))
        self._low, self._high = _bounds(wanted)

    async def find(self, limit: int) -> list[Row]:
        found = await self._look_through(WINDOW, limit)
        few: list[Row] | None = []
        if self._wants_more(found, limit):
            few = await self._find_few(in_groups=len(self._gids) <= MARKS_CHEAP)
        if few is None:
            found += await self._look_through(WINDOW_MAX, limit - len(found))
        if few is None and self._wants_more(found, limit) and MARKS_CHEAP < len(self._gids) <= MARKS_MAX:
            few = await self._find_few(in_groups=True)
        while few is None and self._wants_more(found, limit):
            found += await self._look_through(WINDOW_MAX, limit - len(found))
        return (found + (few or []))[:limit]

    def _wants_more(self, found: list[Row], limit: int) -> bool:
        return len(found) < limit and self._low <= self._high

    async def _look_through(self, size: int, limit: int) -> list[Row]:
        """The newest hits among so many of the newest messages; what is asked for later is below these."""
        bounds = (self._low, self._high, size)
        rows = await self._reader.all(_IN_WINDOW, (*bounds, list(self._gids), self._query, limit))
        if len(rows) >= limit:
            self._high = rows[-1][0] - 1
        else:
            below = await self._reader.all(_BELOW_WINDOW, bounds)
            self._high = below[0][0] if below else self._low - 1
        return self._mine(rows)

    async def _find_few(self, in_groups: bool) -> list[Row] | None:
        """All hits that are left, by their words, unless these are too many; those of other groups count if not
        `in_groups`, which costs the more the more groups there are."""
        query = self._query
        if in_groups:
            query += " & (" + " | ".join(f"'{group_mark(gid)}'" for gid in self._gids) + ")"
        few = await self._reader.all(_FEW, (query, self._low, self._high, FEW + 1))
        return sorted(self._mine(few), reverse=True) if len(few) <= FEW else None

    def _mine(self, rows: Sequence[Row]) -> list[Row]:
        shown = [(number, self._gids[gid], pos) for number, gid, pos in rows if gid in self._gids]
        return [row for row in shown if self._scope[row[1]][0] < row[2] <= self._scope[row[1]][1]]


async def _find_in_tables(reader: Reader, wanted: Wanted, limit: int) -> list[Row]:
    gids: dict[int, str] = dict(await reader.all(_GIDS_OF_TABLES, (reader.array(list(wanted.scope)),)))
    return await _Tables(reader, wanted, gids).find(limit) if gids else []
