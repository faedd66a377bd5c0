"""A backup brought back: everything that was in it, without what has gone since, in a life of its own, in one step."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import chatd_migrations
from chatd.backup.header import KEY
from chatd.backup.keeping import keep_ledger
from chatd.backup.trouble import Trouble
from chatd.core.erasure import BeginErasure
from chatd.core.limits import Bounds
from chatd.core.profiles import UpdateProfile
from chatd.service.erasure import erase_offline
from chatd.store import lock
from chatd.store.database import connect, path_of
from chatd.store.engine import Engine, Fenced
from chatd.store.migrate import life, migrate
from chatd.store.writer import Settings, make_engine
from tests.backup.kit import BACKED_UP_MS, RESTORED_MS, Desk, ask, problems_of, rows_of
from tests.store.kit import (
    DIGEST,
    START_MS,
    Store,
    add,
    dissolve,
    edit,
    kick,
    leave,
    new_cid,
    recall,
    send_card,
    set_role,
)
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability
TEXTS = "SELECT pos, body FROM entries WHERE group_id = ? AND kind = 'message' AND NOT recalled ORDER BY pos"


def texts_of(url: str, group: str = "tea") -> str:
    return "".join(body for _, body in ask(url, TEXTS, group))


def shut(store: Store) -> None:
    """Nobody has the database open any more."""
    store.database.close()
    store._eyes.close()


def again(url: str) -> list[tuple[object, ...]]:
    """What went again, as the log says."""
    return ask(url, "SELECT group_id, target, actor FROM entries WHERE kind = 'recall' AND body <> '{}' ORDER BY 1, 2")


# -- what was there is there


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


# -- what has gone since stays gone


@pytest.fixture
def old(store: Store, desk: Desk) -> Store:
    """ "tea" of ann, ben and cat with a message of each, backed up."""
    store.people("ann", "ben", "cat")
    store.found("tea", "ann", "ben", "cat", history="all")
    for user in ("ann", "ben", "cat"):
        store.say(user, "tea", f"said by {user}")
    desk.back_up(store.url)
    store.now_ms += 10_000
    return store


@pytest.mark.promise("P9", "restore")
def test_what_was_recalled_since_does_not_come_back(old: Store, elsewhere: str, desk: Desk) -> None:
    old.done(recall("ben", "tea", 4))
    old.done(set_role("ann", "tea", "cat", "admin"))
    done = desk.bring_back(elsewhere, also=[old.url])
    assert done.ready.again == {"recall": 1}
    assert done.old_ledger is True
    assert "said by ben" not in texts_of(elsewhere)
    assert "said by ann" in texts_of(elsewhere)
    assert again(elsewhere) == [("tea", 4, "ben")]
    assert problems_of(elsewhere) == []


def test_by_whom_is_kept_whatever_they_were_at_the_time_of_the_backup(old: Store, other: str, desk: Desk) -> None:
    """Made an admin since, or come since: then the tombstone names the author, whom everybody knows."""
    old.done(set_role("ann", "tea", "cat", "admin"))
    old.done(recall("cat", "tea", 4))
    old.people("dan")
    old.make_mutual("ann", "dan")
    old.done(add("ann", "tea", "dan"))
    old.done(set_role("ann", "tea", "dan", "admin"), set_role("ann", "tea", "cat", "member"))
    old.done(recall("dan", "tea", 5))
    desk.bring_back(other, also=[old.url])
    assert again(other) == [("tea", 4, "cat"), ("tea", 5, "cat")]
    assert problems_of(other) == []


def test_a_card_a_pin_and_a_mention_go_with_the_message(store: Store, other: str, desk: Desk) -> None:
    from chatd.core.pins import Pin
    from tests.store.kit import DIGEST, new_cid, put_product

    store.people("ann", "ben")
    store.found("tea", "ann", "ben")
    store.done(put_product("pot"))
    (card,) = store.done(send_card("ann", "tea", "product", "pot"))
    store.done(Pin("ann", new_cid(), DIGEST, "tea", card["pos"], None))
    desk.back_up(store.url)
    store.done(recall("ann", "tea", card["pos"]))
    desk.bring_back(other, also=[store.url])
    assert ask(other, "SELECT count(*) FROM card_places") == [(0,)]
    assert ask(other, "SELECT pins FROM boards WHERE group_id = 'tea'") == [("[]",)]
    assert problems_of(other) == []


def test_a_group_that_is_gone_since_does_not_come_back(old: Store, other: str, desk: Desk) -> None:
    old.done(recall("ben", "tea", 4))
    old.done(dissolve("ann", "tea"))
    for user in ("ben", "cat", "ann"):
        old.done(leave(user, "tea"))
    done = desk.bring_back(other, also=[old.url])
    assert done.ready.again == {"recall": 1, "gone": 1}
    assert ask(other, "SELECT count(*) FROM entries WHERE group_id = 'tea'") == [(0,)]
    assert ask(other, "SELECT title, member_count FROM groups WHERE group_id = 'tea'") == [("", 0)]
    assert problems_of(other) == []


@pytest.mark.promise("P9", "erase")
def test_who_was_erased_since_does_not_come_back(old: Store, other: str, desk: Desk) -> None:
    old.done(recall("ann", "tea", 3))
    assert erase_offline(old.engine, old.database, "ben")
    done = desk.bring_back(other, also=[old.url])
    assert done.ready.again == {"recall": 1, "erase": 1}
    assert texts_of(other).count("said by") == texts_of(other).count("said by cat") == 1
    assert ask(other, "SELECT name, sub FROM users WHERE user_id = 'ben'") == [("", "erased:ben")]
    assert ask(other, "SELECT count(*) FROM entries WHERE kind = 'erased'") == [(1,)]
    assert problems_of(other) == []
    path = path_of(other)
    assert path is None or b"said by ben" not in path.read_bytes()


def test_an_erasure_that_was_under_way_in_the_backup_is_carried_to_its_end(
    store: Store, other: str, desk: Desk
) -> None:
    store.people("ann", "ben")
    store.found("tea", "ann", "ben")
    store.say("ben", "tea", "said by ben")
    store.done(BeginErasure("ben", "a digest", None, []))
    desk.back_up(store.url)
    done = desk.bring_back(other)
    assert done.ready.again == {"erase": 1}
    assert "said by ben" not in texts_of(other)


@pytest.mark.promise("P9", "restore")
def test_an_erased_person_does_not_come_back(store: Store, elsewhere: str, desk: Desk) -> None:
    build_town(store)
    life(store.database)
    store.done(UpdateProfile("ben", new_cid(), DIGEST, "Benjamin the potter", None, None, None))
    desk.back_up(store.url)
    assert erase_offline(store.engine, store.database, "ben")
    done = desk.bring_back(elsewhere, also=[store.url])
    assert done.ready.again == {"erase": 1}
    everything = str(rows_of(elsewhere))
    for word in ("secret two", "Benjamin the potter", "sub of ben"):
        assert word not in everything
    assert "secret 1" in everything
    assert ask(elsewhere, "SELECT name, erased_at FROM users WHERE user_id = 'ben'") == [("", RESTORED_MS)]
    assert ask(elsewhere, "SELECT count(*) FROM follows WHERE user_id = 'ben' OR target_id = 'ben'") == [(0,)]
    assert problems_of(elsewhere) == []


def test_a_message_that_took_the_place_of_a_recalled_one_is_left_alone(store: Store, desk: Desk) -> None:
    """Positions are given anew in a new life: what is recalled is named by when it was made as well."""
    store.people("ann")
    store.found("tea", "ann")
    desk.back_up(store.url, desk.folder / "first.backup")
    file = desk.folder / "ledger.ndjson"
    recalled = store.say("ann", "tea", "of the first life")
    store.done(recall("ann", "tea", recalled))
    keep_ledger(store.database, file)
    shut(store)
    desk.bring_back(store.url, desk.folder / "first.backup", force=True)
    with Store(store.url) as second:
        second.now_ms = RESTORED_MS + 1
        assert second.say("ann", "tea", "of the second life") == recalled
        desk.back_up(store.url, desk.folder / "second.backup")
    done = desk.bring_back(store.url, desk.folder / "second.backup", ledger=file, force=True)
    assert done.ready.again == {}
    assert "of the second life" in texts_of(store.url)


def test_an_edit_is_undone_like_everything_else(old: Store, other: str, desk: Desk) -> None:
    old.done(edit("ann", "tea", 3, "said better"))
    desk.bring_back(other, also=[old.url])
    assert "said by ann" in texts_of(other)
    assert problems_of(other) == []


def test_the_file_of_the_ledger_is_enough(old: Store, other: str, desk: Desk) -> None:
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    file = desk.folder / "ledger.ndjson"
    assert keep_ledger(old.database, file) == 2
    done = desk.bring_back(other, ledger=file)
    assert (done.ready.again, done.ready.learned) == ({"recall": 2}, 2)
    assert texts_of(other).count("said by") == 1
    assert ask(other, "SELECT n, kind, pos FROM ledger ORDER BY n") == ask(
        old.url, "SELECT n, kind, pos FROM ledger ORDER BY n"
    )


def test_a_second_restore_of_the_same_backup_loses_nothing_of_the_first(old: Store, desk: Desk) -> None:
    """The ledger of the life between goes into the next one, with what only older lives knew."""
    old.done(recall("ben", "tea", 4))
    shut(old)
    desk.bring_back(old.url, force=True)
    with Store(old.url) as between:
        between.now_ms = START_MS + 60_000
        between.done(recall("cat", "tea", 5))
    done = desk.bring_back(old.url, force=True)
    assert done.ready.again == {"recall": 2}
    assert texts_of(old.url).count("said by") == 1


def test_many_are_taken_in_portions(store: Store, other: str, desk: Desk) -> None:
    store.people("ann")
    store.found("tea", "ann")
    places = [store.say("ann", "tea", f"secret {n}") for n in range(450)]
    desk.back_up(store.url)
    store.done(*(recall("ann", "tea", pos) for pos in places))
    assert desk.bring_back(other, also=[store.url]).ready.again == {"recall": 450}
    assert "secret" not in str(rows_of(other))
    assert problems_of(other) == []


def test_what_went_again_is_nowhere_in_the_file(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        store.people("ann")
        store.found("tea", "ann")
        places = [store.say("ann", "tea", "a secret word") for _ in range(50)]
        desk.back_up(sqlite_tables)
        store.done(*(recall("ann", "tea", pos) for pos in places))
    other = desk.folder / "another.db"
    desk.bring_back(f"sqlite:///{other}", also=[sqlite_tables])
    assert b"a secret word" in desk.file.read_bytes()
    assert b"a secret word" not in other.read_bytes()


def test_what_cannot_go_again_is_not_passed_over_in_silence(old: Store, other: str, desk: Desk) -> None:
    old.database.run(
        "INSERT INTO ledger (at, kind, group_id, pos, user_id, made_at) VALUES (1, 'later', 'tea', 4, '', 1)"
    )
    with pytest.raises(Trouble) as caught:
        desk.bring_back(other, also=[old.url])
    assert (caught.value.code, caught.value.values["kind"]) == ("stuck", "later")


# -- the ledger that is asked for


def test_a_ledger_with_a_line_that_is_none_stops_it(old: Store, desk: Desk) -> None:
    file = desk.folder / "ledger.ndjson"
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    keep_ledger(old.database, file)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + "{}\n" + lines[1])
    other = desk.folder / "other.db"
    with pytest.raises(Trouble) as caught:
        desk.bring_back(f"sqlite:///{other}", ledger=file)
    assert (caught.value.code, caught.value.values["line"]) == ("ledger", 2)
    assert not other.exists()


def test_a_ledger_whose_last_line_was_cut_short_is_taken_up_to_there(old: Store, other: str, desk: Desk) -> None:
    file = desk.folder / "ledger.ndjson"
    old.done(recall("ben", "tea", 4), recall("cat", "tea", 5))
    keep_ledger(old.database, file)
    file.write_bytes(file.read_bytes()[:-9])
    assert desk.bring_back(other, ledger=file).ready.again == {"recall": 1}


def test_a_ledger_that_was_not_kept_up_to_date_is_noticed(old: Store, other: str, desk: Desk) -> None:
    """It lacks what even the backup knows."""
    file, later = desk.folder / "ledger.ndjson", desk.folder / "later.backup"
    old.done(recall("ben", "tea", 4))
    keep_ledger(old.database, file)
    old.done(recall("cat", "tea", 5))
    desk.back_up(old.url, later)
    assert not desk.bring_back(other, later, ledger=file, dry_run=True).ready.reaches
    keep_ledger(old.database, file)
    assert desk.bring_back(other, later, ledger=file).ready.reaches


def test_the_ledger_of_a_database_that_cannot_be_read_is_said_to_be_missing(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
    path = path_of(sqlite_tables)
    assert path is not None
    path.with_name("chatd.db-wal").unlink(missing_ok=True)
    path.write_bytes(b"SQLite format 3\x00" + b"rubbish" * 10_000)
    done = desk.bring_back(sqlite_tables, force=True)
    assert done.old_ledger is False
    assert done.kept is not None
    assert Path(done.kept).read_bytes().endswith(b"rubbish")
    assert problems_of(sqlite_tables) == []


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


# -- of an older version


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
