"""Fills a database with people who are each in several groups and were away for the last messages of all of them.

It must not know servers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from bench.seed import CHATD_DATABASE, START_MS, TOKEN_TTL_S, Seat, found_group, group_id, stored_rows
from bench.workloads import Storm
from chatd.config import load
from chatd.core.values import User
from chatd.secret import secret_of
from chatd.service.tokens import mint
from chatd.store import messages, users
from chatd.store.database import Sqlite
from chatd.store.migrate import life, migrate

FIRST = 2
"""Entries of a group before its first message."""
OLDER = 100
"""Messages of each group that nobody missed."""
PORTION = 50_000
"""Messages that are written at a time."""


def user_id(number: int) -> str:
    return f"u{number:022d}"


def groups_of(storm: Storm, person: int) -> list[int]:
    """Those of one person, from 1; every group has as many people as every other."""
    step = storm.groups // storm.each
    return [(person + n * step) % storm.groups + 1 for n in range(storm.each)]


def seed_people(directory: Path, storm: Storm, stored: int) -> str:
    """People in groups with so many messages each; returns the epoch of the database."""
    url = f"sqlite:///{directory / CHATD_DATABASE}"
    migrate(url)
    database = Sqlite(directory / CHATD_DATABASE)
    epoch = life(database).epoch
    members: dict[int, list[str]] = {}
    for person in range(storm.people):
        for number in groups_of(storm, person):
            members.setdefault(number, []).append(user_id(person))
    database.begin()
    names = [user_id(person) for person in range(storm.people)]
    everybody = [User(name, name, "", START_MS, upos=storm.each, groups=storm.each) for name in names]
    database.write(users.INSERT, [users.row_of_new(person) for person in everybody])
    for person, name in enumerate(names):
        mine = enumerate(groups_of(storm, person), 1)
        rows = [(name, upos, START_MS, "added", group_id(number), FIRST, "{}") for upos, number in mine]
        database.write(users.INSERT_MINE, rows)
    for number, there in members.items():
        found_group(database, number, there, stored, START_MS)
        for first in range(0, stored, PORTION):
            database.write(messages.INSERT, stored_rows(number, there, min(stored, first + PORTION), first))
    database.commit()
    database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return epoch


def seed_storm(directory: Path, storm: Storm) -> list[Seat]:
    """A seat is what the dialect `storm` of the generator reads: how many are missed, and the whole hello."""
    # Those who come back to a running server miss what is said while it runs.
    epoch = seed_people(directory, storm, OLDER + (0 if storm.running else storm.missed))
    return [
        Seat(str(storm.each * storm.missed), hello_of(storm, person, epoch, token).decode())
        for person, token in enumerate(tokens_of(directory, storm.people))
    ]


def tokens_of(directory: Path, people: int) -> list[str]:
    """What each connects with."""
    url = f"sqlite:///{directory / CHATD_DATABASE}"
    secret, now_s = secret_of(load(None, {"CHATD_STORE__URL": url})), int(time.time())
    return [mint(secret, user_id(person), "", now_s, TOKEN_TTL_S) for person in range(people)]


def hello_of(storm: Storm, person: int, epoch: str, token: str) -> bytes:
    """Where this person was: below what was missed, in each group."""
    heads: dict[str, Sequence[int]] = {group_id(n): (FIRST + OLDER, START_MS) for n in groups_of(storm, person)}
    data: dict[str, Any] = {"token": token, "device": "d1", "epoch": epoch, "mine": (storm.each, START_MS)}
    return orjson.dumps({"id": 1, "op": "session.hello", "data": data | {"heads": heads}})
