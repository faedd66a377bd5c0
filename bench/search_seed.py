"""Fills a database with what will be searched: two people, one in all groups and one in some, and all that was said.

It must not know servers or measuring.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson

from bench.search_texts import FIRST, STEP_MS, Said, Texts
from bench.seed import START_MS, found_group, group_id
from chatd.core.values import User
from chatd.store import messages, users
from chatd.store.database import Database, Row, connect
from chatd.store.migrate import life, migrate

EVERYWHERE, SOMEWHERE = "u" + "e" * 22, "u" + "s" * 22
"""Who is in all groups, and who is in every `SHARE`th."""
SHARE: Final = 20
OTHERS: Final = [f"u{number:022d}" for number in range(40)]
PORTION: Final = 20_000


def seed_texts(url: str, texts: Texts) -> None:
    """Written straight into the tables, as `bench.seed` does."""
    migrate(url)
    database = connect(url)
    life(database)
    database.begin()
    groups_of: dict[str, list[int]] = {name: [] for name in (EVERYWHERE, SOMEWHERE, *OTHERS)}
    for number in range(texts.groups):
        for name in members_of(number):
            groups_of[name].append(number)
    people = [User(name, name, "", START_MS, upos=len(mine), groups=len(mine)) for name, mine in groups_of.items()]
    database.write(users.INSERT, [users.row_of_new(person) for person in people])
    added = [
        (name, upos, START_MS, "added", group_id(number), FIRST, "{}")
        for name, mine in groups_of.items()
        for upos, number in enumerate(mine, 1)
    ]
    database.write(users.INSERT_MINE, added)
    counts, last = _write_messages(database, texts)
    for number in range(texts.groups):
        found_group(database, number, members_of(number), counts[number], last[number])
    database.commit()
    if database.kind == "sqlite":
        database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        database.run("ANALYZE")
    database.close()


def members_of(number: int) -> list[str]:
    """The owner first."""
    few = [OTHERS[(number + step) % len(OTHERS)] for step in range(3)]
    return [EVERYWHERE, *([SOMEWHERE] if number % SHARE == 0 else []), *few]


def _write_messages(database: Database, texts: Texts) -> tuple[list[int], list[int]]:
    """How many each group has, and when the last one was."""
    counts, last = [0] * texts.groups, [START_MS] * texts.groups
    said = iter(texts)
    while portion := list(islice(said, PORTION)):
        for one in portion:
            counts[one.group] += 1
            last[one.group] = _at(one)
        database.write(messages.INSERT, list(_rows(portion)))
        database.commit()
        database.begin()
    return counts, last


def _rows(portion: list[Said]) -> Iterator[Row]:
    for one in portion:
        group, body = group_id(one.group), orjson.dumps({"type": "text", "body": {"text": one.text}}).decode()
        members = members_of(one.group)
        sender: Any = members[one.pos % len(members)]
        yield (group, one.pos, _at(one), "message", sender, None, one.pos - FIRST, None, 0, False, None, body, 0, None)


def _at(said: Said) -> int:
    return START_MS + 1000 + said.number * STEP_MS
