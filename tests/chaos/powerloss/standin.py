"""The stand-in workload: the smallest honest user of SQLite in WAL mode, to prove the tool with.

Like a chat server's log it commits batches of a few messages and moves a head per group in the same transaction, and
acknowledges each batch after its COMMIT. It checkpoints often and reopens the database once, so that resetting,
deleting and creating the WAL are all in the record. Every row can be computed from its number: `check` knows what must
be there, whole batches only.

    python -m tests.chaos.powerloss.standin FILE SYNCHRONOUS BATCHES after|before

SYNCHRONOUS is FULL, NORMAL or OFF; `before` plants a fault: the acknowledgement precedes its COMMIT.
"""

import functools
import hashlib
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice, takewhile
from pathlib import Path

from tests.chaos.powerloss.marks import Marks

_SEED = 1
_GROUPS = 20
_BATCH_MAX = 8
_CHECKPOINT_PAGES = 60
_SCHEMA = """
CREATE TABLE messages (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, in_group INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX messages_by_group ON messages (in_group, id);
CREATE TABLE heads (in_group INTEGER PRIMARY KEY, last_id INTEGER NOT NULL);
"""
_HEADS_OF_ALL = "SELECT in_group, max(id) FROM messages GROUP BY in_group ORDER BY in_group"


def batches() -> Iterator[list[int]]:
    """The message numbers of each batch, without end and from 1 without a gap; the same in every process."""
    rng, first = random.Random(_SEED), 1
    while True:
        last = first + rng.randrange(_BATCH_MAX)
        yield list(range(first, last + 1))
        first = last + 1


@functools.cache
def body_of(number: int) -> bytes:
    """What message `number` says: 32 to 800 bytes."""
    return hashlib.sha256(str(number).encode()).digest() * (1 + number * 11 % 25)


def group_of(number: int) -> int:
    """The group message `number` is in."""
    return number * 7 % _GROUPS


def run(path: Path, synchronous: str, count: int, *, ack_before_commit: bool = False) -> None:
    """Commit and acknowledge `count` batches, in two lives of the database."""
    marks = Marks()
    todo = list(enumerate(islice(batches(), count)))
    for life in (todo[: count // 2], todo[count // 2 :]):
        with closing(open_database(path, synchronous)) as db:
            for batch, numbers in life:
                _commit_batch(db, marks, batch, numbers, ack_before_commit)


def open_database(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection with the settings under test; the tables are made when they are missing."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={synchronous}")
    db.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    if not _tables_in(db):
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    return db


def _commit_batch(db: sqlite3.Connection, marks: Marks, batch: int, numbers: list[int], ack_before: bool) -> None:
    db.execute("BEGIN IMMEDIATE")
    rows = [(number, batch, group_of(number), body_of(number)) for number in numbers]
    db.executemany("INSERT INTO messages VALUES (?, ?, ?, ?)", rows)
    heads = [(group_of(number), number) for number in numbers]
    db.executemany("INSERT INTO heads VALUES (?, ?) ON CONFLICT DO UPDATE SET last_id = excluded.last_id", heads)
    if ack_before:
        marks.ack(str(numbers[-1]))
    db.execute("COMMIT")
    if not ack_before:
        marks.ack(str(numbers[-1]))


def check(image: Path, acked: Sequence[str]) -> list[str]:
    """The problems of an image: an acknowledged message missing, a batch in part, a wrong row, heads that disagree."""
    must = int(acked[-1]) if acked else 0
    with closing(sqlite3.connect(image)) as db:
        if not _tables_in(db):
            return [f"no tables, but messages up to {must} were acknowledged"] if must else []
        rows = db.execute("SELECT id, batch, in_group, body FROM messages ORDER BY id").fetchall()
        heads = db.execute("SELECT in_group, last_id FROM heads ORDER BY in_group").fetchall()
        heads_due = db.execute(_HEADS_OF_ALL).fetchall()
    problems = [] if heads == heads_due else ["the heads disagree with the messages"]
    if len(rows) < must:
        problems.append(f"acknowledged up to {must}, there are {len(rows)}")
    return problems + _wrong_rows(rows)


def _wrong_rows(rows: list[tuple[int, int, int, bytes]]) -> list[str]:
    # Up to the batch that holds the last row.
    whole = takewhile(lambda numbers: numbers[0] <= len(rows), batches())
    due = [(n, batch, group_of(n), body_of(n)) for batch, numbers in enumerate(whole) for n in numbers]
    problems = [
        f"message {has[0]} is not as it was sent" for has, right in zip(rows, due, strict=False) if has != right
    ]
    if len(rows) != len(due):
        problems.append(f"the batch of message {len(rows)} is there in part")
    return problems[:5]


def _tables_in(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'heads'").fetchone()[0])


def main(arguments: Sequence[str]) -> None:
    """The process that is recorded."""
    file, synchronous, count, ack = arguments
    if synchronous not in {"FULL", "NORMAL", "OFF"} or ack not in {"after", "before"}:
        raise SystemExit(f"usage: FILE FULL|NORMAL|OFF BATCHES after|before, not {arguments}")
    run(Path(file), synchronous, int(count), ack_before_commit=ack == "before")


if __name__ == "__main__":
    main(sys.argv[1:])
