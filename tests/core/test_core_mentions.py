"""Whom a message calls, by the rules."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.board import Board, Mention
from chatd.core.groups import Leave
from chatd.core.mentions import CALLS_KEPT, DAY_MS
from chatd.core.messages import Edit, Recall, Send
from tests.core.world import DIGEST, World


def parts(text: str, *users: str) -> dict[str, Any]:
    """A text that mentions people; `*` is everybody."""
    named = [{"all": True} if user == "*" else {"user": user} for user in users]
    return {"text": text, "entities": [{"offset": at, "length": 1} | part for at, part in enumerate(named)]}


def send(world: World, user: str, *users: str, group: str = "g") -> Send:
    return Send(user, world.cid(), DIGEST, group, "text", parts("x" * 200, *users), None, None)


def edit(world: World, user: str, pos: int, *users: str) -> Edit:
    return Edit(user, world.cid(), DIGEST, "g", pos, parts("x" * 200, *users), world.facts.now_ms)


def mentioned(world: World, group: str = "g") -> set[tuple[str, int]]:
    """(user, pos) of everybody who is mentioned by name now."""
    rows = world.facts.records._rows.values()
    return {(row.user_id, row.pos) for row in rows if isinstance(row, Mention) and row.group_id == group}


def calls(world: World) -> list[tuple[int, bool]]:
    board = world.facts.find(Board, "g")
    return [(call[0], call[3]) for call in board.calls] if board is not None else []


@pytest.fixture
def world() -> World:
    world = World(mentions_per_message=3, mention_all_per_day=2)
    world.people("ann", "ben", "cai", "dan")
    world.found("g", "ann", "ben", "cai")
    return world


def test_members_are_mentioned_once_each_and_nobody_mentions_themselves(world: World) -> None:
    pos = world.act(send(world, "ann", "ben", "ann", "ben"))["pos"]
    assert mentioned(world) == {("ben", pos)}


@pytest.mark.promise("P7", "mention")
def test_who_is_not_in_the_group_is_not_mentioned_and_the_message_stays_as_it_was_written(world: World) -> None:
    wish = send(world, "ann", "dan", "ben", "nobody")
    pos = world.act(wish)["pos"]
    assert mentioned(world) == {("ben", pos)}
    assert world.entry("g", pos).body["body"] == wish.body


def test_who_has_left_is_not_mentioned(world: World) -> None:
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    pos = world.act(send(world, "ann", "ben", "cai"))["pos"]
    assert mentioned(world) == {("cai", pos)}


@pytest.mark.promise("P7", "mention")
@pytest.mark.parametrize("edge", [("ann", "ben"), ("ben", "ann")])
def test_a_block_in_either_direction_makes_a_mention_do_nothing_and_shows_nowhere(
    world: World, edge: tuple[str, str]
) -> None:
    world.facts.blocks.add(edge)
    wish = send(world, "ann", "ben", "cai")
    pos = world.act(wish)["pos"]
    assert mentioned(world) == {("cai", pos)}
    assert world.entry("g", pos).body["body"] == wish.body


@pytest.mark.promise("P8", "limits.mentions_per_message")
def test_one_more_than_the_bound_is_refused_and_one_twice_is_no_more(world: World) -> None:
    world.act(send(world, "ann", "ben", "cai", "dan", "dan"))
    refusal = world.refuse(send(world, "ann", "ben", "cai", "dan", "eve"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "mentions_per_message", "max": 3})


def test_calling_everybody_needs_the_right_and_costs_no_row_for_anybody(world: World) -> None:
    assert world.refuse(send(world, "ben", "*")).code == "forbidden"
    pos = world.act(send(world, "ann", "*", "ben"))["pos"]
    assert calls(world) == [(pos, True)]
    assert mentioned(world) == set()
    world.group("g").settings = {"rights": {"mention_all": "member"}}
    world.act(send(world, "ben", "*"))


def test_nobody_calls_everybody_in_a_direct_chat(world: World) -> None:
    world.found_direct("d", "ann", "ben")
    assert world.refuse(send(world, "ann", "*", group="d")).code == "forbidden"


@pytest.mark.promise("P8", "limits.mention_all_per_day")
def test_the_budget_for_everybody_is_of_the_group_and_of_24_hours(world: World) -> None:
    world.group("g").settings = {"rights": {"mention_all": "member"}}
    first = world.act(send(world, "ann", "*"))["pos"]
    world.act(send(world, "ben", "*"))
    refusal = world.refuse(send(world, "ann", "*"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "mention_all_per_day", "max": 2})
    world.act(Recall("ann", world.cid(), DIGEST, "g", first, world.facts.now_ms))
    assert world.refuse(send(world, "ann", "*")).code == "limit", "what is taken back was spent"
    world.next_commit(DAY_MS - 1)
    assert world.refuse(send(world, "ann", "*")).code == "limit"
    world.next_commit(1)
    world.act(send(world, "ann", "*"))


def test_of_all_calls_only_the_newest_are_kept() -> None:
    world = World(mention_all_per_day=2)
    world.people("ann")
    world.found("g", "ann")
    placed = []
    for _ in range(CALLS_KEPT + 5):
        placed.append(world.act(send(world, "ann", "*"))["pos"])
        world.next_commit(DAY_MS)
    assert calls(world) == [(pos, True) for pos in placed[-CALLS_KEPT:]]


@pytest.mark.promise("P9", "mention")
def test_what_is_taken_back_mentions_nobody_any_more(world: World) -> None:
    named, called = world.act(send(world, "ann", "ben", "cai"))["pos"], world.act(send(world, "ann", "*"))["pos"]
    for pos in (named, called):
        world.act(Recall("ann", world.cid(), DIGEST, "g", pos, world.facts.now_ms))
    assert mentioned(world) == set()
    assert calls(world) == [(called, False)]


def test_an_edit_mentions_exactly_whom_it_names(world: World) -> None:
    pos = world.act(send(world, "ann", "ben"))["pos"]
    world.act(edit(world, "ann", pos, "cai"))
    assert mentioned(world) == {("cai", pos)}
    world.act(edit(world, "ann", pos))
    assert mentioned(world) == set()
    world.act(edit(world, "ann", pos, "*", "ben"))
    assert (calls(world), mentioned(world)) == ([(pos, True)], set())
    world.act(edit(world, "ann", pos, "*"))
    assert calls(world) == [(pos, True)], "it called everybody before"
    world.act(edit(world, "ann", pos, "ben"))
    assert (calls(world), mentioned(world)) == ([(pos, False)], {("ben", pos)})


def test_an_edit_calls_nobody_who_came_after_the_message() -> None:
    world = World()
    world.people("ann", "ben")
    world.make_mutual("ann", "ben")
    world.found("g", "ann")
    pos = world.act(send(world, "ann"))["pos"]
    assert world.pull("ann", "g", "ben") == ["added"]
    world.act(edit(world, "ann", pos, "ben"))
    assert mentioned(world) == set()


def test_an_edit_that_calls_everybody_is_paid_for(world: World) -> None:
    mine = world.act(send(world, "ben"))["pos"]
    assert world.refuse(edit(world, "ben", mine, "*")).code == "forbidden"
    pos = world.act(send(world, "ann"))["pos"]
    world.act(send(world, "ann", "*"))
    world.act(send(world, "ann", "*"))
    assert world.refuse(edit(world, "ann", pos, "*")).code == "limit"
