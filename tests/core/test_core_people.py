"""Follows and blocks as edges; users coming into being, read positions, tokens taken away."""

from __future__ import annotations

import pytest

from chatd.core.relations import Block, Follow
from chatd.core.users import EnsureUser, Revoke, SaveReads
from tests.core.world import DIGEST, START_MS, World


def world_of(**bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat")
    return world


def follow(world: World, actor: str, user: str, on: bool = True) -> Follow:
    return Follow(actor, world.cid(), DIGEST, user, on)


def test_following_counts_edges_and_says_whether_it_is_mutual_now() -> None:
    world = world_of()
    assert world.act(follow(world, "ann", "ben")) == {"user": "ben", "following": True, "mutual": False}
    assert world.act(follow(world, "ben", "ann")) == {"user": "ann", "following": True, "mutual": True}
    assert world.act(follow(world, "ben", "ann")) == {"user": "ann", "following": True, "mutual": True}
    assert world.facts.users["ben"].following == 1
    assert world.act(follow(world, "ben", "ann", False)) == {"user": "ann", "following": False, "mutual": False}
    assert world.act(follow(world, "ben", "ann", False))["following"] is False
    assert world.facts.users["ben"].following == 0
    assert world.facts.follow_changes == {("ann", "ben"): True, ("ben", "ann"): False}


def test_the_blocked_cannot_notice_it_by_following() -> None:
    world = world_of()
    world.facts.follows.add(("ann", "ben"))
    world.facts.blocks.add(("ann", "ben"))
    assert world.act(follow(world, "ben", "ann")) == {"user": "ann", "following": True, "mutual": True}
    assert not world.facts.mutual("ann", "ben")
    assert not world.facts.mutual("ben", "ann")


@pytest.mark.promise("P8", "limits.following_max")
def test_how_many_one_follows_is_bounded() -> None:
    world = world_of(following_max=1)
    world.act(follow(world, "ann", "ben"))
    refusal = world.refuse(follow(world, "ann", "cat"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "following_max", "max": 1})
    world.act(follow(world, "ann", "ben"))
    world.act(follow(world, "ann", "ben", False))
    world.act(follow(world, "ann", "cat"))


def test_oneself_and_the_unknown_are_neither_followed_nor_blocked() -> None:
    world = world_of()
    for kind in (Follow, Block):
        assert world.refuse(kind("ann", world.cid(), DIGEST, "ann", True)).code == "invalid"
        assert world.refuse(kind("ann", world.cid(), DIGEST, "nobody", True)).code == "not_found"


def test_blocking_is_kept_once_and_taken_back() -> None:
    world = world_of()
    for on in (True, True, False):
        answer = world.act(Block("ann", world.cid(), DIGEST, "ben", on))
        assert answer == {"user": "ben", "blocked": on}
    assert world.facts.block_changes == {("ann", "ben"): False}
    assert world.facts.blocks == set()


def test_a_user_is_made_at_first_sight_and_named_anew_later() -> None:
    world = World()
    assert world.act(EnsureUser("u1", "sub", "Ann")) == {"user": "u1"}
    assert world.act(EnsureUser("u2", "sub", "Ann B.")) == {"user": "u1"}
    assert world.act(EnsureUser("u3", "sub", "")) == {"user": "u1"}
    assert world.facts.user_of_sub["sub"].name == "Ann B."
    assert set(world.facts.users) == {"u1"}


def test_revoking_never_takes_back_a_later_revocation() -> None:
    world = world_of()
    for before in (START_MS, START_MS - 5):
        world.act(Revoke("ann", None, before))
        world.act(Revoke("ann", "phone", before))
    assert world.facts.users["ann"].valid_after == START_MS
    assert world.facts.revocations == {("ann", "phone"): START_MS}
    assert world.refuse(Revoke("nobody", None, START_MS)).code == "not_found"


def test_read_positions_of_one_commit_keep_the_newest() -> None:
    world = world_of()
    world.act(SaveReads([("g", "ann", 0, 5), ("g", "ann", 0, 3), ("h", "ann", 0, 1)]))
    world.act(SaveReads([("g", "ann", 0, 4), ("h", "ann", 0, 2), ("g", "ann", 1, 7)]))
    assert world.facts.reads == {("g", "ann", 0): 5, ("h", "ann", 0): 2, ("g", "ann", 1): 7}


def test_each_log_of_a_user_is_numbered_without_a_hole() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    world.found("g", "ann", "ben")
    world.found("h", "ann")
    assert [(mine.user, mine.upos) for mine in world.facts.new_mine] == [("ann", 1), ("ben", 1), ("ann", 2)]
    assert world.facts.users["ann"].upos == 2
