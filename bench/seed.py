"""Fills a database before a run: groups with members, messages, and a token for every member.

One function per subject, all of this shape, so that the rest of the benchmark knows nothing of databases:

    seed(directory, groups, stored) -> [Seat, ...]

`directory` is an empty folder that the subject's server will be started on, `groups` the number of members of each
group and `stored` how many messages are there already, spread evenly over the groups. Every member may send.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from bench import sketch

SKETCH_DATABASE = "sketch.db"


class Seat(NamedTuple):
    """A member of a group, able to connect."""

    group: str
    token: str


class Seed(Protocol):
    def __call__(self, directory: Path, groups: Sequence[int], stored: int) -> list[Seat]: ...


def seed_sketch(directory: Path, groups: Sequence[int], stored: int) -> list[Seat]:
    db = sketch.open_database(directory / SKETCH_DATABASE)
    share, more = divmod(stored, len(groups))
    heads = {number: share + (number <= more) for number in range(1, len(groups) + 1)}
    db.execute("BEGIN")
    for number, size in enumerate(groups, 1):
        db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", _stored_rows(number, size, heads[number]))
    db.executemany(sketch.SET_HEAD, heads.items())
    db.execute("COMMIT")
    _fold_wal(db)
    return [
        Seat(sketch.group_name(number), f"{_user(number, member)}.{number}")
        for number, size in enumerate(groups, 1)
        for member in range(size)
    ]


def _user(group: int, member: int) -> str:
    return f"u{group:08d}{member:014d}"


def _cid(group: int, pos: int) -> str:
    """As scattered as a random one, and the same every time."""
    return base64.urlsafe_b64encode(hashlib.blake2b(f"{group}.{pos}".encode(), digest_size=16).digest()).decode()[:22]


def _stored_rows(group: int, size: int, count: int) -> Iterator[tuple[int, int, str, str, int, str]]:
    for pos in range(1, count + 1):
        yield group, pos, _user(group, pos % size), _cid(group, pos), pos, f"stored message {pos}"


def _fold_wal(db: sqlite3.Connection) -> None:
    """Leave one file behind, as after a clean stop."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
