"""Groups: founding, settings, roles, going and being put out, and the entries that say so."""

from __future__ import annotations

import itertools

import pytest

from chatd.core.groups import CreateGroup, Kick, Leave, SetRole, UpdateGroup
from chatd.core.rights import RANK, outranks
from tests.core.world import DIGEST, START_MS, World, members_entries


def world_of(*ids: str, **bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat", "dan", *ids)
    world.make_mutual("ann", "ben", "cat", "dan")
    return world


def create(actor: str, group: str = "g", limit: int | None = None) -> CreateGroup:
    return CreateGroup(actor, f"{group:0<21}A", DIGEST, group, "Tea", "for tea", "none", limit)


@pytest.mark.promise("P6", "gate.create")
def test_the_founder_owns_the_group_and_sees_its_first_entry() -> None:
    world = world_of(group_limit_default=7)
    assert world.act(create("ann")) == {"group": "g", "pos": 1, "created": True}
    group, owner = world.group("g"), world.member("g", "ann")
    assert (group.head, group.seq, group.members, group.member_limit) == (1, 0, 1, 7)
    assert (owner.role, owner.period, owner.from_pos, owner.joined_pos, owner.by) == ("owner", 1, 0, 1, None)
    assert world.told("ann") == [("added", 1, {})]
    assert world.entry("g", 1).body == {"group_kind": "private", "title": "Tea", "members": ["ann"]}


@pytest.mark.promise("P8", "limits.group_limit_max", "limits.groups_per_user")
def test_bounds_of_founding() -> None:
    world = world_of(group_limit_max=50, groups_per_user=1)
    refusal = world.refuse(create("ann", limit=51))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "group_limit_max", "max": 50})
    world.act(create("ann", limit=50))
    refusal = world.refuse(create("ann", "h"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "groups_per_user", "max": 1})


def test_settings_change_by_admins_and_say_what_changed() -> None:
    world = world_of()
    world.found("g", "ann", "cat", admins=["ben"], history="none")
    answer = world.act(UpdateGroup("ben", world.cid(), DIGEST, "g", "Coffee", None, "all", 1))
    assert answer == {"group": "g", "pos": 2}
    group = world.group("g")
    assert (group.title, group.intro, group.history, group.member_limit) == ("Coffee", "", "all", 1)
    assert group.members == 3, "a lower limit removes nobody"
    assert world.entry("g", 2).body == {"title": "Coffee", "history": "all", "limit": 1}
    assert world.refuse(UpdateGroup("cat", world.cid(), DIGEST, "g", "Milk", None, None, None)).code == "forbidden"
    assert world.refuse(UpdateGroup("dan", world.cid(), DIGEST, "g", "Milk", None, None, None)).code == "not_found"
    assert world.refuse(UpdateGroup("ben", world.cid(), DIGEST, "g", "Milk", None, None, 1001)).code == "limit"


def test_an_intro_can_be_emptied() -> None:
    world = world_of()
    world.act(create("ann"))
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, "", None, None))
    assert world.group("g").intro == ""
    assert world.entry("g", 2).body == {"intro": ""}


def test_a_direct_chat_has_no_settings_no_roles_and_no_kick() -> None:
    world = world_of()
    chat = world.found_direct("d", "ann", "ben")
    for wish in (
        UpdateGroup("ann", world.cid(), DIGEST, chat, "Tea", None, None, None),
        SetRole("ann", world.cid(), DIGEST, chat, "ben", "admin"),
        Kick("ann", world.cid(), DIGEST, chat, "ben"),
    ):
        assert world.refuse(wish).code == "forbidden"


# -- roles


@pytest.mark.parametrize(("actor", "other"), list(itertools.product(RANK, RANK)))
def test_who_may_kick_whom(actor: str, other: str) -> None:
    world = world_of()
    world.found("g", "ann", "ben", "cat")
    world.member("g", "ben").role, world.member("g", "cat").role = actor, other
    below = {"owner": {"admin", "member", "silent"}, "admin": {"member", "silent"}}
    allowed = other in below.get(actor, ())
    assert outranks(world.member("g", "ben"), other) == allowed
    kick = Kick("ben", world.cid(), DIGEST, "g", "cat")
    if allowed:
        world.act(kick)
        assert not world.member("g", "cat").present
    else:
        assert world.refuse(kick).code == "forbidden"


def test_nobody_is_kicked_from_outside_nor_somebody_who_is_not_in() -> None:
    world = world_of()
    world.found("g", "ann", "ben")
    assert world.refuse(Kick("cat", world.cid(), DIGEST, "g", "ben")).code == "not_found"
    assert world.refuse(Kick("ann", world.cid(), DIGEST, "g", "cat")).code == "not_found"
    assert world.refuse(Kick("ben", world.cid(), DIGEST, "g", "cat")).code == "forbidden"
    world.act(Kick("ann", world.cid(), DIGEST, "g", "ben"))
    assert world.refuse(Kick("ann", world.cid(), DIGEST, "g", "ben")).code == "not_found"


