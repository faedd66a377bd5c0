"""What went by age is not in the index either, whenever the follower comes to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.core.pins import Pin
from chatd.core.retention import CutLog
from tests.search.kit import Library, library
from tests.store.kit import DIGEST, edit, new_cid


def cut(books: Library, upto: int) -> None:
    books.store.done(CutLog("tea", books.store.rows("SELECT swept FROM groups")[0][0], upto, True))


@pytest.mark.promise("P9", "retention")
def test_what_went_is_taken_out_and_what_is_newer_stays(books: Library) -> None:
    said = [books.store.say("ann", "tea", f"绿茶 number{n}") for n in range(8)]
    books.follow()
    books.store.done(Pin("ann", new_cid(), DIGEST, "tea", said[1], None))
    books.follow()
    cut(books, said[2])
    books.follow()
    assert [pos for _, pos in books.find("绿茶", "tea")] == said[:2:-1]
    assert len(books.rows("docs")) == 5
    books.store.done(edit("ann", "tea", said[1], "绿茶 anew"))
    books.reopen()
    cut(books, said[4])
    new = books.store.say("ann", "tea", "绿茶 new")
    books.follow()
    assert [pos for _, pos in books.find("绿茶", "tea")] == [new, *said[:4:-1]], "also by another follower"
    assert len(books.rows("docs")) == 4


@pytest.mark.promise("P9", "retention")
def test_an_index_made_anew_has_nothing_of_it(books: Library) -> None:
    said = [books.store.say("ann", "tea", f"绿茶 number{n}") for n in range(8)]
    books.store.done(Pin("ann", new_cid(), DIGEST, "tea", said[1], None))
    books.follow()
    cut(books, said[4])
    books.follower.rebuild()
    books.follow()
    assert [pos for _, pos in books.find("绿茶", "tea")] == said[:4:-1]
    assert len(books.rows("docs")) == 3


def test_a_follower_that_comes_late_meets_holes_and_goes_on(store_url: str, tmp_path: Path) -> None:
    with library(store_url, tmp_path) as books:
        books.store.people("ann")
        books.store.found("tea", "ann")
        said = [books.store.say("ann", "tea", f"绿茶 number{n}") for n in range(20)]
        books.follow(portions=1)
        cut(books, said[9])
        books.follow()
        assert [pos for _, pos in books.find("绿茶", "tea")] == said[:9:-1]
