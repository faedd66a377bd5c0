"""Who gets in by being pulled, and who does not. Decided on the facts of the commit, in order."""

from __future__ import annotations

import pytest

from chatd.core.groups import Kick, Leave, SetRole
from chatd.core.pulls import AddMembers
from chatd.core.relations import Block, Follow
from tests.core.world import DIGEST, World, members_entries

pytestmark = pytest.mark.promise("P6", "gate.pull")


def world_of(*ids: str) -> World:
    world = World()
    world.people("ann", "ben", "cat", *ids)
    return world


def test_only_who_follows_and_is_followed_is_pulled_in() -> None:
    world = world_of("dan")
    world.make_mutual("ann", "ben")
    world.facts.follows |= {("ann", "cat"), ("dan", "ann")}
    group = world.found("g", "ann")
    assert world.pull("ann", group, "ben", "cat", "dan") == ["added", "not_mutual", "not_mutual"]
    assert world.member(group, "ben").by == "ann"
    assert (group, "cat") not in world.facts.members
    assert (group, "dan") not in world.facts.members


@pytest.mark.parametrize("edge", [("ann", "ben"), ("ben", "ann")])
def test_a_block_in_either_direction_looks_like_not_being_mutual(edge: tuple[str, str]) -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    world.facts.blocks.add(edge)
    group = world.found("g", "ann")
    assert world.pull("ann", group, "ben") == ["not_mutual"]
    assert (group, "ben") not in world.facts.members


def test_somebody_unknown_looks_like_not_being_mutual() -> None:
    world = world_of()
    world.make_mutual("ann", "nobody")
    group = world.found("g", "ann")
    assert world.pull("ann", group, "nobody", "ann") == ["not_mutual", "already"]


def test_the_gate_is_judged_by_who_pulls_not_by_who_owns() -> None:
    world = world_of()
    world.make_mutual("ann", "cat")
    group = world.found("g", "ann", "ben")
    assert world.pull("ben", group, "cat") == ["not_mutual"]
    assert world.pull("ann", group, "cat") == ["added"]


def test_who_is_in_already_stays_as_they_are() -> None:
    world = world_of()
    group = world.found("g", "ann", admins=["ben"])
    world.next_commit()
    assert world.pull("ann", group, "ben") == ["already"]
    assert world.member(group, "ben").role == "admin"
    assert not world.facts.new_entries


def test_an_unfollow_before_the_pull_in_the_same_commit_keeps_out() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    group = world.found("g", "ann")
    world.act(Follow("ben", world.cid(), DIGEST, "ann", False))
    assert world.pull("ann", group, "ben") == ["not_mutual"]


def test_a_block_before_the_pull_in_the_same_commit_keeps_out_and_one_after_removes_nobody() -> None:
    world = world_of()
    world.make_mutual("ann", "ben", "cat")
    group = world.found("g", "ann")
    world.act(Block("ben", world.cid(), DIGEST, "ann", True))
    assert world.pull("ann", group, "ben", "cat") == ["not_mutual", "added"]
    world.act(Block("cat", world.cid(), DIGEST, "ann", True))
    world.act(Follow("cat", world.cid(), DIGEST, "ann", False))
    assert world.member(group, "cat").present


def test_outsiders_and_those_who_left_pull_nobody_and_learn_nothing() -> None:
    world = world_of()
    world.make_mutual("ben", "cat")
    group = world.found("g", "ann", "ben")
    world.act(Leave("ben", world.cid(), DIGEST, group))
    for group_id in (group, "no such group"):
        for actor in ("ben", "cat"):
            assert world.refuse(AddMembers(actor, world.cid(), DIGEST, group_id, ["cat"])).code == "not_found"


def test_a_direct_chat_takes_nobody_in() -> None:
    world = world_of()
    world.make_mutual("ann", "ben", "cat")
    chat = world.found_direct("d", "ann", "ben")
    assert world.refuse(AddMembers("ann", world.cid(), DIGEST, chat, ["cat"])).code == "forbidden"


