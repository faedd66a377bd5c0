"""Making a backup: while a server runs or not, whole and of one moment, with everything acknowledged before it began.

Of SQLite in one step (`VACUUM INTO`) from a process of its own: a copy in several steps would start anew with every
commit. Meanwhile the log of changes (WAL) beside the database cannot be cut, so it is watched, and so is the disk: a
backup gives up before it takes room that the server needs. Of PostgreSQL as one snapshot, read in portions.

It is written under another name, synced, and gets its name last: a file with that name is a whole backup.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

import chatd_migrations
from chatd import __version__
from chatd.backup import copying
from chatd.backup.header import Header, fill_header
from chatd.backup.trouble import Trouble
from chatd.store.database import SQLITE_NO_INDEX, connect, path_of
from chatd.store.migrate import revision

WATCH_S: Final = 0.05
Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


class Limits(msgspec.Struct, frozen=True):
    """`disk_floor_bytes`: so much is left free on the disk of the backup, and on that of the database.

    `wal_max_bytes`: how far the log of changes of a SQLite database may grow meanwhile.
    """

    disk_floor_bytes: int = 0
    wal_max_bytes: int = 2**62


class Made(msgspec.Struct):
    """A backup that was made."""

    file: str
    size_bytes: int
    seconds: float
    header: Header


def free_disk(folder: Path) -> int:
    """Bytes that may be written where a folder lies. Raises OSError."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def make_backup(
    url: str,
    to: Path,
    limits: Limits,
    now_ms: int,
    progress: Progress = lambda done, of: None,
    disk_free: Callable[[Path], int] = free_disk,
) -> Made:
    """Write a backup of what `url` names to the file `to`. Raises `Trouble`, and what databases and disks raise."""
    began_s = time.monotonic()
    check_free_name(to)
    with _part_of(to) as part:
        path = path_of(url)
        if path is None:
            kind = "postgresql"
            _copy_postgres(url, part, limits, progress, disk_free)
        else:
            kind = "sqlite"
            _copy_sqlite(path, part, limits, progress, disk_free)
        header = fill_header(part, __version__, kind, now_ms)
        _give_name(part, to)
    return Made(str(to), to.stat().st_size, time.monotonic() - began_s, header)


def check_free_name(to: Path) -> None:
    """Raises `Trouble` where something has that name, or nothing can be written there."""
    if to.exists() or to.is_symlink():
        raise Trouble("exists", file=to)
    if not to.parent.is_dir():
        raise Trouble("no_folder", folder=to.parent)


@contextlib.contextmanager
def _part_of(to: Path) -> Iterator[Path]:
    """The file to write into, for this backup alone and for the owner's eyes; gone at the end. What an interrupted one
    left is overwritten."""
    part = to.with_name(f"{to.name}.part")
    try:
        held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Trouble("no_access", file=part, reason=error.strerror or type(error).__name__) from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble("busy", file=part) from None
        os.fchmod(held, 0o600)
        os.ftruncate(held, 0)
        try:
            yield part
        finally:
            for end in ("", "-journal", "-wal", "-shm"):
                part.with_name(part.name + end).unlink(missing_ok=True)
    finally:
        os.close(held)


def _give_name(part: Path, to: Path) -> None:
    """The file is whole: from here on it has its name, also after a power cut. It takes nobody else's."""
    sync(part)
    try:
        os.link(part, to)
    except FileExistsError:
        raise Trouble("exists", file=to) from None
    except OSError:  # a file system without links
        part.rename(to)
    sync(to.parent)


