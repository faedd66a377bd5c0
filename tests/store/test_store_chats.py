"""One's own side of a group in the store: kept, read back with the chat list, checked, and at a constant price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatd.core.chats import Chat, ClearMark, Draft, SaveDrafts
from chatd.core.wishes import AnyWish
from chatd.store.chats import Line, MemberRead, Place, drafts_of, lines_of, places_of, reads_of
from chatd.store.database import connect
from chatd.store.readers import Reader, Readers
from chatd.store.verify import verify
from tests.store.kit import START_MS, Store, add, chat, kick, leave, nickname, run


def problems(url: str) -> list[str]:
    database = connect(url)
    try:
        return verify(database).problems
    finally:
        database.close()


def read(url: str, work: Any) -> Any:
    async def ask() -> Any:
        readers = Readers(url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await work(reader)
        finally:
            await readers.close()

    return run(ask())


def places(url: str, user: str) -> list[Place]:
    async def work(reader: Reader) -> list[Place]:
        return await places_of(reader, user)

    found: list[Place] = read(url, work)
    return found


def lines(url: str, user: str, *groups: str) -> list[Line]:
    async def work(reader: Reader) -> list[Line]:
        return await lines_of(reader, user, groups)

    found: list[Line] = read(url, work)
    return found


def test_what_one_chose_comes_back_with_the_list_and_with_nobody_elses(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben")
        store.found("g", "ann", "ben")
        store.done(chat("ann", "g", level="none", until=START_MS + 9, marked=True), nickname("ben", "g", "阿本"))
        store.done(SaveDrafts([Draft("ann", "g", START_MS, "so far", 1)]))
        (mine,), (other,) = lines(tables_url, "ann", "g"), lines(tables_url, "ben", "g")
        assert mine.chat == Chat("ann", "g", 1, 0, "none", START_MS + 9, True)
        assert mine.draft == Draft("ann", "g", START_MS, "so far", 1)
        assert (other.chat, other.draft, other.nickname) == (None, None, "阿本")
        assert [bool(place.marked) for place in places(tables_url, "ann")] == [True]
        store.reopen()
        store.done(ClearMark("ann", "g"), SaveDrafts([Draft("ann", "g", START_MS, "")]))
        (mine,) = lines(tables_url, "ann", "g")
        assert (mine.chat, mine.draft) == (Chat("ann", "g", 1, 0, "none", START_MS + 9, False), None)
        assert problems(tables_url) == []


def test_the_list_is_pinned_first_then_by_time_then_what_is_put_away(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        for name in ("a", "b", "c", "d", "e"):
            store.now_ms += 1000
            store.found(name, "ann")
        store.done(
            chat("ann", "a", pinned=True, order=5),
            chat("ann", "c", pinned=True, order=9),
            chat("ann", "d", archived=True),
        )
        assert [place.group for place in places(tables_url, "ann")] == ["c", "a", "e", "b", "d"]
        store.now_ms += 1000
        store.say("ann", "d")
        store.say("ann", "b")
        assert [place.group for place in places(tables_url, "ann")] == ["c", "a", "b", "e", "d"]


@pytest.mark.parametrize("turned_ms", [1000, 0, -1000])
def test_another_stay_begins_with_nothing(tables_url: str, turned_ms: int) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben")
        store.found("g", "ann", "ben")
        store.done(chat("ben", "g", pinned=True, level="none", marked=True), nickname("ben", "g", "b"))
        store.done(SaveDrafts([Draft("ben", "g", START_MS, "not sent")]))
        store.done(leave("ben", "g"))
        assert lines(tables_url, "ben", "g") == []
        assert read(tables_url, lambda reader: drafts_of(reader, "ben")) == {}
        store.now_ms += turned_ms
        store.done(add("ann", "g", "ben"))
        (line,) = lines(tables_url, "ben", "g")
        assert (line.chat, line.draft, line.nickname) == (None, None, "")
        (place,) = places(tables_url, "ben")
        assert (place.pinned, bool(place.marked)) == (0, False)
        early = Draft("ben", "g", store.now_ms - 5000, "by a clock that was turned back", floor=line.floor)
        store.done(SaveDrafts([early]))
        assert lines(tables_url, "ben", "g")[0].draft == early
        assert read(tables_url, lambda reader: drafts_of(reader, "ben")) == {"g": early.at}
        assert problems(tables_url) == []
        store.done(chat("ben", "g", level="mentions"), nickname("ben", "g", "again"), kick("ann", "g", "ben"))
        assert problems(tables_url) == []


def test_read_positions_of_members_are_those_of_who_is_in(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben", "cat")
        store.found("g", "ann", "ben", "cat")
        store.say("ann", "g")
        store.done(leave("cat", "g"))
        assert read(tables_url, lambda reader: reads_of(reader, "g", 10)) == [
            MemberRead("ann", 0, 0),
            MemberRead("ben", 0, 0),
        ]


@pytest.mark.promise("P5", "constant.rows")
def test_what_one_person_changes_costs_the_same_rows_however_many_are_in(tables_url: str) -> None:
    with Store(tables_url) as store:
        crowd = [f"u{i}" for i in range(200)]
        store.people("ann", "ben", *crowd)
        store.found("small", "ann", "ben")
        store.found("large", "ann", *crowd, limit=300)
        wishes: dict[str, Callable[[str], AnyWish]] = {
            "chat": lambda group: chat("ann", group, pinned=True),
            "nickname": lambda group: nickname("ann", group, "a"),
            "drafts": lambda group: SaveDrafts([Draft("ann", group, 1, "so")]),
        }
        grown = {}
        for kind, wish in wishes.items():
            for group in ("small", "large"):
                before = store.sizes()
                store.done(wish(group))
                after = store.sizes()
                grown[kind, group] = {table: after[table] - n for table, n in before.items() if after[table] != n}
        for group in ("small", "large"):
            assert grown["chat", group] == {"chats": 1, "mine": 1, "commands": 1, "commits": 1}
            assert grown["nickname", group] == {"entries": 1, "commands": 1, "commits": 1}
            assert grown["drafts", group] == {"drafts": 1, "commits": 1}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE chats SET pinned = 9", "does not stand in their list as their log says"),
        ("DELETE FROM chats", "does not stand in their list as their log says"),
        ("UPDATE chats SET period = 2", "chats: ann keeps something of g, which they were never in"),
        ("UPDATE chats SET user_id = 'ben'", "user ben: g does not stand in their list as their log says"),
        ("UPDATE drafts SET group_id = 'h'", "drafts: ann keeps something of h, which they were never in"),
        ("UPDATE memberships SET nickname = 'x' WHERE user_id = 'ben'", "ben is not called what its log says"),
        ("UPDATE memberships SET nickname = 'x' WHERE user_id = 'cat'", "has cat go, and no membership says so"),
        (
            """UPDATE entries SET body = '{"names":[{"user":"dan","nickname":"d"}]}' WHERE kind = 'nicknames'""",
            "calls nobody anything, or somebody who was not in the group",
        ),
    ],
)
def test_verify_finds_what_does_not_fit(tables_url: str, spoil: str, said: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben", "cat", "dan")
        store.found("g", "ann", "ben", "cat")
        store.done(chat("ann", "g", level="none"), nickname("ben", "g", "b"), nickname("cat", "g", "c"))
        store.done(SaveDrafts([Draft("ann", "g", START_MS, "so")]), leave("cat", "g"))
        assert problems(tables_url) == []
    database = connect(tables_url)
    database.begin()
    database.run(spoil)
    database.commit()
    database.close()
    assert any(said in problem for problem in problems(tables_url)), problems(tables_url)
