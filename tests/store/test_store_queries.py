"""What the queries of each noun find, on both databases, in a town where everything has happened once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from chatd.store import chats, commits, groups, messages, relations, users
from chatd.store.readers import Reader, Readers
from tests.store.kit import START_MS, Store, block, follow, run
from tests.store.town import build_town

T = TypeVar("T")
pytestmark = pytest.mark.relaxed_durability


@pytest.fixture
def town(store: Store) -> Store:
    build_town(store)
    return store


def read(store: Store, work: Callable[[Reader], Awaitable[T]]) -> T:
    """What `work` finds in one snapshot."""

    async def reading() -> T:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await work(reader)
        finally:
            await readers.close()

    return run(reading())


# -- groups


def test_places_are_the_groups_one_is_in_the_newest_activity_first_and_what_is_put_away_last(town: Store) -> None:
    town.now_ms += 5000
    town.say("ann", "old")
    places = read(town, lambda r: chats.places_of(r, "ann"))
    assert places[0].group == "old"
    assert {place.group for place in places} == {"tea", "old", "new", "d1", "end"}
    assert [place.group for place in places if place.archived] == [places[-1].group] == ["d1"]
    times = [place.at for place in places[:-1]]
    assert times == sorted(times, reverse=True)
    assert {place.group for place in read(town, lambda r: chats.places_of(r, "eve"))} == {"old", "new"}
    tea = next(place for place in places if place.group == "tea")
    assert (tea.head, tea.seq, tea.members, tea.floor, tea.joined_pos, tea.read) == (17, 5, 4, 0, 1, 3)


def test_a_place_of_somebody_who_came_back_is_the_new_one(town: Store) -> None:
    tea = next(place for place in read(town, lambda r: chats.places_of(r, "dan")) if place.group == "tea")
    assert (tea.floor, tea.joined_pos, tea.read) == (11, 14, 4)


def test_lines_come_in_the_order_asked_for_and_only_of_groups_one_is_in(town: Store) -> None:
    lines = read(town, lambda r: chats.lines_of(r, "eve", ["new", "tea", "old", "nowhere"]))
    assert [line.group.id for line in lines] == ["new", "old"]
    line = read(town, lambda r: chats.line_of(r, "ann", "tea"))
    assert line is not None
    assert (line.group.title, line.role, line.floor, line.read, line.archived) == ("Coffee", "owner", 0, 3, False)
    assert read(town, lambda r: chats.line_of(r, "eve", "tea")) is None


def test_recalled_messages_above_what_was_read_are_counted(town: Store) -> None:
    """Message 3 of "tea" is recalled: ben has read nothing, ann up to 3."""
    lines = [read(town, lambda r, user=user: chats.line_of(r, user, "tea")) for user in ("ben", "ann")]  # type: ignore[misc]
    assert [line.recalled for line in lines if line is not None] == [1, 0]
    counts = [read(town, lambda r, seq=seq: chats.recalled_above(r, "tea", seq)) for seq in (0, 2, 3)]  # type: ignore[misc]
    assert counts == [1, 1, 0]


def test_the_other_one_of_a_direct_chat(town: Store) -> None:
    lines = read(town, lambda r: chats.lines_of(r, "ann", ["d1", "tea"]))
    assert [line.peer_of("ann") for line in lines] == ["ben", None]
    assert lines[0].archived
    other = read(town, lambda r: chats.line_of(r, "cat", "d2"))
    assert other is not None
    assert (other.peer_of("cat"), other.group.read_only) == ("ben", True)


def test_members_are_those_present_a_page_at_a_time(town: Store) -> None:
    first = read(town, lambda r: groups.members_page(r, "tea", "", 3))
    rest = read(town, lambda r: groups.members_page(r, "tea", "cat", 3))
    assert [(row[0], row[1], row[4]) for row in first + rest] == [
        ("ann", "owner", None),
        ("ben", "admin", "ann"),
        ("cat", "member", "ann"),
        ("dan", "member", "ann"),
    ]
    assert [read(town, lambda r, g=g: groups.owner_of(r, g)) for g in ("tea", "d1")] == ["ann", None]  # type: ignore[misc]


# -- entries


@pytest.mark.promise("P4", "pages")
def test_pages_up_and_down_meet_and_say_whether_there_is_more(town: Store) -> None:
    up = read(town, lambda r: messages.page_up(r, "tea", 2, 9, 4))
    assert ([entry.pos for entry in up.entries], up.more) == ([3, 4, 5, 6], True)
    up = read(town, lambda r: messages.page_up(r, "tea", 6, 9, 4))
    assert ([entry.pos for entry in up.entries], up.more) == ([7, 8, 9], False)
    down = read(town, lambda r: messages.page_down(r, "tea", 2, 9, 4))
    assert ([entry.pos for entry in down.entries], down.more) == ([6, 7, 8, 9], True)
    down = read(town, lambda r: messages.page_down(r, "tea", 2, 5, 4))
    assert ([entry.pos for entry in down.entries], down.more) == ([3, 4, 5], False)


@pytest.mark.promise("P9", "pages")
def test_a_page_brings_the_live_rows_of_what_it_refers_to(town: Store) -> None:
    page = read(town, lambda r: messages.page_up(r, "tea", 6, 99, 99))
    assert set(page.targets) == {3, 4, 5}
    assert page.targets[4].body == {"type": "text", "body": {"text": "secret two"}}
    assert (page.targets[3].reactions, page.targets[4].version) == ({"👍": 1}, 1)
    assert page.targets[5].recalled
    assert "secret 3" not in repr(page)


def test_entries_by_position_and_messages_by_number(town: Store) -> None:
    times = read(town, lambda r: messages.times_of(r, [("tea", 1), ("tea", 7), ("tea", 99), ("nowhere", 1)]))
    assert times == {("tea", 1): START_MS, ("tea", 7): START_MS + 1000}
    found = read(town, lambda r: messages.messages_numbered(r, [("tea", 0, 5), ("new", 0, 1), ("d1", 0, 99)]))
    assert {entry.group: entry.pos for entry in found} == {"tea": 13, "new": 2}
    assert read(town, lambda r: messages.messages_numbered(r, [])) == []
    kinds = [read(town, lambda r, pos=pos: messages.message_at(r, "tea", pos)) for pos in (3, 2, 99)]  # type: ignore[misc]
    assert [entry.pos if entry is not None else None for entry in kinds] == [3, None, None]
    assert read(town, lambda r: messages.head_of(r, "tea")) == 17
    assert read(town, lambda r: messages.head_of(r, "nowhere")) == 0


def test_who_reacted_a_page_at_a_time(town: Store) -> None:
    assert read(town, lambda r: messages.reacted(r, "tea", 3, "", 9)) == [("dan", "👍")]
    assert read(town, lambda r: messages.reacted(r, "tea", 3, "dan", 9)) == []


# -- people


def test_lists_of_relations_in_pages(town: Store) -> None:
    def names(user: str, which: str, after: str = "", limit: int = 9) -> list[str]:
        return [row[0] for row in read(town, lambda r: relations.relations_of(r, user, which, after, limit))]

    assert names("ann", "following") == ["ben", "cat", "dan"]
    assert names("ann", "followers") == ["ben", "cat", "dan", "eve"]
    assert names("ann", "mutual") == ["ben", "cat", "dan"]
    assert names("ann", "followers", "ben", 2) == ["cat", "dan"]
    assert names("cat", "blocked") == ["ben"]


def test_who_is_blocked_disappears_from_the_blockers_lists_and_notices_nothing(town: Store) -> None:
    def names(user: str, which: str) -> list[str]:
        return [row[0] for row in read(town, lambda r: relations.relations_of(r, user, which, "", 9))]

    seen = {which: names("ben", which) for which in ("following", "followers", "mutual")}
    assert "ben" not in names("cat", "followers")
    assert "ben" not in names("cat", "mutual")
    assert "ben" in names("cat", "following"), "what one does oneself stays"
    town.done(block("cat", "ben", False))
    assert {which: names("ben", which) for which in seen} == seen
    assert "ben" in names("cat", "mutual")


def test_users_by_sub_and_by_id(town: Store) -> None:
    user = read(town, lambda r: users.user_by_sub(r, "sub of eve"))
    assert user is not None
    assert (user.id, user.name, user.groups) == ("eve", "eve", 2)
    assert read(town, lambda r: users.user_by_sub(r, "nobody")) is None
    found = read(town, lambda r: users.users_named(r, ["cat", "nobody", "ann"], ["sub of ann", "sub of ben"]))
    assert [(user.id, user.sub) for user in found] == [(name, f"sub of {name}") for name in ("ann", "ben", "cat")]


def test_tokens_are_refused_by_device_and_by_user(town: Store) -> None:
    user = read(town, lambda r: users.user_by_sub(r, "sub of eve"))
    assert user is not None
    assert read(town, lambda r: users.revoked_before(r, user, "phone")) == START_MS
    assert read(town, lambda r: users.revoked_before(r, user, "laptop")) == 0
    user.valid_after = START_MS + 7
    assert read(town, lambda r: users.revoked_before(r, user, "phone")) == START_MS + 7


def test_a_users_own_log_in_pages(town: Store) -> None:
    head = read(town, lambda r: users.head_of_mine(r, "dan"))
    first = read(town, lambda r: users.mine_page(r, "dan", 0, 3))
    rest = read(town, lambda r: users.mine_page(r, "dan", 3, 99))
    assert [entry.upos for entry in first + rest] == list(range(1, head + 1))
    assert [(entry.kind, entry.group, entry.pos) for entry in first] == [
        ("added", "tea", 2),
        ("removed", "tea", 12),
        ("added", "tea", 14),
    ]
    assert read(town, lambda r: users.mine_at(r, "dan", 1)) == START_MS
    assert read(town, lambda r: users.mine_at(r, "dan", 99)) is None
    assert read(town, lambda r: users.head_of_mine(r, "nobody")) == 0


# -- commits


@pytest.mark.promise("P4", "commits")
def test_what_was_touched_since_a_commit(town: Store) -> None:
    n = town.engine.n
    assert read(town, lambda r: commits.last_commit(r, 0)) == n
    town.say("ann", "tea")
    town.say("ann", "old")
    town.done(follow("dan", "eve"), block("ben", "ann"))
    touched = read(town, lambda r: commits.touched_since(r, 0, n))
    assert (touched.n, touched.groups, touched.users, touched.whole) == (n + 3, {"tea", "old"}, {"ann", "ben"}, True)
    nothing = read(town, lambda r: commits.touched_since(r, 0, n + 3))
    assert (nothing.n, nothing.groups, nothing.whole) == (n + 3, set(), True)


@pytest.mark.promise("P4", "commits")
def test_a_record_that_does_not_go_back_far_enough_says_so(town: Store) -> None:
    n = town.engine.n
    town.engine.tidy(0, 3)
    assert read(town, lambda r: commits.touched_since(r, 0, n - 3)).whole
    assert not read(town, lambda r: commits.touched_since(r, 0, n - 4)).whole
