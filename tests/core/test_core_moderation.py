"""The rules about who may not speak for now: one person, everybody, slow mode."""

from __future__ import annotations

import pytest

from chatd.core.groups import Leave, SetRole
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.moderation import RestrictGroup, RestrictMember, SlowDown, UnrestrictMember
from chatd.core.proposal import Proposal
from tests.core.world import DIGEST, START_MS, World


@pytest.fixture
def world() -> World:
    """Ann owns g; bea and abe are admins, ben and cat members."""
    world = World()
    world.people("ann", "bea", "abe", "ben", "cat", "out")
    world.make_mutual("ann", "ben")
    world.found("g", "ann", "ben", "cat", admins=("bea", "abe"), history="all")
    return world


def restrict(
    world: World, actor: str, user: str, for_s: int | None = 60, reason: str = "", tell: bool = False
) -> Proposal:
    return RestrictMember(actor, world.cid(), DIGEST, "g", user, for_s, reason, tell)


def quiet(world: World, actor: str, on: bool = True, for_s: int | None = None) -> Proposal:
    return RestrictGroup(actor, world.cid(), DIGEST, "g", on, for_s, "")


def slow(world: World, actor: str, slow_s: int) -> Proposal:
    return SlowDown(actor, world.cid(), DIGEST, "g", slow_s)


def send(world: World, user: str) -> Send:
    return Send(user, world.cid(), DIGEST, "g", "text", {"text": "x"}, None, None)


def acts_of_speech(world: World, user: str, own: int) -> dict[str, Proposal]:
    return {
        "send": send(world, user),
        "edit": Edit(user, world.cid(), DIGEST, "g", own, {"text": "y"}, world.facts.now_ms),
        "react": React(user, world.cid(), DIGEST, "g", own, "👍", True),
    }


def test_whoever_is_restricted_can_say_nothing_until_the_time_is_over(world: World) -> None:
    own = world.say("ben", "g")
    world.act(React("ben", world.cid(), DIGEST, "g", own, "❤", True))
    assert world.act(restrict(world, "bea", "ben")) == {"group": "g", "user": "ben", "until": START_MS + 60_000}
    for name, wish in acts_of_speech(world, "ben", own).items():
        refusal = world.refuse(wish)
        assert (refusal.code, refusal.details) == ("restricted", {"whom": "member", "until": START_MS + 60_000}), name
    world.say("cat", "g")
    world.act(React("ben", world.cid(), DIGEST, "g", own, "❤", False))
    world.act(Recall("ben", world.cid(), DIGEST, "g", own, world.facts.now_ms))
    world.next_commit(59_999)
    assert world.refuse(send(world, "ben")).code == "restricted"
    world.next_commit(1)
    world.say("ben", "g")


def test_a_restriction_without_an_end_holds_until_it_is_lifted(world: World) -> None:
    assert world.act(restrict(world, "ann", "ben", None)) == {"group": "g", "user": "ben"}
    world.next_commit(10**12)
    assert world.refuse(send(world, "ben")).details == {"whom": "member"}
    world.act(UnrestrictMember("bea", world.cid(), DIGEST, "g", "ben"))
    world.say("ben", "g")


def test_only_the_person_learns_of_it_and_the_reason_only_if_that_was_chosen(world: World) -> None:
    head = world.group("g").head
    world.act(restrict(world, "bea", "ben", 60, "Shouting", False))
    world.act(restrict(world, "bea", "ben", None, "Shouting", True))
    world.act(UnrestrictMember("bea", world.cid(), DIGEST, "g", "ben"))
    world.act(UnrestrictMember("bea", world.cid(), DIGEST, "g", "ben"))
    assert world.group("g").head == head, "nothing of it is in the group's log"
    told = [(kind, body) for kind, _, body in world.told("ben") if kind != "added"]
    assert told == [
        ("restricted", {"by": "bea", "until": START_MS + 60_000}),
        ("restricted", {"by": "bea", "reason": "Shouting"}),
        ("unrestricted", {"by": "bea"}),
    ]
    assert all(user.user == "ben" for user in world.facts.new_mine if user.kind.endswith("restricted"))
    acts = [(a.act, a.by, a.user, a.reason) for a in world.facts.new_audits]
    assert acts == [("member.restrict", "bea", "ben", "Shouting")] * 2 + [("member.unrestrict", "bea", "ben", "")]


