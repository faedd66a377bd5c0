"""Asking for a direct chat: once, heard or not, accepted or not."""

from __future__ import annotations

import pytest

from chatd.core.contacts import AcceptContact, DeclineContact, RequestContact
from chatd.core.groups import CreateDirect
from chatd.core.relations import Block, Follow
from tests.core.world import DIGEST, World


def world_of() -> World:
    world = World()
    world.people("ann", "ben", "cat")
    return world


def ask(world: World, actor: str, user: str, text: str = "hello") -> RequestContact:
    return RequestContact(actor, world.cid(), DIGEST, user, text)


def accept(world: World, actor: str, user: str, group: str = "d") -> AcceptContact:
    return AcceptContact(actor, world.cid(), DIGEST, group, user)


def test_a_request_is_heard_once() -> None:
    world = world_of()
    assert world.act(ask(world, "ann", "ben"))["state"] == "sent"
    assert world.act(ask(world, "ann", "ben", "again"))["state"] == "already"
    (heard,) = world.facts.new_mine
    assert (heard.user, heard.kind, heard.group, heard.body) == ("ben", "contact", None, {"by": "ann", "text": "hello"})


def test_who_is_mutual_need_not_ask_and_strange_people_cannot_be_asked() -> None:
    world = world_of()
    world.make_mutual("ann", "ben")
    assert world.act(ask(world, "ann", "ben"))["state"] == "mutual"
    assert world.facts.new_mine == []
    assert world.refuse(ask(world, "ann", "ann")).code == "invalid"
    assert world.refuse(ask(world, "ann", "nobody")).code == "not_found"


def test_whom_one_has_blocked_one_does_not_ask() -> None:
    world = world_of()
    world.act(Block("ann", world.cid(), DIGEST, "ben", True))
    assert world.refuse(ask(world, "ann", "ben")).code == "not_mutual"


def test_who_wants_no_requests_gets_none() -> None:
    world = world_of()
    world.facts.users["ben"].settings = {"requests": False}
    assert world.refuse(ask(world, "ann", "ben")).code == "not_mutual"


@pytest.mark.promise("P6", "gate.direct")
def test_the_blocked_notice_nothing_and_are_not_heard() -> None:
    world = world_of()
    world.facts.blocks.add(("ben", "ann"))
    world.facts.users["ben"].settings = {"requests": False}
    assert world.act(ask(world, "ann", "ben"))["state"] == "sent"
    assert world.act(ask(world, "ann", "ben"))["state"] == "already"
    assert world.facts.new_mine == []
    assert world.refuse(accept(world, "ben", "ann")).code == "not_found"
    world.facts.blocks.clear()
    assert world.refuse(accept(world, "ben", "ann")).code == "not_found", "what came while blocked stays unheard"


@pytest.mark.promise("P6", "gate.direct")
def test_yes_opens_a_chat_that_begins_with_the_words_of_the_request() -> None:
    world = world_of()
    world.act(ask(world, "ann", "ben", "about the tea"))
    assert world.act(accept(world, "ben", "ann")) == {"user": "ann", "group": "d"}
    first, second = (entry for entry, _ in world.facts.new_entries)
    assert (first.kind, first.actor) == ("created", "ann")
    assert (second.kind, second.actor, second.seq) == ("message", "ann", 1)
    assert second.body == {"type": "text", "body": {"text": "about the tea"}}
    assert second.cid is not None
    assert len(second.cid) == 22
    assert not world.group("d").read_only
    assert {m.user for m in world.facts.new_mine if m.kind == "added"} == {"ann", "ben"}
    world.say("ben", "d")
    assert world.refuse(accept(world, "ben", "ann")).code == "not_found", "decided once"
    again = CreateDirect("ann", world.cid(), DIGEST, "other", "ben")
    assert world.act(again) == {"group": "d", "pos": 1, "created": False}


def test_a_chat_that_follows_no_longer_opens_is_opened_by_yes() -> None:
    world = world_of()
    world.found_direct("d", "ann", "ben")
    world.group("d").read_only = True
    world.act(ask(world, "ann", "ben"))
    assert world.act(accept(world, "ben", "ann", "unused"))["group"] == "d"
    assert not world.group("d").read_only
    assert "unused" not in world.facts.groups


@pytest.mark.promise("P6", "direct.read_only")
def test_an_accepted_chat_ends_with_a_block_and_not_with_an_unfollow() -> None:
    world = world_of()
    world.act(ask(world, "ann", "ben"))
    world.act(accept(world, "ben", "ann"))
    world.act(Follow("ann", world.cid(), DIGEST, "ben", True))
    world.act(Follow("ann", world.cid(), DIGEST, "ben", False))
    assert not world.group("d").read_only
    world.act(Block("ann", world.cid(), DIGEST, "ben", True))
    assert world.group("d").read_only
    world.act(Block("ann", world.cid(), DIGEST, "ben", False))
    assert not world.group("d").read_only


@pytest.mark.promise("P6", "gate.direct")
def test_no_opens_nothing_and_there_is_no_second_try() -> None:
    world = world_of()
    world.act(ask(world, "ann", "ben"))
    before = len(world.facts.new_mine)
    assert world.act(DeclineContact("ben", world.cid(), DIGEST, "ann")) == {}
    assert len(world.facts.new_mine) == before, "the asker is told nothing"
    assert world.act(ask(world, "ann", "ben"))["state"] == "already"
    assert world.refuse(accept(world, "ben", "ann")).code == "not_found"
    for wish in (accept(world, "cat", "ann"), DeclineContact("cat", world.cid(), DIGEST, "ann")):
        assert world.refuse(wish).code == "not_found", "nobody answers for another"


@pytest.mark.promise("P6", "gate.direct")
def test_a_block_between_question_and_yes_is_stronger() -> None:
    world = world_of()
    world.act(ask(world, "ann", "ben"))
    world.facts.blocks.add(("ann", "ben"))
    assert world.refuse(accept(world, "ben", "ann")).code == "not_mutual"
