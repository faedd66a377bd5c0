"""The index as tables of their own in PostgreSQL: a tsvector of our tokens, without positions, under a GIN index.

The follower makes the tables itself: they are no part of the log and its history, and may be dropped at any time. Of
several servers on one database one follows the log (an advisory lock says which), all of them ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import orjson

from chatd.search.index import (
    GROUP_MASK,
    LAYOUT,
    Doc,
    IndexBroken,
    Place,
    Portion,
    State,
    group_mark,
    marks_of,
    sender_mark,
)
from chatd.search.tokens import tokens_of
from chatd.store.database import PATIENCE, Row

_TABLES: Final = """
DROP TABLE IF EXISTS search_state, search_groups, search_docs;
CREATE TABLE search_state (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE search_groups (
    gid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, group_id text NOT NULL UNIQUE, upto bigint NOT NULL,
    clock bigint NOT NULL
);
CREATE TABLE search_docs (
    id bigint PRIMARY KEY, gid bigint NOT NULL, pos bigint NOT NULL, tokens tsvector NOT NULL, UNIQUE (gid, pos)
);
CREATE INDEX search_docs_by_token ON search_docs USING gin (tokens) WITH (gin_pending_list_limit = 256)
"""
# What is new lies in a list first, which every search goes through from end to end, and which whoever fills it up has
# to sort in: 4 MiB of it, as PostgreSQL has it, are long for both.
_PLACES: Final = "SELECT group_id, gid, upto, clock FROM search_groups WHERE group_id = ANY(%s::text[])"
_KNOWN: Final = """
SELECT gid, pos, id FROM search_docs WHERE id = ANY(%s::bigint[])
UNION ALL SELECT d.gid, d.pos, d.id FROM unnest(%s::bigint[], %s::bigint[]) AS k(gid, pos)
    CROSS JOIN LATERAL (SELECT * FROM search_docs AS d WHERE d.gid = k.gid AND d.pos = k.pos LIMIT 1) AS d
"""
_INSERT: Final = (
    "INSERT INTO search_docs (id, gid, pos, tokens)"
    " SELECT v.id, v.gid, v.pos, array_to_tsvector(string_to_array(v.tokens, ' '))"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS v(id, gid, pos, tokens)"
)
_CUT: Final = "DELETE FROM search_docs WHERE gid = %s AND pos <= %s AND tokens @@ %s::tsquery"
_ERASE: Final = "DELETE FROM search_docs WHERE gid = %s AND tokens @@ %s::tsquery"

_LOCK: Final = 0x63686174_73656172  # "chatsear": whoever holds it follows the log


class PostgresIndex:
    """Implements `Index`."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._errors = psycopg.errors
        # Not SERIALIZABLE or the like: only the holder of the lock writes.
        self._db = psycopg.connect(url, autocommit=True, prepare_threshold=2, **PATIENCE)
        self._db.execute("SET client_min_messages = error")
        # After a power cut the index is older, and whole: it reads on from there.
        self._db.execute("SET synchronous_commit = off")
        self._following = False
        self.state = State()

    def follows(self) -> bool:
        """Whether this is the one that writes; else another server does."""
        if not self._following:
            row = self._db.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
            self._following = row is not None and bool(row[0])
        return self._following

    def open(self, epoch: str, fresh: str) -> None:
        try:
            if self._kept("layout") == LAYOUT and self._kept("epoch") == epoch:
                self.state = State(**orjson.loads(self._kept("state")))
                return
        except IndexBroken:
            pass
        self.wipe(epoch, fresh)

    def close(self) -> None:
        self._db.close()

    def wipe(self, epoch: str, fresh: str) -> None:
        self.state = State(generation=fresh, sweep_after="")
        with self._db.transaction():
            for table in _TABLES.split(";"):
                self._db.execute(table)
            self._keep(layout=LAYOUT, epoch=epoch, state=orjson.dumps(_fields(self.state)).decode())

    def present(self) -> bool:
        row = self._db.execute("SELECT to_regclass('search_docs'), to_regclass('search_state')").fetchone()
        return row is not None and None not in row

    def places(self, groups: Sequence[str]) -> dict[str, Place]:
        rows = self._run(_PLACES, (list(groups),))
        if fresh := set(groups).difference(row[0] for row in rows):
            sql = "INSERT INTO search_groups (group_id, upto, clock) SELECT unnest(%s::text[]), 0, 0 RETURNING"
            rows += self._run(f"{sql} group_id, gid, upto, clock", (sorted(fresh),))
        return {group: Place(gid, upto, clock) for group, gid, upto, clock in rows}

    def apply(self, portion: Portion, state: State) -> None:
        """Asked in one go and told in another: each waits for the database once."""
        docs, places = list(portion.docs.values()), list(portion.places.values())
        known, used = self._known([*portion.docs, *portion.gone], [doc.id for doc in docs])
        for key, doc in portion.docs.items():
            doc.id = known.get(key, doc.id)
        self._number(docs, used - set(known.values()))
        with self._watched(), self._db.pipeline(), self._db.transaction():
            for gid, sender in sorted(portion.erased):
                self._db.execute(_ERASE, (gid, f"'{sender_mark(sender)}'"))
            for gid, floor in portion.cuts.items():
                self._db.execute(_CUT, (gid, floor, f"'{group_mark(gid)}'"))
            if known:
                self._db.execute("DELETE FROM search_docs WHERE id = ANY(%s::bigint[])", (list(known.values()),))
            self._insert(docs)
            self._db.execute(
                "UPDATE search_groups AS g SET upto = v.upto, clock = v.clock"
                " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(gid, upto, clock) WHERE g.gid = v.gid",
                ([p.gid for p in places], [p.upto for p in places], [p.clock for p in places]),
            )
            self._keep(state=orjson.dumps(_fields(state)).decode())
        self.state = state

    def _known(self, keys: list[tuple[int, int]], ids: list[int]) -> tuple[dict[tuple[int, int], int], set[int]]:
        """The messages of these that are there, with their ids; and the ids that are taken."""
        rows = self._run(_KNOWN, (ids, [gid for gid, _ in keys], [pos for _, pos in keys])) if keys else []
        wanted = set(keys)
        known = {(gid, pos): number for gid, pos, number in rows if (gid, pos) in wanted}
        return known, {number for _, _, number in rows}

    def _number(self, docs: list[Doc], used: set[int]) -> None:
        """Each gets an id that is free: two groups may have the same low bits."""
        docs.sort(key=lambda doc: (doc.id, doc.gid, doc.pos))
        for doc in docs:
            while doc.id in used:
                doc.id += GROUP_MASK + 1
                if self._run("SELECT 1 FROM search_docs WHERE id = %s", (doc.id,)):
                    used.add(doc.id)
            used.add(doc.id)

    def _insert(self, docs: list[Doc]) -> None:
        if docs:
            tokens = [" ".join([*tokens_of(doc.runs), *marks_of(doc)]) for doc in docs]
            columns = ([doc.id for doc in docs], [doc.gid for doc in docs], [doc.pos for doc in docs], tokens)
            self._db.execute(_INSERT, columns)

    def _kept(self, key: str) -> str:
        rows = self._run("SELECT value FROM search_state WHERE key = %s", (key,))
        return str(rows[0][0]) if rows else ""

    def _keep(self, **values: str) -> None:
        for item in values.items():
            self._db.execute(
                "INSERT INTO search_state (key, value) VALUES (%s, %s)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                item,
            )

    def _run(self, sql: str, params: Row = ()) -> list[Row]:
        with self._watched():
            return self._db.execute(sql.encode(), params).fetchall()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Tells tables that are gone from a database that cannot be written now."""
        try:
            yield
        except (self._errors.UndefinedTable, self._errors.UndefinedColumn) as error:
            raise IndexBroken(type(error).__name__) from error


def _fields(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}
