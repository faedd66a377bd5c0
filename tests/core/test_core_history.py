"""How far back a newcomer sees, and that coming back does not open what was seen before."""

from __future__ import annotations

import pytest

from chatd.core.groups import Kick, Leave
from tests.core.world import DIGEST, World

pytestmark = pytest.mark.promise("P7", "visibility.floor")


def world_of(history: str, messages: int) -> World:
    """A group with entries 1 (created) and 2, 3, 4… (messages 1, 2, 3…), in earlier commits."""
    world = World()
    world.people("ann", "ben")
    world.make_mutual("ann", "ben")
    world.found("g", "ann", history=history)
    for _ in range(messages):
        world.say("ann", "g")
    world.next_commit()
    return world


@pytest.mark.parametrize(
    ("history", "messages", "floor"),
    [
        ("none", 0, (1, 0)),
        ("none", 5, (6, 5)),
        ("all", 5, (0, 0)),
        ("last:2", 5, (4, 3)),
        ("last:1", 5, (5, 4)),
        ("last:5", 5, (0, 0)),
        ("last:4", 5, (2, 1)),
        ("last:9999", 5, (0, 0)),
        ("last:3", 0, (0, 0)),
    ],
)
def test_floor_of_a_newcomer(history: str, messages: int, floor: tuple[int, int]) -> None:
    world = world_of(history, messages)
    world.pull("ann", "g", "ben")
    member = world.member("g", "ben")
    assert (member.from_pos, member.from_seq) == floor
    assert member.joined_pos == messages + 2


def test_the_last_n_count_messages_of_the_same_commit() -> None:
    world = world_of("last:2", 3)
    world.say("ann", "g")
    world.say("ann", "g")
    world.pull("ann", "g", "ben")
    member = world.member("g", "ben")
    assert (member.from_pos, member.from_seq, member.joined_pos) == (4, 3, 7)


def test_a_floor_is_fixed_at_joining() -> None:
    world = world_of("none", 3)
    world.pull("ann", "g", "ben")
    world.group("g").history = "all"
    world.say("ann", "g")
    assert world.member("g", "ben").from_pos == 4


def test_without_history_the_newcomer_sees_their_own_coming_first() -> None:
    world = world_of("none", 3)
    world.pull("ann", "g", "ben")
    member = world.member("g", "ben")
    assert member.from_pos == member.joined_pos - 1
    assert member.from_seq == world.group("g").seq


@pytest.mark.parametrize("history", ["all", "last:9999"])
@pytest.mark.parametrize("kicked", [False, True])
def test_coming_back_hides_the_old_period(history: str, kicked: bool) -> None:
    world = world_of(history, 3)
    world.pull("ann", "g", "ben")
    world.say("ben", "g")
    if kicked:
        world.act(Kick("ann", world.cid(), DIGEST, "g", "ben"))
    else:
        world.act(Leave("ben", world.cid(), DIGEST, "g"))
    old = world.member("g", "ben")
    world.say("ann", "g", "while away")
    world.pull("ann", "g", "ben")
    member = world.member("g", "ben")
    assert (old.until_pos, old.until_seq) == (6, 4)
    assert (member.period, member.from_pos, member.from_seq) == (2, 6, 4)


def test_coming_back_with_a_shorter_history_takes_the_shorter() -> None:
    world = world_of("last:1", 3)
    world.pull("ann", "g", "ben")
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    for _ in range(3):
        world.say("ann", "g")
    world.pull("ann", "g", "ben")
    member = world.member("g", "ben")
    assert (member.from_pos, member.from_seq) == (8, 5)
