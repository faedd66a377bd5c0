"""Who owns a group: handing it over, leaving with a successor, and who follows when an owner vanishes."""

from __future__ import annotations

import pytest

from chatd.core.bans import BanMember, Expel, Pardon, Unban
from chatd.core.dissolution import Disband, Dissolve, EndStay, GoneGroup, Sweep, end_if_empty
from chatd.core.gate import Ban, judge_newcomer
from chatd.core.groups import Leave, SetRole
from chatd.core.ownership import Appoint, Transfer, succeed_everywhere
from chatd.core.values import Entry
from tests.core.world import DIGEST, START_MS, World

WEEK_MS = 7 * 86_400_000


def world_of(*members: str, admins: tuple[str, ...] = (), **bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat", "dan", "eve")
    world.make_mutual("ann", "ben", "cat", "dan", "eve")
    world.found("g", "ann", *members, admins=admins)
    return world


def roles(world: World, *users: str) -> list[str]:
    return [world.member("g", user).role for user in users]


def last(world: World) -> Entry:
    return world.log("g")[-1]


def test_handing_over_leaves_one_owner_and_an_admin() -> None:
    world = world_of("ben", "cat")
    answer = world.act(Transfer("ann", world.cid(), DIGEST, "g", "ben"))
    assert answer == {"group": "g", "pos": 2}
    assert roles(world, "ann", "ben", "cat") == ["admin", "owner", "member"]
    assert (last(world).kind, last(world).actor) == ("owner", "ann")
    assert last(world).body == {"user": "ben", "before": "ann", "role": "admin"}
    assert world.refuse(Transfer("ann", world.cid(), DIGEST, "g", "cat")).code == "forbidden"


def test_nobody_is_made_owner_who_is_not_in_or_cannot_come() -> None:
    world = world_of("ben")
    world.facts.users["ben"].disabled = True
    for user, code in (("ann", "invalid"), ("ben", "not_found"), ("cat", "not_found"), ("zoe", "not_found")):
        assert world.refuse(Transfer("ann", world.cid(), DIGEST, "g", user)).code == code
        assert world.refuse(Leave("ann", world.cid(), DIGEST, "g", user)).code == code


def test_an_owner_leaves_by_naming_who_follows() -> None:
    world = world_of("ben", "cat")
    assert world.refuse(Leave("ann", world.cid(), DIGEST, "g")).code == "owner_must_stay"
    assert world.refuse(Leave("ben", world.cid(), DIGEST, "g", "cat")).code == "forbidden"
    answer = world.act(Leave("ann", world.cid(), DIGEST, "g", "cat"))
    assert [entry.kind for entry in world.log("g")[-2:]] == ["owner", "members"]
    assert answer["pos"] == last(world).pos
    assert roles(world, "cat") == ["owner"]
    assert not world.member("g", "ann").present
    assert [kind for kind, _, _ in world.told("ann")][-1] == "removed"


def test_the_oldest_admin_follows_else_the_oldest_member() -> None:
    world = world_of("ben")
    world.next_commit()
    world.pull("ann", "g", "cat")
    world.next_commit()
    world.pull("ann", "g", "dan")
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "admin"))
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "dan", "admin"))
    assert succeed_everywhere(world.facts, "ann") == ["g"]
    assert roles(world, "ann", "ben", "cat", "dan") == ["member", "member", "owner", "admin"]
    assert (last(world).actor, last(world).body) == (None, {"user": "cat", "before": "ann", "role": "member"})
    world.act(Expel("g", "dan", "", ban=False))
    succeed_everywhere(world.facts, "cat")
    assert roles(world, "ann", "ben", "cat") == ["owner", "member", "member"], "who was there first"
    assert succeed_everywhere(world.facts, "eve") == []


def test_who_is_disabled_or_silent_does_not_follow_and_then_the_group_ends() -> None:
    world = world_of("ben", "cat")
    world.facts.users["ben"].disabled = True
    world.member("g", "cat").role = "silent"
    succeed_everywhere(world.facts, "ann")
    assert (last(world).kind, last(world).actor, last(world).body) == ("dissolved", None, {"until": START_MS + WEEK_MS})
    assert world.group("g").dissolved_at == START_MS
    assert succeed_everywhere(world.facts, "ann") == ["g"]
    assert last(world).kind == "dissolved", "it ends once"


def test_the_operator_appoints_an_owner() -> None:
    world = world_of("ben")
    world.act(Appoint("g", "ben"))
    assert roles(world, "ann", "ben") == ["admin", "owner"]
    assert last(world).actor is None
    for user, code in (("ben", "invalid"), ("dan", "not_found")):
        assert world.refuse(Appoint("g", user)).code == code
    assert world.refuse(Appoint("nowhere", "ben")).code == "not_found"
    world.found_direct("d", "ann", "ben")
    assert world.refuse(Appoint("d", "ben")).code == "invalid"


# -- put out by the operator, banned


def test_the_operator_puts_even_the_owner_out() -> None:
    world = world_of("ben")
    answer = world.act(Expel("g", "ann", "spam", ban=False, tell=True))
    assert answer["members"] == 1
    assert roles(world, "ben") == ["owner"]
    assert last(world).body["left"] == [{"user": "ann", "why": "removed"}]
    assert world.told("ann")[-1] == ("removed", last(world).pos, {"why": "removed", "reason": "spam"})
    world.act(Expel("g", "ben", "", ban=True))
    assert [entry.kind for entry in world.log("g")[-2:]] == ["dissolved", "members"]
    assert last(world).body["left"] == [{"user": "ben", "why": "removed"}], "that it was a ban is not for all"
    assert world.facts.find(GoneGroup, "g") is not None, "nobody is left"
    assert world.refuse(Expel("g", "ben", "", ban=True)).code == "read_only"
    assert world.refuse(Expel("g", "ben", "", ban=False)).code == "not_found"