def test_a_demotion_stops_what_comes_behind_it_in_the_same_commit() -> None:
    world = world_of()
    world.found("g", "ann", "cat", admins=["ben"])
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "member"))
    assert world.refuse(Kick("ben", world.cid(), DIGEST, "g", "cat")).code == "forbidden"


def test_only_the_owner_sets_roles_and_never_their_own() -> None:
    world = world_of()
    world.found("g", "ann", "cat", admins=["ben"])
    for actor, user in (("ben", "cat"), ("cat", "ben"), ("ann", "ann")):
        assert world.refuse(SetRole(actor, world.cid(), DIGEST, "g", user, "admin")).code == "forbidden"
    assert world.refuse(SetRole("ann", world.cid(), DIGEST, "g", "dan", "admin")).code == "not_found"
    assert world.refuse(SetRole("dan", world.cid(), DIGEST, "g", "cat", "admin")).code == "not_found"
    answer = world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "admin"))
    assert (world.member("g", "cat").role, answer["pos"]) == ("admin", 2)
    assert world.entry("g", 2).body == {"user": "cat", "role": "admin"}


def test_who_comes_back_begins_as_a_member() -> None:
    world = world_of()
    world.found("g", "ann", admins=["ben"])
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    assert world.pull("ann", "g", "ben") == ["added"]
    assert world.member("g", "ben").role == "member"


# -- going


def test_leaving_ends_the_period_before_the_entry_that_says_so() -> None:
    world = world_of()
    world.found("g", "ann", "ben")
    world.say("ann", "g")
    answer = world.act(Leave("ben", world.cid(), DIGEST, "g"))
    member = world.member("g", "ben")
    assert answer == {"group": "g", "pos": 3}
    assert (member.until_pos, member.until_seq, member.why) == (2, 1, "left")
    assert (world.group("g").members, world.facts.users["ben"].groups) == (1, 0)
    assert world.told("ben")[-1] == ("removed", 3, {"why": "left"})
    assert world.entry("g", 3).body["left"] == [{"user": "ben"}]


def test_being_kicked_says_by_whom() -> None:
    world = world_of()
    world.found("g", "ann", "ben")
    world.act(Kick("ann", world.cid(), DIGEST, "g", "ben"))
    assert world.member("g", "ben").why == "kicked"
    assert world.told("ben")[-1] == ("removed", 2, {"why": "kicked", "by": "ann"})
    assert world.entry("g", 2).body["left"] == [{"user": "ben", "by": "ann"}]


def test_the_owner_stays_and_who_left_cannot_leave_again() -> None:
    world = world_of()
    world.found("g", "ann", "ben")
    assert world.refuse(Leave("ann", world.cid(), DIGEST, "g")).code == "owner_must_stay"
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    assert world.refuse(Leave("ben", world.cid(), DIGEST, "g")).code == "not_found"


# -- the entries


@pytest.mark.promise("P3", "numbering")
def test_neighbouring_joins_and_leaves_of_one_commit_are_one_entry() -> None:
    world = world_of()
    world.found("g", "ann", "dan")
    world.pull("ann", "g", "ben")
    world.pull("ann", "g", "cat")
    world.act(Leave("dan", world.cid(), DIGEST, "g"))
    assert members_entries(world, "g") == [(2, ["ben", "cat"], ["dan"], 3)]
    assert {world.member("g", "ben").joined_pos, world.member("g", "cat").joined_pos} == {2}
    assert world.member("g", "dan").until_pos == 1


@pytest.mark.promise("P3", "numbering")
def test_what_lies_between_keeps_joins_and_leaves_apart() -> None:
    world = world_of()
    world.found("g", "ann")
    world.pull("ann", "g", "ben")
    world.say("ben", "g")
    world.pull("ann", "g", "cat")
    world.next_commit()
    world.pull("ann", "g", "dan")
    assert members_entries(world, "g") == [(2, ["ben"], [], 2), (4, ["cat"], [], 3), (5, ["dan"], [], 4)]
    assert [entry.pos for entry in world.log("g")] == [1, 2, 3, 4, 5]


def test_the_same_person_is_named_once_in_an_entry() -> None:
    world = world_of()
    world.found("g", "ann", history="all")
    world.pull("ann", "g", "ben")
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    world.pull("ann", "g", "ben")
    assert members_entries(world, "g") == [(2, ["ben"], [], 2), (3, [], ["ben"], 1), (4, ["ben"], [], 2)]
    periods = [(m.period, m.from_pos, m.joined_pos, m.until_pos) for m in world.facts.new_members if m.user == "ben"]
    assert periods == [(1, 0, 2, 2), (2, 2, 4, None)]


@pytest.mark.promise("P3", "time.never.back")
def test_the_time_of_an_entry_never_goes_back() -> None:
    world = world_of()
    world.found("g", "ann")
    world.next_commit(after_ms=5000)
    world.say("ann", "g")
    world.next_commit(after_ms=-60_000)
    world.say("ann", "g")
    assert [entry.at for entry in world.log("g")] == [START_MS, START_MS + 5000, START_MS + 5000]
    assert world.group("g").head_at == START_MS + 5000
