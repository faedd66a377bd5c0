"""What the operator does in groups, by the rules alone: no right is needed, and all else holds."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.bans import Expel
from chatd.core.dissolution import Disband
from chatd.core.messages import Send
from chatd.core.proposal import Proposal
from chatd.core.requests import Decide, Join, JoinRequest, SetEntry
from chatd.core.tending import Adjust, Admit, Assign, Enlist, FoundFor, Hush, InviteFor, Silence
from tests.core.world import DIGEST, World


def world_of(limit: int = 100, **bounds: int) -> World:
    """Ann owns a group of ben; cat and dan are somewhere else and follow nobody."""
    world = World(**bounds)
    world.people("ann", "ben", "cat", "dan")
    world.found("g", "ann", "ben", limit=limit)
    world.found_direct("d", "ann", "ben")
    world.next_commit()
    return world


def done(world: World, wish: Any) -> dict[str, Any]:
    answer = world.act(wish)
    world.next_commit()
    return answer


def adjust(group: str = "g", **changes: Any) -> Adjust:
    return Adjust(group, *(changes.get(name) for name in ("title", "intro", "history", "limit", "rules")))


def sent(world: World, user: str) -> Send:
    return Send(user, world.cid(), DIGEST, "g", "text", {"text": "hello"}, None, None)


@pytest.mark.promise("P6", "gate.operator")
def test_the_operator_puts_in_whom_nobody_could_pull_but_nobody_who_is_banned_and_no_more_than_fit() -> None:
    world = world_of(limit=3)
    answer = world.act(Enlist("g", "cat", "silent"))
    assert answer["result"] == "added"
    (entry, _) = world.facts.new_entries[-1]
    assert (entry.actor, entry.body["joined"]) == (None, [{"user": "cat", "how": "operator", "role": "silent"}])
    told = [one for one in world.facts.new_mine if one.user == "cat"]
    assert [(one.kind, one.body) for one in told] == [("added", {"how": "operator"})]
    assert [(a.act, a.by, a.user) for a in world.facts.new_audits] == [("member.add", None, "cat")]
    world.next_commit()
    assert done(world, Enlist("g", "cat"))["result"] == "already"
    assert world.refuse(Enlist("g", "dan")).code == "limit"
    done(world, Expel("g", "cat", "", True))
    assert world.refuse(Enlist("g", "cat")).code == "forbidden"
    assert world.refuse(Enlist("nowhere", "cat")).code == "not_found"
    assert world.refuse(Enlist("g", "nobody")).code == "not_found"
    assert world.refuse(Enlist("d", "cat")).code == "invalid"


def test_who_had_asked_asks_no_more_once_they_are_in() -> None:
    world = world_of()
    done(world, SetEntry("ann", world.cid(), DIGEST, "g", "approval", None, None))
    done(world, Join("cat", world.cid(), DIGEST, "g", "please"))
    done(world, Enlist("g", "cat"))
    request = world.facts.find(JoinRequest, "g", "cat")
    assert request is not None
    assert request.state == "approved"
    assert world.refuse(Admit("g", "cat", True)).code == "already_decided"


def test_a_request_is_decided_once_by_an_admin_or_the_operator() -> None:
    world = world_of()
    done(world, SetEntry("ann", world.cid(), DIGEST, "g", "approval", None, None))
    for user in ("cat", "dan"):
        done(world, Join(user, world.cid(), DIGEST, "g", "please"))
    assert done(world, Admit("g", "cat", True))["state"] == "approved"
    assert world.refuse(Decide("ann", world.cid(), DIGEST, "g", "cat", 1, False)).code == "already_decided"
    world.act(Admit("g", "dan", False))
    assert sorted(one.user for one in world.facts.new_mine if one.kind == "request") == ["ann", "dan"]
    assert [(a.act, a.by) for a in world.facts.new_audits] == [("request.refuse", None)]
    world.next_commit()
    assert world.refuse(Admit("g", "ben", True)).code == "not_found"
    assert ("g", "dan") not in world.facts.members


def test_roles_are_given_below_the_owner() -> None:
    world = world_of()
    world.act(Assign("g", "ben", "admin"))
    (entry, _) = world.facts.new_entries[-1]
    assert (entry.kind, entry.actor, entry.body) == ("role", None, {"user": "ben", "role": "admin"})
    world.next_commit()
    assert "pos" not in done(world, Assign("g", "ben", "admin")), "it was so already"
    assert world.refuse(Assign("g", "ann", "member")).code == "invalid"
    assert world.refuse(Assign("g", "cat", "admin")).code == "not_found"


def test_settings_change_within_the_bounds_and_are_by_nobody() -> None:
    world = world_of(group_limit_max=500)
    world.act(adjust(title="Coffee", limit=2, rules="be kind"))
    (entry, _) = world.facts.new_entries[-1]
    assert (entry.actor, entry.body) == (None, {"title": "Coffee", "limit": 2, "rules": "be kind"})
    assert (world.facts.groups["g"].title, world.facts.groups["g"].member_limit) == ("Coffee", 2)
    world.next_commit()
    assert world.refuse(adjust(limit=501)).code == "limit"
    assert world.refuse(Enlist("g", "cat")).code == "limit"


def test_a_group_and_a_member_are_silenced_and_may_write_again() -> None:
    world = world_of()
    done(world, Hush("g", True, 60, "a raid"))
    assert world.refuse(sent(world, "ben")).code == "restricted"
    done(world, sent(world, "ann"))
    assert done(world, Hush("g", False, None, ""))["restricted"] is False
    assert "pos" not in done(world, Hush("g", False, None, "")), "it was lifted already"
    done(world, sent(world, "ben"))
    world.act(Silence("g", "ben", True, None, "spam", True))
    assert [(one.kind, one.body) for one in world.facts.new_mine] == [("restricted", {"reason": "spam"})]
    world.next_commit()
    assert world.refuse(sent(world, "ben")).code == "restricted"
    assert world.refuse(Silence("g", "ann", True, None, "", False)).code == "invalid"
    done(world, Silence("g", "ben", False, None, "", False))
    done(world, sent(world, "ben"))


def test_nothing_is_changed_in_a_group_that_has_ended() -> None:
    world = world_of()
    done(world, Disband("g"))
    ended: list[Proposal] = [
        Enlist("g", "cat"),
        Assign("g", "ben", "admin"),
        adjust(title="x"),
        Hush("g", True, None, ""),
        Silence("g", "ben", True, None, "", False),
    ]
    assert [world.refuse(wish).code for wish in ended] == ["read_only"] * len(ended)


def test_what_is_made_for_somebody_is_theirs_and_audited() -> None:
    world = world_of(groups_per_user=2)
    answer = world.act(FoundFor("cat", world.cid(), DIGEST, "new", "Tea", "", "none", None, "public"))
    assert (answer["group"], world.facts.members["new", "cat"].role) == ("new", "owner")
    invite = InviteFor("cat", world.cid(), DIGEST, "new", "i1", "link", "hash", None, "member", None, None, False, "")
    world.act(invite)
    assert [(a.act, a.by, a.user) for a in world.facts.new_audits] == [
        ("group.create", None, "cat"),
        ("invite.create", None, "cat"),
    ]
    world.next_commit()
    nobodys = FoundFor("nobody", world.cid(), DIGEST, "other", "Tea", "", "none", None)
    assert world.refuse(nobodys).code == "not_found"
    full = FoundFor("ann", world.cid(), DIGEST, "other", "Tea", "", "none", None)
    assert world.refuse(full).code == "limit"