@pytest.mark.parametrize(
    ("actor", "user", "code"),
    [
        ("ben", "cat", "forbidden"),
        ("bea", "abe", "forbidden"),
        ("bea", "ann", "forbidden"),
        ("bea", "bea", "forbidden"),
        ("ann", "ann", "forbidden"),
        ("out", "ben", "not_found"),
        ("bea", "out", "not_found"),
    ],
)
def test_whom_one_may_restrict(world: World, actor: str, user: str, code: str) -> None:
    assert world.refuse(restrict(world, actor, user)).code == code
    assert world.refuse(UnrestrictMember(actor, world.cid(), DIGEST, "g", user)).code == code


def test_the_owner_restricts_an_admin_and_a_promotion_ends_nothing(world: World) -> None:
    world.act(restrict(world, "ann", "bea"))
    assert world.refuse(send(world, "bea")).code == "restricted"
    world.act(restrict(world, "ann", "ben"))
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "admin"))
    assert world.refuse(send(world, "ben")).code == "restricted"


def test_coming_back_ends_no_restriction(world: World) -> None:
    world.act(restrict(world, "bea", "ben"))
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    assert world.pull("ann", "g", "ben") == ["added"]
    assert world.refuse(send(world, "ben")).code == "restricted"
    world.next_commit(60_000)
    world.say("ben", "g")


def test_everybody_below_admin_is_quiet_and_the_group_is_told(world: World) -> None:
    answer = world.act(quiet(world, "bea", for_s=60))
    entry = world.entry("g", answer["pos"])
    assert (entry.kind, entry.body) == ("moderation", {"restricted": True, "until": START_MS + 60_000})
    assert answer["until"] == START_MS + 60_000
    refusal = world.refuse(send(world, "ben"))
    assert (refusal.code, refusal.details["whom"]) == ("restricted", "everybody")
    for speaker in ("ann", "bea"):
        world.say(speaker, "g")
    world.next_commit(60_000)
    world.say("ben", "g")
    assert world.act(quiet(world, "bea", on=False)) == {"group": "g"}, "it was over already"
    world.act(quiet(world, "bea"))
    world.next_commit(10**12)
    assert world.refuse(send(world, "ben")).details == {"whom": "everybody"}
    lifted = world.act(quiet(world, "ann", on=False))
    assert world.entry("g", lifted["pos"]).body == {"restricted": False}
    world.say("ben", "g")


@pytest.mark.parametrize(("actor", "code"), [("ben", "forbidden"), ("out", "not_found")])
def test_who_may_quiet_or_slow_a_group(world: World, actor: str, code: str) -> None:
    for wish in (quiet(world, actor), quiet(world, actor, on=False), slow(world, actor, 5)):
        assert world.refuse(wish).code == code


def test_a_direct_chat_has_nobody_who_could(world: World) -> None:
    world.found_direct("d", "ann", "ben")
    assert world.refuse(RestrictMember("ann", world.cid(), DIGEST, "d", "ben", 1, "", False)).code == "forbidden"
    assert world.refuse(RestrictGroup("ann", world.cid(), DIGEST, "d", True, 1, "")).code == "forbidden"
    assert world.refuse(SlowDown("ann", world.cid(), DIGEST, "d", 5)).code == "forbidden"


@pytest.mark.promise("P8", "slow_mode")
def test_in_slow_mode_members_wait_between_their_messages_and_admins_do_not(world: World) -> None:
    pos = world.act(slow(world, "bea", 30))["pos"]
    assert world.entry("g", pos).body == {"slow_s": 30}
    world.say("ben", "g")
    refusal = world.refuse(send(world, "ben"))
    assert (refusal.code, refusal.details) == ("slow_mode", {"bound": "slow_s", "max": 30, "retry_after": 30.0})
    world.say("cat", "g")
    for _ in range(3):
        world.say("bea", "g")
        world.say("ann", "g")
    world.next_commit(12_500)
    assert world.refuse(send(world, "ben")).details["retry_after"] == 17.5
    world.next_commit(17_500)
    own = world.say("ben", "g")
    world.act(Edit("ben", world.cid(), DIGEST, "g", own, {"text": "y"}, world.facts.now_ms))
    world.act(slow(world, "ann", 0))
    world.say("ben", "g")
    assert world.act(slow(world, "ann", 0)) == {"group": "g"}, "nothing changes: no entry"


def test_a_clock_that_was_turned_back_makes_nobody_wait_longer(world: World) -> None:
    world.act(slow(world, "bea", 30))
    world.say("ben", "g")
    world.next_commit(-1_000_000)
    assert world.refuse(send(world, "ben")).details["retry_after"] == 30.0
