"""Broadcasts by the rules alone: each group once, whatever is proposed how often."""

from __future__ import annotations

from typing import Any

from chatd.core.broadcasts import (
    AimBroadcast,
    Broadcast,
    BroadcastGroup,
    CancelBroadcast,
    DeliverBroadcast,
    ForgetBroadcast,
    PlanBroadcast,
    PostNotice,
    StartBroadcast,
    cid_of,
)
from chatd.core.dissolution import Disband
from chatd.core.messages import Edit, React, Recall
from chatd.core.visibility import view
from tests.core.world import DIGEST, START_MS, World

BODY = {"text": "Spring sale 春"}


def world_of(**bounds: int) -> World:
    """Ann owns three groups and has a direct chat with ben; the shop is in none of them."""
    world = World(**bounds)
    world.people("ann", "ben", "shop")
    for group in ("g1", "g2", "g3"):
        world.found(group, "ann", "ben")
    world.found_direct("d", "ann", "ben")
    world.next_commit()
    return world


def done(world: World, wish: Any) -> dict[str, Any]:
    answer = world.act(wish)
    world.next_commit()
    return answer


def plan(name: str = "b", digest: str = "x", kind: str = "notice") -> PlanBroadcast:
    return PlanBroadcast(name, digest, kind, "shop", BODY)


def deliver(*groups: str, kind: str = "notice") -> DeliverBroadcast:
    return DeliverBroadcast("b", kind, BODY, "shop", list(groups))


def kept(world: World) -> Broadcast:
    found = world.facts.find(Broadcast, "b")
    assert found is not None
    return found


def started(kind: str = "notice") -> World:
    world = world_of()
    done(world, plan(kind=kind))
    done(world, AimBroadcast("b", ["g1", "g2", "d", "nowhere"]))
    done(world, StartBroadcast("b"))
    return world


def test_the_same_id_is_the_same_broadcast_and_another_one_is_refused() -> None:
    world = world_of()
    first = done(world, plan())
    assert done(world, plan()) == first
    assert world.refuse(plan(digest="y")).code == "conflict"
    assert world.refuse(PlanBroadcast("c", "x", "notice", "nobody", BODY)).code == "not_found"
    assert world.refuse(PlanBroadcast("c", "x", "product_card", "shop", {"product": "p"})).code == "no_item"


def test_groups_count_once_and_only_before_the_start() -> None:
    world = world_of(groups_per_broadcast=3)
    done(world, plan())
    assert done(world, AimBroadcast("b", ["g1", "g1", "g2"]))["groups"] == 2
    assert done(world, AimBroadcast("b", ["g2", "g3"]))["groups"] == 3
    assert world.refuse(AimBroadcast("b", ["g4"])).code == "limit"
    assert done(world, StartBroadcast("b"))["state"] == "running"
    assert world.refuse(AimBroadcast("b", ["g3"])).code == "conflict"
    assert world.refuse(AimBroadcast("c", ["g3"])).code == "not_found"


def test_a_step_that_is_proposed_again_posts_nothing_again() -> None:
    world = started()
    assert world.act(deliver("g1", "g2"))["sent"] == 2
    posted = [(entry.group, entry.actor, entry.cid, entry.seq) for entry, _ in world.facts.new_entries]
    assert posted == [(group, "shop", cid_of(kept(world), group), None) for group in ("g1", "g2")]
    world.next_commit()
    assert world.act(deliver("g1", "g2"))["sent"] == 0
    assert world.facts.new_entries == []
    world.act(deliver("d", "nowhere", "g3"))
    assert world.facts.new_entries == [], "a direct chat, nothing, and a group that it does not go to"
    world.next_commit()
    results = {group: world.facts.find(BroadcastGroup, "b", group) for group in ("g1", "d", "nowhere", "g3")}
    assert {group: found and found.result for group, found in results.items()} == {
        "g1": "sent",
        "d": "invalid",
        "nowhere": "not_found",
        "g3": None,
    }
    assert (kept(world).sent, kept(world).refused) == (2, 2)


def test_a_text_counts_and_says_that_the_operator_had_it_sent() -> None:
    world = started("text")
    world.act(deliver("g1", kind="text"))
    ((entry, digest),) = world.facts.new_entries
    assert (entry.seq, world.facts.groups["g1"].seq, bool(digest)) == (1, 1, True)
    shown = view(entry, None, 0)
    assert (shown["operator"], shown["sender"], shown["body"]) == (True, "shop", BODY)


