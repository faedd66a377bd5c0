"""What is counted and found above the floor of a group."""

from __future__ import annotations

from functools import partial

import pytest

from chatd.store import chats, messages, retention, sections
from tests.store.kit import START_MS, Store, add, create, leave, recall, update
from tests.store.test_store_queries import read
from tests.store.test_store_retention import cut, problems
from tests.store.test_store_sections import create_in, naming, say
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


def test_what_is_unread_is_counted_above_the_floor_and_never_below_zero(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben", history="all")
        said = [store.say("ann", "tea", f"m{number}") for number in range(6)]
        store.done(recall("ann", "tea", said[1]), recall("ann", "tea", said[4]))

        def unread() -> tuple[int, int, int]:
            line = read(store, lambda r: chats.line_of(r, "ben", "tea"))
            assert line is not None
            return line.group.seq - line.read - line.recalled, line.read, line.floor

        assert unread() == (4, 0, 0)
        cut(store, "tea", said[2])
        assert unread() == (2, 3, said[2])
        cut(store, "tea", said[5])
        assert unread() == (0, 6, said[5])
        store.say("ann", "tea")
        assert unread() == (1, 6, said[5])
        places = read(store, lambda r: chats.places_of(r, "ben"))
        assert [(one.floor, one.cut, one.cut_at) for one in places] == [(0, said[5], START_MS)]


def test_who_comes_in_sees_what_the_rule_gives_of_what_is_left(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben", "cat", "dan", "eve")
        store.found("tea", "ann", "ben", "cat", "dan", history="last:3")
        store.make_mutual("ann", "eve")
        said = [store.say("ann", "tea", f"m{n}") for n in range(6)]
        store.done(leave("ben", "tea"))
        cut(store, "tea", said[4])
        store.done(add("ann", "tea", "eve"))
        floors = "SELECT from_pos, from_seq FROM memberships WHERE group_id = 'tea' AND user_id = ? ORDER BY period"
        assert store.rows(floors, "eve") == [(said[4], 5)]
        more = [store.say("ann", "tea", f"n{n}") for n in range(3)]
        store.done(add("ann", "tea", "ben"))
        assert store.rows(floors, "ben")[1] == (said[5], 6)
        cut(store, "tea", more[1])
        assert problems(store) == []
        store.done(leave("eve", "tea"), add("ann", "tea", "eve"))
        assert problems(store) == []


def test_sections_go_on_with_their_numbers(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben", "cat")
        store.found("tea", "ann", "ben", history="all")
        store.make_mutual("ann", "cat")
        store.done(create_in("tea"), create_in("tea"))
        store.done(*(say(user, "tea", n % 3) for n, user in enumerate(("ann", "ben") * 6)))
        store.done(update("ann", "tea", history="last:5"), add("ann", "tea", "cat"))
        store.done(*(say(user, "tea", n % 3, **naming("cat")) for n, user in enumerate(("ann", "ben") * 3)))
        every = [
            (pos, section, seq)
            for pos, section, seq in store.rows(
                "SELECT pos, section, seq FROM entries WHERE group_id = 'tea' AND seq IS NOT NULL ORDER BY pos"
            )
        ]
        for number, (pos, _, _) in enumerate(every):
            cut(store, "tea", pos)
            assert problems(store) == [], pos
            left = every[number + 1 :]
            for section in {section for _, section, _ in every}:
                numbers = read(store, partial(sections.messages_in, group="tea", section=section))
                assert numbers is not None
                count, gone = numbers
                of_section = [seq for _, one, seq in left if one == section]
                assert of_section == list(range(gone + 1, count + 1))
                for at in (pos, pos + 1, every[-1][0]):
                    found = read(
                        store,
                        partial(sections.number_at, group="tea", section=section, pos=at, count=count, gone=gone),
                    )
                    assert found == max([seq for p, one, seq in every if one == section and p <= at], default=0)
            for user in ("ann", "cat"):
                line = read(
                    store, partial(sections.lines_of, user=user, groups=["tea"], read_at_least=lambda *_: 0)
                ).get("tea", [])
                for one in line:
                    unseen = [seq for _, section, seq in left if section == one.section and seq > one.read]
                    assert one.seq - one.read - one.recalled == len(unseen), (pos, user, one)


def test_the_last_position_until_a_time_is_found_above_any_floor(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        for _ in range(7):
            store.now_ms += 1000
            store.say("ann", "tea")
        times: dict[int, int] = dict(store.rows("SELECT pos, at FROM entries"))
        for floor in (0, 3, 8):
            cut(store, "tea", floor)
            for at in range(START_MS - 500, START_MS + 8000, 500):
                due = read(store, lambda r: retention.group_at(r, "tea"))
                assert due is not None
                found = read(store, partial(retention.last_until, group=due, at=at))
                assert found == max([pos for pos, made in times.items() if made <= at and pos > floor], default=floor)


def test_a_page_of_the_log_has_no_hole_above_the_floor(tables_url: str) -> None:
    with Store(tables_url) as store:
        build_town(store)
        cut(store, "tea", 6)
        page = read(store, lambda r: messages.page_up(r, "tea", 6, 99, 99))
        assert [entry.pos for entry in page.entries] == list(range(7, 18))
        assert page.targets == {}, "what the entries refer to has gone"
