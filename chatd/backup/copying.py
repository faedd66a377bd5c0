"""All rows of all tables, from PostgreSQL into a SQLite file and back, in portions: memory does not depend on how many.

What is read is one snapshot; what is written is one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sqlalchemy import BigInteger, Boolean, Integer, Table

from chatd.store import schema
from chatd.store.database import PATIENCE
from chatd.store.migrate import migrate

if TYPE_CHECKING:
    import psycopg

PORTION_ROWS: Final = 500
TABLES: Final[Sequence[Table]] = tuple(schema.metadata.sorted_tables)
"""Parents first."""
_SEARCH: Final = "DROP TABLE IF EXISTS search_state, search_groups, search_docs"
Told = Callable[[int], None]


def url_of(file: Path) -> str:
    """A file as `[store] url` names it."""
    return f"sqlite:///{quote(str(file))}"


@contextmanager
def snapshot(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A PostgreSQL database as it is now, for as long as it takes. Raises psycopg's errors."""
    import psycopg

    connection = psycopg.connect(url, autocommit=True, **PATIENCE)
    try:
        connection.execute("SET statement_timeout = 0")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection
    finally:
        connection.close()


def size_of(source: psycopg.Connection[Any]) -> int:
    """Bytes that the tables take there, with their indexes: about what a file of them takes, and rather more."""
    names = [table.name for table in TABLES]
    row = source.execute(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class AS c"
        " WHERE c.relkind = 'r' AND c.relname = ANY(%s) AND c.relnamespace = ANY(SELECT oid FROM pg_namespace"
        " WHERE nspname = ANY(current_schemas(false)))",
        (names,),
    ).fetchone()
    return int(row[0]) if row else 0


def rows_in(source: psycopg.Connection[Any]) -> int:
    """How many rows there are."""
    counts = " + ".join(f'(SELECT count(*) FROM "{table.name}")' for table in TABLES)
    row = source.execute(f"SELECT {counts}".encode()).fetchone()
    return int(row[0]) if row else 0


def copy_out(source: psycopg.Connection[Any], file: Path, told: Told) -> None:
    """Write a snapshot into an empty SQLite file. `told` is called with the rows so far.

    Indexes are made when all rows are there: each would have to be kept in order on the way.
    """
    migrate(url_of(file))
    into = sqlite3.connect(file, isolation_level=None)
    try:
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -65536"):
            into.execute(f"PRAGMA {pragma}")
        indexes = into.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        into.execute("BEGIN")
        for name, _ in indexes:
            into.execute(f'DROP INDEX "{name}"')
        done = 0
        for table in TABLES:
            into.execute(f'DELETE FROM "{table.name}"')
            marks = ", ".join("?" for _ in table.columns)
            insert = f'INSERT INTO "{table.name}" ({_names(table)}) VALUES ({marks})'
            for rows in _portions_of(source, table):
                into.executemany(insert, rows)
                done += len(rows)
                told(done)
        for _, sql in indexes:
            into.execute(sql)
        into.execute("COMMIT")
    finally:
        into.close()


def _portions_of(source: psycopg.Connection[Any], table: Table) -> Iterator[list[tuple[Any, ...]]]:
    key = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    with source.cursor(name=f"backup_{table.name}") as cursor:
        cursor.execute(f'SELECT {_names(table)} FROM "{table.name}" ORDER BY {key}'.encode())
        while rows := cursor.fetchmany(PORTION_ROWS):
            yield rows


def copy_in(file: Path, into: psycopg.Connection[Any], told: Told) -> None:
    """Put what a SQLite file holds in the place of all that is there, in the transaction that `into` is in.

    Raises ValueError if what arrived is not as much as was sent.
    """
    source = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
    try:
        into.execute(_SEARCH)
        into.execute(f"TRUNCATE {', '.join(chr(34) + table.name + chr(34) for table in TABLES)}".encode())
        done = 0
        for table in TABLES:
            sent = _send(source, into, table, partial(_add, told, done))
            arrived = into.execute(f'SELECT count(*) FROM "{table.name}"'.encode()).fetchone()
            if arrived is None or arrived[0] != sent:
                raise ValueError(f"{table.name}: {sent} rows were sent, {arrived and arrived[0]} arrived")
            _rewind(into, table)
            done += sent
    finally:
        source.close()


def _add(told: Told, before: int, so_far: int) -> None:
    told(before + so_far)


def _send(source: sqlite3.Connection, into: psycopg.Connection[Any], table: Table, told: Told) -> int:
    flags = [at for at, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    cursor = source.execute(f'SELECT {_names(table)} FROM "{table.name}"')
    sent = 0
    with into.cursor() as writing, writing.copy(f'COPY "{table.name}" ({_names(table)}) FROM STDIN'.encode()) as copy:
        while rows := cursor.fetchmany(PORTION_ROWS):
            for row in rows:
                copy.write_row(_with_flags(row, flags) if flags else row)
            sent += len(rows)
            told(sent)
    return sent


def _with_flags(row: tuple[Any, ...], flags: Sequence[int]) -> list[Any]:
    values = list(row)
    for at in flags:
        values[at] = bool(values[at])
    return values


def _rewind(into: psycopg.Connection[Any], table: Table) -> None:
    """What numbers the rows of a table by itself goes on behind those that are there."""
    for column in table.primary_key.columns:
        kind = column.type
        if column.autoincrement is True and isinstance(kind, BigInteger | Integer):
            into.execute(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{column.name}'),"
                f' greatest((SELECT max("{column.name}") FROM "{table.name}"), 1),'
                f' EXISTS (SELECT 1 FROM "{table.name}"))'.encode()
            )


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
