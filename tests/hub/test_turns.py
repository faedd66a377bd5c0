"""Who gets how much of a turn of the loop: small groups, large groups, and those who catch up."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from chatd.core.values import Entry
from chatd.hub import catchup, fanout
from chatd.hub.catchup import CatchUps
from chatd.hub.fanout import Fanout
from chatd.hub.feed import Feed, Follow, State
from chatd.store.outcome import GroupChange
from tests.e2e.town import on_loop

RING = 8
PORTION = 4


class Clock:
    """Stands still until somebody writes; a write takes `write_s`."""

    def __init__(self, write_s: float) -> None:
        self.now_s = 0.0
        self.write_s = write_s

    def __call__(self) -> float:
        return self.now_s


class Socket:
    writable = True
    direct = -1


class Reader:
    """A session with a socket that takes everything, and takes its time."""

    format = "json"
    mine_cursor = mine_head = 0

    def __init__(self, clock: Clock, told: list[str]) -> None:
        self.outbox = b""
        self.socket = Socket()
        self.clock = clock
        self.told = told

    def flush(self) -> None:
        if self.outbox:
            self.told.append(self.outbox.decode(errors="replace").split('"group":"')[1].split('"')[0])
            self.clock.now_s += self.clock.write_s
            self.outbox = b""


class House:
    """Groups of readers and a fan-out whose turns are taken one by one."""

    def __init__(self, write_s: float = 0.0, most: int = 1000) -> None:
        self.clock = Clock(write_s)
        self.told: list[str] = []
        """The groups that were written of, in order; "over" where something is handed to the writer."""
        self.failures: list[Exception] = []
        self.fanout = Fanout(
            most, clock_s=self.clock, before_large=lambda: self.told.append("over"), failed=self.failures.append
        )
        self.fanout._schedule = lambda: None  # type: ignore[method-assign]
        self.fanout._portion = PORTION
        self.heads: dict[str, int] = {}

    def group(self, name: str, size: int) -> Feed:
        feed = Feed(name, 0, 0, 0, size, 0)
        for _ in range(size):
            Follow(cast("Any", Reader(self.clock, self.told)), feed, 0, 0).set(State.LIVE)
        return feed

    def say(self, feed: Feed, count: int = 1) -> None:
        """Commit so many messages, one by one."""
        for _ in range(count):
            pos = feed.head + 1
            body = {"type": "text", "body": {"text": "x"}}
            entry = Entry(feed.group, pos, 1, "message", "ann", f"c{pos}", pos, None, 0, False, {}, body)
            change = GroupChange(feed.group, pos - 1, pos, 1, pos, len(feed.live), [entry], [], [], [], [], 0, [])
            assert feed.take(change, False, RING, 10**6)
            self.fanout.add(feed)

    def turn(self) -> list[str]:
        """What one turn writes."""
        self.told.clear()
        self.fanout._turn()
        assert self.failures == []
        return list(self.told)


@pytest.fixture(autouse=True)
def in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that writes in C asks for descriptors; these readers have none."""
    monkeypatch.setattr(fanout, "flush", lambda touched: [session.flush() for session in touched])


def test_small_groups_are_served_whole_between_two_portions_of_a_large_one() -> None:
    house = House(write_s=1.0)
    large, small, other = house.group("large", 10), house.group("small", 3), house.group("other", 2)
    house.say(large)
    assert house.turn() == ["over", *["large"] * PORTION]
    house.say(small)
    house.say(other)
    assert house.turn() == [*["small"] * 3, *["other"] * 2, "over", *["large"] * PORTION]
    assert house.turn() == ["over", *["large"] * 2]
    assert not house.fanout.busy


def test_large_groups_take_turns_by_portions() -> None:
    house = House(write_s=1.0)
    one, two = house.group("one", 6), house.group("two", 6)
    house.say(one)
    house.say(two)
    turns = [house.turn() for _ in range(4)]
    assert [turn[1] for turn in turns] == ["one", "two", "one", "two"]
    assert [len(turn) - 1 for turn in turns] == [4, 4, 2, 2]


def test_while_only_small_groups_have_something_nothing_is_handed_to_the_writer_early() -> None:
    house = House()
    small = house.group("small", PORTION)
    house.say(small)
    assert house.turn() == ["small"] * PORTION


def test_a_turn_is_bounded_in_deliveries_whatever_the_clock_says() -> None:
    house = House(most=6)
    large = house.group("large", 20)
    house.say(large)
    assert [len(house.turn()) - 1 for _ in range(5)] == [6, 6, 6, 2, -1]


def test_many_small_groups_do_not_keep_a_large_one_waiting_for_ever() -> None:
    house = House(most=4)
    groups = [house.group(f"small {number}", 2) for number in range(5)]
    large = house.group("large", 5)
    for feed in (*groups, large):
        house.say(feed)
    turn = house.turn()
    assert turn.count("large") == 4
    assert len(turn) - 1 - 4 < 10, "all small ones went first"


def test_turns_are_long_while_a_ring_fills_faster_than_it_is_handed_out() -> None:
    house = House(write_s=fanout._TURN_S / PORTION)
    large = house.group("large", 10)
    house.say(large)
    assert house.turn() == ["over", *["large"] * PORTION]
    house.say(large, 3)
    assert house.turn() == ["over", *["large"] * PORTION], "half a ring is room enough"
    assert house.turn() == ["over", *["large"] * 2, *["large"] * PORTION], "the rest, and the next pass begins"
    assert house.turn() == ["over", *["large"] * PORTION]
    house.say(large, RING + 2)
    assert large.ring is not None
    assert len(large.ring) > RING, "what was not handed out yet stays"
    assert house.turn() == ["over", *["large"] * 2, *["large"] * 10], "the rest, and the next pass whole"
    assert {follow.state for follow in large.live} == {State.LIVE}
    while house.fanout.busy:
        house.turn()
    assert {follow.cursor for follow in large.live} == {large.head}
    house.say(large)
    assert len(large.ring) <= RING


def test_turns_grow_with_what_waits_between_half_a_ring_and_three_quarters() -> None:
    lengths = [fanout._turn_s(share) for share in (0.0, 0.5, 0.6, 0.7, 0.75, 2.0)]
    assert lengths[:2] == [fanout._TURN_S] * 2
    assert lengths[4:] == pytest.approx([fanout._LONG_TURN_S] * 2)
    assert fanout._TURN_S < lengths[2] < lengths[3] < fanout._LONG_TURN_S


class Behind:
    """Somebody with so many portions to read on with."""

    def __init__(self, line: CatchUps, clock: Clock, portions: int) -> None:
        self.line, self.clock, self.portions = line, clock, portions
        self.done = asyncio.Event()

    def read_on(self) -> None:
        self.clock.now_s += catchup._TURN_S / 2
        self.portions -= 1
        if self.portions:
            self.line.add(cast("Any", self))
        else:
            self.done.set()


@on_loop
async def test_a_crowd_that_catches_up_holds_up_nobody_else() -> None:
    clock = Clock(0.0)
    line = CatchUps(clock)
    crowd = [Behind(line, clock, 3) for _ in range(20)]
    for one in crowd:
        line.add(cast("Any", one))
    left = []
    while any(one.portions for one in crowd):
        left.append(sum(one.portions for one in crowd))
        await asyncio.sleep(0)  # somebody else's turn
    assert left == list(range(60, 0, -2))
    await asyncio.sleep(0)
    assert not line._scheduled
    late = Behind(line, clock, 1)
    line.add(cast("Any", late))
    await asyncio.wait_for(late.done.wait(), 5)
