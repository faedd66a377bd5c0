"""Follows that the operator or a host vouches for, by the rules alone."""

from __future__ import annotations

import pytest

from chatd.core.follows import ChangeFollows, CheckPull, Edge, FollowImport, Step
from chatd.core.groups import UpdateGroup
from chatd.core.profiles import SetPrivacy
from chatd.core.relations import Block, Follow
from tests.core.world import DIGEST, World


def world_of(**bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat")
    return world


def change(world: World, *edges: Edge) -> list[str]:
    results: list[str] = world.act(ChangeFollows(list(edges)))["results"]
    world.next_commit()
    return results


def step(after: int, upto: int, *lines: int, last: bool = False, unread: int = 0) -> Step:
    return Step("graph", after, upto, unread, list(lines), last)


def test_each_edge_is_judged_for_itself() -> None:
    world = world_of(following_max=1)
    edges = [("ann", "ben"), ("ann", "cat"), ("ben", "ben"), ("ben", ""), ("cat", "dan"), ("ann", "ben")]
    results = change(world, *(Edge(one, other, True) for one, other in edges))
    assert results == ["added", "limit", "oneself", "unknown", "unknown", "same"]
    assert world.facts.follows == {("ann", "ben")}
    assert change(world, Edge("ann", "ben", False), Edge("ann", "ben", False)) == ["removed", "same"]
    assert world.facts.users["ann"].following == 0


def test_of_two_words_on_an_edge_the_higher_version_wins_in_any_order() -> None:
    world = world_of()
    add, remove = Edge("ann", "ben", True, 7), Edge("ann", "ben", False, 8)
    assert change(world, remove, add, remove) == ["same", "older", "same"]
    assert world.facts.follows == set()
    assert change(world, Edge("ann", "ben", True, 9), remove) == ["added", "older"]
    assert change(world, Edge("ann", "ben", False)) == ["removed"], "without a version it counts as it comes"
    assert change(world, Edge("ann", "ben", True, 9), Edge("ann", "ben", True, 10)) == ["same", "added"]


def test_what_was_refused_has_no_version_yet() -> None:
    world = world_of(following_max=1)
    change(world, Edge("ann", "cat", True))
    assert change(world, Edge("ann", "ben", True, 3)) == ["limit"]
    assert change(world, Edge("ann", "cat", False), Edge("ann", "ben", True, 3)) == ["removed", "added"]


def test_nobody_is_told_of_an_edge_but_of_what_follows_from_losing_it() -> None:
    world = world_of()
    world.make_mutual("ann", "ben", "cat")
    world.found("g", "ann", "ben", "cat")
    world.found_direct("d", "ann", "ben")
    world.next_commit()
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, on_unfollow_owner="remove"))
    world.next_commit()
    world.act(ChangeFollows([Edge("ben", "cat", True), Edge("cat", "ben", True)]))
    assert world.facts.new_mine == []
    world.act(ChangeFollows([Edge("ben", "ann", False)]))
    assert sorted((one.user, one.kind) for one in world.facts.new_mine) == [
        ("ann", "direct"),
        ("ben", "direct"),
        ("ben", "removed"),
    ]
    assert world.facts.new_audits == []


def test_an_act_on_one_edge_is_audited_if_it_was_done() -> None:
    world = world_of()
    world.act(ChangeFollows([Edge("ann", "ben", True)], act="follow.add"))
    world.act(ChangeFollows([Edge("ann", "", True)], act="follow.add"))
    (audited,) = world.facts.new_audits
    assert (audited.act, audited.by, audited.user) == ("follow.add", None, "ann")
    assert audited.details == {"target": "ben", "result": "added"}


def test_a_step_of_an_import_happens_once_and_in_its_order() -> None:
    world = world_of()
    first = ChangeFollows([Edge("ann", "ben", True), Edge("ann", "", True)], step(0, 4, 2, 4, unread=2))
    second = ChangeFollows([Edge("ann", "ben", False)], step(4, 5, 5, last=True))
    assert world.refuse(second).code == "conflict"
    world.act(first)
    world.next_commit()
    assert world.refuse(first).code == "conflict"
    kept = world.facts.find(FollowImport, "graph")
    assert kept is not None
    assert (kept.line, kept.counts, kept.refused, kept.done) == (
        4,
        {"added": 1, "unknown": 1, "unread": 2},
        [(4, "unknown")],
        False,
    )
    world.act(second)
    assert [audited.details["done"] for audited in world.facts.new_audits] == [True]
    world.next_commit()
    for late in (second, ChangeFollows([], step(5, 6))):
        assert world.refuse(late).code == "conflict", "it is over"
    done = world.facts.find(FollowImport, "graph")
    assert done is not None
    assert (done.line, done.counts, done.done) == (5, {"added": 1, "removed": 1, "unknown": 1, "unread": 2}, True)


def check(world: World, group: str | None = None) -> str:
    found = world.act(CheckPull("ann", "ben", group))
    assert found["may"] == (found["result"] in ("added", "asked"))
    return str(found["result"])


@pytest.mark.parametrize("group", [None, "g"])
def test_the_check_says_what_the_gate_would(group: str | None) -> None:
    world = world_of()
    world.found("g", "ann", "cat")
    world.next_commit()
    assert check(world, group) == "not_mutual"
    change(world, Edge("ann", "ben", True), Edge("ben", "ann", True))
    assert check(world, group) == "added"
    for pull, result in (("nobody", "opted_out"), ("ask", "asked"), ("mutual", "added")):
        world.act(SetPrivacy("ben", world.cid(), DIGEST, None, None, pull=pull))
        world.next_commit()
        assert check(world, group) == result
    world.act(Block("ben", world.cid(), DIGEST, "ann", True))
    world.next_commit()
    found = world.act(CheckPull("ann", "ben", group))
    assert (found["result"], found["blocks"], found["blocked"], found["followed"]) == ("not_mutual", False, True, True)
    assert world.facts.new_members == []


def test_the_check_says_what_the_group_is_in_the_way_with() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    world.found("g", "cat", limit=1)
    world.found("full", "ann", limit=1)
    world.found("in", "ann", "ben")
    world.next_commit()
    assert [check(world, group) for group in ("g", "full", "in")] == ["no_member", "full", "already"]
    assert world.refuse(CheckPull("ann", "ben", "nowhere")).code == "not_found"
    assert world.refuse(CheckPull("ann", "nobody", None)).code == "not_found"


def test_who_unfollows_on_the_wire_and_by_a_host_is_the_same() -> None:
    worlds = [world_of(), world_of()]
    for world in worlds:
        world.make_mutual("ann", "ben")
        world.found_direct("d", "ann", "ben")
        world.next_commit()
    worlds[0].act(Follow("ben", worlds[0].cid(), DIGEST, "ann", False))
    worlds[1].act(ChangeFollows([Edge("ben", "ann", False)]))
    for name in ("follows", "follow_changes", "new_mine", "changed_groups", "changed_users"):
        assert getattr(worlds[0].facts, name) == getattr(worlds[1].facts, name)
