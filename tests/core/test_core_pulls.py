"""Asking those first who want to be asked before they are pulled in, by the rules alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatd.core.bans import BanMember
from chatd.core.groups import Kick, Leave, SetRole, UpdateGroup
from chatd.core.invite_rows import Invite
from chatd.core.invites import DeclineInvite, PreviewInvite, RedeemInvite, RevokeInvite
from chatd.core.profiles import SetPrivacy
from chatd.core.pulls import AddMembers, ask_id
from chatd.core.relations import Block, Follow
from chatd.core.requests import SetEntry
from tests.core.world import DIGEST, World

pytestmark = pytest.mark.promise("P6", "pull.asked")
DAY_MS = 86_400_000


def world_of(**bounds: int) -> World:
    """Ann owns a group with cat in it; both are friends of ben, who wants to be asked."""
    world = World(**bounds)
    ann, ben, cat, dan = world.people("ann", "ben", "cat", "dan")
    world.make_mutual(ann, ben, cat, dan)
    world.make_mutual(cat, ben)
    world.found("g", ann, cat)
    choose(world, ben, "ask")
    return world


def choose(world: World, user: str, pull: str) -> None:
    world.act(SetPrivacy(user, world.cid(), DIGEST, None, None, pull=pull))


def accept(world: World, invite: str, user: str = "ben") -> RedeemInvite:
    return RedeemInvite(user, world.cid(), DIGEST, None, invite, "")


def decline(world: World, invite: str, user: str = "ben") -> DeclineInvite:
    return DeclineInvite(user, world.cid(), DIGEST, invite)


ASKED = ask_id("g", "ann", "ben")


def test_who_wants_to_be_asked_is_not_in_but_invited_and_comes_in_by_saying_yes() -> None:
    world = world_of()
    assert world.pull("ann", "g", "ben", "dan") == ["asked", "added"]
    assert world.told("ben") == [("invited", None, {"invite": ASKED, "by": "ann"})]
    world.next_commit()
    look = world.act(PreviewInvite("ben", None, ASKED))
    assert (look["inviter"], look["entry"]) == ("ann", "invite")
    assert world.act(accept(world, ASKED)) == {"group": "g", "result": "added", "pos": 3}
    assert world.told("ben") == [("added", 3, {"by": "ann", "how": "invite"})]
    assert world.member("g", "ben").via == {"invite": ASKED, "inviter": "ann", "parent": None}


def test_asked_twice_is_one_invite_that_is_told_of_once() -> None:
    world = world_of()
    assert world.pull("ann", "g", "ben") == world.pull("ann", "g", "ben") == ["asked"]
    assert len(world.told("ben")) == 1
    world.next_commit()
    assert world.pull("ann", "g", "ben") == ["asked"]
    assert world.told("ben") == []
    assert world.pull("cat", "g", "ben") == ["asked"], "somebody else asks for themselves"
    assert world.told("ben") == [("invited", None, {"invite": ask_id("g", "cat", "ben"), "by": "cat"})]


def test_a_no_is_told_to_nobody_and_holds_until_the_time_is_over() -> None:
    world = world_of()
    world.pull("ann", "g", "ben")
    assert world.refuse(decline(world, ASKED, "cat")).code == "not_found"
    assert world.refuse(decline(world, "i" + "x" * 22)).code == "not_found"
    world.next_commit()
    assert world.act(decline(world, ASKED)) == world.act(decline(world, ASKED)) == {"invite": ASKED}
    assert world.told("ben") == [("declined", None, {"invite": ASKED})]
    assert world.told("ann") == []
    invite = world.facts.find(Invite, ASKED)
    assert invite is not None
    assert invite.state(0, world.facts.now_ms) == "open", "who asked sees no difference"
    assert world.refuse(accept(world, ASKED)).code == "invite_invalid"
    world.next_commit()
    world.act(RevokeInvite("ann", world.cid(), DIGEST, ASKED))
    assert world.pull("ann", "g", "ben") == ["asked"]
    assert world.told("ben") == []
    assert world.refuse(accept(world, ASKED)).code == "invite_invalid"
    world.next_commit(7 * DAY_MS)
    assert world.pull("ann", "g", "ben") == ["asked"]
    assert len(world.told("ben")) == 1
    assert world.act(accept(world, ASKED))["result"] == "added"


def test_taking_the_question_back_and_asking_again_tells_of_it_once() -> None:
    world = world_of()
    world.pull("ann", "g", "ben")
    world.next_commit()
    world.act(RevokeInvite("ann", world.cid(), DIGEST, ASKED))
    assert world.refuse(accept(world, ASKED)).code == "invite_invalid"
    assert world.pull("ann", "g", "ben") == ["asked"]
    assert world.told("ben") == []
    assert world.act(accept(world, ASKED))["result"] == "added"


def test_who_came_and_left_is_asked_anew() -> None:
    world = world_of()
    world.pull("ann", "g", "ben")
    world.act(accept(world, ASKED))
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    world.next_commit()
    assert world.refuse(accept(world, ASKED)).code == "invite_invalid", "it was for once"
    assert world.pull("ann", "g", "ben") == ["asked"]
    assert len(world.told("ben")) == 1
    assert world.act(accept(world, ASKED))["result"] == "added"
    invite = world.facts.find(Invite, ASKED)
    assert invite is not None
    assert (invite.uses, invite.max_uses) == (2, 2)


def unfollow(world: World) -> None:
    world.act(Follow("ben", world.cid(), DIGEST, "cat", False))


def be_unfollowed(world: World) -> None:
    world.act(Follow("cat", world.cid(), DIGEST, "ben", False))


def block(world: World) -> None:
    world.act(Block("ben", world.cid(), DIGEST, "cat", True))


def be_blocked(world: World) -> None:
    world.act(Block("cat", world.cid(), DIGEST, "ben", True))


def be_banned(world: World) -> None:
    world.act(BanMember("ann", world.cid(), DIGEST, "g", "ben", ""))


def lose_the_right(world: World) -> None:
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, rights={"pull": "admin"}))


def be_silenced(world: World) -> None:
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "silent"))


def be_put_out(world: World) -> None:
    world.act(Kick("ann", world.cid(), DIGEST, "g", "cat"))


def go(world: World) -> None:
    world.act(Leave("cat", world.cid(), DIGEST, "g"))


@pytest.mark.parametrize(
    "change",
    [unfollow, be_unfollowed, block, be_blocked, be_banned, lose_the_right, be_silenced, be_put_out, go],
)
def test_saying_yes_is_judged_by_how_things_stand_then(change: Callable[[World], None]) -> None:
    world = world_of()
    assert world.pull("cat", "g", "ben") == ["asked"]
    world.next_commit()
    change(world)
    invite = ask_id("g", "cat", "ben")
    assert world.refuse(accept(world, invite)).code == "invite_invalid"
    assert world.refuse(PreviewInvite("ben", None, invite)).code == "invite_invalid"


def test_it_needs_the_right_to_pull_and_not_the_one_to_invite_and_finds_no_door() -> None:
    world = world_of()
    rights = {"invite": "owner"}
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, rights=rights))
    world.act(SetEntry("ann", world.cid(), DIGEST, "g", "question", "why?", None))
    world.pull("cat", "g", "ben")
    invite = ask_id("g", "cat", "ben")
    assert "question" not in world.act(PreviewInvite("ben", None, invite))
    assert world.act(accept(world, invite))["result"] == "added"


def test_a_full_house_is_full_when_asking_and_when_saying_yes() -> None:
    world = World()
    ann, ben, cat = world.people("ann", "ben", "cat")
    world.make_mutual(ann, ben, cat)
    group = world.found("g", ann, limit=2)
    choose(world, ben, "ask")
    assert world.pull(ann, group, ben, cat) == ["asked", "added"], "who is asked takes no place"
    refusal = world.refuse(accept(world, ASKED))
    assert (refusal.code, refusal.details["bound"]) == ("limit", "members")
    world.next_commit(8 * DAY_MS)
    assert world.pull(ann, group, ben) == ["full"]


def test_nobody_pulls_in_who_wants_that_and_friends_pull_in_who_lets_them() -> None:
    world = world_of()
    choose(world, "ben", "nobody")
    assert world.pull("ann", "g", "ben") == ["opted_out"]
    choose(world, "ben", "mutual")
    assert world.pull("ann", "g", "ben") == ["added"]


def test_only_friends_are_asked_and_who_was_put_out_by_an_admin_only() -> None:
    world = world_of()
    world.act(Follow("ben", world.cid(), DIGEST, "ann", False))
    assert world.pull("ann", "g", "ben") == ["not_mutual"]
    world.act(Follow("ben", world.cid(), DIGEST, "ann", True))
    world.pull("ann", "g", "ben")
    world.act(accept(world, ASKED))
    world.act(Kick("ann", world.cid(), DIGEST, "g", "ben"))
    world.next_commit()
    assert world.pull("cat", "g", "ben") == ["kicked"]
    assert world.pull("ann", "g", "ben") == ["asked"]
    assert world.act(accept(world, ASKED))["result"] == "added"


@pytest.mark.promise("P8", "limits.invites_open")
def test_questions_count_among_the_open_invites_of_who_asks() -> None:
    world = world_of(invites_open_per_maker=1)
    world.pull("ann", "g", "ben")
    choose(world, "dan", "ask")
    refusal = world.refuse(AddMembers("ann", world.cid(), DIGEST, "g", ["dan"]))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "open_per_maker", "max": 1})
    assert world.pull("ann", "g", "ben") == ["asked"], "that one is open already"
    assert world.pull("cat", "g", "ben") == ["asked"]
    world.act(accept(world, ASKED))
    assert world.pull("ann", "g", "dan") == ["asked"]
    world.next_commit(7 * DAY_MS)
    assert world.pull("ann", "g", "dan") == ["asked"], "what has expired does not count"
