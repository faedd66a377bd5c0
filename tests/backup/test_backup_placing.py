"""A backup takes its place in one step or not at all: what it refuses to replace, and what an interruption leaves."""

from __future__ import annotations

import pytest

from chatd.backup.trouble import Trouble
from chatd.core.limits import Bounds
from chatd.store import lock
from chatd.store.database import connect, path_of
from chatd.store.engine import Engine, Fenced
from chatd.store.migrate import life, migrate
from chatd.store.writer import Settings, make_engine
from tests.backup.kit import Desk, ask, problems_of, rows_of, texts_of
from tests.store.kit import (
    Store,
    recall,
)
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


# -- when it refuses


def test_a_server_that_holds_the_database_is_not_disturbed(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
        path = path_of(sqlite_tables)
        assert path is not None
        held = lock.take(path)
        with pytest.raises(lock.Held):
            desk.bring_back(sqlite_tables, force=True)
        assert desk.bring_back(sqlite_tables, dry_run=True).kept is None, "trying it takes nothing from anybody"
        lock.release(held)
        store.say("ann", "tea", "and on")


def test_a_writer_on_postgresql_is_not_disturbed(postgres_tables: str, desk: Desk) -> None:
    with Store(postgres_tables) as store:
        build_town(store)
        desk.back_up(postgres_tables)
    database = connect(postgres_tables)
    lock.share(database)
    with pytest.raises(lock.Held):
        desk.bring_back(postgres_tables, force=True)
    assert desk.bring_back(postgres_tables, dry_run=True).kept is None
    database.close()
    desk.bring_back(postgres_tables, force=True)


def test_a_writer_of_the_old_life_commits_no_more(postgres_tables: str, desk: Desk) -> None:
    with Store(postgres_tables) as store:
        store.people("ann")
        epoch = life(store.database).epoch
        desk.back_up(postgres_tables)
        desk.bring_back(postgres_tables, force=True)
        with pytest.raises(Fenced):
            store.people("ben")
    with pytest.raises(Fenced):
        make_engine(Settings(postgres_tables, Bounds(), epoch=epoch))
    new = connect(postgres_tables)
    engine = make_engine(Settings(postgres_tables, Bounds(), epoch=life(new).epoch))
    assert isinstance(engine, Engine)
    engine._db.close()
    new.close()


def test_a_database_with_people_in_it_is_replaced_only_if_that_is_said(store: Store, desk: Desk) -> None:
    build_town(store)
    desk.back_up(store.url)
    before = rows_of(store.url, books=True)
    with pytest.raises(Trouble) as caught:
        desk.bring_back(store.url)
    assert caught.value.code == "not_empty"
    assert rows_of(store.url, books=True) == before


def test_one_without_anybody_in_it_needs_no_word(sqlite_tables: str, desk: Desk, elsewhere: str) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
        migrate(elsewhere)
        assert desk.bring_back(elsewhere).kept is None
        assert rows_of(elsewhere) == rows_of(sqlite_tables)


def test_the_old_file_is_kept_whole_under_another_name(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
        store.say("ann", "tea", "said since")
    before = rows_of(sqlite_tables)
    done = desk.bring_back(sqlite_tables, force=True)
    assert done.kept is not None
    assert rows_of(f"sqlite:///{done.kept}") == before
    assert "said since" not in texts_of(sqlite_tables)


def test_a_log_of_changes_left_from_another_file_is_not_taken_for_its_own(sqlite_tables: str, desk: Desk) -> None:
    """Somebody removed the database by hand, and not what lay beside it."""
    path = path_of(sqlite_tables)
    assert path is not None
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
        wanted = rows_of(sqlite_tables)
        store.say("ann", "tea", "in the log of changes")
        wal = path.with_name("chatd.db-wal").read_bytes()
    path.unlink()
    path.with_name("chatd.db-wal").write_bytes(wal)
    desk.bring_back(sqlite_tables)
    assert rows_of(sqlite_tables) == wanted
    assert problems_of(sqlite_tables) == []


def test_the_search_index_of_the_old_life_is_gone(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
    index = desk.folder / "chatd.search.db"
    for end in ("", "-wal", "-shm"):
        index.with_name(index.name + end).write_text("words")
    desk.bring_back(sqlite_tables, force=True)
    assert not list(desk.folder.glob("chatd.search.db*"))


def test_on_postgresql_the_index_is_dropped_with_the_rows(postgres_tables: str, desk: Desk) -> None:
    with Store(postgres_tables) as store:
        build_town(store)
        store.database.run("CREATE TABLE search_docs (id bigint)")
    desk.back_up(postgres_tables)
    desk.bring_back(postgres_tables, force=True)
    assert ask(postgres_tables, "SELECT to_regclass('search_docs')") == [(None,)]


def test_a_damaged_backup_changes_nothing(store: Store, desk: Desk) -> None:
    build_town(store)
    desk.back_up(store.url)
    before = rows_of(store.url, books=True)
    data = bytearray(desk.file.read_bytes())
    data[len(data) // 2] ^= 8
    desk.file.write_bytes(data)
    with pytest.raises(Trouble) as caught:
        desk.bring_back(store.url, force=True)
    assert caught.value.code == "damaged"
    assert rows_of(store.url, books=True) == before
    assert not list(desk.folder.glob("*restoring*"))


def test_what_is_not_whole_by_the_rules_is_not_put_in_place(sqlite_tables: str, desk: Desk) -> None:
    """Sealed as it is, but something else had written to the database before."""
    with Store(sqlite_tables) as store:
        build_town(store)
        store.database.run("UPDATE groups SET head = head + 1 WHERE group_id = 'tea'")
        desk.back_up(sqlite_tables)
    other = desk.folder / "other.db"
    with pytest.raises(Trouble) as caught:
        desk.bring_back(f"sqlite:///{other}")
    assert caught.value.code == "not_whole"
    assert not other.exists()


def test_trying_it_changes_nothing(store: Store, desk: Desk) -> None:
    build_town(store)
    desk.back_up(store.url)
    store.done(recall("ann", "tea", store.say("ann", "tea")))
    before = rows_of(store.url, books=True)
    done = desk.bring_back(store.url, dry_run=True)
    assert (done.old_ledger, done.kept) == (True, None)
    assert rows_of(store.url, books=True) == before
    assert {path.name for path in desk.folder.iterdir()} <= {"a.backup", "chatd.db", "chatd.db-wal", "chatd.db-shm"}


def test_a_server_that_may_not_be_touched_is_not_locked_by_trying(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
    path = path_of(sqlite_tables)
    assert path is not None
    desk.bring_back(sqlite_tables, dry_run=True)
    lock.release(lock.take(path))


# -- interrupted


@pytest.mark.parametrize("step", ["copy", "replay", "verify", "place"])
def test_killed_in_the_middle_it_leaves_the_old_file(sqlite_tables: str, desk: Desk, step: str) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
        store.say("ann", "tea", "said since")
    before = rows_of(sqlite_tables, books=True)
    desk.die_restoring(sqlite_tables, step)
    assert rows_of(sqlite_tables, books=True) == before
    desk.bring_back(sqlite_tables, force=True)
    assert "said since" not in texts_of(sqlite_tables)
    assert not list(desk.folder.glob("*restoring*"))


@pytest.mark.parametrize("step", ["verify", "load"])
def test_killed_in_the_middle_it_leaves_the_old_rows(postgres_tables: str, desk: Desk, step: str) -> None:
    with Store(postgres_tables) as store:
        build_town(store)
        desk.back_up(postgres_tables)
        store.say("ann", "tea", "said since")
    before = rows_of(postgres_tables, books=True)
    desk.die_restoring(postgres_tables, step)
    assert rows_of(postgres_tables, books=True) == before
    desk.bring_back(postgres_tables, force=True)
    assert "said since" not in texts_of(postgres_tables)


def test_killed_into_an_empty_place_it_leaves_nothing_to_serve(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
    other = desk.folder / "other.db"
    desk.die_restoring(f"sqlite:///{other}", "verify")
    assert not other.exists()
    desk.bring_back(f"sqlite:///{other}")
    assert problems_of(f"sqlite:///{other}") == []
