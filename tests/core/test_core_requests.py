"""The door of a group by the rules alone: who may ask, who decides, and that it is decided once."""

from __future__ import annotations

import pytest

from chatd.core.gate import Ban
from chatd.core.groups import Kick, SetRole
from chatd.core.invite_rows import Invite
from chatd.core.invites import RevokeInvite
from chatd.core.requests import Decide, Join, JoinRequest, Queue, SetEntry, Withdraw
from tests.core.test_core_invites import invite, redeem, world_of
from tests.core.world import DIGEST, World, members_entries

pytestmark = pytest.mark.promise("P6", "gate.request")


def door(world: World, group: str, entry: str, question: str | None = None) -> None:
    world.act(SetEntry("ann", world.cid(), DIGEST, group, entry, question, None))


def join(world: World, user: str, group: str, answer: str = "") -> Join:
    return Join(user, world.cid(), DIGEST, group, answer)


def decide(world: World, actor: str, group: str, user: str, number: int = 1, *, approved: bool = True) -> Decide:
    return Decide(actor, world.cid(), DIGEST, group, user, number, approved)


def pending(world: World, group: str) -> int:
    queue = world.facts.find(Queue, group)
    return 0 if queue is None else queue.pending


@pytest.mark.promise("P6", "gate.open")
def test_an_open_door_lets_everybody_in() -> None:
    world = world_of()
    group = world.found("g", "ann")
    door(world, group, "open")
    assert world.act(join(world, "ben", group)) == {"group": "g", "result": "added", "pos": 3}
    assert world.act(join(world, "ben", group)) == {"group": "g", "result": "already"}
    assert world.log(group)[-1].body["joined"] == [{"user": "ben", "how": "open"}]
    assert world.member(group, "ben").by is None


@pytest.mark.promise("P6", "gate.open")
def test_a_group_without_a_door_is_not_there() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    group, chat = world.found("g", "ann"), world.found_direct("d", "ann", "ben")
    for where in (group, chat, "nothing"):
        assert world.refuse(join(world, "cat", where)).code == "not_found"
    door(world, group, "open")
    world.facts.put(Ban(group, "cat", "ann", 0))
    assert world.refuse(join(world, "cat", group)).code == "not_found"
    world.group(group).dissolved_at = 1
    assert world.refuse(join(world, "dan", group)).code == "not_found"


@pytest.mark.promise("P6", "gate.open")
def test_who_was_put_out_does_not_walk_in_again_but_may_ask() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    door(world, group, "open")
    world.act(Kick("ann", world.cid(), DIGEST, group, "ben"))
    assert world.refuse(join(world, "ben", group)).code == "forbidden"
    door(world, group, "approval")
    assert world.act(join(world, "ben", group))["result"] == "pending"
    assert world.act(decide(world, "ann", group, "ben"))["state"] == "approved"


@pytest.mark.promise("P6", "gate.limit")
def test_an_open_door_has_no_more_places_than_the_house() -> None:
    world = world_of()
    group = world.found("g", "ann", limit=2)
    door(world, group, "open")
    world.act(join(world, "ben", group))
    assert world.refuse(join(world, "cat", group)).details == {"bound": "members", "max": 2}


def test_a_request_is_told_to_those_who_decide_and_decided_once() -> None:
    world = world_of("eve")
    group = world.found("g", "ann", "dan", admins=["ben"])
    door(world, group, "approval")
    world.next_commit()
    assert world.act(join(world, "eve", group)) == {"group": "g", "result": "pending"}
    told = ("request", None, {"user": "eve", "number": 1, "state": "pending"})
    assert [world.told(user) for user in ("ann", "ben", "eve", "dan")] == [[told], [told], [told], []]
    assert world.refuse(decide(world, "dan", group, "eve")).code == "forbidden"
    assert world.refuse(decide(world, "cat", group, "eve")).code == "not_found"
    assert world.refuse(decide(world, "ann", group, "cat")).code == "not_found"
    world.next_commit()
    assert world.act(decide(world, "ben", group, "eve")) == {
        "group": "g",
        "user": "eve",
        "state": "approved",
        "pos": 3,
    }
    decided = ("request", None, {"user": "eve", "number": 1, "state": "approved", "by": "ben"})
    assert world.told("eve") == [("added", 3, {"by": "ben", "how": "request"}), decided]
    assert world.told("ann") == [decided]
    for approved in (True, False):
        assert world.refuse(decide(world, "ann", group, "eve", approved=approved)).code == "already_decided"
    assert members_entries(world, group) == [(3, ["eve"], [], 4)]
    assert pending(world, group) == 0


def test_asking_twice_is_asking_once_and_asking_again_takes_time() -> None:
    world = world_of(request_again_ms=1000)
    group = world.found("g", "ann")
    door(world, group, "approval")
    for _ in range(2):
        assert world.act(join(world, "ben", group))["result"] == "pending"
    assert pending(world, group) == 1
    world.act(decide(world, "ann", group, "ben", approved=False))
    world.next_commit(600)
    refusal = world.refuse(join(world, "ben", group))
    assert (refusal.code, refusal.details) == ("rate_limited", {"retry_after": 0.4})
    world.next_commit(400)
    world.act(join(world, "ben", group))
    assert world.refuse(decide(world, "ann", group, "ben", 1)).code == "already_decided"
    assert world.refuse(decide(world, "ann", group, "ben", 3)).code == "not_found"
    assert world.act(decide(world, "ann", group, "ben", 2))["state"] == "approved"


