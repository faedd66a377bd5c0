"""A log, an index beside it, and a way to ask: no server, no process, one step at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from chatd.search.finding import Candidates, Wanted, find_candidates
from chatd.search.follower import Follower
from chatd.search.index import Index
from chatd.search.log import Log
from chatd.search.postgres import _LOCK, PostgresIndex
from chatd.search.query import parse_query
from chatd.search.sqlite import SqliteIndex
from chatd.store.database import connect, path_of
from chatd.store.migrate import life, migrate
from chatd.store.readers import Readers
from tests.store.kit import PATIENCE_S, Store, run

EVERYTHING = (0, 2**40)


class Library:
    """`store` writes the log; `follow` brings the index up to it; `find` asks the index."""

    def __init__(self, url: str, folder: Path, portion_entries: int = 3) -> None:
        self.url = url
        self.path = folder / "chatd.search.db" if path_of(url) is not None else None
        migrate(url)
        self._database = connect(url)
        self.epoch = life(self._database).epoch
        self.store = Store(url)
        self.portion_entries = portion_entries
        self._generations = count(1)
        self.open()

    def open(self) -> None:
        """As after a start."""
        self.log = Log(self.url)
        self.index: Index = SqliteIndex(self.path) if self.path is not None else _following(self.url)
        name = lambda: f"generation {next(self._generations)}"  # noqa: E731 - a name for a counter
        self.follower = Follower(self.log, self.index, self.portion_entries, name)
        self.follower.open()

    def close(self) -> None:
        """The connections of the follower."""
        self.index.close()
        self.log.close()

    def reopen(self) -> None:
        """Another follower, as after a crash."""
        self.close()
        self.open()

    def follow(self, portions: int | None = None) -> int:
        """Do what is to be done, or only so many portions of it. Returns how many it took."""
        done = 0
        for _ in self.follower.work():
            done += 1
            if done == portions:
                break
        return done

    def ask(
        self, query: str, *groups: str, scope: Mapping[str, tuple[int, int]] | None = None, **more: Any
    ) -> Candidates:
        """What the index says."""
        limit = more.pop("limit", 1000)
        wanted = Wanted(parse_query(query), scope or dict.fromkeys(groups, EVERYTHING), **more)

        async def asked() -> Candidates:
            readers = Readers(f"sqlite:///{self.path}" if self.path is not None else self.url, 1)
            await readers.open()
            try:
                async with readers.snapshot() as reader:
                    return await find_candidates(reader, self.path is not None, wanted, limit)
            finally:
                await readers.close()

        return run(asked())

    def find(self, query: str, *groups: str, **more: Any) -> list[tuple[str, int]]:
        """Where, the newest first."""
        return [(one.group, one.pos) for one in self.ask(query, *groups, **more).found]

    def rows(self, table: str) -> list[Any]:
        """All rows of a table of the index, without the prefix that it has in PostgreSQL."""
        if self.path is None:
            return self.store.rows(f"SELECT * FROM search_{table}")
        database = connect(f"sqlite:///{self.path}")
        try:
            return database.run(f"SELECT * FROM {table}")[0]
        finally:
            database.close()

    def end(self) -> None:
        self.close()
        self._database.close()
        self.store.__exit__(None, None, None)


def _following(url: str) -> PostgresIndex:
    """Once the one before has gone, which PostgreSQL learns a moment after its connection was closed."""
    index = PostgresIndex(url)
    await_turn(index)
    return index


def await_turn(index: PostgresIndex) -> None:
    """Wait until it is the one that follows."""
    index._db.execute(f"SET statement_timeout = '{PATIENCE_S}s'")
    index._db.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    index._db.execute("SET statement_timeout = 0")
    assert index.follows()


@contextmanager
def library(url: str, folder: Path, **settings: Any) -> Iterator[Library]:
    """Opened, and closed at the end."""
    opened = Library(url, folder, **settings)
    try:
        yield opened
    finally:
        opened.end()
