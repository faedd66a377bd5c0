"""A backup brought back: everything that was in it, in a life of its own, whichever version of chatd made it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import chatd_migrations
from chatd.backup.header import KEY
from chatd.backup.trouble import Trouble
from chatd.store.database import connect, path_of
from chatd.store.migrate import life
from tests.backup.kit import BACKED_UP_MS, RESTORED_MS, Desk, ask, problems_of, rows_of
from tests.store.kit import (
    Store,
    edit,
    kick,
    recall,
)
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


def test_everything_is_there_again_in_either_database(store: Store, elsewhere: str, desk: Desk) -> None:
    build_town(store)
    first = life(store.database)
    desk.back_up(store.url)
    done = desk.bring_back(elsewhere)
    assert rows_of(elsewhere) == rows_of(store.url)
    assert problems_of(elsewhere) == []
    assert (done.ready.again, done.kept, done.old_ledger) == ({}, None, None)
    database = connect(elsewhere)
    second = life(database)
    database.close()
    assert second.epoch == done.ready.epoch != first.epoch
    assert second.key == first.key, "tokens of own accounts and invites go on working"
    assert ask(elsewhere, "SELECT 1 FROM meta WHERE key = ?", KEY) == []


def test_there_and_back_again_is_the_same(sqlite_tables: str, postgres_url: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
    desk.back_up(sqlite_tables)
    desk.bring_back(postgres_url)
    desk.back_up(postgres_url, desk.folder / "b.backup")
    third = f"sqlite:///{desk.folder / 'third.db'}"
    desk.bring_back(third, desk.folder / "b.backup")
    assert rows_of(third) == rows_of(sqlite_tables)
    assert problems_of(third) == []


def test_life_goes_on_where_it_was_brought_back_to(store: Store, elsewhere: str, desk: Desk) -> None:
    build_town(store)
    desk.back_up(store.url)
    desk.bring_back(elsewhere)
    with Store(elsewhere) as new:
        new.now_ms = RESTORED_MS + 1
        pos = new.say("ann", "tea", "and on")
        new.done(kick("ann", "tea", "cat"), edit("ann", "tea", pos))
        new.done(recall("ann", "tea", pos))
        assert new.rows("SELECT count(*) FROM ledger WHERE group_id = 'tea' AND pos = ?", pos) == [(1,)]
    assert problems_of(elsewhere) == []


def test_it_is_written_into_the_audit_log(store: Store, elsewhere: str, desk: Desk) -> None:
    build_town(store)
    desk.back_up(store.url)
    desk.bring_back(elsewhere)
    ((at, by, details),) = ask(elsewhere, "SELECT at, by, details FROM audit WHERE act = 'restore'")
    assert (at, by) == (RESTORED_MS, None)
    assert str(BACKED_UP_MS) in details


def test_a_backup_of_an_older_version_is_brought_to_these_tables(desk: Desk, elsewhere: str) -> None:
    """Made of the first tables that there were, by the means of today."""
    url = f"sqlite:///{desk.folder / 'first.db'}"
    _migrate_to(url, "0001")
    path = path_of(url)
    assert path is not None
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO users VALUES ('ann', 'sub of ann', 'ann', 1, 0, 0, 0, 0, 0)")
        database.executemany("INSERT INTO meta VALUES (?, ?)", [("epoch", "e" * 24), ("server_key", "00" * 32)])
    database.close()
    made = desk.back_up(url)
    assert made.header.revision == "0001"
    done = desk.bring_back(elsewhere)
    assert done.ready.revision == chatd_migrations.HEAD
    assert ask(elsewhere, "SELECT user_id, name FROM users") == [("ann", "ann")]
    assert problems_of(elsewhere) == []


def test_one_with_tables_of_the_future_is_left_alone(sqlite_tables: str, desk: Desk) -> None:
    database = connect(sqlite_tables)
    database.run("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    desk.back_up(sqlite_tables)
    with pytest.raises(Trouble) as caught:
        desk.bring_back(f"sqlite:///{desk.folder / 'other.db'}")
    assert caught.value.code == "newer"


def _migrate_to(url: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config()
    config.set_main_option("script_location", str(Path(chatd_migrations.__file__).parent))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
