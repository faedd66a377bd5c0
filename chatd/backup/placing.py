"""Putting what was made ready in the place of a database, in one step, while nobody serves it.

A SQLite file is renamed over the old one, which is kept under another name. On PostgreSQL one transaction replaces all
rows; there the old ones are gone with it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from chatd.backup.copying import copy_in
from chatd.backup.header import read_header
from chatd.backup.making import sync
from chatd.backup.restoring import Asked, Ready, Step, make_ready, remove_staging, rows_of_ledger
from chatd.backup.trouble import Trouble
from chatd.store import lock
from chatd.store.database import PATIENCE, Row, Sqlite, connect, path_of
from chatd.store.failures import StoreLost
from chatd.store.migrate import migrate, revision

STAGING: Final = ".restoring"
DRY: Final = ".trying"
_TAKE: Final = "SELECT pg_try_advisory_lock(%s)"
_TELLING: Final = ("users", "groups")
"""A database without a row in these holds nothing that anybody would miss."""
_SQLITE_HAS_LEDGER: Final = "EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'ledger')"
_SQLITE_HAS: Final = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"


class Target(NamedTuple):
    """Where to. `force`: also over a database that holds something. `state_dir`: a folder for what is made ready, where
    the database is no file. `search`: the file of the search index, which is of the old life. `also`: databases whose
    ledgers may know more, if they are there."""

    url: str
    force: bool
    state_dir: Path
    search: Path | None
    also: Sequence[str] = ()


class Restored(msgspec.Struct):
    """What was done. `kept`: where the database that was there before is now; `old_ledger`: see `OldLedgers.read`;
    `folder_made`: the folder of the database, if it was not there."""

    ready: Ready
    kept: str | None
    old_ledger: bool | None
    seconds: float
    folder_made: Path | None = None


def restore(asked: Asked, target: Target, step: Step, *, dry_run: bool = False) -> Restored:
    """Bring a backup back; a dry run makes everything ready and then changes nothing, so a server may go on.

    Raises `Trouble`, `Held`, and what databases and disks raise.
    """
    began_s = time.monotonic()
    read_header(asked.source)
    path = path_of(target.url)
    place = _Postgres(target, dry_run) if path is None else _Sqlite(path, target, dry_run)
    with closing(place):
        try:
            if place.holds_something and not (target.force or dry_run):
                raise Trouble("not_empty", place=path or "postgresql")
            old = OldLedgers([target.url] * place.holds_something + [u for u in target.also if u != target.url])
            ready = make_ready(asked, place.staging, old.rows(), step)
            kept = None if dry_run else place.put(ready, step, asked.now_ms)
        finally:
            remove_staging(place.staging)
    if ready.reaches is None and asked.ledger is not None and old.read:
        ready.reaches = True
    return Restored(ready, kept, old.read, time.monotonic() - began_s, None if dry_run else place.folder_made)


class OldLedgers:
    """What databases that are still there know of what has gone. `read`: whether all of them could be read, None if
    there are none."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = [url for url in urls if (path := path_of(url)) is None or path.is_file()]
        self.read = True if self._urls else None

    def rows(self) -> Iterator[Row]:
        """The rows of all their ledgers, as far as they can be read."""
        for url in self._urls:
            try:
                yield from self._rows_of(url)
            except (StoreLost, sqlite3.DatabaseError):
                self.read = False

    def _rows_of(self, url: str) -> Iterator[Row]:
        path = path_of(url)
        database = connect(url) if path is None else Sqlite(path, ("PRAGMA query_only = ON",))
        try:
            has = "to_regclass('ledger') IS NOT NULL" if path is None else _SQLITE_HAS_LEDGER
            if database.run(f"SELECT {has}")[0][0][0]:
                yield from rows_of_ledger(database.run)
            else:
                self.read = False
        finally:
            database.close()