def test_who_asks_may_think_better_of_it() -> None:
    world = world_of()
    group = world.found("g", "ann")
    door(world, group, "approval")

    def withdraw() -> Withdraw:
        return Withdraw("ben", world.cid(), DIGEST, group)

    assert world.refuse(withdraw()).code == "not_found"
    world.act(join(world, "ben", group))
    world.next_commit()
    assert world.act(withdraw())["state"] == "withdrawn"
    assert world.told("ann") == [("request", None, {"user": "ben", "number": 1, "state": "withdrawn"})]
    assert world.refuse(withdraw()).code == "already_decided"
    assert world.refuse(decide(world, "ann", group, "ben")).code == "already_decided"
    assert pending(world, group) == 0


def test_a_question_wants_an_answer() -> None:
    world = world_of()
    group = world.found("g", "ann")
    wish = SetEntry("ann", world.cid(), DIGEST, group, "question", None, None)
    assert world.refuse(wish).details == {"path": "$.data.question"}
    door(world, group, "question", "From where?")
    for answer in ("", "  \n"):
        assert world.refuse(join(world, "ben", group, answer)).details == {"path": "$.data.answer"}
    world.act(join(world, "ben", group, "from here"))
    request = world.facts.find(JoinRequest, group, "ben")
    assert request is not None
    assert request.answer == "from here"


def test_invites_obey_the_door_and_their_own_wish_for_approval() -> None:
    world = world_of()
    group = world.found("g", "ann")
    secret = invite(world, "ann", group, approval=True, max_uses=1)
    assert world.act(redeem(world, "ben", secret)) == {"group": "g", "result": "pending"}
    door(world, group, "question", "From where?")
    plain = invite(world, "ann", group, "i2")
    assert world.refuse(redeem(world, "cat", plain)).code == "invalid"
    assert world.act(redeem(world, "cat", plain, answer="here"))["result"] == "pending"
    found = world.facts.find(Invite, "i1")
    assert found is not None
    assert found.uses == 0, "nobody is in yet"
    world.act(decide(world, "ann", group, "ben"))
    found = world.facts.find(Invite, "i1")
    assert found is not None
    assert found.uses == 1
    assert world.member(group, "ben").via == {"invite": "i1", "inviter": "ann", "parent": None}


def test_a_decision_is_by_the_house_as_it_is_then() -> None:
    world = world_of("eve")
    group = world.found("g", "ann", "eve", limit=3)
    secret = invite(world, "ann", group, approval=True)
    for user in ("ben", "cat", "dan"):
        world.act(redeem(world, user, secret))
    world.act(RevokeInvite("ann", world.cid(), DIGEST, "i1"))
    world.facts.put(Ban(group, "cat", "ann", 0))
    assert world.refuse(decide(world, "ann", group, "cat")).details == {"reason": "banned"}
    assert world.act(decide(world, "ann", group, "ben"))["state"] == "approved", "the admin's word counts"
    assert world.refuse(decide(world, "ann", group, "dan")).details == {"bound": "members", "max": 3}
    assert pending(world, group) == 2
    world.group(group).dissolved_at = 1
    assert world.refuse(decide(world, "ann", group, "dan")).code == "read_only"


def test_who_came_in_otherwise_is_let_in_without_another_entry() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    group = world.found("g", "ann")
    door(world, group, "approval")
    world.act(join(world, "ben", group))
    world.pull("ann", group, "ben")
    head = world.group(group).head
    assert world.act(decide(world, "ann", group, "ben")) == {"group": "g", "user": "ben", "state": "approved"}
    assert world.group(group).head == head


@pytest.mark.promise("P6", "order.approve")
def test_who_was_demoted_before_decides_no_more() -> None:
    world = world_of()
    group = world.found("g", "ann", admins=["ben"])
    door(world, group, "approval")
    world.act(join(world, "cat", group))
    world.act(SetRole("ann", world.cid(), DIGEST, group, "ben", "member"))
    assert world.refuse(decide(world, "ben", group, "cat")).code == "forbidden"


@pytest.mark.promise("P8", "limits.requests_per_group")
def test_so_many_requests_wait_and_no_more() -> None:
    world = world_of(requests_per_group=2)
    group = world.found("g", "ann")
    door(world, group, "approval")
    world.act(join(world, "ben", group))
    world.act(join(world, "cat", group))
    assert world.refuse(join(world, "dan", group)).details == {"bound": "requests_per_group", "max": 2}
    world.act(decide(world, "ann", group, "ben", approved=False))
    world.act(join(world, "dan", group))


def test_only_who_may_change_the_group_opens_its_door() -> None:
    world = world_of()
    group = world.found("g", "ann", "ben")
    for actor, code in (("ben", "forbidden"), ("cat", "not_found")):
        assert world.refuse(SetEntry(actor, world.cid(), DIGEST, group, "open", None, None)).code == code
    door(world, group, "open")
    assert world.log(group)[-1].body == {"entry": "open"}
    assert world.facts.new_audits[-1].act == "group.entry"
