"""A page of hits is the newest ones, however common or rare the words are and in however many groups one looks."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from chatd.search import finding
from chatd.store.database import connect
from tests.search.kit import EVERYTHING, Library, library
from tests.store.kit import send

GROUPS = ("tea", "coffee", "apple", "zest", "plum")
SHARES = {"常见": 0.6, "偶尔": 0.15, "罕见": 0.02}
SAID = 160
OLD = 20
"""So many of the first messages have a word that nobody uses any more."""


def talk(books: Library) -> list[tuple[str, int, str]]:
    """Messages in all groups, most of them in the first. Where and what, the newest first."""
    chance = random.Random(3)
    said = []
    books.store.people("ann")
    for group in GROUPS:
        books.store.found(group, "ann")
    for number in range(SAID):
        group = chance.choices(GROUPS, weights=(8, 4, 2, 1, 1))[0]
        words = [word for word, share in SHARES.items() if chance.random() < share] + (["从前"] if number < OLD else [])
        books.store.now_ms += 1000
        text = " ".join([*words, f"n{number}"])
        said.append((group, books.store.say("ann", group, text), text))
    books.follow()
    return said[::-1]


def test_every_page_is_the_newest_hits_below_the_one_before(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound, value in {"WINDOW": 6, "WINDOW_MAX": 12, "FEW": 8, "MARKS_CHEAP": 1, "MARKS_MAX": 3}.items():
        monkeypatch.setattr(finding, bound, value)
    with library(store_url, tmp_path, portion_entries=50) as books:
        said = talk(books)
        for word in (*SHARES, "从前", "nowhere"):
            for groups in (GROUPS[:1], GROUPS[4:], GROUPS[1:4], GROUPS):
                scope = {group: (20, 2**40) if group == "tea" else EVERYTHING for group in groups}
                expected = [
                    (group, pos)
                    for group, pos, text in said
                    if word in text and group in scope and pos > scope[group][0]
                ]
                assert pages(books, word, scope, 4) == expected, (word, groups)


def pages(books: Library, word: str, scope: dict[str, tuple[int, int]], limit: int) -> list[tuple[str, int]]:
    """All pages, one behind the other; only the last may have fewer than `limit`."""
    found: list[tuple[str, int]] = []
    below = None
    while True:
        page = books.ask(word, scope=scope, limit=limit, below=below).found
        found += [(one.group, one.pos) for one in page]
        if len(page) < limit:
            return found
        below = page[-1].id


def test_words_are_not_looked_for_by_going_through_all_ids(postgres_url: str, tmp_path: Path) -> None:
    """A statement that is prepared is planned for any values; then PostgreSQL thinks that few messages lie between two
    ids, and would read all of that index."""
    with library(postgres_url, tmp_path, portion_entries=50) as books:
        talk(books)
        database = connect(postgres_url)
        for setting in ("plan_cache_mode = force_generic_plan", "enable_seqscan = off"):
            database.run(f"SET {setting}")
        sql = finding._FEW
        for number in range(1, 5):
            sql = sql.replace("?", f"${number}", 1)
        database.run(f"PREPARE asked (text, bigint, bigint, bigint) AS {sql}")
        plan = str(database.run("EXPLAIN EXECUTE asked ('x', 0, 1, 1)")[0])
        database.close()
    assert "search_docs_by_token" in plan
    assert "search_docs_pkey" not in plan


def test_a_portion_takes_as_many_statements_for_many_groups_as_for_one(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with library(store_url, tmp_path, portion_entries=50) as books:
        talk(books)
        assert statements(books, monkeypatch, GROUPS) == statements(books, monkeypatch, GROUPS[:1])


def statements(books: Library, monkeypatch: pytest.MonkeyPatch, groups: tuple[str, ...]) -> int:
    """How often the log is asked until the index has a message in each of these groups."""
    asked: list[str] = []

    def counted(name: str) -> Callable[..., object]:
        inner: Callable[..., object] = getattr(books.log._db, name)

        def ask(*words: object) -> object:
            asked.append(name)
            return inner(*words)

        return ask

    books.store.done(*(send("ann", group, "同时") for group in groups))
    with monkeypatch.context() as patched:
        for name in ("run", "find"):
            patched.setattr(books.log._db, name, counted(name))
        books.follow()
    assert len(books.find("同时", *groups)) >= len(groups)
    return len(asked)
