"""A backup of either database is one whole file of one moment, or there is none."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

import chatd_migrations
from chatd import __version__
from chatd.backup.header import KEY, read_header
from chatd.backup.making import Limits, make_backup
from chatd.backup.restoring import verify_file
from chatd.backup.trouble import Trouble
from chatd.store.database import connect, path_of
from chatd.store.migrate import life
from tests.backup.kit import BACKED_UP_MS, Desk, ask, rows_of
from tests.store.kit import Store, send
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


@pytest.fixture
def town(store: Store) -> Store:
    build_town(store)
    life(store.database)
    return store


def code_of(caught: pytest.ExceptionInfo[Trouble]) -> str:
    return caught.value.code


def test_every_row_of_every_table_is_in_it_and_it_is_whole(town: Store, desk: Desk) -> None:
    made = desk.back_up(town.url)
    url = f"sqlite:///{shutil.copy(desk.file, desk.folder / 'copy')}"
    assert rows_of(url, books=True) == rows_of(town.url, books=True)
    kept: dict[str, str] = dict(ask(url, "SELECT key, value FROM meta"))
    kept.pop(KEY)
    assert kept == dict(ask(town.url, "SELECT key, value FROM meta"))
    assert verify_file(desk.file) == []
    assert (made.header.at, made.header.kind) == (BACKED_UP_MS, town.database.kind)


def test_it_says_what_it_is(town: Store, desk: Desk) -> None:
    desk.back_up(town.url)
    header = read_header(desk.file)
    assert (header.format, header.version, header.revision) == (1, __version__, chatd_migrations.HEAD)
    assert header.n == town.engine.n
    assert header.counts == {name: town.sizes()[name] for name in ("users", "groups", "entries")}
    assert header.epoch == life(town.database).epoch


def test_it_is_one_file_for_its_owner_alone(town: Store, desk: Desk) -> None:
    before = set(desk.folder.iterdir())
    desk.back_up(town.url)
    made = {path for path in desk.folder.iterdir() if path not in before and not path.name.startswith("chatd.db")}
    assert made == {desk.file}
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600


def test_what_was_freed_in_the_database_is_not_in_it(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        store.people("ann")
        store.found("tea", "ann")
        store.database.run("PRAGMA secure_delete = OFF")
        store.done(*(send("ann", "tea", "a secret word") for _ in range(200)))
        store.database.run("DELETE FROM entries WHERE kind = 'message'")
        store.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        path = path_of(sqlite_tables)
        assert path is not None
        assert b"a secret word" in path.read_bytes()
        desk.back_up(sqlite_tables)
    assert b"a secret word" not in desk.file.read_bytes()


def test_a_name_that_is_taken_is_left_alone(town: Store, desk: Desk) -> None:
    desk.file.write_text("mine")
    with pytest.raises(Trouble) as caught:
        desk.back_up(town.url)
    assert code_of(caught) == "exists"
    assert desk.file.read_text() == "mine"


def test_a_name_that_is_taken_meanwhile_is_left_alone_too(town: Store, desk: Desk) -> None:
    def take(done: int, of: int) -> None:
        del done, of
        desk.file.write_text("mine")

    town.done(*(send("ann", "tea") for _ in range(1500)))
    with pytest.raises(Trouble) as caught:
        make_backup(town.url, desk.file, Limits(), BACKED_UP_MS, take)
    assert code_of(caught) == "exists"
    assert desk.file.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(town: Store, desk: Desk) -> None:
    with pytest.raises(Trouble) as caught:
        desk.back_up(town.url, desk.folder / "no" / "a.backup")
    assert code_of(caught) == "no_folder"


def test_without_a_database_there_is_no_backup_and_no_database_is_made(desk: Desk) -> None:
    missing = desk.folder / "none.db"
    with pytest.raises(Trouble) as caught:
        desk.back_up(f"sqlite:///{missing}")
    assert code_of(caught) == "no_database"
    assert not missing.exists()


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(town: Store, desk: Desk) -> None:
    with pytest.raises(Trouble) as caught:
        make_backup(town.url, desk.file, Limits(1000), BACKED_UP_MS, disk_free=lambda _: 50_000)
    assert code_of(caught) == "no_room"
    assert caught.value.values["free"] == 50_000
    assert caught.value.values["needed"] > 50_000  # type: ignore[operator]
    assert not list(desk.folder.glob("a.backup*"))


def test_a_disk_that_fills_up_meanwhile_ends_it(town: Store, desk: Desk) -> None:
    town.done(*(send("ann", "tea") for _ in range(1500)))
    asked = 0

    def free(_: Path) -> int:
        nonlocal asked
        asked += 1
        return 2**40 if asked == 1 else 5

    with pytest.raises(Trouble) as caught:
        make_backup(town.url, desk.file, Limits(1000), BACKED_UP_MS, disk_free=free)
    assert code_of(caught) == "no_room"
    assert not list(desk.folder.glob("a.backup*"))


def test_a_log_of_changes_that_grows_too_far_ends_it_and_the_server_goes_on(sqlite_tables: str, desk: Desk) -> None:
    with Store(sqlite_tables) as store:
        store.people("ann")
        store.found("tea", "ann")
        store.done(*(send("ann", "tea", "x" * 4000) for _ in range(1500)))
        path = path_of(sqlite_tables)
        assert path is not None
        wal = path.with_name("chatd.db-wal")
        store.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        store.say("ann", "tea")
        before = wal.stat().st_size
        with pytest.raises(Trouble) as caught:
            desk.back_up(sqlite_tables, wal_max_bytes=before - 1)
        assert code_of(caught) == "wal"
        assert not list(desk.folder.glob("a.backup*"))
        store.say("ann", "tea", "and on")


def test_two_at_once_do_not_write_into_one_file(town: Store, desk: Desk) -> None:
    entered, leave = threading.Event(), threading.Event()

    def free(_: Path) -> int:
        entered.set()
        assert leave.wait(30)
        return 2**40

    first = threading.Thread(
        target=lambda: make_backup(town.url, desk.file, Limits(), BACKED_UP_MS, disk_free=free), daemon=True
    )
    first.start()
    assert entered.wait(30)
    try:
        with pytest.raises(Trouble) as caught:
            desk.back_up(town.url)
        assert code_of(caught) == "busy"
    finally:
        leave.set()
        first.join(30)
    assert verify_file(desk.file) == []


def test_killed_in_the_middle_it_leaves_nothing_that_looks_like_a_backup(town: Store, desk: Desk) -> None:
    desk.die_making(town.url, 1)
    assert not desk.file.exists()
    assert [path.name for path in desk.folder.glob("a.backup*")] == ["a.backup.part"]
    with pytest.raises(Trouble):
        verify_file(desk.folder / "a.backup.part")
    desk.back_up(town.url)
    assert [path.name for path in desk.folder.glob("a.backup*")] == ["a.backup"]
    assert verify_file(desk.file) == []


def test_tables_of_another_version_on_postgresql_are_not_guessed_at(postgres_tables: str, desk: Desk) -> None:
    database = connect(postgres_tables)
    database.run("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    with pytest.raises(Trouble) as caught:
        desk.back_up(postgres_tables)
    assert code_of(caught) == "other_tables"
    assert not list(desk.folder.glob("a.backup*"))


def test_an_empty_postgresql_has_nothing_to_back_up(postgres_url: str, desk: Desk) -> None:
    with pytest.raises(Trouble) as caught:
        desk.back_up(postgres_url)
    assert code_of(caught) == "no_tables"


# -- what a file may turn out to be


@pytest.fixture
def made(sqlite_tables: str, desk: Desk) -> Path:
    with Store(sqlite_tables) as store:
        build_town(store)
        desk.back_up(sqlite_tables)
    return desk.file


def trouble_with(file: Path) -> str:
    with pytest.raises(Trouble) as caught:
        verify_file(file)
    return caught.value.code


def test_a_file_that_is_no_backup_is_told_from_one_that_is_damaged(made: Path, sqlite_tables: str) -> None:
    database = path_of(sqlite_tables)
    assert database is not None
    other = made.with_name("other")
    assert trouble_with(other) == "no_file"
    other.write_bytes(b"")
    assert trouble_with(other) == "no_backup"
    other.write_text("a letter to my aunt\n" * 500)
    assert trouble_with(other) == "no_backup"
    assert trouble_with(database) == "no_backup"
    sqlite3.connect(made.with_name("shop.db")).execute("CREATE TABLE goods (id INTEGER)").connection.close()
    assert trouble_with(made.with_name("shop.db")) == "no_backup"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_one_flipped_bit_anywhere_is_found(made: Path, share: float) -> None:
    assert verify_file(made) == []
    data = bytearray(made.read_bytes())
    data[int(len(data) * share)] ^= 1
    made.write_bytes(data)
    assert trouble_with(made) == "damaged"


def test_a_changed_word_is_found_that_sqlite_would_not_miss(made: Path) -> None:
    data = made.read_bytes()
    assert data.count(b"secret two") == 1
    made.write_bytes(data.replace(b"secret two", b"secret too"))
    assert trouble_with(made) == "damaged"


def test_one_cut_short_is_found(made: Path) -> None:
    data = made.read_bytes()
    made.write_bytes(data[: len(data) // 2])
    assert trouble_with(made) == "damaged"


def test_one_of_a_newer_format_is_named_with_its_version(made: Path) -> None:
    with sqlite3.connect(made) as database:
        newer = "UPDATE meta SET value = replace(replace(value, '\"format\":1', '\"format\":2'), ?, '9.0.0')"
        database.execute(newer, (__version__,))
    database.close()
    with pytest.raises(Trouble) as caught:
        verify_file(made)
    assert (caught.value.code, caught.value.values["version"]) == ("newer", "9.0.0")