@pytest.mark.promise("P6", "gate.kicked")
def test_who_was_kicked_comes_back_by_an_admin_only() -> None:
    world = world_of("eve")
    world.make_mutual("ben", "cat")
    world.make_mutual("eve", "cat")
    group = world.found("g", "ann", "ben", "cat", admins=["eve"])
    world.act(Kick("ann", world.cid(), DIGEST, group, "cat"))
    assert world.pull("ben", group, "cat") == ["kicked"]
    assert world.pull("eve", group, "cat") == ["added"]
    assert world.member(group, "cat").period == 2


@pytest.mark.promise("P6", "gate.kicked")
def test_a_demoted_admin_brings_no_kicked_member_back() -> None:
    world = world_of()
    world.make_mutual("ben", "cat")
    group = world.found("g", "ann", "cat", admins=["ben"])
    world.act(Kick("ann", world.cid(), DIGEST, group, "cat"))
    world.act(SetRole("ann", world.cid(), DIGEST, group, "ben", "member"))
    assert world.pull("ben", group, "cat") == ["kicked"]


def test_who_left_by_themselves_comes_back_by_any_member_and_then_counts_as_kicked_no_more() -> None:
    world = world_of()
    world.make_mutual("ben", "cat")
    group = world.found("g", "ann", "ben", "cat")
    world.act(Kick("ann", world.cid(), DIGEST, group, "cat"))
    world.make_mutual("ann", "cat")
    assert world.pull("ann", group, "cat") == ["added"]
    world.act(Leave("cat", world.cid(), DIGEST, group))
    assert world.pull("ben", group, "cat") == ["added"]


@pytest.mark.promise("P6", "gate.limit")
def test_ten_race_for_one_place_in_one_commit() -> None:
    world = world_of()
    racers = world.people(*(f"r{number}" for number in range(10)))
    world.make_mutual("ann", *racers)
    group = world.found("g", "ann", "ben", limit=3)
    results = [world.pull("ann", group, racer)[0] for racer in racers]
    assert results == ["added"] + ["full"] * 9
    assert world.group(group).members == 3


@pytest.mark.promise("P6", "gate.limit")
def test_a_batch_fills_in_its_order_and_only_those_who_may_come_take_a_place() -> None:
    world = world_of("dan", "eve")
    world.make_mutual("ann", "cat", "dan", "eve")
    group = world.found("g", "ann", limit=3)
    results = world.pull("ann", group, "ben", "cat", "dan", "ann", "eve")
    assert results == ["not_mutual", "added", "added", "already", "full"]
    assert members_entries(world, group) == [(2, ["cat", "dan"], [], 3)]


@pytest.mark.promise("P6", "gate.limit")
def test_a_place_given_free_in_the_same_commit_can_be_taken() -> None:
    world = world_of()
    world.make_mutual("ann", "cat")
    group = world.found("g", "ann", "ben", limit=2)
    assert world.pull("ann", group, "cat") == ["full"]
    world.act(Leave("ben", world.cid(), DIGEST, group))
    assert world.pull("ann", group, "cat") == ["added"]


@pytest.mark.promise("P8", "limits.groups_per_user")
def test_nobody_is_pulled_into_more_groups_than_one_may_be_in() -> None:
    world = World(groups_per_user=2)
    world.people("ann", "ben", "cat")
    world.make_mutual("ann", "ben")
    world.found("g1", "cat", "ben")
    group = world.found("g2", "ann")
    other = world.found("g3", "ann")
    assert world.pull("ann", group, "ben") == ["added"]
    assert world.pull("ann", other, "ben") == ["full"]
    assert world.facts.users["ben"].groups == 2


def test_the_answer_names_the_entry_only_if_somebody_came() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    group = world.found("g", "ann")
    assert "pos" not in world.act(AddMembers("ann", world.cid(), DIGEST, group, ["cat"]))
    assert world.act(AddMembers("ann", world.cid(), DIGEST, group, ["ben"]))["pos"] == 2
    assert world.told("ben") == [("added", 2, {"by": "ann"})]
