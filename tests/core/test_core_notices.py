"""Notices, by the rules alone: who may post one, and that nobody has it unread."""

from __future__ import annotations

import pytest

from chatd.core.forwards import Forward
from chatd.core.groups import SetRole, UpdateGroup
from chatd.core.messages import Edit, Recall, Send, search_text
from chatd.core.visibility import view
from tests.core.world import DIGEST, World


def world_of() -> World:
    """Ann owns a group with admin ben and member cat in it."""
    world = World()
    ann, ben, cat = world.people("ann", "ben", "cat")
    world.make_mutual(ann, ben, cat)
    world.found("g", ann, cat, admins=[ben])
    world.next_commit()
    return world


def notice(world: World, user: str, group: str = "g", after: str | None = None) -> Send:
    return Send(user, world.cid(), DIGEST, group, "notice", {"text": "closed on Monday"}, None, after)


def test_a_notice_has_a_position_and_no_number() -> None:
    world = world_of()
    first = world.say("cat", "g")
    answer = world.act(notice(world, "ben"))
    assert (answer["pos"], "seq" in answer) == (first + 1, False)
    last = world.say("cat", "g")
    assert [world.entry("g", pos).seq for pos in (first, first + 1, last)] == [1, None, 2]
    assert world.group("g").seq == 2
    shown = view(world.entry("g", first + 1), None, 0)
    assert (shown["type"], shown["body"], shown["alt"]) == ("notice", {"text": "closed on Monday"}, "closed on Monday")
    assert "seq" not in shown
    assert search_text(world.entry("g", first + 1)) == "closed on Monday"


def test_it_is_for_those_who_may_announce_as_things_stand_in_the_commit() -> None:
    world = world_of()
    refusal = world.refuse(notice(world, "cat"))
    assert (refusal.code, refusal.details) == ("forbidden", {"right": "announce"})
    rights = {"announce": "owner"}
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, rights=rights))
    assert world.refuse(notice(world, "ben")).code == "forbidden"
    world.act(notice(world, "ann"))
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, rights={"announce": "admin"}))
    world.act(notice(world, "ben"))
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "member"))
    assert world.refuse(notice(world, "ben")).code == "forbidden"
    direct = world.found_direct("d", "ann", "cat")
    assert world.refuse(notice(world, "ann", direct)).code == "forbidden"


def test_what_is_sent_behind_a_notice_finds_it() -> None:
    world = world_of()
    before = notice(world, "ben")
    behind = Send("ben", world.cid(), DIGEST, "g", "text", {"text": "and Tuesday"}, None, before.cid)
    assert world.refuse(behind).code == "out_of_order"
    world.act(before)
    world.act(behind)


def test_it_is_answered_and_recalled_and_not_edited() -> None:
    world = world_of()
    pos = world.act(notice(world, "ben"))["pos"]
    world.say("cat", "g", "why?", reply_to=pos)
    now_ms = world.facts.now_ms
    assert world.refuse(Edit("ben", world.cid(), DIGEST, "g", pos, {"text": "x"}, now_ms)).code == "invalid"
    world.act(Recall("ben", world.cid(), DIGEST, "g", pos, now_ms))
    assert search_text(world.entry("g", pos)) is None
    assert world.group("g").seq == 1


@pytest.mark.parametrize("together", [False, True])
def test_who_forwards_one_says_its_words_as_a_text(together: bool) -> None:
    world = world_of()
    positions = [world.act(notice(world, "ben"))["pos"]] + ([world.say("ann", "g")] if together else [])
    world.facts.names.update({"ann": "Ann", "ben": "Ben"})
    answer = world.act(Forward("cat", world.cid(), DIGEST, "g", "g", positions))
    body = world.entry("g", answer["pos"]).body
    copy = body["body"]["items"][0] if together else body
    assert (copy["type"], copy["body"]) == ("text", {"text": "closed on Monday"})
    assert "seq" in answer
