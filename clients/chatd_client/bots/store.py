"""What a bot keeps: where it was, what it remembers, what it is to do later, and what went wrong. One SQLite file.

SQLite, because it comes with Python and one transaction moves the cursor together with the state, so that after a
crash the two always belong together: a file per thing, or JSON written anew as a whole, gives either drift or a
rewrite of everything for every message. `synchronous` is NORMAL: a power cut may take the last transactions, cursor
and state alike, and the entries come again; what was posted for them is not posted twice (see `acts`).

All methods are blocking and are called from one worker thread, one at a time (`Store.run`).
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from chatd_client.bots.words import Lang, Phrase
from chatd_client.cursors import Cursors, Mark

T = TypeVar("T")
DocumentKey = tuple[str, str]
"""A scope (`user`, `group`, `member`, `shared`, `lang`) and whose it is in that scope."""
SHARED: Final[DocumentKey] = ("shared", "")
DOCUMENT_MAX_BYTES: Final = 65_536
DEAD_MAX: Final = 1000
"""Dead letters that are kept; beyond that the oldest go."""
ERROR_MAX: Final = 500
LAYOUT: Final = "1"
MINE: Final = ""
"""The place of the cursor of the bot's own log, where those of groups have their id."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cursors (place TEXT PRIMARY KEY, number INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS taken (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS documents (scope TEXT, owner TEXT, value BLOB NOT NULL, PRIMARY KEY (scope, owner));
CREATE TABLE IF NOT EXISTS begun (unit TEXT PRIMARY KEY, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS timers (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, place TEXT NOT NULL, due INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS timers_by_due ON timers (due);
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, unit TEXT NOT NULL, handler TEXT NOT NULL,
    error TEXT NOT NULL, attempts INTEGER NOT NULL);
"""
_DEAD: Final = "SELECT unit, handler, error, attempts, at, id, subject, again FROM dead ORDER BY id DESC"
_TO_RETRY: Final = "SELECT unit, handler, error, attempts, at, id, subject, again FROM dead WHERE again = 1 ORDER BY id"
_LATER_COLUMNS: Final = (
    "ALTER TABLE dead ADD COLUMN subject BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE dead ADD COLUMN again INTEGER NOT NULL DEFAULT 0",
)
"""What the dead letters of older files lack."""


class StoreHeld(Exception):
    """Another process has this bot's file open."""


class NotAMemory(ValueError):
    """A file that this version does not read as a bot's memory."""

    ELSE: Final = Phrase("{path} does not hold a bot's memory: {error}", "{path} 里不是机器人的记忆：{error}")
    LAYOUT: Final = Phrase(
        "{path} is of layout {layout}; this version reads {own}", "{path} 的格式是 {layout}，这个版本只读 {own}"
    )

    def __init__(self, why: Phrase, **blanks: object) -> None:
        self._said = why, blanks
        super().__init__(self.told("en"))

    def told(self, lang: Lang) -> str:
        """What is wrong with it."""
        why, blanks = self._said
        return why.in_(lang, **blanks)


@dataclass(frozen=True)
class Timer:
    """Something to be done at `due` (ms). `place` is the group it is for, or empty."""

    id: str
    job: str
    place: str
    due: int
    payload: bytes = b"null"


@dataclass(frozen=True)
class DeadLetter:
    """What was given up. `unit` says what it was about: `entry <group> <pos>`, `mine <upos>` or `job <id> <due>`.

    `subject` is what is needed to find it again (`letters`); `again`: it is to be tried once more when the bot runs.
    One with an `id` is one that was there already.
    """

    unit: str
    handler: str
    error: str
    attempts: int
    at: int = 0
    id: int = 0
    subject: bytes = b""
    again: bool = False


@dataclass
class Step:
    """What becomes true in one transaction when something has been handled."""

    unit: str | None = None
    """No longer begun."""
    cursors: dict[str, Mark | None] = field(default_factory=dict)
    """By place; None: nothing is kept of it any more."""
    taken: list[int] = field(default_factory=list)
    """Entries of the bot's own log that are done although one before them is not."""
    documents: dict[DocumentKey, bytes | None] = field(default_factory=dict)
    timers: dict[str, Timer | None] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)
    answered: int = 0
    """A dead letter that was tried again, and is one no longer."""
    ended: str | None = None
    """A group that the bot is out of: its timers go."""

    def __bool__(self) -> bool:
        kept = self.cursors or self.taken or self.documents or self.timers
        return bool(kept or self.dead or self.answered or self.ended)


