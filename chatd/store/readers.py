"""The readers: a few connections that only read, used from the event loop.

Each one is a snapshot while a read lasts, and holds no transaction longer than that: nothing here waits for a client.
What is read is rows; the modules of the nouns turn them into values.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiosqlite
import orjson

from chatd.store.database import PATIENCE, Row, path_of
from chatd.store.statements import Probe

T = TypeVar("T")


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

    async def run(self, work: Callable[[Reader], Coroutine[Any, Any, T]], *, last: bool = False) -> T:
        """Several reads as one step. `work` awaits nothing but the reader it is given, and touches nothing of the loop:
        on SQLite it runs in the connection's thread, so that all of it costs one hop and not one per statement.

        `last`: nothing is read from this snapshot after it.
        """


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
        self._closed = False

    async def open(self) -> None:
        """Open the connections. Raises `ReaderLost`."""
        for _ in range(self._count):
            self._idle.put_nowait(await self._connect())

    async def close(self) -> None:
        """Close the connections; reads that are under way fail, and so do those that still wait for their turn."""
        self._closed = True
        for connection in list(self._all):
            await connection.close()
        self._all.clear()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Several reads of one moment. Raises `ReaderLost`; the connection is replaced then."""
        used = await self._idle.get()
        whole: _Connection | None = None
        try:
            used = connection = await self._begin(used)
            try:
                yield connection
            except ReaderLost:
                raise
            except Exception:
                # Raised between two reads, by who reads: nothing is wrong with the connection.
                await connection.end()
                whole = connection
                raise
            await connection.end()
            whole = connection
        finally:
            try:
                if whole is None and used in self._all:
                    await self._drop(used)
            finally:
                self._idle.put_nowait(whole)

    async def read(self, work: Callable[[Reader], Coroutine[Any, Any, T]]) -> T:
        """What `work` (see `Reader.run`) makes of a snapshot of its own: on SQLite one hop in all."""
        async with self.snapshot() as reader:
            return await reader.run(work, last=True)

    async def _begin(self, idle: _Connection | None) -> _Connection:
        """A transaction on this connection, or on a new one if it was cut off while nobody used it."""
        if idle is not None:
            try:
                await idle.begin()
                return idle
            except BaseException as error:
                await self._drop(idle)
                if not isinstance(error, ReaderLost):
                    raise
        connection = await self._connect()
        try:
            await connection.begin()
        except BaseException:
            await self._drop(connection)
            raise
        return connection

    def _check_open(self) -> None:
        """Nothing is opened behind the end: it would stay, and with it the process."""
        if self._closed:
            raise ReaderLost("closed")

    async def _drop(self, connection: _Connection) -> None:
        """Whatever state it is in: a connection that failed or was interrupted is not used again."""
        self._all.discard(connection)
        await asyncio.shield(connection.close())

    async def _connect(self) -> _Connection:
        self._check_open()
        path = path_of(self._url)
        connection = await (_Sqlite.open(path) if path is not None else _Postgres.open(self._url))
        try:
            self._check_open()
        except ReaderLost:
            await connection.close()
            raise
        self._all.add(connection)
        return connection


class _Thread(aiosqlite.Connection):
    """aiosqlite's connection, which can also run a function of ours in its thread."""

    async def drive(self, work: Callable[[Reader], Coroutine[Any, Any, T]], begin: bool, end: bool) -> T:
        """Run `work` to its end in the thread; it never has to wait there. Perhaps with the ends of a transaction."""
        result: T = await self._execute(self._drive, work, begin, end)  # type: ignore[no-untyped-call]
        return result

    def _drive(self, work: Callable[[Reader], Coroutine[Any, Any, T]], begin: bool, end: bool) -> T:
        if begin:
            self._conn.execute("BEGIN")
        try:
            steps = work(_InThread(self._conn))
            try:
                steps.send(None)
            except StopIteration as done:
                result: T = done.value
                return result
            steps.close()
            raise RuntimeError("work in the connection's thread waited for something else")
        finally:
            if end:
                self._conn.execute("COMMIT")


