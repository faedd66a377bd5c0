"""Bringing a backup back: into an empty place, or into that of a database, of either kind.

Everything is made ready in a file of its own: copied and its seal checked, brought to the tables of this version, given
a new epoch, the ledger carried out, and verified. Only then it takes the place, in one step: a rename, or on PostgreSQL
one transaction. Who interrupts it finds what was there before.

The epoch is new, so that clients of the old life start anew. The server's key stays: tokens of own accounts, invites
and bots would be void without it, and whoever has the backup has it anyway. An edit is no removal: a message that was
edited since says again what it said.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from chatd.backup import seal
from chatd.backup.header import KEY, Header, read_header
from chatd.backup.ledger_file import LedgerFile, Line
from chatd.backup.making import Limits, Progress, check_room, free_disk, sync
from chatd.backup.replaying import Replay
from chatd.backup.trouble import Trouble
from chatd.core.limits import Bounds
from chatd.store import ledger
from chatd.store.database import Row, Sqlite
from chatd.store.engine import Engine
from chatd.store.migrate import migrate
from chatd.store.verify import unseen, verify

SETTINGS: Final = (
    "PRAGMA journal_mode = MEMORY",
    "PRAGMA synchronous = OFF",
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA foreign_keys = ON",
)
"""Of the file that is being made ready: nobody misses it until it is whole and synced."""
_ENDS: Final = ("", "-journal", "-wal", "-shm")
_MERGE: Final = (
    f"INSERT INTO ledger (n, {', '.join(ledger.COLUMNS)})"
    " SELECT CASE WHEN EXISTS (SELECT 1 FROM ledger WHERE n = ?) THEN NULL ELSE ? END, ?, ?, ?, ?, ?, ?"
    " WHERE true ON CONFLICT (kind, group_id, pos, user_id, made_at) DO NOTHING"
)
_COUNT: Final = "SELECT count(*) FROM ledger"
_NEWEST: Final = f"SELECT n, {', '.join(ledger.COLUMNS)} FROM ledger ORDER BY n DESC LIMIT 1"
_PORTION: Final = 1000
Step = Callable[[str], Progress]
"""Called with the name of a step; what it returns is told how far that is."""


class Asked(msgspec.Struct, frozen=True):
    """What is to be brought back, and how. `lines`: the ledger, of which the file `ledger` is one part."""

    source: Path
    ledger: Path | None
    bounds: Bounds
    limits: Limits
    now_ms: int


class Ready(msgspec.Struct):
    """A file that may take the place of a database."""

    file: Path
    header: Header
    epoch: str
    revision: str
    again: dict[str, int]
    """How many things went again, by kind."""
    learned: int
    """Rows of the ledger that the backup did not know."""
    reaches: bool | None
    """Whether the file of the ledger is up to date. False: it lacks what the backup or an old database knows, or its
    last line was cut short. None: there is no file, or nothing here knows what it may lack."""
    ends_at: int | None
    """When the newest line of that file was written (ms); None without one."""


def make_ready(
    asked: Asked,
    staging: Path,
    old_ledger: Iterator[Row],
    step: Step,
    disk_free: Callable[[Path], int] = free_disk,
) -> Ready:
    """Make the file `staging` out of a backup. Raises `Trouble`, and what databases and disks raise."""
    header = read_header(asked.source)
    check_room(staging.parent, 2 * asked.source.stat().st_size, asked.limits, disk_free)
    remove_staging(staging)
    _copy(asked.source, staging, header, step("copy"))
    before, after = _migrate(staging, header)
    database = Sqlite(staging, SETTINGS)
    try:
        epoch = _begin_life(database)
        learned, reaches, ends_at = _merge(database, asked.ledger, old_ledger)
        engine = Engine(database, asked.bounds, lambda: asked.now_ms, f"restore {secrets.token_hex(12)}")
        told = step("replay")
        replay = Replay(database, engine, lambda done: told(done, done))
        replay.run()
        replay.note(header.n, header.at)
        if before != after:
            database.run("VACUUM")  # a table that was made anew leaves its old rows in the file
        report = verify(database, step)
        if report.problems:
            raise Trouble("not_whole", problems=report.problems[:20], count=len(report.problems))
    finally:
        database.close()
    sync(staging)
    return Ready(staging, header, epoch, after, replay.done, learned, reaches, ends_at)


def remove_staging(staging: Path) -> None:
    """What an interrupted restore left."""
    for end in _ENDS:
        staging.with_name(staging.name + end).unlink(missing_ok=True)


def _copy(source: Path, staging: Path, header: Header, progress: Progress) -> None:
    size = source.stat().st_size
    staging.touch(0o600)
    with staging.open("wb") as copy:
        if not seal.holds(source, header.seal, copy, lambda done: progress(done, size)):
            raise Trouble("damaged", file=source)


def _migrate(staging: Path, header: Header) -> tuple[str | None, str]:
    from chatd.backup.copying import url_of

    try:
        return migrate(url_of(staging))
    except ValueError as error:
        raise Trouble("newer", file=staging, version=header.version) from error


def _begin_life(database: Sqlite) -> str:
    """A new epoch, and nothing that only the old life needed."""
    epoch = secrets.token_hex(12)
    database.begin()
    database.run("DELETE FROM meta WHERE key = ?", (KEY,))
    database.run(
        "INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (epoch,),
    )
    database.run("DELETE FROM reset_codes")  # good for minutes, and perhaps used since
    database.commit()
    return epoch


def _merge(database: Sqlite, file: Path | None, old: Iterator[Row]) -> tuple[int, bool | None, int | None]:
    """Put what the file of the ledger and the old database know into the ledger. Returns how many rows were new,
    whether the file lacks nothing that is known here (None: as far as it can be told, or there is none), and when its
    newest line was written."""
    before = _count(database)
    newest = [row[1:] for row in database.run(_NEWEST)[0]]
    lacks, ends_at = bool(newest), None
    database.begin()
    for line in LedgerFile(file).lines() if file is not None else ():
        row = _row_of(line)
        lacks = lacks and row[1:] != newest[0]
        ends_at = max(line.at, ends_at or 0)
        _merge_row(database, row)
    of_file = _count(database)
    for row in old:
        _merge_row(database, row)
    database.commit()
    after = _count(database)
    lacks = lacks or after > of_file or (file is not None and LedgerFile(file).is_cut_short())
    return after - before, False if lacks and file is not None else None, ends_at


def _count(database: Sqlite) -> int:
    return int(database.run(_COUNT)[0][0][0])


def _merge_row(database: Sqlite, row: Row) -> None:
    database.run(_MERGE, (row[0], *row))


def _row_of(line: Line) -> Row:
    return (line.n, line.at, line.kind, line.group, line.pos, line.user, line.made_at)


def rows_of_ledger(run: Callable[[str, Row], tuple[list[Row], int]]) -> Iterator[Row]:
    """All rows of a database's ledger, in portions."""
    upto = 0
    while rows := run(ledger.PAGE, (upto, _PORTION))[0]:
        yield from rows
        upto = rows[-1][0]


def verify_file(file: Path, step: Step = unseen) -> list[str]:
    """What is wrong with what a backup holds, empty if it is whole. It is not changed. Raises `Trouble`."""
    header, size, told = read_header(file), file.stat().st_size, step("check")
    if not seal.holds(file, header.seal, None, lambda done: told(done, size)):
        raise Trouble("damaged", file=file)
    database = Sqlite(file, ("PRAGMA query_only = ON", "PRAGMA cache_size = -65536"))
    try:
        return verify(database, step).problems
    finally:
        database.close()
