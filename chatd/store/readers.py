"""The readers: a few connections that only read, used from the event loop.

Each one is a snapshot while a read lasts, and holds no transaction longer than that: nothing here waits for a client.
What is read is rows; the modules of the nouns turn them into values.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import aiosqlite
import orjson

from chatd.store.database import Row, path_of
from chatd.store.statements import Probe


class ReaderLost(Exception):
    """The database could not be read now."""


class Reader(Protocol):
    """One snapshot of the database. Raises `ReaderLost`.

    `among` follows a column in a condition: its value is one of `array(values)`, which is the parameter.
    """

    among: str

    def array(self, values: Sequence[str]) -> object: ...

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        """The rows of one SELECT with `?` for parameters."""

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        """The rows with these keys."""


class _Connection(Reader, Protocol):
    async def begin(self) -> None: ...
    async def end(self) -> None: ...
    async def close(self) -> None: ...


class Readers:
    """A pool of `count` connections; more reads than that wait for their turn."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self._idle: asyncio.Queue[_Connection | None] = asyncio.Queue()
        self._all: set[_Connection] = set()

    async def open(self) -> None:
        """Open the connections. Raises `ReaderLost`."""
        for _ in range(self._count):
            self._idle.put_nowait(await self._connect())

    async def close(self) -> None:
        """Close the connections; reads that are under way fail."""
        for connection in list(self._all):
            await connection.close()
        self._all.clear()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Several reads of one moment. Raises `ReaderLost`; the connection is replaced then."""
        connection = await self._idle.get()
        keep: _Connection | None = connection
        try:
            if connection is None:
                connection = keep = await self._connect()
            try:
                await connection.begin()
                yield connection
                await connection.end()
            except BaseException:
                # Whatever state it is in: a connection that was interrupted is not used again.
                keep = None
                self._all.discard(connection)
                await asyncio.shield(connection.close())
                raise
        finally:
            self._idle.put_nowait(keep)

    async def _connect(self) -> _Connection:
        path = path_of(self._url)
        connection = await (_Sqlite.open(path) if path is not None else _Postgres.open(self._url))
        self._all.add(connection)
        return connection


class _Sqlite:
    """aiosqlite: a thread per connection, one hop per statement."""

    among = "IN (SELECT value FROM json_each(?))"

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> _Connection:
        try:
            connection = await aiosqlite.connect(f"{_uri_of(path)}?mode=ro", uri=True, isolation_level=None)
            await connection.execute("PRAGMA busy_timeout = 5000")
            await connection.execute("PRAGMA mmap_size = 0")
        except aiosqlite.Error as error:
            raise ReaderLost(str(error)) from error
        return cls(connection)

    async def begin(self) -> None:
        await self._run("BEGIN")

    async def end(self) -> None:
        await self._run("COMMIT")

    async def close(self) -> None:
        await self._connection.close()

    def array(self, values: Sequence[str]) -> object:
        return orjson.dumps(values).decode()

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        return await self._run(sql, params)

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        return await self._run(what.sqlite, (orjson.dumps(keys).decode(),)) if keys else []

    async def _run(self, sql: str, params: Row = ()) -> list[Row]:
        try:
            # All rows at once: a SELECT that was not read to its end would pin its snapshot.
            return list(await self._connection.execute_fetchall(sql, params))  # type: ignore[arg-type]
        except (aiosqlite.Error, ValueError) as error:
            raise ReaderLost(str(error)) from error


def _uri_of(path: Path) -> str:
    return path.absolute().as_uri()


class _Postgres:
    """psycopg's asynchronous connection."""

    among = "= ANY(?::text[])"

    def __init__(self, connection: Any, outages: tuple[type[Exception], ...]) -> None:
        self._connection = connection
        self._outages = outages

    @classmethod
    async def open(cls, url: str) -> _Connection:
        import psycopg

        outages = (psycopg.OperationalError, psycopg.InterfaceError)
        try:
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=2)
        except outages as error:
            raise ReaderLost(str(error)) from error
        return cls(connection, outages)

    async def begin(self) -> None:
        await self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    async def end(self) -> None:
        await self._run("COMMIT")

    async def close(self) -> None:
        await self._connection.close()

    def array(self, values: Sequence[str]) -> object:
        return list(values)

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        return await self._run(sql.replace("?", "%s"), params)

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        return await self._run(what.postgresql, tuple(list(c) for c in zip(*keys, strict=True))) if keys else []

    async def _run(self, sql: str, params: Row = ()) -> list[Row]:
        try:
            cursor = await self._connection.execute(sql.encode(), params)
            return await cursor.fetchall() if cursor.description is not None else []
        except self._outages as error:
            raise ReaderLost(str(error)) from error
