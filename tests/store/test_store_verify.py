"""`verify` finds a database whole that the engine wrote, and names what is wrong with one that something else did."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from chatd.core.limits import Bounds
from chatd.store import stream
from chatd.store import verify as verify_module
from chatd.store.database import connect, path_of
from chatd.store.replay import Replay
from chatd.store.verify import Report, verify
from tests.store.damage import DAMAGE
from tests.store.kit import Store, add, delete_item, leave, put_product, put_video, react, send
from tests.store.town import build_town

pytestmark = [pytest.mark.promise("P3", "verify"), pytest.mark.relaxed_durability]


def check(url: str) -> Report:
    database = connect(url)
    try:
        return verify(database)
    finally:
        database.close()


@pytest.fixture
def town(store: Store) -> Store:
    build_town(store)
    return store


def test_what_the_engine_wrote_is_whole(town: Store) -> None:
    report = check(town.url)
    assert report.problems == []
    sizes = town.sizes()
    assert report.counts == {table: sizes[table] for table in report.counts}
    assert report.counts["entries"] > 40


def test_it_changes_nothing(town: Store) -> None:
    before = town.everything()
    check(town.url)
    assert town.everything() == before


def test_it_tells_how_far_it_is(town: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "TELL_EVERY", 10)
    steps: dict[str, list[tuple[int, int]]] = {}

    def step(name: str) -> Callable[[int, int], None]:
        told = steps[name] = []
        return lambda done, of: told.append((done, of))

    database = connect(town.url)
    try:
        report = verify(database, step)
    finally:
        database.close()
    entries = report.counts["entries"]
    assert list(steps) == ["verify_file", "verify", "verify_groups"]
    assert steps["verify_groups"] == [(10 * (n + 1), entries) for n in range(len(steps["verify_groups"]))]
    assert len(steps["verify_groups"]) > 3


def test_pages_of_any_size_give_the_same(town: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(stream, "PAGE_ROWS", size)
        assert check(town.url).problems == []


def test_after_housekeeping_it_is_still_whole(tables_url: str) -> None:
    with Store(tables_url, Bounds(user_log_keep=3)) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben", history="all")
        for _ in range(12):
            store.done(leave("ben", "tea"))
            store.done(add("ann", "tea", "ben"))
        assert store.rows("SELECT mine_floor FROM users WHERE user_id = 'ben'") != [(0,)]
        store.engine.tidy(store.now_ms + 1, 5)
        assert store.sizes()["commits"] == 5
        assert store.sizes()["commands"] == 0
        assert check(tables_url).problems == []


@pytest.fixture
def damaged(town: Store) -> Store:
    """The town, with foreign keys off on the embedded database: something else has written to it."""
    town.database.run("PRAGMA foreign_keys = OFF" if town.database.kind == "sqlite" else "SELECT 1")
    return town


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_is_named(damaged: Store, damage: str) -> None:
    *statements, problem = DAMAGE[damage]
    for statement in statements:
        _, changed = damaged.database.run(statement)
        assert changed, "the damage was done"
    report = check(damaged.url)
    assert any(problem in found for found in report.problems), report.problems
    assert not any("secret" in found for found in report.problems)


SPOILT_ITEMS = {
    "UPDATE catalogue SET line = ' secret' WHERE item_id = 'pot'": "product pot is found by another line",
    "UPDATE catalogue SET line = '' WHERE item_id = 'pot'": "product pot is found by another line",
    "UPDATE catalogue SET data = replace(data, 'Tea', 'secret') WHERE item_id = 'pot'": "product pot is found by",
    "UPDATE catalogue SET line = ' kiln' WHERE item_id = 'day'": "video day is found by a title, and cannot be shared",
    "UPDATE catalogue SET line = ' cup' WHERE item_id = 'cup'": "product cup is found by a title, and cannot be shared",
    "UPDATE catalogue SET line = ' bowl' WHERE item_id = 'bowl'": "product bowl is found by a title, and cannot be",
    "UPDATE catalogue SET data = '{' WHERE item_id = 'pot'": "product pot is no whole row",
    "UPDATE catalogue SET data = '{}' WHERE item_id = 'pot'": "product pot is no whole row",
    "UPDATE catalogue SET data = '[]' WHERE item_id = 'pot'": "product pot is no whole row",
}


def test_an_item_is_found_by_its_title_alone_and_by_nothing_if_it_cannot_be_shared(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is private, off the shelf or deleted; and the next item is looked at all the same."""
    monkeypatch.setattr(stream, "PAGE_ROWS", 2)
    store.done(put_product("pot", title="Tea pot 茶壶"), put_product("sold", stock=0), put_video("walk"))
    store.done(put_video("day", visibility="private"), put_product("cup", status="off_shelf"))
    store.done(put_product("bowl"), delete_item("product", "bowl", 2))
    assert check(store.url).problems == []
    whole = store.rows("SELECT item_id, data, line FROM catalogue")
    for statement, problem in SPOILT_ITEMS.items():
        store.database.run(statement)
        (found,) = check(store.url).problems
        assert found.startswith(f"catalogue: {problem}"), statement
        assert "secret" not in found
        for item, data, line in whole:
            store.database.run("UPDATE catalogue SET data = ?, line = ? WHERE item_id = ?", (data, line, item))
    store.database.run("UPDATE catalogue SET line = ' x'")
    assert len(check(store.url).problems) == len(whole)


def test_one_broken_group_does_not_hide_the_others(damaged: Store) -> None:
    for group, pos in (("new", 4), ("old", 4), ("tea", 99)):
        damaged.database.run("INSERT INTO reactions VALUES (?, ?, 'ann', 'x')", (group, pos))
    damaged.database.run("INSERT INTO reactions VALUES ('nowhere', 1, 'ann', 'x')")
    problems = check(damaged.url).problems
    assert {text.split(":")[0] for text in problems} == {"group new", "group old", "group tea", "reactions"}


def test_problems_are_listed_up_to_a_bound(town: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "PROBLEMS_MAX", 3)
    town.database.run("UPDATE entries SET at = 5 WHERE pos > 1")
    problems = check(town.url).problems
    assert len(problems) == 4
    assert "more than 3 problems" in problems[-1]


def test_tables_of_another_version_are_not_read(store_url: str) -> None:
    if (path := path_of(store_url)) is not None:
        sqlite3.connect(path).close()
    report = check(store_url)
    assert report.counts == {}
    assert len(report.problems) == 1
    assert "revision None" in report.problems[0]


def test_a_file_with_a_broken_index_is_named(sqlite_tables: str) -> None:
    with Store(sqlite_tables) as store:
        build_town(store)
        store.database.run("PRAGMA writable_schema = ON")
        store.database.run(
            "UPDATE sqlite_master SET sql = replace(sql, 'seq IS NOT NULL', 'seq > 2') WHERE name = 'entries_by_seq'"
        )
    assert any(problem.startswith("file: ") for problem in check(sqlite_tables).problems)


def test_it_sees_one_moment_while_others_write(postgres_tables: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a server may be running meanwhile."""
    with Store(postgres_tables) as store:
        build_town(store)
        original = Replay.finish

        def write_in_between(replay: Replay) -> None:
            original(replay)
            pos = store.say("ann", "tea", "meanwhile")
            store.done(react("ben", "tea", pos), send("ann", "old"))

        monkeypatch.setattr(Replay, "finish", write_in_between)
        assert check(postgres_tables).problems == []
        monkeypatch.undo()
        assert check(postgres_tables).problems == []
