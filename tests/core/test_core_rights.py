"""Who may do what, by role: every act against every role, and tables of rights that a group changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatd.core.announcements import AnnounceInGroup
from chatd.core.bans import BanMember, Unban
from chatd.core.dissolution import Dissolve
from chatd.core.featured import Feature
from chatd.core.forwards import Forward
from chatd.core.groups import Kick, Leave, SetRole, UpdateGroup
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.ownership import Transfer
from chatd.core.pins import Pin
from chatd.core.proposal import Proposal
from chatd.core.pulls import AddMembers
from chatd.core.refusal import Refused
from chatd.core.rights import DEFAULT_RIGHTS, LOWEST, RANK, rights_of
from chatd.core.values import Group
from tests.core.world import DIGEST, START_MS, World

CALL = {"text": "@all", "entities": [{"offset": 0, "length": 4, "all": True}]}
ROLES = ("silent", "member", "admin", "owner")
Act = Callable[[World, str], Proposal]


def world_of(role: str) -> World:
    """In "g", `ben` has the role and wrote entry 2, `cat` is a member and wrote 3; `dan` and ben are mutual."""
    world = World()
    world.people("ann", "ben", "cat", "dan", "eve")
    world.make_mutual("ben", "dan")
    world.found("g", "ann", "ben", "cat", history="all")
    world.say("ben", "g")
    world.say("cat", "g")
    world.member("g", "ben").role = role
    if role == "owner":
        world.member("g", "ann").role = "member"
    return world


def update(world: World, **changes: object) -> UpdateGroup:
    fields = dict.fromkeys(("title", "intro", "history", "limit")) | changes
    return UpdateGroup("ben", world.cid(), DIGEST, "g", **fields)


ACTS: dict[str, tuple[Act, str]] = {
    # by ben: the act, and the roles that may, first letters
    "post": (lambda w, c: Send("ben", c, DIGEST, "g", "text", {"text": "x"}, None, None), "mao"),
    "edit one's own": (lambda w, c: Edit("ben", c, DIGEST, "g", 2, {"text": "x"}, START_MS), "mao"),
    "recall one's own": (lambda w, c: Recall("ben", c, DIGEST, "g", 2, START_MS), "smao"),
    "recall a member's": (lambda w, c: Recall("ben", c, DIGEST, "g", 3, START_MS), "ao"),
    "react": (lambda w, c: React("ben", c, DIGEST, "g", 3, "👍", True), "mao"),
    "take a reaction back": (lambda w, c: React("ben", c, DIGEST, "g", 3, "👍", False), "smao"),
    "call everybody": (lambda w, c: Send("ben", c, DIGEST, "g", "text", CALL, None, None), "ao"),
    "forward": (lambda w, c: Forward("ben", c, DIGEST, "g", "g", [3]), "mao"),
    "pin": (lambda w, c: Pin("ben", c, DIGEST, "g", 3, None), "ao"),
    "feature": (lambda w, c: Feature("ben", c, DIGEST, "g", 3, ""), "ao"),
    "pull": (lambda w, c: AddMembers("ben", c, DIGEST, "g", ["dan"]), "mao"),
    "rename": (lambda w, c: update(w, title="Coffee"), "ao"),
    "change rules and picture": (lambda w, c: update(w, rules="r", avatar="https://a.example/x"), "ao"),
    "change rights": (lambda w, c: update(w, rights={"pull": "admin"}), "o"),
    "announce": (lambda w, c: AnnounceInGroup("ben", c, DIGEST, "g", "hear"), "ao"),
    "kick a member": (lambda w, c: Kick("ben", c, DIGEST, "g", "cat"), "ao"),
    "ban a member": (lambda w, c: BanMember("ben", c, DIGEST, "g", "cat", ""), "ao"),
    "ban an outsider": (lambda w, c: BanMember("ben", c, DIGEST, "g", "dan", ""), "ao"),
    "lift a ban": (lambda w, c: Unban("ben", c, DIGEST, "g", "dan"), "ao"),
    "silence a member": (lambda w, c: SetRole("ben", c, DIGEST, "g", "cat", "silent"), "ao"),
    "make an admin": (lambda w, c: SetRole("ben", c, DIGEST, "g", "cat", "admin"), "o"),
    "hand over": (lambda w, c: Transfer("ben", c, DIGEST, "g", "cat"), "o"),
    "end the group": (lambda w, c: Dissolve("ben", c, DIGEST, "g"), "o"),
    "leave": (lambda w, c: Leave("ben", c, DIGEST, "g"), "sma"),
    "leave with a successor": (lambda w, c: Leave("ben", c, DIGEST, "g", "cat"), "o"),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", ACTS)
def test_what_each_role_may(act: str, role: str) -> None:
    world = world_of(role)
    make, allowed = ACTS[act]
    wish = make(world, world.cid())
    if role[0] in allowed:
        world.act(wish)
    else:
        assert world.refuse(wish).code in ("forbidden", "owner_must_stay")


@pytest.mark.parametrize("act", ACTS)
def test_an_outsider_may_nothing_of_it(act: str) -> None:
    world = world_of("member")
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    assert world.refuse(ACTS[act][0](world, world.cid())).code == "not_found"


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ROLES)
def test_in_a_dissolved_group_one_can_only_leave(act: str, role: str) -> None:
    world = world_of(role)
    owner = "ben" if role == "owner" else "ann"
    world.act(Dissolve(owner, world.cid(), DIGEST, "g"))
    wish = ACTS[act][0](world, world.cid())
    if act == "leave" or (act == "leave with a successor" and role == "owner"):
        world.act(wish)
        assert not world.member("g", "ben").present
    else:
        assert world.refuse(wish).code in ("read_only", "forbidden")


RIGHTS: dict[str, Act] = {
    "post": ACTS["post"][0],
    "react": ACTS["react"][0],
    "pull": ACTS["pull"][0],
    "edit": ACTS["rename"][0],
    "announce": ACTS["announce"][0],
    "pin": ACTS["pin"][0],
    "feature": ACTS["feature"][0],
}


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("least", ROLES[1:])
@pytest.mark.parametrize("role", ROLES)
def test_a_right_is_held_by_a_role_and_those_above(right: str, least: str, role: str) -> None:
    world = world_of(role)
    group = world.group("g")
    if RANK[least] < RANK[LOWEST[right]]:
        world.member("g", "ben").role = "owner"
        assert world.refuse(update(world, rights={right: least})).code == "invalid"
        return
    group.settings = {"rights": {right: least}}
    wish = RIGHTS[right](world, world.cid())
    if RANK[role] >= RANK[least]:
        world.act(wish)
    else:
        refusal = world.refuse(wish)
        assert (refusal.code, refusal.details) == ("forbidden", {"right": right})


def test_the_table_is_told_whole_and_changes_what_comes_behind_it_in_the_commit() -> None:
    world = world_of("owner")
    world.act(update(world, rights={"post": "admin", "pin": "member"}))
    body = world.log("g")[-1].body
    assert body["rights"] == DEFAULT_RIGHTS | {"post": "admin", "pin": "member"} == rights_of(world.group("g"))
    assert world.refuse(Send("cat", world.cid(), DIGEST, "g", "text", {"text": "x"}, None, None)).code == "forbidden"
    refusal = world.refuse(Forward("cat", world.cid(), DIGEST, "g", "g", [2]))
    assert (refusal.code, refusal.details) == ("forbidden", {"right": "post"})
    world.act(update(world, rights={"post": "member"}))
    assert rights_of(world.group("g")) == DEFAULT_RIGHTS | {"pin": "member"}
    world.say("cat", "g")


def test_nothing_is_given_to_silent_and_no_right_is_made_up() -> None:
    world = world_of("owner")
    for rights in ({"post": "silent"}, {"dance": "member"}):
        assert world.refuse(update(world, rights=rights)).code == "invalid"
    assert LOWEST.keys() == DEFAULT_RIGHTS.keys()
    assert all(RANK[role] >= 0 for role in LOWEST.values())


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("other", ROLES)
def test_roles_and_bans_go_by_rank(actor: str, other: str) -> None:
    for make in (
        lambda w: SetRole("ben", w.cid(), DIGEST, "g", "cat", "silent"),
        lambda w: BanMember("ben", w.cid(), DIGEST, "g", "cat", ""),
    ):
        world = world_of("member")
        world.member("g", "ben").role, world.member("g", "cat").role = actor, other
        allowed = RANK[actor] >= RANK["admin"] and RANK[actor] > RANK[other]
        if allowed:
            world.act(make(world))
        else:
            assert world.refuse(make(world)).code == "forbidden"


def test_silence_outlasts_leaving_and_the_entry_says_so() -> None:
    world = world_of("member")
    world.make_mutual("ann", "ben")
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "silent"))
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    world.next_commit()
    assert world.pull("ann", "g", "ben") == ["added"]
    assert world.member("g", "ben").role == "silent"
    assert world.log("g")[-1].body["joined"] == [{"user": "ben", "by": "ann", "role": "silent"}]
    with pytest.raises(Refused):
        world.say("ben", "g")


def test_an_announcement_counts_its_versions_and_can_be_taken_away() -> None:
    world = world_of("admin")
    assert world.act(AnnounceInGroup("ben", world.cid(), DIGEST, "g", "first"))["version"] == 1
    assert world.act(AnnounceInGroup("ben", world.cid(), DIGEST, "g", ""))["version"] == 2
    assert world.log("g")[-1].body == {"text": "", "version": 2}
    answer = world.act(AnnounceInGroup("ann", world.cid(), DIGEST, "g", "third"))
    assert answer == {"group": "g", "pos": world.group("g").head, "version": 3}
    kept = world.group("g").settings["announcement"]
    assert kept == {"text": "third", "version": 3, "by": "ann", "at": START_MS}


def test_settings_of_one_group_do_not_leak_into_another() -> None:
    one, other = (Group("g", "private", "", "", "none", 9, 0, 0, 0, 0, False, 0) for _ in range(2))
    one.settings = one.settings | {"rules": "x"}
    assert other.settings == {}