def sync(path: Path) -> None:
    """What was written to a file, or the names in a folder, are on the disk. Raises OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def check_room(folder: Path, needed: int, limits: Limits, disk_free: Callable[[Path], int]) -> None:
    """Raises `Trouble` if so many bytes, and what is to stay free, are not there."""
    free = disk_free(folder)
    if free < needed + limits.disk_floor_bytes:
        raise Trouble("no_room", folder=folder, needed=needed + limits.disk_floor_bytes, free=free)


# -- SQLite


def _copy_sqlite(path: Path, part: Path, limits: Limits, progress: Progress, disk_free: Callable[[Path], int]) -> None:
    if not path.is_file() or path.stat().st_size == 0:
        raise Trouble("no_database", file=path.absolute())
    source = sqlite3.connect(path, isolation_level=None)
    try:
        source.execute("PRAGMA busy_timeout = 30000")
        source.execute("PRAGMA cache_size = -65536")
        if source.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            raise Trouble("no_tables")
        size, empty, page = (source.execute(f"PRAGMA {what}").fetchone()[0] for what in _SIZES)
        needed = (size - empty) * page
        check_room(part.parent, needed, limits, disk_free)
        watch = _Watch(path, part, needed, limits, progress, disk_free)
        source.set_progress_handler(watch.look, _STEPS)
        try:
            source.execute("VACUUM INTO ?", (str(part),))
        except sqlite3.OperationalError as error:
            if watch.trouble is None and error.sqlite_errorcode == _INTERRUPT:
                raise KeyboardInterrupt from error  # it came while SQLite asked how far it may go
            raise watch.trouble or _trouble_of(error, path) from error
        source.set_progress_handler(None, 0)
        # While it was read nobody could put the log back into the database: the writer shall not have to do it all.
        source.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.DatabaseError as error:
        raise _trouble_of(error, path) from error
    finally:
        source.close()


_SIZES: Final = ("page_count", "freelist_count", "page_size")
_INTERRUPT: Final = 9
_FULL: Final = 13
_STEPS: Final = 2000
"""SQLite asks after so many instructions: a few hundred rows."""


def _trouble_of(error: sqlite3.DatabaseError, path: Path) -> Trouble:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == _FULL or code == SQLITE_NO_INDEX:
        return Trouble("disk_full")
    return Trouble("unreadable", file=path, reason=str(error))


class _Watch:
    """Looks at the disk and the log of changes while SQLite copies, and ends that when one gets too far."""

    def __init__(
        self,
        path: Path,
        part: Path,
        needed: int,
        limits: Limits,
        progress: Progress,
        disk_free: Callable[[Path], int],
    ) -> None:
        self.trouble: Trouble | None = None
        self._wal = path.with_name(f"{path.name}-wal")
        self._folders = {part.parent, path.parent}
        self._part = part
        self._needed = needed
        self._limits = limits
        self._progress = progress
        self._disk_free = disk_free
        self._looked_s = float("-inf")

    def look(self) -> bool:
        """Asked by SQLite again and again. Whether it is to stop."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= WATCH_S:
            self._looked_s = now_s
            self._progress(min(_size_of(self._part), self._needed), self._needed)
            self.trouble = self._find_trouble()
        return self.trouble is not None

    def _find_trouble(self) -> Trouble | None:
        grown, most = _size_of(self._wal), self._limits.wal_max_bytes
        if grown > most:
            return Trouble("wal", grown=grown, most=most)
        for folder in self._folders:
            free = self._disk_free(folder)
            if free < self._limits.disk_floor_bytes:
                return Trouble("no_room", folder=folder, needed=self._limits.disk_floor_bytes, free=free)
        return None


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


# -- PostgreSQL


def _copy_postgres(url: str, part: Path, limits: Limits, progress: Progress, disk_free: Callable[[Path], int]) -> None:
    import psycopg

    database = connect(url)
    try:
        at = revision(database)
    finally:
        database.close()
    if at is None:
        raise Trouble("no_tables")
    if at != chatd_migrations.HEAD:
        raise Trouble("other_tables", found=at, expected=chatd_migrations.HEAD)
    try:
        with copying.snapshot(url) as source:
            check_room(part.parent, copying.size_of(source), limits, disk_free)
            total = copying.rows_in(source)

            def told(done: int) -> None:
                if disk_free(part.parent) < limits.disk_floor_bytes:
                    free = disk_free(part.parent)
                    raise Trouble("no_room", folder=part.parent, needed=limits.disk_floor_bytes, free=free)
                progress(done, total)

            copying.copy_out(source, part, told)
    except psycopg.Error as error:
        raise Trouble("lost", reason=type(error).__name__) from error
    except sqlite3.DatabaseError as error:
        raise _trouble_of(error, part) from error
