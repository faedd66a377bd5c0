"""What a group does with those who cease to follow its owner, by the rules alone."""

from __future__ import annotations

import pytest

from chatd.core.dissolution import Dissolve
from chatd.core.groups import Leave, SetRole, UpdateGroup
from chatd.core.messages import Edit, React, Send
from chatd.core.moderation import RestrictMember, UnrestrictMember
from chatd.core.ownership import Transfer
from chatd.core.refusal import Refused
from chatd.core.relations import Block, Follow
from tests.core.world import DIGEST, World, members_entries


def world_of(**bounds: int) -> World:
    """Ann owns a group of her fans ben and cat, and of dan, who does not follow her."""
    world = World(**bounds)
    ann, ben, cat, dan = world.people("ann", "ben", "cat", "dan")
    world.make_mutual(ann, ben, cat)
    world.found("g", ann, ben, cat, dan)
    world.next_commit()
    return world


def mind(world: World, choice: str, group: str = "g", actor: str = "ann") -> None:
    world.act(minding(world, choice, group, actor))


def minding(world: World, choice: str, group: str = "g", actor: str = "ann") -> UpdateGroup:
    return UpdateGroup(actor, world.cid(), DIGEST, group, None, None, None, None, on_unfollow_owner=choice)


def follow(world: World, user: str, on: bool, other: str = "ann") -> None:
    world.act(Follow(user, world.cid(), DIGEST, other, on))


def block(world: World, user: str, other: str, on: bool = True) -> None:
    world.act(Block(user, world.cid(), DIGEST, other, on))


def sent(world: World, user: str, group: str = "g") -> Send:
    return Send(user, world.cid(), DIGEST, group, "text", {"text": "hello"}, None, None)


def is_silenced(world: World, user: str, group: str = "g") -> bool:
    try:
        world.act(sent(world, user, group))
    except Refused as refusal:
        return (refusal.code, refusal.details) == ("restricted", {"whom": "unfollowed"})
    return False


def test_as_long_as_the_owner_chooses_nothing_nothing_happens() -> None:
    world = world_of()
    follow(world, "ben", False)
    assert (world.told("ben"), is_silenced(world, "ben")) == ([], False)
    mind(world, "restrict")
    assert not is_silenced(world, "ben"), "it concerns who ceases to follow from here on"


def test_who_ceases_to_follow_is_silenced_until_they_follow_again() -> None:
    world = world_of()
    mind(world, "restrict")
    said = world.say("ben", "g")
    world.next_commit()
    follow(world, "ben", False)
    assert world.told("ben") == [("restricted", None, {"why": "unfollowed"})]
    assert world.member("g", "ben").present
    for wish in (
        sent(world, "ben"),
        Edit("ben", world.cid(), DIGEST, "g", said, {"text": "x"}, world.facts.now_ms),
        React("ben", world.cid(), DIGEST, "g", said, "👍", True),
    ):
        refusal = world.refuse(wish)
        assert (refusal.code, refusal.details) == ("restricted", {"whom": "unfollowed"})
    assert [is_silenced(world, user) for user in ("ann", "cat", "dan")] == [False] * 3
    world.next_commit()
    follow(world, "ben", True)
    assert world.told("ben") == [("unrestricted", None, {"why": "unfollowed"})]
    assert not is_silenced(world, "ben")


def test_who_ceases_to_follow_is_out_and_may_come_back_as_anybody() -> None:
    world = world_of()
    mind(world, "remove")
    follow(world, "ben", False)
    assert world.told("ben") == [("removed", 3, {"why": "unfollowed"})]
    assert members_entries(world, "g") == [(3, [], ["ben"], 3)]
    assert world.entry("g", 3).body["left"] == [{"user": "ben", "why": "unfollowed"}]
    assert world.member("g", "ben").why == "unfollowed"
    world.next_commit()
    follow(world, "ben", True)
    assert world.told("ben") == []
    assert world.pull("ann", "g", "ben") == ["added"]
    assert not is_silenced(world, "ben")


def test_blocking_the_owner_counts_as_long_as_it_lasts_and_being_blocked_does_not() -> None:
    world = world_of()
    mind(world, "restrict")
    block(world, "ann", "ben")
    assert (world.told("ben"), is_silenced(world, "ben")) == ([], False)
    block(world, "ann", "ben", False)
    block(world, "ben", "ann")
    assert is_silenced(world, "ben")
    world.next_commit()
    follow(world, "ben", False)
    assert world.told("ben") == [], "they had ceased before"
    follow(world, "ben", True)
    assert is_silenced(world, "ben"), "the block is still there"
    block(world, "ben", "ann", False)
    assert not is_silenced(world, "ben")
    block(world, "dan", "ann")
    assert not is_silenced(world, "dan"), "who never followed has not ceased to"


