"""What a person keeps for themselves about a group: the rules."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.chats import ClearMark, Draft, SaveDrafts, UpdateChat
from chatd.core.groups import Leave
from tests.core.world import DIGEST, START_MS, World

FIELDS = ("pinned", "order", "level", "until", "marked", "archived")


def change(world: World, actor: str, group: str, **changes: Any) -> UpdateChat:
    values = dict.fromkeys(FIELDS) | changes
    return UpdateChat(actor, world.cid(), DIGEST, group, *values.values())


def chats_told(world: World, user: str) -> list[dict[str, Any]]:
    return [body["chat"] for kind, _, body in world.told(user) if kind == "chat"]


def pair() -> World:
    world = World()
    world.people("ann", "ben")
    world.make_mutual("ann", "ben")
    world.found("g", "ann", "ben")
    world.next_commit()
    return world


def test_a_change_is_for_oneself_and_is_told_whole() -> None:
    world = pair()
    head = world.group("g").head
    answer = world.act(change(world, "ann", "g", level="mentions", until=START_MS + 9000))
    assert answer["chat"] == {"pinned": 0, "level": "mentions", "marked": False, "until": START_MS + 9000}
    world.act(change(world, "ann", "g", marked=True))
    assert chats_told(world, "ann") == [
        {"pinned": 0, "level": "mentions", "marked": False, "until": START_MS + 9000},
        {"pinned": 0, "level": "mentions", "marked": True, "until": START_MS + 9000},
    ]
    assert world.told("ben") == []
    assert (world.group("g").head, world.facts.new_entries) == (head, []), "the group's log knows nothing of it"


def test_what_changes_nothing_is_not_told() -> None:
    world = pair()
    world.act(change(world, "ann", "g", level="none"))
    world.next_commit()
    assert world.act(change(world, "ann", "g", level="none", pinned=False, archived=False))["chat"]["level"] == "none"
    assert world.told("ann") == []


def test_a_level_set_anew_has_no_end_but_its_own() -> None:
    world = pair()
    world.act(change(world, "ann", "g", level="none", until=START_MS + 5))
    assert "until" not in world.act(change(world, "ann", "g", level="mentions"))["chat"]


def test_pins_stand_by_their_time_or_by_the_order_given() -> None:
    world = pair()
    first = world.act(change(world, "ann", "g", pinned=True))["chat"]["pinned"]
    assert first == world.facts.now_ms
    world.next_commit()
    assert world.act(change(world, "ann", "g", pinned=True))["chat"]["pinned"] == first, "pinned already"
    assert world.act(change(world, "ann", "g", pinned=True, order=7))["chat"]["pinned"] == 7
    assert world.act(change(world, "ann", "g", pinned=False))["chat"]["pinned"] == 0


def test_what_is_put_away_is_not_pinned_and_the_reverse() -> None:
    world = pair()
    world.act(change(world, "ann", "g", pinned=True))
    put_away = world.act(change(world, "ann", "g", archived=True))
    assert (put_away["archived"], put_away["chat"]["pinned"]) == (True, 0)
    assert world.member("g", "ann").archived
    pinned = world.act(change(world, "ann", "g", pinned=True))
    assert (pinned["archived"], pinned["chat"]["pinned"] > 0) == (False, True)
    assert not world.member("g", "ben").archived
    assert [body for kind, _, body in world.told("ann") if kind == "archived"] == [
        {"archived": True},
        {"archived": False},
    ]


def test_reading_ends_the_mark_once() -> None:
    world = pair()
    world.act(change(world, "ann", "g", marked=True))
    world.next_commit()
    world.act(ClearMark("ann", "g"))
    world.act(ClearMark("ann", "g"))
    assert chats_told(world, "ann") == [{"pinned": 0, "level": "all", "marked": False}]


@pytest.mark.promise("P7", "chat")
def test_who_is_out_changes_nothing_and_comes_back_to_nothing() -> None:
    world = pair()
    world.act(change(world, "ben", "g", level="none", pinned=True, marked=True))
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    world.next_commit()
    assert world.refuse(change(world, "ben", "g", level="all")).code == "not_found"
    assert world.refuse(change(world, "ben", "nowhere", level="all")).code == "not_found"
    world.act(ClearMark("ben", "g"))
    assert world.told("ben") == []
    assert world.pull("ann", "g", "ben") == ["added"]
    assert world.act(change(world, "ben", "g", marked=True))["chat"] == {"pinned": 0, "level": "all", "marked": True}


def test_unsent_text_is_one_row_and_an_empty_one_goes() -> None:
    world = pair()
    world.act(SaveDrafts([Draft("ann", "g", 1, "so"), Draft("ben", "g", 1, "x")]))
    world.act(SaveDrafts([Draft("ann", "g", 2, "so long"), Draft("ben", "g", 2, "")]))
    ((kind, kept, dropped),) = world.facts.records.changes()
    assert (kind, kept, dropped) == (Draft, [Draft("ann", "g", 2, "so long")], [("ben", "g")])
    assert world.facts.new_mine == []