class Store:
    """One bot's file; readable by its owner only, and held by one process at a time."""

    def __init__(self, path: str | Path, *, beside: bool = False) -> None:
        """`beside` whoever holds it: to look at dead letters, and say what becomes of them, while the bot runs.

        Raises `StoreHeld`, `NotAMemory` for a file that is something else, and `OSError`.
        """
        self.path = Path(path)
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
        if not self.path.absolute().parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{self.path.parent}{os.sep}")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bot store")
        self._held = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not beside:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._held)
            raise StoreHeld(f"another process is using {self.path}") from None
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        try:
            self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _TABLES)
            columns = {row[1] for row in self._db.execute("PRAGMA table_info(dead)")}
            for change in _LATER_COLUMNS if "again" not in columns else ():
                self._db.execute(change)
            layout = self.fact("layout")
        except sqlite3.DatabaseError as error:
            self._let_go()
            raise NotAMemory(NotAMemory.ELSE, path=self.path, error=error) from None
        if layout not in {None, LAYOUT}:
            self._let_go()
            raise NotAMemory(NotAMemory.LAYOUT, path=self.path, layout=layout, own=LAYOUT)
        self.set_fact("layout", LAYOUT)

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Do one of the blocking things below off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def close(self) -> None:
        """Once nothing runs any more. Idempotent."""
        if self._held >= 0:
            self._thread.shutdown()
            self._let_go()

    def _let_go(self) -> None:
        self._db.close()
        os.close(self._held)
        self._held = -1

    # --- facts and cursors

    def fact(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def cursors(self) -> Cursors:
        """What to resume from."""
        heads = {place: (number, at) for place, number, at in self._db.execute("SELECT * FROM cursors")}
        return Cursors(self.fact("epoch"), heads.pop(MINE, None), heads)

    def taken(self) -> set[int]:
        """Entries of the bot's own log behind its cursor that are done."""
        return {number for (number,) in self._db.execute("SELECT number FROM taken")}

    def start_anew(self, epoch: str) -> None:
        """The server's past is another one: forget where one was, not what one knows."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for forget in ("DELETE FROM cursors", "DELETE FROM taken", "DELETE FROM begun"):
                self._db.execute(forget)
            self.set_fact("epoch", epoch)

    # --- one step

    def begin(self, unit: str) -> int:
        """Note that something is about to be handled. Returns how often it was begun before and never finished."""
        row = self._db.execute(
            "INSERT INTO begun VALUES (?, 1) ON CONFLICT (unit) DO UPDATE SET times = times + 1 RETURNING times - 1",
            (unit,),
        ).fetchone()
        return int(row[0])

    def unbegin(self, unit: str) -> None:
        """It was stopped on purpose."""
        self._db.execute("DELETE FROM begun WHERE unit = ?", (unit,))

    def settle(self, steps: Iterable[Step], now_ms: int) -> None:
        """Make it true, all of it or nothing."""
        db = self._db
        with db:
            db.execute("BEGIN IMMEDIATE")
            for step in steps:
                self._settle_one(step, now_ms)

    def _settle_one(self, step: Step, now_ms: int) -> None:
        db = self._db
        if step.unit is not None:
            db.execute("DELETE FROM begun WHERE unit = ?", (step.unit,))
        for place, mark in step.cursors.items():
            if mark is None:
                db.execute("DELETE FROM cursors WHERE place = ?", (place,))
            else:
                db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (place, *mark))
                if place == MINE:
                    db.execute("DELETE FROM taken WHERE number <= ?", (mark[0],))
        db.executemany("INSERT OR IGNORE INTO taken VALUES (?)", [(number,) for number in step.taken])
        self._write_documents(step)
        for key, timer in step.timers.items():
            if timer is None:
                db.execute("DELETE FROM timers WHERE id = ?", (key,))
            else:
                row = (timer.id, timer.job, timer.place, timer.due, timer.payload)
                db.execute("INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?, ?)", row)
        if step.ended is not None:
            db.execute("DELETE FROM timers WHERE place = ?", (step.ended,))
        for letter in step.dead:
            self._bury(letter, now_ms)
        if step.answered:
            db.execute("DELETE FROM dead WHERE id = ?", (step.answered,))

    def _write_documents(self, step: Step) -> None:
        for (scope, owner), value in step.documents.items():
            if value is None:
                self._db.execute("DELETE FROM documents WHERE scope = ? AND owner = ?", (scope, owner))
            else:
                self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (scope, owner, value))

    def _bury(self, letter: DeadLetter, now_ms: int) -> None:
        row = (now_ms, letter.unit, letter.handler, letter.error[:ERROR_MAX], letter.attempts, letter.subject)
        if letter.id:
            self._db.execute(
                "UPDATE dead SET at = ?, unit = ?, handler = ?, error = ?, attempts = ?, subject = ?, again = 0"
                " WHERE id = ?",
                (*row, letter.id),
            )
            return
        self._db.execute(
            "INSERT INTO dead (at, unit, handler, error, attempts, subject) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        self._db.execute("DELETE FROM dead WHERE id <= (SELECT max(id) FROM dead) - ?", (DEAD_MAX,))

    # --- documents, timers, dead letters

    def documents(self, keys: Iterable[DocumentKey]) -> dict[DocumentKey, bytes]:
        """Those of these that there are."""
        found: dict[DocumentKey, bytes] = {}
        for key in keys:
            row = self._db.execute("SELECT value FROM documents WHERE scope = ? AND owner = ?", key).fetchone()
            if row is not None:
                found[key] = bytes(row[0])
        return found

    def all_documents(self, scope: str) -> dict[str, Any]:
        """Every document of a scope, by owner: for a look from outside."""
        rows = self._db.execute("SELECT owner, value FROM documents WHERE scope = ? ORDER BY owner", (scope,))
        return {owner: msgspec.json.decode(value) for owner, value in rows}

    def timers(self, until: int | None = None) -> list[Timer]:
        """Those that are due by then, or all, soonest first."""
        rows = self._db.execute(
            "SELECT id, job, place, due, payload FROM timers WHERE due <= ? ORDER BY due, id",
            (2**63 - 1 if until is None else until,),
        )
        return [Timer(*row) for row in rows]

    def next_due(self, after: int) -> int | None:
        """When the next one is due that is not due by then."""
        row = self._db.execute("SELECT min(due) FROM timers WHERE due > ?", (after,)).fetchone()
        return None if row[0] is None else int(row[0])

    def dead(self) -> list[DeadLetter]:
        """What was given up, newest first."""
        return self._letters(_DEAD)

    def to_retry(self) -> list[DeadLetter]:
        """Those that are to be tried again, oldest first."""
        return self._letters(_TO_RETRY)

    def _letters(self, sql: str) -> list[DeadLetter]:
        rows = self._db.execute(sql)
        return [
            DeadLetter(unit, handler, error, attempts, at, number, subject, bool(again))
            for unit, handler, error, attempts, at, number, subject, again in rows
        ]

    def revive(self, numbers: Iterable[int]) -> None:
        """Have these dead letters tried again: soon by a bot that runs, else when it runs next."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("UPDATE dead SET again = 1 WHERE id = ?", [(number,) for number in numbers])

    def drop_dead(self, numbers: Iterable[int]) -> None:
        """Forget these dead letters."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("DELETE FROM dead WHERE id = ?", [(number,) for number in numbers])


class StoredCursors:
    """The bot's cursors as the client asks for them. The client saves none: a step does, behind a handler."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> Cursors:
        return self._store.cursors()

    def save(self, cursors: Cursors) -> None:
        """Nothing: the client knows what was handed out, not what was handled."""
