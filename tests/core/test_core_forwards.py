"""Forwarding, and the kinds of messages, by the rules."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.forwards import Forward
from chatd.core.kinds import ALT_MAX, alt_of
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.visibility import quote, view
from tests.core.world import DIGEST, World


@pytest.fixture
def world() -> World:
    world = World(bundle_items_max=4, bundle_depth_max=2, bundle_text_max=300)
    world.people("ann", "ben", "cai")
    world.make_mutual("ann", "cai")
    world.found("from", "ann", "ben")
    world.found("to", "ann", "cai")
    world.facts.names = {"ann": "Ann", "ben": "小本", "cai": "Cai"}
    return world


def forward(world: World, *positions: int, group: str = "to", source: str = "from", by: str = "ann") -> Forward:
    return Forward(by, world.cid(), DIGEST, group, source, list(positions))


def forwarded(world: World, *positions: int, **more: Any) -> dict[str, Any]:
    """What the new message holds."""
    wish = forward(world, *positions, **more)
    return world.entry(wish.group, world.act(wish)["pos"]).body


def test_one_message_goes_as_it_is_but_for_its_mentions_and_says_not_where_from(world: World) -> None:
    link = {"offset": 0, "length": 1, "url": "https://x"}
    body = {
        "text": "abc",
        "entities": [link, {"offset": 1, "length": 1, "user": "cai"}, {"offset": 2, "length": 1, "all": True}],
    }
    pos = world.act(Send("ann", world.cid(), DIGEST, "from", "text", body, None, None))["pos"]
    assert forwarded(world, pos) == {"type": "text", "body": {"text": "abc", "entities": [link]}, "forwarded": {}}
    plain = world.say("ben", "from", "plain")
    assert forwarded(world, plain) == {"type": "text", "body": {"text": "plain"}, "forwarded": {}}
    world.group("from").kind = "public"
    assert forwarded(world, plain)["forwarded"] == {"group": "from", "title": "Tea"}


def test_several_become_a_frozen_bundle_in_the_order_of_the_log(world: World) -> None:
    first, second = world.say("ann", "from", "one"), world.say("ben", "from", "two")
    body = forwarded(world, second, first)
    at = world.facts.now_ms
    assert body["body"]["items"] == [
        {"name": "Ann", "at": at, "type": "text", "body": {"text": "one"}},
        {"name": "小本", "at": at, "type": "text", "body": {"text": "two"}},
    ]
    world.act(Edit("ben", world.cid(), DIGEST, "from", second, {"text": "changed"}, at))
    world.act(Recall("ann", world.cid(), DIGEST, "from", first, at))
    assert [item["body"]["text"] for item in body["body"]["items"]] == ["one", "two"]
    assert alt_of("bundle", body["body"]) == "Ann: one / 小本: two"


@pytest.mark.promise("P9", "forward")
@pytest.mark.promise("P7", "forward")
def test_what_is_gone_or_not_to_be_seen_is_not_forwarded(world: World) -> None:
    early = world.say("ben", "from", "early")
    assert world.refuse(forward(world, early, by="cai")).code == "not_found", "cai is not in the source"
    assert world.refuse(forward(world, early, by="ben")).code == "not_found", "ben is not in the target"
    assert world.pull("ann", "from", "cai") == ["added"]
    later = world.say("ben", "from", "later")
    assert world.refuse(forward(world, early, by="cai")).code == "not_found"
    assert world.refuse(forward(world, later, early, by="cai")).code == "not_found"
    assert world.refuse(forward(world, 1)).code == "not_found"
    world.act(forward(world, later, by="cai"))
    world.act(Recall("ann", world.cid(), DIGEST, "from", later, world.facts.now_ms))
    assert world.refuse(forward(world, later)).code == "gone"
    assert world.refuse(forward(world, early, later)).code == "gone"


def test_the_target_must_be_writable_and_the_source_need_not_be(world: World) -> None:
    world.found_direct("d", "ann", "ben")
    pos = world.say("ann", "d")
    world.group("d").read_only = True
    assert world.refuse(forward(world, pos, group="d", source="d")).code == "read_only"
    world.act(forward(world, pos, source="d"))


@pytest.mark.promise("P8", "limits.bundle")
def test_bundles_are_bounded_in_number_depth_and_length(world: World) -> None:
    texts = [world.say("ben", "from", "x" * 50) for _ in range(5)]
    refusal = world.refuse(forward(world, *texts))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "bundle_items_max", "max": 4})
    nested = world.act(forward(world, *texts[:3], group="from"))["pos"]
    twice = world.act(forward(world, nested, texts[4], group="from"))["pos"]
    assert world.refuse(forward(world, nested, *texts[:2])).details["bound"] == "bundle_items_max", "all are counted"
    short = world.say("ben", "from", "x")
    assert world.refuse(forward(world, twice, short)).details == {"bound": "bundle_depth_max", "max": 2}
    long = world.say("ben", "from", "x" * 300)
    assert world.refuse(forward(world, long, short)).details == {"bound": "bundle_text_max", "max": 300}
    world.act(forward(world, twice))


def test_nobody_edits_what_was_forwarded_or_is_no_text(world: World) -> None:
    pos = world.act(forward(world, world.say("ben", "from")))["pos"]
    dice = world.act(Send("ann", world.cid(), DIGEST, "to", "x-dice", {"alt": "4"}, None, None))["pos"]
    for target in (pos, dice):
        refusal = world.refuse(Edit("ann", world.cid(), DIGEST, "to", target, {"text": "mine"}, world.facts.now_ms))
        assert (refusal.code, refusal.details) == ("invalid", {"path": "$.data.pos"})
    world.act(React("ann", world.cid(), DIGEST, "to", pos, "x", True))
    world.act(Recall("ann", world.cid(), DIGEST, "to", pos, world.facts.now_ms))
    assert world.entry("to", pos).body.keys() == {"type", "recalled"}


def test_every_kind_but_text_carries_the_words_that_stand_for_it(world: World) -> None:
    dice = world.act(Send("ann", world.cid(), DIGEST, "to", "x-dice", {"alt": "🎲 4", "data": {"v": 4}}, None, None))
    shown = view(world.entry("to", dice["pos"]), None, 0)
    assert (shown["type"], shown["alt"], shown["body"]) == ("x-dice", "🎲 4", {"alt": "🎲 4", "data": {"v": 4}})
    assert quote(world.entry("to", dice["pos"]))["text"] == "🎲 4"
    assert "alt" not in view(world.entry("to", world.say("ann", "to")), None, 0)
    texts = [world.say("ben", "from", "y" * 70) for _ in range(3)]
    bundle = world.entry("to", world.act(forward(world, *texts))["pos"])
    shown = view(bundle, None, 0)
    assert shown["alt"].startswith("小本: yyyy")
    assert len(shown["alt"]) <= ALT_MAX
    assert shown["forwarded"] == {}
    assert quote(bundle)["text"] == shown["alt"][:100]
    nested = world.entry("to", world.act(forward(world, bundle.pos, dice["pos"], source="to", group="to"))["pos"])
    assert [item["alt"] for item in nested.body["body"]["items"]] == ["🎲 4", shown["alt"]]
