"""The catalogue and cards, by the rules alone."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.cards import Announce, Place, alt_of, fill, show, text_of
from chatd.core.catalogue import ChangeCatalogue, Item, Pending, look
from chatd.core.messages import Edit, Recall, Send
from chatd.core.visibility import QUOTE_MAX, quote, view
from tests.core.world import DIGEST, START_MS, World

PRODUCT = {"title": "Teapot", "price": 12800, "currency": "CNY", "shop_url": "https://shop/1", "status": "on_shelf"}
VIDEO = {"title": "Kiln day", "url": "https://video/1", "cover": "https://cdn/1", "visibility": "public"}


def put(world: World, kind: str, rev: int, **data: Any) -> str:
    plain = (VIDEO if kind == "video" else PRODUCT) | data
    (result,) = world.act(ChangeCatalogue([(kind, "x", rev, plain)], []))["results"]
    return str(result)


def delete(world: World, kind: str, rev: int) -> str:
    (result,) = world.act(ChangeCatalogue([], [(kind, "x", rev)]))["results"]
    return str(result)


def card(world: World, kind: str = "product", **body: Any) -> Send:
    return Send("ann", world.cid(), DIGEST, "g", f"{kind}_card", {kind: "x"} | body, None, None)


def item(world: World, kind: str = "product") -> Item:
    found = world.facts.find(Item, kind, "x")
    assert found is not None
    return found


@pytest.fixture
def world() -> World:
    world = World()
    world.people("ann", "ben")
    world.found("g", "ann", "ben")
    return world


def shown(world: World, pos: int) -> dict[str, Any]:
    """The message as the wire has it, filled from the catalogue as it is."""
    entry = world.entry("g", pos)
    kind = entry.body["type"].removesuffix("_card")
    fill(entry, item(world, kind))
    return view(entry, None, 0)


def test_the_newest_revision_stays_whatever_comes_when(world: World) -> None:
    assert [put(world, "product", rev) for rev in (3, 2, 3, 5, 4)] == ["added", "older", "same", "updated", "older"]
    assert [delete(world, "product", rev) for rev in (4, 5, 5)] == ["older", "deleted", "same"]
    assert [put(world, "product", rev) for rev in (5, 6)] == ["same", "updated"]
    assert delete(world, "video", 1) == "absent"


def test_a_card_shows_the_item_as_it_is_now_and_what_it_cost_then(world: World) -> None:
    put(world, "product", 1)
    pos = world.act(card(world, text="this one"))["pos"]
    assert shown(world, pos)["body"] == {
        "text": "this one",
        "card": {"kind": "product", "id": "x", "rev": 1, "status": "on_sale", "title": "Teapot", "price": 12800}
        | {"currency": "CNY", "url": "https://shop/1"},
    }
    put(world, "product", 2, price=9900)
    now = shown(world, pos)["body"]["card"]
    assert (now["price"], now["price_then"], now["rev"]) == (9900, 12800, 2)
    put(world, "product", 3, price=9900, stock=0)
    assert shown(world, pos)["body"]["card"]["status"] == "sold_out"
    put(world, "product", 4, status="off_shelf")
    off = shown(world, pos)["body"]["card"]
    assert (off["status"], "url" in off) == ("off_shelf", False)


def test_a_deleted_product_keeps_its_title_and_nothing_else(world: World) -> None:
    put(world, "product", 1, cover="https://cdn/1")
    pos = world.act(card(world))["pos"]
    put(world, "product", 2, title="Brown teapot")
    delete(world, "product", 2)
    gone = shown(world, pos)
    assert gone["body"]["card"] == {"kind": "product", "id": "x", "rev": 3, "status": "gone", "title": "Teapot"}
    assert gone["alt"] == "🛍 Teapot"


@pytest.mark.promise("P7", "card.private")
@pytest.mark.parametrize("deleted", [False, True])
def test_of_a_private_video_nothing_is_left_anywhere_also_when_it_is_deleted(world: World, deleted: bool) -> None:
    put(world, "video", 1, author="Mina")
    pos = world.act(card(world, "video", text="look"))["pos"]
    put(world, "video", 2, visibility="private", author="Mina")
    if deleted:
        delete(world, "video", 3)
    hidden = shown(world, pos)
    assert hidden["body"] == {
        "text": "look",
        "card": {"kind": "video", "id": "x", "rev": item(world, "video").version, "status": "unavailable"},
    }
    assert (quote(world.entry("g", pos))["text"], hidden["alt"]) == ("look", "🎬 —")
    put(world, "video", 4)
    assert shown(world, pos)["body"]["card"]["title"] == "Kiln day"


@pytest.mark.promise("P7", "card.private")
def test_a_card_that_nobody_filled_in_shows_nothing(world: World) -> None:
    put(world, "video", 1)
    pos = world.act(card(world, "video"))["pos"]
    raw = view(world.entry("g", pos), None, 0)
    assert raw["body"] == {"card": {"kind": "video", "id": "x", "status": "unavailable"}}


def test_unknown_private_off_shelf_and_deleted_items_are_refused_alike(world: World) -> None:
    refusals = [world.refuse(card(world)), world.refuse(card(world, "video"))]
    put(world, "video", 1, visibility="private")
    put(world, "product", 1, status="off_shelf")
    refusals += [world.refuse(card(world)), world.refuse(card(world, "video"))]
    delete(world, "product", 2)
    refusals.append(world.refuse(card(world)))
    assert {(one.code, one.message, str(one.details)) for one in refusals} == {
        ("no_item", "There is no such video or product in the catalogue, or it cannot be shared.", "{}")
    }


def test_a_card_cannot_be_edited(world: World) -> None:
    put(world, "product", 1)
    pos = world.act(card(world))["pos"]
    wish = Edit("ann", world.cid(), DIGEST, "g", pos, {"text": "mine"}, START_MS)
    assert world.refuse(wish).code == "forbidden"


def test_a_quote_and_search_find_title_and_text(world: World) -> None:
    put(world, "product", 1, title="字" * 150)
    pos = world.act(card(world, text="this one"))["pos"]
    shown(world, pos)
    quoted = quote(world.entry("g", pos))
    assert (quoted["text"], quoted["card"]) == ("字" * QUOTE_MAX, {"kind": "product", "id": "x"})
    assert text_of(world.entry("g", pos).body["body"]) == "字" * 150 + "\nthis one"
    assert text_of({"text": "plain"}) == "plain"


def test_only_what_everybody_sees_is_worth_telling(world: World) -> None:
    put(world, "product", 1, stock=5)
    put(world, "product", 2, price=1)
    assert world.facts.find(Pending, "product", "x", "") is None, "nobody shows it"
    world.act(card(world))
    put(world, "product", 3, price=1, stock=4)
    assert world.facts.find(Pending, "product", "x", "") is None, "one less in stock looks the same"
    put(world, "product", 4, price=1, stock=0)
    pending = world.facts.find(Pending, "product", "x", "")
    assert pending is not None
    assert pending.generation == item(world).version == 4 - 1


def announce(world: World, after: str, places: list[tuple[str, int]], cursor: str, last: bool, scope: str = "") -> int:
    pending = world.facts.find(Pending, "product", "x", scope)
    generation = pending.generation if pending is not None else item(world).version
    told = world.act(Announce("product", "x", scope, generation, after, places, cursor, last))["told"]
    assert isinstance(told, int)
    return told


@pytest.mark.promise("P4", "card.job")
def test_a_step_happens_once_and_the_last_one_ends_it(world: World) -> None:
    put(world, "product", 1)
    pos = world.act(card(world))["pos"]
    put(world, "product", 2, price=1)
    wish = Announce("product", "x", "", 2, "", [("g", pos)], "g", True)
    assert [world.act(wish)["told"] for _ in range(2)] == [1, 0]
    entry = world.log("g")[-1]
    assert (entry.kind, entry.target, entry.actor, entry.body) == ("card", pos, None, {})
    place = world.facts.find(Place, "g", pos)
    assert place is not None
    assert place.told


@pytest.mark.promise("P4", "card.job")
def test_a_change_on_the_way_goes_on_and_comes_back_to_the_first(world: World) -> None:
    put(world, "product", 1)
    pos = world.act(card(world))["pos"]
    put(world, "product", 2, price=1)
    assert announce(world, "", [("g", pos)], "g", last=False) == 1
    put(world, "product", 3, price=2)
    pending = world.facts.find(Pending, "product", "x", "")
    assert pending is not None
    assert (pending.cursor, pending.again) == ("g", "g")
    announce(world, "g", [], "g", last=True)
    pending = world.facts.find(Pending, "product", "x", "")
    assert pending is not None
    assert (pending.cursor, pending.upto, pending.again) == ("", "g", "")
    assert announce(world, "", [("g", pos)], "g", last=True) == 1
    assert world.facts.find(Pending, "product", "x", "") is None


@pytest.mark.promise("P9", "card_entry")
def test_a_recalled_card_is_gone_from_card_entries_and_the_group_is_told_of_older_ones(world: World) -> None:
    put(world, "product", 1)
    first, second = (world.act(card(world))["pos"] for _ in range(2))
    put(world, "product", 2, price=1)
    announce(world, "", [("g", second)], "g", last=True)
    told = world.log("g")[-1]
    recalled = world.act(Recall("ann", world.cid(), DIGEST, "g", second, START_MS))["pos"]
    assert view(told, world.entry("g", second), 0) == {
        "kind": "card",
        "pos": told.pos,
        "at": told.at,
        "target": second,
    }
    assert world.facts.find(Place, "g", second) is None
    pending = world.facts.find(Pending, "product", "x", "g")
    assert pending is not None
    assert pending.generation == recalled
    assert announce(world, "", [("g", first)], "g", last=True, scope="g") == 1


@pytest.mark.promise("P9", "card_entry")
def test_a_card_recalled_before_its_turn_is_not_told_of(world: World) -> None:
    put(world, "product", 1)
    pos = world.act(card(world))["pos"]
    put(world, "product", 2, price=1)
    world.act(Recall("ann", world.cid(), DIGEST, "g", pos, START_MS))
    assert announce(world, "", [("g", pos)], "g", last=True) == 0
    assert world.log("g")[-1].kind == "recall"
    assert world.facts.find(Pending, "product", "x", "g") is not None, "an older message may show it"


def test_an_alt_for_every_state() -> None:
    assert alt_of(show(("product", "x"), {"title": "T"}, None)) == "🛍 T"
    on_sale = {"kind": "product", "status": "on_sale", "title": "T", "price": 5, "currency": "JPY"}
    assert alt_of(on_sale) == "🛍 T JPY 5"
    plain = Item("product", "x", 1, 1, data=PRODUCT | {"currency": "KWD", "price": 1001})
    assert alt_of({"kind": "product", "id": "x"} | look(plain)) == "🛍 Teapot KWD 1.001"
