"""The ledger: what takes content away leaves a row of ids in the same commit, once, and nothing takes it away."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine

from chatd.core.bans import Expel
from chatd.core.limits import Bounds
from chatd.store import ledger
from chatd.store.database import Row, connect
from chatd.store.migrate import _sqlalchemy_url
from chatd_migrations.versions import v0003_ledger
from tests.store.kit import START_MS, Store, dissolve, edit, kick, leave, recall, set_role

pytestmark = pytest.mark.relaxed_durability
SOURCES = Path(ledger.__file__).parents[1]


def rows(store: Store) -> list[Row]:
    return store.rows("SELECT kind, group_id, pos, user_id, at, made_at FROM ledger ORDER BY n")


def test_a_recall_by_whomever_leaves_a_row_with_ids_alone(store: Store) -> None:
    store.people("ann", "ben", "cat")
    store.found("tea", "ann", "ben", "cat")
    first, second = store.say("ben", "tea", "of one's own"), store.say("ben", "tea", "rude")
    store.done(set_role("ann", "tea", "cat", "admin"))
    store.now_ms += 1000
    store.done(recall("ben", "tea", first))
    store.done(recall("cat", "tea", second))
    assert rows(store) == [
        ("recall", "tea", first, "ben", START_MS + 1000, START_MS),
        ("recall", "tea", second, "cat", START_MS + 1000, START_MS),
    ]


def test_what_is_refused_or_only_rewrites_leaves_none(tea: Store) -> None:
    pos = tea.say("ann", "tea")
    assert tea.codes(recall("ben", "tea", pos), recall("ben", "tea", 99)) == ["forbidden", "not_found"]
    tea.done(edit("ann", "tea", pos))
    assert rows(tea) == []


def test_a_group_that_is_gone_leaves_one_when_its_last_person_is_out(tables_url: str) -> None:
    with Store(tables_url, Bounds(dissolved_keep_ms=0)) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        store.done(dissolve("ann", "tea"))
        assert rows(store) == []
        store.done(leave("ben", "tea"))
        assert rows(store) == []
        store.done(leave("ann", "tea"))
        assert rows(store) == [("gone", "tea", 0, "", START_MS, 0)]


def test_a_group_that_people_left_to_nobody_leaves_one_as_well(tea: Store) -> None:
    tea.done(kick("ann", "tea", "ben"), Expel("tea", "ann", "", ban=False))
    assert [row[:4] for row in rows(tea)] == [("gone", "tea", 0, "")]


def test_the_same_is_written_once(tea: Store) -> None:
    pos = tea.say("ann", "tea")
    tea.done(recall("ann", "tea", pos))
    (row,) = tea.rows(f"SELECT {', '.join(ledger.COLUMNS)} FROM ledger")
    tea.database.begin()
    tea.database.write(ledger.INSERT, [(START_MS + 5, *row[1:]), (START_MS + 6, *row[1:])])
    tea.database.commit()
    assert [at for *_, at, _ in rows(tea)] == [START_MS]


def test_what_had_gone_before_there_was_a_ledger_is_in_it(tables_url: str) -> None:
    """What its revision does to tables with a recall and a group that is gone; those behind it do not matter here."""
    with Store(tables_url, Bounds(dissolved_keep_ms=0)) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        store.found("old", "ann")
        store.done(recall("ann", "tea", store.say("ann", "tea")))
        store.done(dissolve("ann", "old"))
        store.now_ms += 1000
        store.done(leave("ann", "old"))
        before = {row[:4] for row in rows(store)}
        store.database.run("DROP TABLE ledger")
    engine = create_engine(_sqlalchemy_url(tables_url))
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0003_ledger.upgrade()
    engine.dispose()
    database = connect(tables_url)
    after = {row[:4] for row in database.run("SELECT kind, group_id, pos, user_id FROM ledger")[0]}
    database.close()
    assert after == before
    assert {kind for kind, *_ in after} == {"recall", "gone"}


def test_no_statement_changes_it_or_takes_a_row_out() -> None:
    for file in SOURCES.rglob("*.py"):
        text = file.read_text()
        for write in ("Update(schema.ledger", "Delete(schema.ledger", "UPDATE ledger", "DELETE FROM ledger"):
            assert write not in text, file
