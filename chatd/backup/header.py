"""What a backup says of itself: a row of its table `meta`.

A backup is a SQLite file with the tables of chatd as they are in the database that it was made of, whichever kind that
is, so that it can be brought back into either. It is one whole file, without a log of changes beside it.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from chatd.backup import seal
from chatd.backup.trouble import Trouble

FORMAT: Final = 1
KEY: Final = "backup"
_NO_DATABASE: Final = 26


class Header(msgspec.Struct):
    """`n` is the last commit that is in it, `at` (ms) when it was begun, `kind` the database that it was made of."""

    format: int
    version: str
    revision: str
    kind: str
    at: int
    n: int
    epoch: str
    counts: dict[str, int]
    seal: str


COUNTED: Final = ("users", "groups", "entries")


def fill_header(file: Path, version: str, kind: str, at: int) -> Header:
    """Make a backup of a SQLite file that holds the tables: write the header, and the seal over all of it."""
    database = sqlite3.connect(file, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")  # it is synced as a whole, with its seal
        ((epoch,),) = database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchall() or [("",)]
        ((revision,),) = database.execute("SELECT version_num FROM alembic_version")
        ((n,),) = database.execute("SELECT coalesce(max(n), 0) FROM writers")
        counts = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in COUNTED}
        header = Header(FORMAT, version, revision, kind, at, n, epoch, counts, seal.blank_seal())
        text = msgspec.json.encode(header).decode()
        database.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, text))
        database.execute("PRAGMA journal_mode = DELETE")
    finally:
        database.close()
    seal.write_seal(file, header.seal)
    return header


def _newest_in(folder: Path) -> Path | None:
    """The backup in a folder that was made last, by what each says of itself."""
    made: list[tuple[int, Path]] = []
    for file in folder.glob("*.backup"):
        with suppress(Trouble):
            made.append((read_header(file).at, file))
    return max(made)[1] if made else None


def read_header(file: Path) -> Header:
    """What a file says of itself. Raises `Trouble`: `no_file`, `a_folder`, `no_backup`, `newer`, `damaged`."""
    if file.is_dir() and (newest := _newest_in(file)) is not None:
        raise Trouble("a_folder", folder=file, newest=newest)
    if not file.is_file():
        raise Trouble("no_file", file=file)
    try:
        database = sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1", uri=True)
        try:
            rows = database.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchall()
        finally:
            database.close()
        if not rows:
            raise Trouble("no_backup", file=file)
        raw = msgspec.json.decode(rows[0][0])
        if isinstance(raw, dict) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
            raise Trouble("newer", file=file, version=raw.get("version", "?"))
        return msgspec.convert(raw, Header)
    except sqlite3.DatabaseError as error:
        # No table `meta`, or no database at all, is another kind of file; anything else was one once.
        other = isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)
        if other or getattr(error, "sqlite_errorcode", 0) == _NO_DATABASE:
            raise Trouble("no_backup", file=file) from error
        raise Trouble("damaged", file=file) from error
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Trouble("damaged", file=file) from error
    except OSError as error:
        raise Trouble("no_access", file=file, reason=error.strerror or type(error).__name__) from error