@pytest.mark.promise("P6", "gate.banned")
def test_who_is_banned_is_out_and_does_not_come_back_until_it_is_lifted() -> None:
    world = world_of("ben", admins=("cat",))
    answer = world.act(BanMember("cat", world.cid(), DIGEST, "g", "ben", "rude", tell=True))
    assert answer == {"group": "g", "user": "ben", "banned": True, "pos": 2}
    assert last(world).body["left"] == [{"user": "ben", "by": "cat"}], "that it was a ban is not for all"
    assert world.told("ben")[-1] == ("removed", 2, {"why": "banned", "by": "cat", "reason": "rude"})
    assert world.pull("ann", "g", "ben") == ["banned"]
    assert judge_newcomer(world.facts, world.group("g"), "ben") == "banned"
    assert world.act(Unban("ann", world.cid(), DIGEST, "g", "ben"))["banned"] is False
    assert world.group("g").settings["bans"] == 0
    assert world.pull("ann", "g", "ben") == ["added"]


def test_why_is_told_only_if_whoever_did_it_wants_it() -> None:
    world = world_of("ben")
    world.act(BanMember("ann", world.cid(), DIGEST, "g", "ben", "rude"))
    assert world.told("ben")[-1] == ("removed", 2, {"why": "banned", "by": "ann"})
    ban = world.facts.find(Ban, "g", "ben")
    assert ban == Ban("g", "ben", "ann", START_MS, "rude")


def test_banning_again_changes_the_reason_and_counts_once() -> None:
    world = world_of()
    for reason in ("first", "second"):
        world.act(BanMember("ann", world.cid(), DIGEST, "g", "ben", reason))
    assert world.facts.find(Ban, "g", "ben") == Ban("g", "ben", "ann", START_MS, "second")
    assert world.group("g").settings["bans"] == 1
    assert [entry.kind for entry in world.log("g")] == ["created"], "an outsider's ban is no entry"
    assert world.told("ben") == []
    assert world.refuse(BanMember("ann", world.cid(), DIGEST, "g", "zoe", "")).code == "not_found"


def test_what_the_operator_banned_only_the_operator_lifts() -> None:
    world = world_of("ben")
    world.act(Expel("g", "ben", "", ban=True))
    assert world.refuse(Unban("ann", world.cid(), DIGEST, "g", "ben")).code == "forbidden"
    world.act(BanMember("ann", world.cid(), DIGEST, "g", "ben", "mine now"))
    assert world.refuse(Unban("ann", world.cid(), DIGEST, "g", "ben")).code == "forbidden"
    world.act(Pardon("g", "ben"))
    assert world.pull("ann", "g", "ben") == ["added"]
    assert world.refuse(Pardon("g", "ben")).code == "not_found"


@pytest.mark.promise("P8", "limits.bans_per_group")
def test_a_group_bans_so_many_and_no_more() -> None:
    world = world_of(bans_per_group=1)
    world.act(BanMember("ann", world.cid(), DIGEST, "g", "ben", ""))
    refusal = world.refuse(BanMember("ann", world.cid(), DIGEST, "g", "cat", ""))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "bans_per_group", "max": 1})
    world.act(BanMember("ann", world.cid(), DIGEST, "g", "ben", "again"))


# -- the end


def test_a_dissolved_group_ends_when_its_time_is_over_and_not_before() -> None:
    world = world_of("ben", "cat")
    answer = world.act(Dissolve("ann", world.cid(), DIGEST, "g"))
    assert answer == {"group": "g", "pos": 2, "until": START_MS + WEEK_MS}
    assert world.refuse(Dissolve("ann", world.cid(), DIGEST, "g")).code == "read_only"
    assert world.refuse(Disband("g")).code == "read_only"
    assert world.refuse(EndStay("g", ["ann"])).code == "too_late"
    world.next_commit(WEEK_MS)
    assert world.act(EndStay("g", ["ann", "dan"]))["members"] == 2
    assert world.told("ann")[-1][2] == {"why": "dissolved"}
    assert world.group("g").title == "Tea"
    world.next_commit()
    assert world.act(EndStay("g", ["ben", "cat"]))["members"] == 0
    group = world.group("g")
    assert (group.title, group.intro, group.settings) == ("", "", {})
    world.act(Sweep("g"))
    assert world.facts.sweeps == {"g"}


@pytest.mark.promise("P6", "gate.dissolved")
def test_nobody_comes_into_a_dissolved_group() -> None:
    world = world_of("ben")
    world.act(Disband("g"))
    assert judge_newcomer(world.facts, world.group("g"), "dan") == "dissolved"
    assert last(world).actor is None


def test_the_last_one_to_leave_a_dissolved_group_ends_it() -> None:
    world = world_of("ben")
    world.act(Dissolve("ann", world.cid(), DIGEST, "g"))
    world.act(Leave("ann", world.cid(), DIGEST, "g"))
    end_if_empty(world.facts, world.group("g"))
    assert world.group("g").title == "Tea"
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    assert world.group("g").title == ""
    assert world.facts.find(GoneGroup, "g") == GoneGroup("g", START_MS)


def test_only_what_is_gone_is_swept_and_only_what_is_dissolved_ends() -> None:
    world = world_of("ben")
    world.act(Sweep("g"))
    assert world.facts.sweeps == set()
    assert world.refuse(EndStay("g", ["ben"])).code == "not_found"
    assert world.refuse(Disband("nowhere")).code == "not_found"
    world.found_direct("d", "ann", "ben")
    assert world.refuse(Disband("d")).code == "invalid"
