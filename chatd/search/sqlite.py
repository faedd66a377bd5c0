"""The index as a file beside the embedded database: FTS5 without positions and without text.

Phrases are checked on the live text, so the index needs neither, and is a third of the size. To take a message out,
FTS5 wants to be told what was in it; that is why its terms are kept, folded, in `docs`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from chatd.search.index import GROUP_MASK, LAYOUT, Doc, IndexBroken, Place, Portion, State, marks_of
from chatd.search.tokens import tokens_of

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # after a power cut it is older, and whole: it reads on from there
    "PRAGMA secure_delete = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -32768",
    "PRAGMA busy_timeout = 5000",
)
_TABLES: Final = """
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE groups (
    gid INTEGER PRIMARY KEY, group_id TEXT NOT NULL UNIQUE, upto INTEGER NOT NULL, clock INTEGER NOT NULL
);
CREATE TABLE docs (
    id INTEGER PRIMARY KEY, gid INTEGER NOT NULL, pos INTEGER NOT NULL, sender TEXT NOT NULL, kind TEXT NOT NULL,
    runs TEXT NOT NULL
);
CREATE UNIQUE INDEX docs_by_pos ON docs (gid, pos);
CREATE VIRTUAL TABLE words USING fts5(
    tokens, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '@!=-_.'"
)
"""
_BROKEN: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UP_TO: Final = "SELECT gid, pos FROM docs WHERE gid = ? AND pos <= ? LIMIT 500"
_BY_POS: Final = (
    "SELECT d.id, d.gid, d.pos, d.sender, d.kind, d.runs FROM json_each(?) AS k CROSS JOIN docs AS d"
    " ON d.gid = json_extract(k.value, '$[0]') AND d.pos = json_extract(k.value, '$[1]')"
)


class SqliteIndex:
    """Implements `Index`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self.state = State()

    def open(self, epoch: str, fresh: str) -> None:
        try:
            with self._watched():
                self._connect()
                if self._kept("layout") == LAYOUT and self._kept("epoch") == epoch:
                    self.state = State(**orjson.loads(self._kept("state")))
                    return
        except IndexBroken:
            pass
        self.wipe(epoch, fresh)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def wipe(self, epoch: str, fresh: str) -> None:
        self.close()
        for name in (self._path, *(Path(f"{self._path}{tail}") for tail in ("-wal", "-shm"))):
            name.unlink(missing_ok=True)
        with self._watched():
            db = self._connect()
            self.state = State(generation=fresh, sweep_after="")
            with self._transaction():
                for table in _TABLES.split(";"):
                    db.execute(table)
                self._keep(layout=LAYOUT, epoch=epoch, state=_dump(self.state))

    def present(self) -> bool:
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def places(self, groups: Sequence[str]) -> dict[str, Place]:
        with self._watched() as db, self._transaction():
            names = orjson.dumps(list(groups)).decode()
            db.execute(
                "INSERT INTO groups (group_id, upto, clock) SELECT value, 0, 0 FROM json_each(?) WHERE true"
                " ON CONFLICT (group_id) DO NOTHING",
                (names,),
            )
            rows = db.execute(
                "SELECT group_id, gid, upto, clock FROM groups WHERE group_id IN (SELECT value FROM json_each(?))",
                (names,),
            ).fetchall()
        return {group: Place(gid, upto, clock) for group, gid, upto, clock in rows}

    def apply(self, portion: Portion, state: State) -> None:
        with self._watched() as db, self._transaction():
            self._erase(portion.erased)
            self._cut(portion.cuts)
            ids = self._take_out([*portion.docs, *portion.gone])
            for key, doc in portion.docs.items():
                doc.id = ids.get(key, doc.id)
            docs = self._numbered(list(portion.docs.values()))
            rows = [(d.id, d.gid, d.pos, d.sender, d.kind, d.runs) for d in docs]
            db.executemany("INSERT INTO docs (id, gid, pos, sender, kind, runs) VALUES (?, ?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT INTO words (rowid, tokens) VALUES (?, ?)", [(d.id, _tokens(d)) for d in docs])
            places = [(p.upto, p.clock, p.gid) for p in portion.places.values()]
            db.executemany("UPDATE groups SET upto = ?, clock = ? WHERE gid = ?", places)
            self._keep(state=_dump(state))
        self.state = state

    def _take_out(self, keys: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
        """Remove messages that are there. Returns their ids."""
        assert self._db is not None
        docs = [Doc(*row) for row in self._db.execute(_BY_POS, (orjson.dumps(keys).decode(),))]
        docs.sort(key=lambda doc: doc.id)
        old = [(doc.id, _tokens(doc)) for doc in docs]
        self._db.executemany("INSERT INTO words (words, rowid, tokens) VALUES ('delete', ?, ?)", old)
        self._db.executemany("DELETE FROM docs WHERE id = ?", [(doc.id,) for doc in docs])
        return {(doc.gid, doc.pos): doc.id for doc in docs}

    def _erase(self, people: set[tuple[int, str]]) -> None:
        """Take out whatever these people wrote in these groups, down to the words that the index itself remembers:
        what is taken out of FTS5 stays in its pages until they are merged."""
        assert self._db is not None
        keys: list[tuple[int, int]] = []
        for gid, sender in sorted(people):
            keys += self._db.execute("SELECT gid, pos FROM docs WHERE gid = ? AND sender = ?", (gid, sender))
        if keys:
            self._take_out(keys)
            self._db.execute("INSERT INTO words (words) VALUES ('optimize')")

    def _cut(self, cuts: dict[int, int]) -> None:
        """Take out whatever lies so far back in these groups."""
        assert self._db is not None
        for gid, floor in cuts.items():
            while keys := self._db.execute(_UP_TO, (gid, floor)).fetchall():
                self._take_out(keys)

    def _numbered(self, docs: list[Doc]) -> list[Doc]:
        """In the order of their ids, each with one that is free: two groups may have the same low bits."""
        assert self._db is not None
        given: set[int] = set()
        docs.sort(key=lambda doc: (doc.id, doc.gid, doc.pos))
        for doc in docs:
            while doc.id in given or self._db.execute("SELECT 1 FROM docs WHERE id = ?", (doc.id,)).fetchone():
                doc.id += GROUP_MASK + 1
            given.add(doc.id)
        docs.sort(key=lambda doc: doc.id)
        return docs

    def _connect(self) -> sqlite3.Connection:
        self.close()
        self._db = db = sqlite3.connect(self._path, isolation_level=None, cached_statements=64)
        for setting in _SETTINGS:
            db.execute(setting)
        self._inode = self._path.stat().st_ino
        return db

    def _kept(self, key: str) -> str:
        assert self._db is not None
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _keep(self, **values: str) -> None:
        assert self._db is not None
        self._db.executemany("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", list(values.items()))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        assert self._db is not None
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _watched(self) -> Iterator[Any]:
        """Tells a broken file from one that only cannot be written now."""
        try:
            yield self._db
        except sqlite3.DatabaseError as error:
            if (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in _BROKEN or type(error) is sqlite3.DatabaseError:
                raise IndexBroken(type(error).__name__) from error
            raise


def _tokens(doc: Doc) -> str:
    return " ".join([*tokens_of(doc.runs), *marks_of(doc)])


def _dump(state: State) -> str:
    return orjson.dumps({name: getattr(state, name) for name in state.__struct_fields__}).decode()
