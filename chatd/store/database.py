"""One synchronous connection to the database, as the commit engine needs it: SQLite or PostgreSQL.

The engine says what it wants in the terms of `statements`; this module knows how to say it to each database, which
settings make an acknowledged commit durable, and which failures mean that the outcome of a commit is unknown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import orjson

from chatd.store.failures import Contended, StorageFull, StoreLost
from chatd.store.statements import Lock, Probe, Write

Row = tuple[Any, ...]

SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA foreign_keys = ON",
)
PATIENCE: dict[str, Any] = {"connect_timeout": 10, "tcp_user_timeout": 20_000}
"""A PostgreSQL that does not answer is lost after this long (s, ms), not waited for."""
_SQLITE_FULL = 13
SQLITE_NO_INDEX = 4874
"""SQLITE_IOERR_SHMSIZE: there is no room for the index of the WAL."""
_SQLITE_DAMAGED = frozenset({11, 26})


class Database(Protocol):
    """What the engine asks of a connection. All methods raise `StorageFull`, `StoreLost` or `Contended` for those."""

    kind: str
    exclusive: bool
    """Whether nobody else can write while this connection holds the database."""

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...

    def find(self, what: Probe | Lock, keys: Sequence[Row]) -> list[Row]:
        """The rows with these keys; those that do not exist are left out."""

    def write(self, what: Write, rows: Sequence[Row]) -> None:
        """Run a write for every row of parameters."""

    def run(self, sql: str, params: Row = ()) -> tuple[list[Row], int]:
        """One statement with `?` for parameters: its rows, and how many rows it changed."""


def path_of(url: str) -> Path | None:
    """The file of a `sqlite:///path` URL, None for other databases. Raises ValueError for what is neither."""
    if url.startswith("sqlite:///"):
        return Path(unquote(url.removeprefix("sqlite:///")))
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise ValueError("store.url must begin with sqlite:/// or postgresql://")


def connect(url: str) -> Database:
    """Open the database that `url` names."""
    path = path_of(url)
    return Sqlite(path) if path is not None else Postgres(url)


class Sqlite:
    """The embedded database."""

    kind = "sqlite"
    exclusive = True

    def __init__(self, path: Path, settings: Sequence[str] = SQLITE_SETTINGS) -> None:
        try:
            opened = sqlite3.connect(path, isolation_level=None, cached_statements=256, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise StoreLost(f"{path}: {error}") from error
        self._connection = opened
        try:
            for setting in settings:
                opened.execute(setting)
        except sqlite3.DatabaseError as error:
            opened.close()
            if getattr(error, "sqlite_errorcode", 0) == SQLITE_NO_INDEX:
                raise StorageFull(f"{path}: {error}") from error
            damaged = path if _code_of(error) in _SQLITE_DAMAGED else None
            if isinstance(failure := sqlite_failure(error), StoreLost):
                raise StoreLost(f"{path}: {error}", damaged) from error
            raise failure from error

    def begin(self) -> None:
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def find(self, what: Probe | Lock, keys: Sequence[Row]) -> list[Row]:
        return self._execute(what.sqlite, (orjson.dumps(keys).decode(),)).fetchall()

    def write(self, what: Write, rows: Sequence[Row]) -> None:
        try:
            self._connection.executemany(what.sqlite, rows)
        except sqlite3.DatabaseError as error:
            raise sqlite_failure(error) from error

    def run(self, sql: str, params: Row = ()) -> tuple[list[Row], int]:
        cursor = self._execute(sql, params)
        rows = cursor.fetchall()
        return rows, cursor.rowcount

    def _execute(self, sql: str, params: Row = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, params)
        except sqlite3.DatabaseError as error:
            raise sqlite_failure(error) from error


def fold_in(path: Path) -> None:
    """Bring everything into the one file, once nobody writes any more: whoever copies it then has it all. What cannot
    be done now, the next start does."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None, timeout=1)) as last:
        last.execute("PRAGMA secure_delete = ON")
        last.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def sqlite_failure(error: sqlite3.DatabaseError) -> Exception:
    """Which failure of SQLite it is (https://sqlite.org/rescode.html); what is our own mistake stays as it is."""
    if not isinstance(error, sqlite3.OperationalError) and type(error) is not sqlite3.DatabaseError:
        return error
    return StorageFull(str(error)) if _code_of(error) == _SQLITE_FULL else StoreLost(str(error))


def _code_of(error: sqlite3.Error) -> int:
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


class Postgres:
    """PostgreSQL through psycopg, in autocommit mode with explicit transactions."""

    kind = "postgresql"
    exclusive = False

    def __init__(self, url: str) -> None:
        import psycopg

        self._errors = psycopg.Error
        self._full = psycopg.errors.DiskFull
        self._contention = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
        self._outages = (psycopg.OperationalError, psycopg.InterfaceError)
        try:
            self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=2, **PATIENCE)
            self._cursor = self._connection.cursor()
            self._cursor.execute("SET synchronous_commit = on")
            self._cursor.execute("SET statement_timeout = '30s'")
            self._cursor.execute("SET idle_in_transaction_session_timeout = '60s'")
        except self._outages as error:
            raise StoreLost(str(error)) from error

    def begin(self) -> None:
        self._execute("BEGIN")

    def commit(self) -> None:
        self._execute("COMMIT")

    def rollback(self) -> None:
        self._execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def find(self, what: Probe | Lock, keys: Sequence[Row]) -> list[Row]:
        self._execute(what.postgresql, tuple(list(column) for column in zip(*keys, strict=True)))
        return self._cursor.fetchall()

    def write(self, what: Write, rows: Sequence[Row]) -> None:
        self._execute(what.postgresql, tuple(list(column) for column in zip(*rows, strict=True)))

    def run(self, sql: str, params: Row = ()) -> tuple[list[Row], int]:
        self._execute(sql.replace("?", "%s"), params)
        rows = self._cursor.fetchall() if self._cursor.description is not None else []
        return rows, self._cursor.rowcount

    def _execute(self, sql: str, params: Row = ()) -> None:
        try:
            self._cursor.execute(sql.encode(), params)
        except self._full as error:
            raise StorageFull(str(error)) from error
        except self._contention as error:
            raise Contended(str(error)) from error
        except self._outages as error:
            raise StoreLost(str(error)) from error