def test_what_was_said_is_forgotten_when_it_is_over_or_cancelled() -> None:
    over, stopped = started(), started()
    done(over, deliver())
    assert (kept(over).state, kept(over).body) == ("done", {})
    assert over.refuse(CancelBroadcast("b")).code == "conflict"
    done(stopped, CancelBroadcast("b"))
    assert (kept(stopped).state, kept(stopped).body) == ("cancelled", {})
    assert done(stopped, deliver("g1"))["sent"] == 0
    assert stopped.refuse(StartBroadcast("b")).code == "conflict"
    assert done(over, StartBroadcast("b"))["state"] == "done", "started again it is as it is"


def test_a_group_that_has_ended_is_told_nothing() -> None:
    world = started()
    done(world, Disband("g1"))
    done(world, deliver("g1"))
    found = world.facts.find(BroadcastGroup, "b", "g1")
    assert found is not None
    assert found.result == "read_only"
    assert world.refuse(PostNotice("g1", "shop", "notice", BODY, world.cid())).code == "read_only"


def test_a_single_notice_is_audited() -> None:
    world = world_of()
    answer = world.act(PostNotice("g1", "shop", "notice", BODY, world.cid()))
    (audited,) = world.facts.new_audits
    assert (audited.act, audited.by, audited.details["pos"]) == ("group.notice", None, answer["pos"])
    assert world.refuse(PostNotice("d", "shop", "notice", BODY, world.cid())).code == "invalid"
    assert world.refuse(PostNotice("g", "shop", "notice", BODY, world.cid())).code == "not_found"


def test_nobody_of_the_group_takes_back_what_the_operator_had_sent_but_people_may_react() -> None:
    world = world_of()
    pos = done(world, PostNotice("g1", "shop", "text", BODY, world.cid()))["pos"]
    assert world.refuse(Recall("ann", world.cid(), DIGEST, "g1", pos, START_MS)).code == "forbidden"
    assert world.refuse(Edit("ann", world.cid(), DIGEST, "g1", pos, {"text": "no"}, START_MS)).code == "forbidden"
    done(world, React("ben", world.cid(), DIGEST, "g1", pos, "👍", True))
    world.act(PostNotice("g2", "ann", "text", BODY, world.cid()))
    own = world.facts.groups["g2"].head
    world.next_commit()
    done(world, Recall("ann", world.cid(), DIGEST, "g2", own, START_MS))
    assert world.facts.entries["g2", own].body["operator"] is True


def test_what_is_over_goes_portion_by_portion_and_its_id_is_free() -> None:
    world = started()
    done(world, deliver("g1", "nowhere"))
    done(world, deliver("g2", "d"))
    assert done(world, ForgetBroadcast("b", START_MS * 2, ["g1"])) == {"forgotten": 0}
    done(world, deliver())
    ended = kept(world).ended_at
    assert ended is not None
    assert done(world, ForgetBroadcast("b", ended, ["g1"])) == {"forgotten": 0}
    assert done(world, ForgetBroadcast("b", ended + 1, ["g1", "nowhere", "g1", "g9"])) == {"forgotten": 2}
    left = kept(world)
    assert (left.total, left.sent, left.refused) == (2, 1, 1)
    assert done(world, ForgetBroadcast("b", ended + 1, ["d", "g2"])) == {"forgotten": 2}
    assert world.facts.find(Broadcast, "b") is None
    assert done(world, ForgetBroadcast("b", ended + 1, [])) == {"forgotten": 0}
    assert done(world, plan(digest="y"))["state"] == "planned"


def test_what_was_never_started_is_cancelled_before_it_goes() -> None:
    world = world_of()
    done(world, plan())
    done(world, AimBroadcast("b", ["g1"]))
    planned = kept(world).at
    done(world, ForgetBroadcast("b", planned, []))
    assert kept(world).state == "planned"
    done(world, ForgetBroadcast("b", planned + 1, ["g1"]))
    cancelled = kept(world)
    assert (cancelled.state, cancelled.body, cancelled.total) == ("cancelled", {}, 1)
    assert world.refuse(StartBroadcast("b")).code == "conflict"
    assert cancelled.ended_at is not None
    assert done(world, ForgetBroadcast("b", cancelled.ended_at + 1, ["g1"])) == {"forgotten": 1}
    assert world.facts.find(Broadcast, "b") is None


def test_one_without_groups_goes_at_once() -> None:
    world = world_of()
    done(world, plan())
    done(world, StartBroadcast("b"))
    done(world, deliver())
    done(world, ForgetBroadcast("b", START_MS * 2, []))
    assert world.facts.find(Broadcast, "b") is None
