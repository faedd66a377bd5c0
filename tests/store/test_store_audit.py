"""The audit log: written in the commit of the act, by nobody changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.core.users import Revoke
from chatd.core.values import Audited
from chatd.store import audit
from chatd.store.readers import Readers
from tests.store.kit import START_MS, Store, kick, leave, recall, run, send, set_role, update

pytestmark = pytest.mark.relaxed_durability
SOURCES = Path(audit.__file__).parents[1]


def pages(store: Store, limit: int = 100, before: int | None = None, **filters: object) -> list[tuple[int, Audited]]:
    async def read() -> list[tuple[int, Audited]]:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await audit.page(reader, before, limit, filters)
        finally:
            await readers.close()

    return run(read())


@pytest.fixture
def town(store: Store) -> Store:
    store.people("ann", "ben", "cat")
    store.found("tea", "ann", "ben", "cat")
    return store


def test_every_act_of_right_leaves_a_row_newest_first(town: Store) -> None:
    pos = town.say("ben", "tea", "something rude")
    town.done(set_role("ann", "tea", "cat", "admin"))
    town.now_ms += 5
    town.done(recall("cat", "tea", pos), update("cat", "tea", title="Quiet tea"))
    town.done(kick("cat", "tea", "ben"))
    town.done(Revoke("ben", None, START_MS))
    rows = [row for _, row in pages(town)]
    assert [(row.by, row.act, row.group, row.user) for row in rows] == [
        (None, "user.revoke", None, "ben"),
        ("cat", "member.kick", "tea", "ben"),
        ("cat", "group.update", "tea", None),
        ("cat", "message.recall", "tea", "ben"),
        ("ann", "member.role", "tea", "cat"),
    ]
    assert [row.at for row in rows] == [START_MS + 5] * 4 + [START_MS]
    assert rows[2].details == {"pos": pos + 3, "changed": ["title"]}
    assert rows[3].details == {"pos": pos}
    everything = "".join(str(row) for row in town.rows('SELECT * FROM "audit"'))
    assert "rude" not in everything
    assert "Quiet" not in everything


def test_what_one_does_with_ones_own_and_what_is_refused_leaves_none(town: Store) -> None:
    pos = town.say("ben", "tea")
    town.done(recall("ben", "tea", pos))
    assert town.codes(kick("ben", "tea", "cat"), set_role("ben", "tea", "cat", "admin")) == ["forbidden"] * 2
    town.done(leave("ben", "tea"), send("cat", "tea"))
    assert pages(town) == []


def test_a_retry_leaves_no_second_row(town: Store) -> None:
    wish = kick("ann", "tea", "ben")
    town.done(wish, wish)
    town.done(wish)
    assert len(pages(town)) == 1


def test_pages_and_what_they_are_narrowed_by(town: Store) -> None:
    for number in range(5):
        town.now_ms += 1000
        town.done(set_role("ann", "tea", "ben", "member" if number % 2 else "admin"))
    town.done(Revoke("cat", "phone", START_MS))
    newest = pages(town, 2)
    older = pages(town, 100, newest[-1][0])
    assert [row.act for _, row in newest] == ["user.revoke", "member.role"]
    assert [number for number, _ in newest + older] == sorted((n for n, _ in pages(town)), reverse=True)
    assert len(pages(town, group="tea")) == 5
    assert [row.details for _, row in pages(town, by=audit.OPERATOR)] == [{"device": "phone"}]
    assert len(pages(town, user="cat")) == 1
    assert len(pages(town, by="ann", act="member.role")) == 5
    assert len(pages(town, since=START_MS + 2000, until=START_MS + 4000)) == 2


ERASING = ("UPDATE audit SET reason = ''", "UPDATE audit SET details = '{}'")
"""What an erasure does to rows about a person: the words go, that it was done stays."""


def test_no_statement_of_the_server_removes_a_row_and_only_an_erasure_empties_words() -> None:
    for file in SOURCES.rglob("*.py"):
        text = file.read_text().replace('"audit"', "audit")
        if (file.parent.name, file.name) == ("store", "erasing.py"):
            for allowed in ERASING:
                assert allowed in text
                text = text.replace(allowed, "")
        for write in ("Update(schema.audit", "Delete(schema.audit", "UPDATE audit", "DELETE FROM audit"):
            assert write not in text, file
