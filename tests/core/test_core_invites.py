"""Invites by the rules alone: who is let in, what counts as a use, and when an invite is dead."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.gate import Ban
from chatd.core.groups import Kick, Leave, SetRole
from chatd.core.invite_rows import Invite
from chatd.core.invites import CreateInvite, PreviewInvite, RedeemInvite, RevokeInvite
from chatd.core.ownership import Transfer
from chatd.core.relations import Block
from chatd.core.requests import SetEntry
from tests.core.world import DIGEST, World, members_entries

pytestmark = pytest.mark.promise("P6", "gate.invite")


def world_of(*ids: str, **bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat", "dan", *ids)
    return world


def invite(world: World, maker: str, group: str, name: str = "i1", **fields: Any) -> str:
    """Make a link, or what `fields` say. Returns its secret."""
    world.act(made(world, maker, group, name, **fields))
    return f"secret of {name}"


def made(world: World, maker: str, group: str, name: str = "i1", **fields: Any) -> CreateInvite:
    target = fields.get("target")
    usual: dict[str, Any] = {"kind": "link", "target": None, "role": "member", "expires_in_ms": None, "max_uses": None}
    usual |= {"approval": False, "note": "", "secret": None if target else f"secret of {name}"} | fields
    return CreateInvite(actor=maker, cid=world.cid(), digest=DIGEST, group=group, invite=name, **usual)


def redeem(world: World, user: str, secret: str | None, invite: str | None = None, answer: str = "") -> RedeemInvite:
    return RedeemInvite(user, world.cid(), DIGEST, secret, invite, answer)


def uses(world: World, name: str = "i1") -> int:
    found = world.facts.find(Invite, name)
    assert found is not None
    return found.uses


def test_strangers_come_in_and_each_counts_as_a_use() -> None:
    world = world_of()
    group = world.found("g", "ann")
    secret = invite(world, "ann", group)
    assert world.act(redeem(world, "ben", secret)) == {"group": "g", "result": "added", "pos": 2}
    assert world.act(redeem(world, "cat", secret))["result"] == "added"
    assert uses(world) == 2
    assert world.member(group, "ben").via == {"invite": "i1", "inviter": "ann", "parent": None}
    assert world.told("ben") == [("added", 2, {"by": "ann", "how": "invite"})]
    assert members_entries(world, group) == [(2, ["ben", "cat"], [], 3)]


def test_who_is_in_already_is_told_so_and_it_costs_nothing() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    secret = invite(world, "ann", group, max_uses=1)
    for user in ("ann", "ben"):
        assert world.act(redeem(world, user, secret)) == {"group": "g", "result": "already"}
    assert uses(world) == 0
    assert world.act(redeem(world, "cat", secret))["result"] == "added"


def test_a_single_use_is_for_one_even_in_one_commit() -> None:
    world = world_of()
    racers = world.people(*(f"r{number}" for number in range(10)))
    group = world.found("g", "ann")
    secret = invite(world, "ann", group, max_uses=1)
    assert world.act(redeem(world, racers[0], secret))["result"] == "added"
    assert {world.refuse(redeem(world, racer, secret)).code for racer in racers[1:]} == {"invite_invalid"}
    assert (uses(world), world.group(group).members) == (1, 2)


def test_it_ends_when_its_time_is_over() -> None:
    world = world_of()
    group = world.found("g", "ann")
    secret = invite(world, "ann", group, expires_in_ms=1500)
    world.next_commit(1000)
    assert world.act(redeem(world, "ben", secret))["result"] == "added"
    world.next_commit(500)
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"


def test_whatever_is_wrong_the_refusal_is_the_same() -> None:
    world = world_of("eve", "fay", "gus", "hal")
    group = world.found("g", "ann", "dan")
    secret = invite(world, "ann", group)
    old = invite(world, "ann", group, "i2", expires_in_ms=1)
    used = invite(world, "ann", group, "i3", max_uses=1)
    gone = invite(world, "ann", group, "i4")
    world.act(redeem(world, "hal", used))
    world.act(RevokeInvite("ann", world.cid(), DIGEST, "i4"))
    world.act(Block("ben", world.cid(), DIGEST, "ann", True))
    world.act(Block("ann", world.cid(), DIGEST, "cat", True))
    world.facts.put(Ban(group, "eve", "ann", 0))
    world.next_commit(10)
    theirs = invite(world, "ann", group, "i5", target="fay")
    assert theirs
    wrong = [
        redeem(world, "ben", secret),
        redeem(world, "cat", secret),
        redeem(world, "eve", secret),
        redeem(world, "gus", old),
        redeem(world, "gus", used),
        redeem(world, "gus", gone),
        redeem(world, "gus", "nobody's secret"),
        redeem(world, "gus", None, "i5"),
        redeem(world, "gus", None, "i1"),
        redeem(world, "gus", None, "nothing"),
    ]
    refusals = [world.refuse(one) for one in wrong]
    assert {(r.code, r.message, str(r.details)) for r in refusals} == {("invite_invalid", refusals[0].message, "{}")}
    looks = [PreviewInvite(one.actor, one.secret, one.invite) for one in wrong]
    assert {world.refuse(look).code for look in looks} == {"invite_invalid"}
    assert world.act(redeem(world, "gus", secret))["result"] == "added"


def test_a_directed_invite_is_for_one_person_who_learns_of_it() -> None:
    world = world_of()
    group = world.found("g", "ann")
    invite(world, "ann", group, target="ben", max_uses=1)
    assert world.told("ben") == [("invited", None, {"invite": "i1", "by": "ann"})]
    assert world.refuse(redeem(world, "cat", None, "i1")).code == "invite_invalid"
    assert world.act(redeem(world, "ben", None, "i1"))["result"] == "added"


def test_who_is_blocked_is_not_told_of_an_invite_and_its_maker_sees_no_difference() -> None:
    for blocker, other in (("ann", "ben"), ("ben", "ann")):
        world = world_of()
        group = world.found("g", "ann")
        world.act(Block(blocker, world.cid(), DIGEST, other, True))
        answer = world.act(made(world, "ann", group, target="ben", kind="directed"))
        assert answer == {"invite": "i1", "group": "g", "kind": "directed"}
        assert world.told("ben") == []
        assert world.refuse(redeem(world, "ben", None, "i1")).code == "invite_invalid"


def test_the_invites_of_who_is_put_out_are_dead_also_after_they_are_back() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    group = world.found("g", "ann", "ben")
    secret = invite(world, "ben", group)
    world.act(Kick("ann", world.cid(), DIGEST, group, "ben"))
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"
    world.next_commit()
    assert world.pull("ann", group, "ben") == ["added"]
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"
    assert world.act(redeem(world, "cat", invite(world, "ben", group, "i2")))["result"] == "added"


def test_who_leaves_leaves_plain_invites_behind_and_no_others() -> None:
    world = world_of()
    group = world.found("g", "ann", admins=["ben"])
    plain, above = invite(world, "ben", group), invite(world, "ben", group, "i2", role="admin")
    world.act(Leave("ben", world.cid(), DIGEST, group))
    assert world.act(redeem(world, "cat", plain))["result"] == "added"
    assert world.refuse(redeem(world, "dan", above)).code == "invite_invalid"
    world.facts.put(Ban(group, "ben", "ann", 0))
    assert world.refuse(redeem(world, "dan", plain)).code == "invite_invalid"


def test_a_demotion_below_the_right_kills_for_good() -> None:
    world = world_of()
    group = world.found("g", "ann", admins=["ben"])
    world.group(group).settings = {"rights": {"invite": "admin"}}
    secret = invite(world, "ben", group)
    world.act(SetRole("ann", world.cid(), DIGEST, group, "ben", "member"))
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"
    world.act(SetRole("ann", world.cid(), DIGEST, group, "ben", "admin"))
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"


def test_a_role_is_never_above_the_makers_then_and_now() -> None:
    world = world_of()
    group = world.found("g", "ann", "cat", admins=["ben"])
    assert world.refuse(made(world, "cat", group, role="admin")).code == "forbidden"
    secret = invite(world, "ben", group, role="admin")
    silent = invite(world, "cat", group, "i2", role="silent")
    world.act(SetRole("ann", world.cid(), DIGEST, group, "ben", "member"))
    assert world.refuse(redeem(world, "dan", secret)).code == "invite_invalid"
    world.act(redeem(world, "dan", silent))
    assert world.member(group, "dan").role == "silent"
    assert world.log(group)[-1].body["joined"] == [{"user": "dan", "by": "cat", "how": "invite", "role": "silent"}]


def test_who_was_put_out_comes_back_on_a_new_invite_of_an_admin_only() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben", "cat")
    old = invite(world, "ann", group)
    world.act(Kick("ann", world.cid(), DIGEST, group, "cat"))
    world.next_commit()
    assert world.refuse(redeem(world, "cat", old)).code == "invite_invalid"
    assert world.refuse(redeem(world, "cat", invite(world, "ben", group, "i2"))).code == "invite_invalid"
    assert world.act(redeem(world, "cat", invite(world, "ann", group, "i3")))["result"] == "added"


@pytest.mark.promise("P6", "attribution")
def test_credit_is_for_the_first_who_brought_somebody() -> None:
    world = world_of()
    group = world.found("g", "ann")
    world.act(redeem(world, "ben", invite(world, "ann", group)))
    world.act(redeem(world, "cat", invite(world, "ben", group, "i2")))
    assert world.member(group, "cat").via == {"invite": "i2", "inviter": "ben", "parent": "i1"}
    world.act(Leave("cat", world.cid(), DIGEST, group))
    world.next_commit()
    world.act(redeem(world, "cat", invite(world, "ann", group, "i3")))
    assert world.member(group, "cat").period == 2
    assert world.member(group, "cat").via == {"invite": "i2", "inviter": "ben", "parent": "i1"}


@pytest.mark.promise("P6", "attribution")
def test_nobody_comes_in_by_their_own_invite_and_nobody_descends_from_themselves() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    own = invite(world, "ben", group)
    world.act(redeem(world, "cat", own))
    theirs = invite(world, "cat", group, "i2")
    world.act(Leave("ben", world.cid(), DIGEST, group))
    world.next_commit()
    assert world.refuse(redeem(world, "ben", own)).code == "invite_invalid"
    world.act(redeem(world, "ben", theirs))
    assert world.member(group, "ben").via is None
    assert (world.member(group, "cat").via or {})["inviter"] == "ben"


def test_the_gate_may_be_for_mutual_friends_of_the_inviter() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    group = world.found("g", "ann")
    world.act(SetEntry("ann", world.cid(), DIGEST, group, None, None, "mutual_only"))
    secret = invite(world, "ann", group)
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"
    assert world.act(redeem(world, "ben", secret))["result"] == "added"


@pytest.mark.promise("P8", "limits.invites_open")
def test_a_maker_has_so_many_open_invites_and_no_more() -> None:
    world = world_of(invites_open_per_maker=2)
    group = world.found("g", "ann")
    once, timed = invite(world, "ann", group, max_uses=1), invite(world, "ann", group, "i2", expires_in_ms=500)
    refusal = world.refuse(made(world, "ann", group, "i3"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "open_per_maker", "max": 2})
    world.act(redeem(world, "ben", once))
    invite(world, "ann", group, "i4")
    assert world.refuse(made(world, "ann", group, "i5")).code == "limit"
    world.next_commit(500)
    invite(world, "ann", group, "i6")
    world.act(RevokeInvite("ann", world.cid(), DIGEST, "i6"))
    invite(world, "ann", group, "i7")
    assert timed


@pytest.mark.promise("P6", "gate.limit")
def test_a_full_house_says_whose_bound_it_is_and_uses_nothing() -> None:
    world = world_of(groups_per_user=2)
    world.found("h1", "cat")
    world.found("h2", "dan", "cat")
    group = world.found("g", "ann", limit=2)
    secret = invite(world, "ann", group)
    assert world.refuse(redeem(world, "cat", secret)).details["bound"] == "groups_per_user"
    world.act(redeem(world, "ben", secret))
    assert world.refuse(redeem(world, "dan", secret)).details["bound"] == "members"
    assert uses(world) == 1


def test_only_the_maker_and_those_above_take_an_invite_back() -> None:
    world = world_of("eve")
    group = world.found("g", "ann", "cat", "dan", admins=["ben", "eve"])
    for name, maker in (("i1", "cat"), ("i2", "ann"), ("i3", "eve"), ("i4", "dan")):
        invite(world, maker, group, name)

    def revoke(actor: str, name: str) -> RevokeInvite:
        return RevokeInvite(actor, world.cid(), DIGEST, name)

    assert world.refuse(revoke("dan", "i1")).code == "not_found"
    assert world.refuse(revoke("ben", "i2")).code == "forbidden"
    assert world.refuse(revoke("ben", "i3")).code == "forbidden"
    assert world.refuse(revoke("ben", "nothing")).code == "not_found"
    assert world.act(revoke("ben", "i1")) == world.act(revoke("ben", "i1"))
    world.act(Leave("dan", world.cid(), DIGEST, group))
    assert world.act(revoke("dan", "i4")) == {"invite": "i4"}
    assert world.refuse(redeem(world, "dan", "secret of i4")).code == "invite_invalid"


def test_a_preview_shows_the_house_and_changes_nothing() -> None:
    world = world_of()
    group = world.found("g", "ann")
    secret = invite(world, "ann", group)
    world.next_commit()
    before = list(world.facts.records.changes())
    look = PreviewInvite("ben", secret, None)
    expected = {"title": "Tea", "members": 1, "inviter": "ann", "entry": "invite", "name": "ann"}
    assert world.act(look) == expected
    assert world.act(PreviewInvite("", secret, None)) == expected
    assert world.act(PreviewInvite("ann", secret, None)) == expected | {"group": "g"}
    assert (world.facts.new_entries, world.facts.new_mine) == ([], [])
    assert list(world.facts.records.changes()) == before


def test_a_direct_chat_and_a_closed_house_have_no_invites() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    chat = world.found_direct("d", "ann", "ben")
    assert world.refuse(made(world, "ann", chat)).code == "forbidden"
    group = world.found("g", "ann")
    secret = invite(world, "ann", group)
    world.group(group).dissolved_at = 1
    assert world.refuse(redeem(world, "ben", secret)).code == "invite_invalid"
    assert world.refuse(made(world, "ann", group, "i2")).code == "read_only"
    assert world.refuse(made(world, "cat", group, "i2")).code == "not_found"


def test_an_invite_dies_with_its_makers_right_also_within_one_commit() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    world.make_mutual("ann", "ben", "cat")
    world.next_commit()
    world.pull("ann", group, "cat")
    secret = invite(world, "ben", group)
    world.act(Kick("ann", world.cid(), DIGEST, group, "ben"))
    world.next_commit()
    world.pull("ann", group, "ben")
    assert world.refuse(redeem(world, "dan", secret)).code == "invite_invalid"


def test_what_an_admin_made_before_the_kick_brings_nobody_back_also_within_one_commit() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    world.make_mutual("ann", "cat")
    world.next_commit()
    world.pull("ann", group, "cat")
    secret = invite(world, "ann", group)
    world.act(Kick("ann", world.cid(), DIGEST, group, "ben"))
    world.next_commit()
    assert world.refuse(redeem(world, "ben", secret)).code == "invite_invalid"


def test_who_hands_a_group_over_and_may_no_longer_invite_leaves_dead_invites() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    world.group(group).settings = {"rights": {"invite": "owner"}}
    secret = invite(world, "ann", group)
    world.act(Transfer("ann", world.cid(), DIGEST, group, "ben"))
    world.act(Transfer("ben", world.cid(), DIGEST, group, "ann"))
    assert world.refuse(redeem(world, "cat", secret)).code == "invite_invalid"