class _Sqlite:
    """The place of a file."""

    def __init__(self, path: Path, target: Target, dry_run: bool) -> None:
        self._path = path
        self._target = target
        self.staging = path.with_name(path.name + (DRY if dry_run else STAGING))
        self._dry_run = dry_run
        self.folder_made = self._make_folder()
        self._held = lock.take(self.staging if dry_run else path)
        self.holds_something = False
        try:
            self.holds_something = path.exists() and path.stat().st_size > 0 and self._look()
        except sqlite3.DatabaseError:
            self.holds_something = True  # whatever it is, it is not ours to throw away

    def close(self) -> None:
        self._path.with_name(f"{self._path.name}{DRY}.lock").unlink(missing_ok=True)
        lock.release(self._held)
        if self._dry_run and self.folder_made is not None:
            self.folder_made.rmdir()

    def _make_folder(self) -> Path | None:
        """The folder of the file, if it had to be made; one that is missing with its parent is a slip of the pen."""
        folder = self._path.absolute().parent
        if folder.is_dir():
            return None
        if not folder.parent.is_dir():
            raise Trouble("no_folder", folder=folder)
        folder.mkdir()
        return folder

    def _look(self) -> bool:
        with closing(sqlite3.connect(self._path)) as old:
            return any(
                old.execute(_SQLITE_HAS, (table,)).fetchone()[0]
                and old.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
                for table in _TELLING
            )

    def put(self, ready: Ready, step: Step, now_ms: int) -> str | None:
        """Rename it into its place. Returns where the old one is now."""
        step("place")
        kept = self._free_name(now_ms)
        if self._path.exists():
            self._fold_log(kept)
        # Whatever lies beside it now, as where a file was removed by hand, would be taken for the new one's.
        self._remove_log()
        if self.holds_something:
            self._set_aside(kept)
        if self._target.search is not None:
            remove_staging(self._target.search)  # the words of what was erased since are in it
        _own_like(self._path if self._path.exists() else self._path.parent, ready.file)
        ready.file.replace(self._path)
        sync(self._path.parent)
        return str(kept) if self.holds_something else None

    def _free_name(self, now_ms: int) -> Path:
        """Where the old file goes."""
        day = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        names = chain([""], (f"-{number}" for number in count(2)))
        kept = (self._path.with_name(f"{self._path.name}.before-{day}{more}") for more in names)
        return next(name for name in kept if not name.exists())

    def _fold_log(self, kept: Path) -> None:
        """Put the old file's log of changes into it. That of one which cannot be opened goes where that goes."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as old:
                old.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise Trouble("in_use", place=self._path) from error
            log = self._path.with_name(f"{self._path.name}-wal")
            if log.exists():
                log.rename(kept.with_name(f"{kept.name}-wal"))

    def _remove_log(self) -> None:
        for end in ("-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _set_aside(self, kept: Path) -> None:
        """A second name for the old file: it has its place until it is taken."""
        try:
            os.link(self._path, kept)
        except OSError:  # a file system without links
            self._path.rename(kept)


def _own_like(example: Path, file: Path) -> None:
    """The file belongs to whom the old one does, or the folder: the operator may be another user than the server."""
    stat = example.stat()
    if example.is_file():
        file.chmod(stat.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(file, stat.st_uid, stat.st_gid)


class _Postgres:
    """The place of a database on a server."""

    def __init__(self, target: Target, dry_run: bool) -> None:
        import psycopg

        self._target = target
        self.folder_made: Path | None = None
        self.staging = target.state_dir / f"chatd{DRY if dry_run else STAGING}"
        self._held = lock.take(self.staging)
        try:
            self._db = psycopg.connect(target.url, autocommit=True, **PATIENCE)
            self._db.execute("SET statement_timeout = 0")
            row = None if dry_run else self._db.execute(_TAKE, (lock.SERVED,)).fetchone()
        except psycopg.Error as error:
            lock.release(self._held)
            raise StoreLost(str(error)) from error
        if not dry_run and (row is None or not row[0]):
            self.close()
            raise lock.Held("postgresql")
        self.holds_something = self._look()

    def close(self) -> None:
        self._db.close()
        self.staging.with_name(f"{self.staging.name}.lock").unlink(missing_ok=True)
        lock.release(self._held)

    def _look(self) -> bool:
        database = connect(self._target.url)
        try:
            return revision(database) is not None and any(
                database.run(f"SELECT 1 FROM {table} LIMIT 1")[0] for table in _TELLING
            )
        finally:
            database.close()

    def put(self, ready: Ready, step: Step, now_ms: int) -> None:
        """Replace all rows, in one transaction."""
        del now_ms
        import psycopg

        migrate(self._target.url)
        total, told = sum(_rows_in(ready.file)), step("load")
        try:
            with self._db.transaction():
                copy_in(ready.file, self._db, lambda done: told(done, total))
            self._db.execute("ANALYZE")
        except psycopg.Error as error:
            raise StoreLost(str(error)) from error


def _rows_in(file: Path) -> Iterator[int]:
    with closing(sqlite3.connect(file)) as source:
        tables = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            yield source.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