class _InThread:
    """A reader for work that runs in the connection's thread already."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.among = _Sqlite.among

    def array(self, values: Sequence[str]) -> object:
        return orjson.dumps(values).decode()

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        return self._connection.execute(sql, params).fetchall()

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        return await self.all(what.sqlite, (orjson.dumps(keys).decode(),)) if keys else []

    async def run(self, work: Callable[[Reader], Coroutine[Any, Any, T]], *, last: bool = False) -> T:
        return await work(self)


class _Sqlite:
    """aiosqlite: a thread per connection, one hop per step. A transaction begins with its first step."""

    among = "IN (SELECT value FROM json_each(?))"

    def __init__(self, connection: _Thread) -> None:
        self._connection = connection
        self._to_begin = False
        self._begun = False

    @classmethod
    async def open(cls, path: Path) -> _Connection:
        try:
            connection = _Thread(partial(_connect_read_only, _uri_of(path)), 64)
            await connection
        except aiosqlite.Error as error:
            raise ReaderLost(str(error)) from error
        reader = cls(connection)
        try:
            await reader.all("PRAGMA busy_timeout = 5000")
            await reader.all("PRAGMA mmap_size = 0")
        except BaseException:
            await connection.close()
            raise
        return reader

    async def begin(self) -> None:
        self._to_begin = True

    async def end(self) -> None:
        self._to_begin = False
        if self._begun:
            self._begun = False
            await self._run("COMMIT")

    async def close(self) -> None:
        # A read that nobody waits for any more would hold up the end. (Whoever closes it too may have been sooner.)
        with suppress(ValueError, aiosqlite.Error):
            await self._connection.interrupt()
        await self._connection.close()

    def array(self, values: Sequence[str]) -> object:
        return orjson.dumps(values).decode()

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        return await self._run(sql, params)

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        return await self._run(what.sqlite, (orjson.dumps(keys).decode(),)) if keys else []

    async def run(self, work: Callable[[Reader], Coroutine[Any, Any, T]], *, last: bool = False) -> T:
        begin, self._to_begin = self._to_begin, False
        self._begun = (self._begun or begin) and not last
        try:
            return await self._connection.drive(work, begin, last)
        except (aiosqlite.Error, ValueError) as error:
            raise ReaderLost(str(error)) from error

    async def _run(self, sql: str, params: Row = ()) -> list[Row]:
        # All rows at once: a SELECT that was not read to its end would pin its snapshot.
        return await self.run(lambda reader: reader.all(sql, params))


def _connect_read_only(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None)


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
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=2, **PATIENCE)
            try:
                await connection.execute("SET statement_timeout = '30s'")
            except BaseException:
                await connection.close()
                raise
        except outages as error:
            raise ReaderLost(str(error)) from error
        return cls(connection, outages)

    async def begin(self) -> None:
        await self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    async def end(self) -> None:
        await self._run("COMMIT")

    async def close(self) -> None:
        # Whoever reads just now would wait on the number of a closed socket, soon that of another one. So it is told
        # first that nothing comes any more, and has gone (the lock says so) when the number is given away.
        with suppress(OSError, *self._outages), socket.socket(fileno=os.dup(self._connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
        async with self._connection.lock:
            await self._connection.close()

    def array(self, values: Sequence[str]) -> object:
        return list(values)

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        return await self._run(sql.replace("?", "%s"), params)

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        return await self._run(what.postgresql, tuple(list(c) for c in zip(*keys, strict=True))) if keys else []

    async def run(self, work: Callable[[Reader], Coroutine[Any, Any, T]], *, last: bool = False) -> T:
        return await work(self)

    async def _run(self, sql: str, params: Row = ()) -> list[Row]:
        try:
            cursor = await self._connection.execute(sql.encode(), params)
            return await cursor.fetchall() if cursor.description is not None else []
        except self._outages as error:
            raise ReaderLost(str(error)) from error
