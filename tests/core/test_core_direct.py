"""Direct chats: one per pair, open exactly while the two are mutual, never left for good."""

from __future__ import annotations

import pytest

from chatd.core.groups import CreateDirect, Leave
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.relations import Block, Follow
from chatd.core.values import direct_key
from tests.core.world import DIGEST, START_MS, World

pytestmark = pytest.mark.promise("P6", "gate.direct")


def world_of(**bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat")
    return world


def create(world: World, actor: str, user: str, group: str = "d") -> CreateDirect:
    return CreateDirect(actor, world.cid(), DIGEST, group, user)


def test_two_who_are_mutual_have_one_chat_whoever_asks() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    assert world.act(create(world, "ann", "ben", "d")) == {"group": "d", "pos": 1, "created": True}
    assert world.act(create(world, "ben", "ann", "e")) == {"group": "d", "pos": 1, "created": False}
    assert "e" not in world.facts.groups
    assert world.group("d").direct_key == direct_key("ben", "ann") == "ann:ben"
    assert {world.member("d", user).role for user in ("ann", "ben")} == {"member"}
    assert (world.group("d").members, world.group("d").history) == (2, "all")
    assert world.told("ben") == [("added", 1, {"by": "ann"})]


@pytest.mark.parametrize("case", ["one side", "other side", "blocked by", "blocking", "unknown"])
def test_without_being_mutual_there_is_none(case: str) -> None:
    world = world_of()
    if case.startswith("block"):
        world.make_mutual("ann", "ben")
    if case in {"one side", "other side"}:
        world.facts.follows.add(("ann", "ben") if case == "one side" else ("ben", "ann"))
    if case.startswith("block"):
        world.facts.blocks.add(("ann", "ben") if case == "blocking" else ("ben", "ann"))
    other = "nobody" if case == "unknown" else "ben"
    assert world.refuse(create(world, "ann", other)).code == "not_mutual"


def test_nobody_chats_with_themselves() -> None:
    world = world_of()
    assert world.refuse(create(world, "ann", "ann")).code == "invalid"


@pytest.mark.promise("P8", "limits.groups_per_user")
def test_both_need_a_place_in_their_list() -> None:
    world = world_of(groups_per_user=1)
    world.make_mutual("ann", "ben", "cat")
    world.act(create(world, "ann", "ben"))
    assert world.refuse(create(world, "ann", "cat", "e")).details["bound"] == "groups_per_user"
    assert world.refuse(create(world, "cat", "ann", "e")).details["bound"] == "groups_per_user of the other"
    assert world.act(create(world, "ben", "ann", "e"))["group"] == "d", "the one that is there needs no new place"


@pytest.mark.parametrize("breaks", ["ann unfollows", "ben unfollows", "ann blocks", "ben blocks"])
def test_it_is_read_only_exactly_while_they_are_not_mutual(breaks: str) -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    world.found_direct("d", "ann", "ben")
    pos = world.say("ben", "d")
    actor, verb = breaks.split()
    other = "ben" if actor == "ann" else "ann"

    def change(broken: bool) -> Follow | Block:
        if verb == "blocks":
            return Block(actor, world.cid(), DIGEST, other, broken)
        return Follow(actor, world.cid(), DIGEST, other, not broken)

    world.next_commit()
    world.act(change(True))
    assert world.group("d").read_only
    assert world.facts.changed_groups == {"d"}
    for user in ("ann", "ben"):
        assert world.told(user) == [("direct", None, {"read_only": True})]
    for wish in (
        Send("ann", world.cid(), DIGEST, "d", "text", {"text": "hi"}, None, None),
        Recall("ben", world.cid(), DIGEST, "d", pos, START_MS),
        Edit("ben", world.cid(), DIGEST, "d", pos, {"text": "x"}, START_MS),
        React("ann", world.cid(), DIGEST, "d", pos, "👍", True),
    ):
        assert world.refuse(wish).code == "read_only"
    assert world.refuse(create(world, "ann", "ben", "e")).code == "not_mutual"
    world.next_commit()
    world.act(change(False))
    assert not world.group("d").read_only
    assert world.told("ben") == [("direct", None, {"read_only": False})]
    world.say("ann", "d")


def test_what_does_not_change_being_mutual_tells_nobody() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    world.found_direct("d", "ann", "ben")
    world.act(Block("ann", world.cid(), DIGEST, "ben", True))
    world.next_commit()
    world.act(Block("ben", world.cid(), DIGEST, "ann", True))
    world.act(Follow("ben", world.cid(), DIGEST, "ann", False))
    assert not world.facts.new_mine
    assert world.group("d").read_only


def test_leaving_only_puts_it_away_and_asking_again_takes_it_out() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    world.found_direct("d", "ann", "ben")
    world.next_commit()
    for _ in range(2):
        assert world.act(Leave("ann", world.cid(), DIGEST, "d")) == {"group": "d", "archived": True}
    assert world.told("ann") == [("archived", None, {"archived": True})]
    assert world.member("d", "ann").present
    assert world.member("d", "ann").archived
    assert not world.member("d", "ben").archived
    assert world.group("d").members == 2
    world.act(create(world, "ben", "ann", "e"))
    assert world.member("d", "ann").archived, "each puts their own side away"
    world.act(create(world, "ann", "ben", "e"))
    assert not world.member("d", "ann").archived
