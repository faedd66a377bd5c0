"""The index has what the log says, through crashes, gaps, changes and whatever becomes of its file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from chatd.search.index import IndexBroken, Portion, State, bits_of
from chatd.search.postgres import PostgresIndex
from chatd.store import schema
from chatd.store.statements import Delete
from tests.search.kit import Library, await_turn, library
from tests.store.kit import edit, recall, send


def say_many(books: Library, number: int, group: str = "tea") -> list[int]:
    return [books.store.say("ann", group, f"消息 number{n}") for n in range(number)]


def test_what_is_said_is_found_the_newest_first(books: Library) -> None:
    first = books.store.say("ann", "tea", "今天喝绿茶")
    second = books.store.say("ben", "tea", "Green tea, 绿茶!")
    books.follow()
    assert books.find("绿茶", "tea") == [("tea", second), ("tea", first)]
    assert books.find("绿茶 GREEN", "tea") == [("tea", second)]
    assert books.find("绿茶", "tea", sender="ann") == [("tea", first)]
    assert books.find("绿茶", "tea", kind="text") == [("tea", second), ("tea", first)]
    assert books.find("绿茶", "tea", kind="image") == []
    assert books.find("绿茶", "elsewhere") == []
    assert books.find("绿茶", scope={"tea": (first, second)}) == [("tea", second)]
    assert books.find("绿茶", scope={"tea": (0, first)}) == [("tea", first)]


def test_messages_of_one_commit_keep_their_order(books: Library) -> None:
    books.store.done(*(send("ann", "tea", f"同时 {n}") for n in range(8)))
    books.follow()
    found = [pos for _, pos in books.find("同时", "tea")]
    assert found == sorted(found, reverse=True)
    assert len(found) == 8
    pages: list[int] = []
    below = None
    while page := books.ask("同时", "tea", limit=3, below=below).found:
        pages += [one.pos for one in page]
        below = page[-1].id
    assert pages == found


def two_alike() -> tuple[str, str]:
    """Two groups whose messages of one moment have the same id."""
    names: dict[int, str] = {}
    while (other := names.setdefault(bits_of(name := f"g{len(names)}"), name)) == name:
        pass
    return name, other


def test_messages_that_would_get_the_same_id_each_have_their_own(books: Library) -> None:
    name, other = two_alike()
    for group in (name, other):
        books.store.found(group, "ann")
    books.store.done(*(send("ann", group, "撞上了") for group in (name, other)))
    books.follow()
    first, second = books.ask("撞上了", name, other).found
    assert {first.group, second.group} == {name, other}
    assert first.id != second.id
    for one in (first, second):
        books.store.done(edit("ann", one.group, one.pos, "撞上了 again"))
        books.follow()
    assert books.ask("again", name, other).found == [first, second], "an edit keeps the id"


def test_edits_are_indexed_anew_and_recalls_leave_nothing_behind(books: Library) -> None:
    old = books.store.say("ann", "tea", "草稿 draft")
    gone = books.store.say("ann", "tea", "秘密 secret")
    books.follow()
    assert books.find("draft", "tea") == [("tea", old)]
    books.store.done(edit("ann", "tea", old, "定稿 final"), recall("ann", "tea", gone))
    books.follow()
    assert [books.find(word, "tea") for word in ("草稿", "draft", "秘密", "secret")] == [[]] * 4
    assert books.find("定稿", "tea") == [("tea", old)]
    assert not any("secret" in str(row) or "秘" in str(row) for row in books.rows("docs"))
    assert len(books.rows("docs")) == 1


def test_edited_and_recalled_before_the_index_comes_by(books: Library) -> None:
    old = books.store.say("ann", "tea", "草稿")
    gone = books.store.say("ann", "tea", "秘密")
    books.store.done(edit("ann", "tea", old, "定稿"), recall("ann", "tea", gone))
    books.follow()
    assert [books.find(word, "tea") for word in ("草稿", "秘密", "定稿")] == [[], [], [("tea", old)]]


def test_commits_that_touch_no_group_are_passed_over(books: Library) -> None:
    said = say_many(books, 4)
    books.follow()
    books.store.people("zoe")
    assert books.log.commits_after(books.follower.state.n, 1)[0][1] == []
    books.follow()
    assert books.follower.state.n == books.log.last_commit()
    said += say_many(books, 1)
    books.follow()
    assert books.find("消息", "tea") == [("tea", pos) for pos in reversed(said)]


@pytest.mark.parametrize("stop_after", range(1, 7))
def test_whoever_stops_between_two_portions_goes_on_there(books: Library, stop_after: int) -> None:
    said = say_many(books, 10)
    books.follow(stop_after)
    books.reopen()
    said += say_many(books, 5)
    books.follow()
    assert books.find("消息", "tea") == [("tea", pos) for pos in reversed(said)]
    assert books.follower.state.n == books.log.last_commit()
    assert len(books.rows("docs")) == 15


class Stopped(Exception):
    """As if the power had gone."""


def _stop(*_: object, **values: str) -> object:
    raise Stopped


def test_a_crash_in_the_middle_of_a_portion_leaves_it_to_be_read_again(
    books: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = say_many(books, 4)
    books.follow()
    said += say_many(books, 4)
    books.store.done(edit("ann", "tea", said[0], "消息 edited"))
    keep: Any = type(books.index)._keep  # type: ignore[attr-defined]

    monkeypatch.setattr(type(books.index), "_keep", _stop)
    with pytest.raises(Stopped):
        next(books.follower.work())
    monkeypatch.setattr(type(books.index), "_keep", keep)
    books.reopen()
    assert [pos for _, pos in books.find("消息", "tea")] == said[3::-1]
    books.follow()
    assert [pos for _, pos in books.find("消息", "tea")] == said[::-1]
    assert books.find("edited", "tea") == [("tea", said[0])]


def test_when_the_list_of_commits_does_not_reach_back_all_groups_are_looked_at(books: Library) -> None:
    said = say_many(books, 4)
    books.follow()
    books.store.found("new", "ben")
    said += say_many(books, 6)
    books.store.say("ben", "new", "消息 of the new group")
    books.store.done(recall("ann", "tea", said.pop(0)))
    books.store.engine.tidy(0, 1)
    assert books.log.commits_after(books.follower.state.n, 1)[0][0] > books.follower.state.n + 1
    books.follow(1)
    assert books.ask("消息", "tea").sweeping
    books.reopen()
    books.follow()
    assert not books.ask("消息", "tea").sweeping
    assert books.find("消息", "tea") == [("tea", pos) for pos in reversed(said)]
    assert len(books.find("消息", "tea", "new")) == len(said) + 1


def test_an_index_of_another_life_or_ahead_of_the_log_is_made_anew(books: Library) -> None:
    said = say_many(books, 4)
    books.follow()
    before = books.follower.state.generation
    books.index.apply(Portion(), State(before, books.follower.state.n + 1000, None))
    books.reopen()
    books.follow()
    assert books.follower.state.generation != before
    assert books.find("消息", "tea") == [("tea", pos) for pos in reversed(said)]
    before = books.follower.state.generation
    books.store.database.run("UPDATE meta SET value = 'another' WHERE key = 'epoch'")
    books.reopen()
    assert books.follower.state.generation != before
    assert books.follower.sweeping
    books.follow()
    assert books.find("消息", "tea") == [("tea", pos) for pos in reversed(said)]


def test_a_rebuild_says_how_far_it_is_and_ends_where_it_was(books: Library) -> None:
    said = say_many(books, 10)
    books.follow()
    found = books.ask("消息", "tea").found
    books.follower.rebuild()
    assert books.find("消息", "tea") == []
    shares = []
    for _ in books.follower.work():
        shares.append((books.follower.state.swept, books.follower.state.total))
        assert books.ask("消息", "tea").sweeping
    assert [total for _, total in shares] == [12] * len(shares)
    assert [swept for swept, _ in shares] == sorted(swept for swept, _ in shares)
    assert shares[-1][0] == 12
    assert len(shares) >= 4, "a portion is three entries"
    again = books.ask("消息", "tea")
    assert (again.found, again.sweeping) == (found, False), "cursors of before are good for the index made anew"
    assert len(again.found) == len(said)


def test_after_a_full_portion_more_is_to_be_had_at_once_and_after_the_last_one_not(books: Library) -> None:
    books.follow()
    books.store.done(*(send("ann", "tea", f"消息 {n}") for n in range(7)))
    assert [books.follower.behind for _ in books.follower.work()] == [True, True, False], "a portion is three entries"
    books.store.say("ann", "tea", "一条")
    assert [books.follower.behind for _ in books.follower.work()] == [False]


def test_who_pages_while_the_index_is_made_anew_meets_nothing_twice(books: Library) -> None:
    for group in ("tea", "coffee", "apple", "zest"):  # as they came, which is not the order of a sweep
        if group != "tea":
            books.store.found(group, "ann")
        books.store.say("ann", group, "消息")
        books.follow()
    before = books.ask("消息", "tea", "coffee", "apple", "zest").found
    assert len({one.group for one in before}) == 4
    books.follower.rebuild()
    books.follow()
    assert books.ask("消息", "tea", "coffee", "apple", "zest").found == before
    for at, one in enumerate(before):
        assert books.ask("消息", "tea", "coffee", "apple", "zest", below=one.id).found == before[at + 1 :]


def test_an_index_that_was_deleted_is_made_again(books: Library) -> None:
    said = say_many(books, 4)
    books.follow()
    assert books.index.present()
    if books.path is not None:
        books.path.unlink()
    else:
        books.store.database.run("DROP TABLE search_docs, search_state, search_groups")
    assert not books.index.present()
    books.reopen()
    books.follow()
    assert [pos for _, pos in books.find("消息", "tea")] == said[::-1]


@pytest.mark.parametrize("table", ["search_docs", "search_groups", "search_state"])
def test_a_table_that_goes_while_it_is_followed_is_made_again(postgres_url: str, tmp_path: Path, table: str) -> None:
    with library(postgres_url, tmp_path) as books:
        books.store.people("ann")
        books.store.found("tea", "ann")
        said = say_many(books, 4)
        books.follow()
        books.store.database.run(f"DROP TABLE {table}")
        said += say_many(books, 4)
        with pytest.raises(IndexBroken):
            books.follow()
        books.follower.rebuild()
        books.follow()
        assert [pos for _, pos in books.find("消息", "tea")] == said[::-1]


@pytest.mark.parametrize("damage", ["all", "end", "middle", "empty", "text"])
def test_a_broken_file_is_made_again(sqlite_url: str, tmp_path: Path, damage: str) -> None:
    with library(sqlite_url, tmp_path) as books:
        books.store.people("ann")
        books.store.found("tea", "ann")
        said = say_many(books, 200)
        books.follow()
        books.close()
        assert books.path is not None
        content = books.path.read_bytes()
        third = len(content) // 3
        noise = random.Random(1).randbytes(third)
        books.path.write_bytes(
            {
                "all": noise,
                "end": content[: 2 * third] + noise,
                "middle": content[:third] + noise + content[2 * third :],
                "empty": b"",
                "text": b"no database at all\n" * 1000,
            }[damage]
        )
        for tail in ("-wal", "-shm"):
            Path(f"{books.path}{tail}").unlink(missing_ok=True)
        books.open()
        said += say_many(books, 3)
        books.store.done(*(edit("ann", "tea", pos, "消息 edited") for pos in said[:100]))
        try:
            books.follow()
        except IndexBroken:
            books.follower.rebuild()
            books.follow()
        assert [pos for _, pos in books.find("消息", "tea")] == said[::-1]
        assert len(books.find("edited", "tea")) == 100


def test_on_postgresql_one_follows_and_the_others_wait_for_their_turn(postgres_url: str, tmp_path: Path) -> None:
    with library(postgres_url, tmp_path) as books:
        other = PostgresIndex(postgres_url)
        assert not other.follows()
        books.close()
        await_turn(other)
        other.close()
        books.open()


def test_pruned_rows_are_not_needed_for_what_is_in_the_index(books: Library) -> None:
    """Entries that retention took away are not found by reading the log, and do not stop it."""
    said = say_many(books, 6)
    books.follow(1)
    books.store.database.write(Delete(schema.entries, ("group_id", "pos")), [("tea", said[3])])
    books.follow()
    assert [pos for _, pos in books.find("消息", "tea")] == [pos for pos in said[::-1] if pos != said[3]]
