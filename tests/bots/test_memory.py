"""What a bot keeps: one file, one transaction per thing that was handled."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from chatd_client.bots.memory import MemoryFull, Recollection
from chatd_client.bots.store import DEAD_MAX, MINE, DeadLetter, Step, Store, StoredCursors, StoreHeld, Timer
from chatd_client.cursors import Cursors

KEY = ("group", "g1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


def test_cursor_and_memory_are_kept_in_one_step(path: Path) -> None:
    store = Store(path)
    store.set_fact("epoch", "e")
    step = Step(
        cursors={"g1": (5, 50), MINE: (2, 20)}, documents={KEY: b'{"n":1}'}, timers={"t": Timer("t", "j", "", 9)}
    )
    store.settle([step], 1)
    store.close()
    again = Store(path)
    assert StoredCursors(again).load() == Cursors("e", (2, 20), {"g1": (5, 50)})
    assert again.documents([KEY, ("user", "u")]) == {KEY: b'{"n":1}'}
    assert again.timers() == [Timer("t", "j", "", 9)]
    again.close()


def test_a_step_that_fails_in_the_middle_changes_nothing(path: Path) -> None:
    store = Store(path)
    bad = Step(cursors={"g1": (5, 50)}, timers={"t": Timer("t", "j", "", 2**70)})
    with pytest.raises(OverflowError):
        store.settle([Step(documents={KEY: b"{}"}), bad], 1)
    assert store.cursors().heads == {}
    assert store.documents([KEY]) == {}
    store.settle([Step(cursors={"g1": (5, 50)})], 1)
    assert store.cursors().heads == {"g1": (5, 50)}
    store.close()


def test_only_its_owner_may_read_it(path: Path) -> None:
    store = Store(path)
    store.settle([Step(cursors={"g1": (5, 50)})], 1)
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("bot.db*")} == {0o600}
    store.close()


def test_a_second_process_is_kept_out(path: Path) -> None:
    store = Store(path)
    with pytest.raises(StoreHeld):
        Store(path)
    store.close()
    Store(path).close()


def test_a_file_that_is_something_else_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"a letter to somebody, and no database at all, however long it may be" * 20)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="does not hold a bot's memory"):
        Store(path)
    assert path.read_bytes() == before


def test_a_layout_of_another_version_is_refused(path: Path) -> None:
    store = Store(path)
    store.set_fact("layout", "7")
    store.close()
    with pytest.raises(ValueError, match="layout 7"):
        Store(path)


def test_how_often_something_was_begun_is_known_until_it_is_settled(path: Path) -> None:
    store = Store(path)
    assert [store.begin("entry g1 5") for _ in range(3)] == [0, 1, 2]
    store.settle([Step(unit="entry g1 5")], 1)
    assert store.begin("entry g1 5") == 0
    store.unbegin("entry g1 5")
    assert store.begin("entry g1 5") == 0
    store.close()


def test_what_is_done_behind_the_cursor_is_forgotten_when_the_cursor_has_passed_it(path: Path) -> None:
    store = Store(path)
    store.settle([Step(taken=[3, 5])], 1)
    assert store.taken() == {3, 5}
    store.settle([Step(cursors={MINE: (4, 40)})], 1)
    assert store.taken() == {5}
    store.close()


def test_dead_letters_are_bounded_and_the_newest_stay(path: Path) -> None:
    store = Store(path)
    for number in range(DEAD_MAX + 5):
        store.settle([Step(dead=[DeadLetter(f"entry g {number}", "h", "E" * 9999, 4)])], number)
    letters = store.dead()
    assert len(letters) == DEAD_MAX
    assert (letters[0].unit, letters[-1].unit) == (f"entry g {DEAD_MAX + 4}", "entry g 5")
    assert len(letters[0].error) == 500
    store.drop_dead([letters[0].id, letters[-1].id])
    assert store.dead() == letters[1:-1]
    store.close()


def test_a_file_of_an_older_version_keeps_its_dead_letters(path: Path) -> None:
    Store(path).close()
    old = sqlite3.connect(path)
    old.executescript("ALTER TABLE dead DROP COLUMN subject; ALTER TABLE dead DROP COLUMN again;")
    old.execute("INSERT INTO dead (at, unit, handler, error, attempts) VALUES (1, 'entry g 5', 'h', 'E', 4)")
    old.commit()
    old.close()
    store = Store(path)
    assert store.dead() == [DeadLetter("entry g 5", "h", "E", 4, at=1, id=1)]
    store.revive([1])
    assert store.dead()[0].again
    store.close()


def test_another_life_of_the_server_ends_the_cursors_and_not_the_memory(path: Path) -> None:
    store = Store(path)
    store.settle([Step(cursors={"g1": (5, 50), MINE: (1, 1)}, taken=[9], documents={KEY: b'{"n":1}'})], 1)
    store.start_anew("second")
    assert store.cursors() == Cursors("second")
    assert store.taken() == set()
    assert store.documents([KEY]) == {KEY: b'{"n":1}'}
    store.close()


def test_timers_of_a_group_end_with_it(path: Path) -> None:
    store = Store(path)
    timers: dict[str, Timer | None] = {name: Timer(name, "j", name[0], 5) for name in ("a1", "a2", "b1")}
    store.settle([Step(timers=timers)], 1)
    store.settle([Step(ended="a")], 1)
    assert [one.id for one in store.timers()] == ["b1"]
    assert (store.next_due(4), store.next_due(5)) == (5, None)
    store.close()


def test_only_what_changed_is_written() -> None:
    kept = Recollection({("group", "g"): b'{"n":[1]}', ("user", "u"): b'{"a":1}'})
    assert kept.document(("user", "u")) == {"a": 1}
    kept.document(("group", "g"))["n"].append(2)
    assert kept.changes() == {("group", "g"): b'{"n":[1,2]}'}
    kept.forget()
    assert kept.document(("group", "g")) == {"n": [1]}
    kept.document(("group", "g")).clear()
    assert kept.keep() == {("group", "g"): None}
    assert kept.changes() == {}


def test_a_memory_without_bounds_is_refused() -> None:
    kept = Recollection({})
    kept.document(KEY)["text"] = "x" * 70_000
    with pytest.raises(MemoryFull, match="65536 bytes"):
        kept.changes()
