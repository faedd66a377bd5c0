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
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from bench import sketch
from chatd.config import load
from chatd.core.values import Group, Member, User
from chatd.secret import secret_of
from chatd.service.tokens import mint
from chatd.store import groups as groups_of_store
from chatd.store import messages, users
from chatd.store.database import Database, Row, Sqlite
from chatd.store.migrate import migrate

SKETCH_DATABASE = "sketch.db"
CHATD_DATABASE = "chatd.db"
GROUP_LIMIT = 1000
NAMED = 1000
"""Of those who came, so many are in the entry that says so."""
START_MS = 1_700_000_000_000
TOKEN_TTL_S = 86_400


class Seat(NamedTuple):
    """A member of a group, able to connect."""

    group: str
    token: str


class Seed(Protocol):
    def __call__(self, directory: Path, groups: Sequence[int], stored: int) -> list[Seat]: ...


def seed_nobody(directory: Path, groups: Sequence[int], stored: int) -> list[Seat]:
    """For servers that keep nothing of the kind: whoever connects is a member of the group that it names."""
    return [Seat(f"g{number:022d}", "-") for number, size in enumerate(groups, 1) for _ in range(size)]


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


def seed_chatd(directory: Path, groups: Sequence[int], stored: int) -> list[Seat]:
    """Written straight into the tables: a million messages through the engine would take minutes."""
    url = f"sqlite:///{directory / CHATD_DATABASE}"
    migrate(url)
    database = Sqlite(directory / CHATD_DATABASE)
    share, more = divmod(stored, len(groups))
    database.begin()
    for number, size in enumerate(groups, 1):
        _seed_group(database, number, size, share + (number <= more))
    database.commit()
    database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    secret = secret_of(load(None, {"CHATD_STORE__URL": url}))
    now_s = int(time.time())
    return [
        Seat(group_id(number), mint(secret, _user(number, member), "", now_s, TOKEN_TTL_S))
        for number, size in enumerate(groups, 1)
        for member in range(size)
    ]


def _seed_group(database: Sqlite, number: int, size: int, stored: int) -> None:
    """A group with all its people and messages."""
    group, at = group_id(number), START_MS
    names = [_user(number, member) for member in range(size)]
    people = [User(id=name, sub=name, name="", created_at=at, upos=1, groups=1) for name in names]
    database.write(users.INSERT, [users.row_of_new(person) for person in people])
    database.write(users.INSERT_MINE, [(name, 1, at, "added", group, 2, "{}") for name in names])
    found_group(database, number, names, stored, at)
    database.write(messages.INSERT, stored_rows(number, names, stored))


def found_group(database: Database, number: int, names: Sequence[str], stored: int, last_ms: int) -> None:
    """A group whose first entry says that it was created, whose second that all others came, as it is with so many
    messages, the last one at `last_ms`. The messages themselves and the people are not written."""
    group, at, size = group_id(number), START_MS, len(names)
    head = 2 + stored
    row = Group(group, "private", f"group {number}", "", "all", GROUP_LIMIT, head, last_ms, stored, size, False, at)
    database.write(groups_of_store.INSERT, [groups_of_store.row_of_new(row)])
    roles = ["owner", *["member"] * (size - 1)]
    members = [
        Member(group, name, 1, role, 0, 0, 1 if role == "owner" else 2, at, names[0])
        for name, role in zip(names, roles, strict=True)
    ]
    database.write(groups_of_store.INSERT_MEMBERS, [groups_of_store.row_of_new_member(m) for m in members])
    joined = ",".join(f'{{"user":"{name}","by":"{names[0]}"}}' for name in names[1:NAMED])
    created = f'{{"group_kind":"private","title":"group {number}","members":["{names[0]}"]}}'
    came = f'{{"count":{size},"joined":[{joined}],"left":[]}}'
    first = [
        (group, 1, at, "created", names[0], None, None, None, 0, False, None, created, 0, None),
        (group, 2, at, "members", None, None, None, None, 0, False, None, came, 0, None),
    ]
    database.write(messages.INSERT, first)


def stored_rows(number: int, names: Sequence[str], stored: int, after: int = 0) -> Sequence[Row]:
    """Those behind the message `after`, up to `stored`."""
    group, at, digest = group_id(number), START_MS, bytes(16)
    return [
        (
            *(group, seq + 2, at, "message", names[seq % len(names)], _cid(number, seq), seq, None, 0, False, None),
            f'{{"type":"text","body":{{"text":"stored message {seq}"}}}}',
            0,
            digest,
        )
        for seq in range(after + 1, stored + 1)
    ]


def group_id(number: int) -> str:
    return f"g{number:022d}"


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
