"""Pins and featured posts, by the rules."""

from __future__ import annotations

import pytest

from chatd.core.board import Board, Featured
from chatd.core.featured import Feature, Unfeature
from chatd.core.messages import Recall
from chatd.core.pins import Pin, Unpin
from tests.core.world import DIGEST, World


@pytest.fixture
def world() -> World:
    world = World(pins_per_group=3, featured_per_group=2)
    world.people("ann", "ben", "cai")
    world.make_mutual("ann", "cai")
    world.found("g", "ann", "ben")
    for _ in range(4):
        world.say("ben", "g")
    return world


def pin(world: World, pos: int, above: int | None = None, by: str = "ann") -> Pin:
    return Pin(by, world.cid(), DIGEST, "g", pos, above)


def unpin(world: World, pos: int, by: str = "ann") -> Unpin:
    return Unpin(by, world.cid(), DIGEST, "g", pos)


def feature(world: World, pos: int, note: str = "", by: str = "ann") -> Feature:
    return Feature(by, world.cid(), DIGEST, "g", pos, note)


def recall(world: World, pos: int) -> Recall:
    return Recall("ann", world.cid(), DIGEST, "g", pos, world.facts.now_ms)


def board(world: World) -> Board:
    return world.facts.find(Board, "g") or Board("g")


def pins(world: World) -> list[int]:
    return [pin[0] for pin in board(world).pins]


def test_pins_have_an_order_that_is_chosen(world: World) -> None:
    world.act(pin(world, 2))
    world.act(pin(world, 3))
    assert pins(world) == [3, 2]
    world.act(pin(world, 4, above=2))
    assert pins(world) == [3, 4, 2]
    entry = world.entry("g", world.act(pin(world, 2))["pos"])
    assert (pins(world), entry.kind, entry.target, entry.body) == ([2, 3, 4], "pin", 2, {"above": 3})
    world.act(pin(world, 3, above=2))
    assert pins(world) == [3, 2, 4]
    assert board(world).pins[0][1:] == ["ann", world.facts.now_ms]


def test_what_changes_nothing_adds_no_entry(world: World) -> None:
    world.act(pin(world, 2))
    head = world.group("g").head
    assert world.act(pin(world, 2)) == {"group": "g", "target": 2}
    assert world.act(unpin(world, 3)) == {"group": "g", "target": 3}
    assert world.act(Unfeature("ann", world.cid(), DIGEST, "g", 3)) == {"group": "g", "target": 3}
    world.act(feature(world, 3, "good"))
    assert world.act(feature(world, 3, "good")) == {"group": "g", "target": 3}
    assert world.group("g").head == head + 1


def test_only_those_with_the_right_keep_the_board(world: World) -> None:
    for wish in (pin(world, 2, by="ben"), unpin(world, 2, by="ben"), feature(world, 2, by="ben")):
        assert world.refuse(wish).code == "forbidden"
    assert world.refuse(Unfeature("ben", world.cid(), DIGEST, "g", 2)).code == "forbidden"
    world.group("g").settings = {"rights": {"pin": "member", "feature": "member"}}
    world.act(pin(world, 2, by="ben"))
    world.act(feature(world, 2, by="ben"))
    acts = [(one.act, one.by, one.details["target"]) for one in world.facts.new_audits]
    assert acts == [("pin.add", "ben", 2), ("feature.add", "ben", 2)]


def test_in_a_direct_chat_both_keep_the_board_until_it_is_read_only(world: World) -> None:
    world.found_direct("d", "ann", "ben")
    pos = world.say("ann", "d")
    world.act(Pin("ben", world.cid(), DIGEST, "d", pos, None))
    world.act(Feature("ann", world.cid(), DIGEST, "d", pos, ""))
    assert world.facts.new_audits == []
    world.group("d").read_only = True
    for wish in (Unpin("ben", world.cid(), DIGEST, "d", pos), Feature("ann", world.cid(), DIGEST, "d", pos, "x")):
        assert world.refuse(wish).code == "read_only"


@pytest.mark.promise("P8", "limits.pins_per_group", "limits.featured_per_group")
def test_the_board_has_room_for_so_much(world: World) -> None:
    for pos in (2, 3, 4):
        world.act(pin(world, pos))
    refusal = world.refuse(pin(world, 5))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "pins_per_group", "max": 3})
    world.act(pin(world, 4, above=2))
    world.act(feature(world, 2))
    world.act(feature(world, 3))
    refusal = world.refuse(feature(world, 4))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "featured_per_group", "max": 2})
    world.act(feature(world, 3, "with a note"))
    world.act(unpin(world, 4))
    world.act(Unfeature("ann", world.cid(), DIGEST, "g", 2))
    world.act(pin(world, 5))
    world.act(feature(world, 4))


@pytest.mark.promise("P7", "visibility.change")
def test_nothing_is_done_with_what_one_does_not_see(world: World) -> None:
    world.group("g").settings = {"rights": {"pin": "member", "feature": "member"}}
    world.act(pin(world, 2))
    assert world.pull("ann", "g", "cai") == ["added"]
    seen = world.say("ben", "g")
    for wish in (pin(world, 3, by="cai"), unpin(world, 2, by="cai"), feature(world, 2, by="cai")):
        assert world.refuse(wish).code == "not_found"
    assert world.refuse(pin(world, seen, above=2, by="cai")).code == "not_found"
    assert world.refuse(pin(world, seen, above=3)).code == "not_found"
    assert world.refuse(pin(world, 1)).code == "not_found"
    world.act(pin(world, seen, by="cai"))


@pytest.mark.promise("P9", "pin", "feature")
def test_what_is_taken_back_is_taken_down(world: World) -> None:
    for pos in (2, 3):
        world.act(pin(world, pos))
        world.act(feature(world, pos))
    world.act(recall(world, 2))
    assert (pins(world), board(world).featured) == ([3], 1)
    assert world.facts.find(Featured, "g", 2) is None
    for wish in (pin(world, 2), unpin(world, 2), feature(world, 2)):
        assert world.refuse(wish).code == "gone"
    before = board(world)
    world.act(recall(world, 4))
    assert board(world) is before, "what is on no board changes none"