def test_admins_stay_as_they_are_and_silent_viewers_go() -> None:
    world = world_of()
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "admin"))
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "silent"))
    mind(world, "remove")
    follow(world, "ben", False)
    follow(world, "cat", False)
    assert (world.member("g", "ben").present, world.member("g", "cat").present) == (True, False)


def test_who_is_made_an_admin_may_write_again_and_a_member_again_may_not() -> None:
    world = world_of()
    mind(world, "restrict")
    follow(world, "ben", False)
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "admin"))
    assert not is_silenced(world, "ben")
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "member"))
    assert is_silenced(world, "ben")


def test_what_an_admin_decided_goes_on_beside_it() -> None:
    world = world_of()
    mind(world, "restrict")
    world.act(RestrictMember("ann", world.cid(), DIGEST, "g", "ben", None, "", False))
    follow(world, "ben", False)
    follow(world, "ben", True)
    refusal = world.refuse(sent(world, "ben"))
    assert refusal.details == {"whom": "member"}, "following again does not lift that"
    follow(world, "ben", False)
    world.act(UnrestrictMember("ann", world.cid(), DIGEST, "g", "ben"))
    assert is_silenced(world, "ben"), "nor does an admin lift the other"


def test_choosing_otherwise_frees_everybody_and_choosing_again_is_a_new_beginning() -> None:
    world = world_of()
    mind(world, "restrict")
    follow(world, "ben", False)
    mind(world, "keep")
    assert not is_silenced(world, "ben")
    mind(world, "restrict")
    assert not is_silenced(world, "ben")
    mind(world, "remove")
    follow(world, "cat", False)
    mind(world, "restrict")
    assert not world.member("g", "cat").present
    assert world.group("g").settings["fans_since"] > 0


def test_a_new_owner_begins_with_keep() -> None:
    world = world_of()
    mind(world, "restrict")
    follow(world, "ben", False)
    world.act(Transfer("ann", world.cid(), DIGEST, "g", "cat"))
    assert not is_silenced(world, "ben")
    assert "on_unfollow_owner" not in world.group("g").settings
    world.make_mutual("cat", "ben")
    follow(world, "ben", False, "cat")
    assert not is_silenced(world, "ben")
    mind(world, "remove", actor="cat")
    follow(world, "ben", True, "cat")
    follow(world, "ben", True, "ann")
    follow(world, "ben", False, "ann")
    assert world.member("g", "ben").present
    follow(world, "ben", False, "cat")
    assert not world.member("g", "ben").present


def test_leaving_and_coming_back_does_not_lift_it_and_following_in_between_does() -> None:
    world = world_of()
    mind(world, "restrict")
    for back, silenced in ((False, True), (True, False)):
        follow(world, "ben", False)
        world.act(Leave("ben", world.cid(), DIGEST, "g"))
        world.next_commit()
        if back:
            follow(world, "ben", True)
            assert world.told("ben") == []
        world.facts.join(world.group("g"), "ben", "member", None, how="open")
        assert is_silenced(world, "ben") == silenced
        follow(world, "ben", True)


def test_only_the_owner_chooses_and_a_group_that_ends_does_nothing() -> None:
    world = world_of()
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "admin"))
    assert world.refuse(minding(world, "remove", actor="ben")).code == "forbidden"
    assert world.refuse(minding(world, "remove", actor="cat")).code == "forbidden"
    mind(world, "remove")
    world.act(Dissolve("ann", world.cid(), DIGEST, "g"))
    follow(world, "cat", False)
    assert world.member("g", "cat").present


@pytest.mark.promise("P8", "limits.fan_groups")
def test_so_many_groups_of_one_owner_mind_and_all_of_them_do_in_one_commit() -> None:
    world = world_of(fan_groups_per_owner=2)
    for name in ("h", "i", "j"):
        world.found(name, "ann", "ben")
    mind(world, "restrict")
    mind(world, "remove", "h")
    refusal = world.refuse(minding(world, "remove", "i"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "fan_groups_per_owner", "max": 2})
    mind(world, "remove")
    mind(world, "keep", "i")
    follow(world, "ben", False)
    assert [world.member(name, "ben").present for name in ("g", "h", "i")] == [False, False, True]
    mind(world, "keep", "h")
    mind(world, "remove", "i")
    world.act(Transfer("ann", world.cid(), DIGEST, "g", "cat"))
    mind(world, "remove", "j")
