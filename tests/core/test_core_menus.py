"""Menus by the rules alone: who may press what, what the bot is told, and what becomes of the buttons."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chatd.core.catalogue import Item
from chatd.core.forwards import Forward
from chatd.core.groups import Kick, SetRole
from chatd.core.menus import Press, has_button
from chatd.core.messages import Edit, Recall, Send
from chatd.core.moderation import RestrictGroup, RestrictMember, SlowDown
from chatd.core.relations import Block
from chatd.core.rights import DEFAULT_RIGHTS
from chatd.core.users import DisableUser
from chatd.core.visibility import quote, view
from tests.core.world import DIGEST, World

MENU: Final = [[{"id": "yes", "label": "要"}, {"id": "no", "label": "不要"}], [{"id": "more", "label": "…"}]]
OTHER: Final = [[{"id": "done", "label": "✓"}]]


def world_of() -> tuple[World, int]:
    """Ann's group with the admin ada, ben and a bot, and what the bot asked there."""
    world = World()
    world.people("ann", "ada", "ben")
    world.make_mutual("ann", "ben")
    world.bot("helper")
    world.found("g", "ann", "ben", admins=["ada"])
    world.pull("ann", "g", "helper")
    pos = ask(world)
    world.next_commit()
    return world, pos


def ask(world: World, group: str = "g", **body: Any) -> int:
    said = {"text": "shall I?", "menu": MENU} | body
    answer = world.act(Send("helper", world.cid(), DIGEST, group, "text", said, None, None, bot=True))
    return int(answer["pos"])


def press(world: World, pos: int, button: str = "yes", user: str = "ben", group: str = "g") -> Press:
    return Press(user, world.cid(), DIGEST, group, pos, button)


def edit(world: World, pos: int, body: dict[str, Any], menu: Any = None, after_ms: int = 0, bot: bool = True) -> Edit:
    at = world.facts.now_ms + after_ms
    return Edit("helper" if bot else "ben", world.cid(), DIGEST, "g", pos, body, at, bot, menu)


def test_the_bot_is_told_in_its_own_log_and_the_group_is_not() -> None:
    world, pos = world_of()
    head = world.group("g").head
    assert world.act(press(world, pos)) == {"group": "g", "pos": pos, "button": "yes"}
    world.act(press(world, pos, "more", "ann"))
    told = [("pressed", pos, {"by": "ben", "button": "yes"}), ("pressed", pos, {"by": "ann", "button": "more"})]
    assert world.told("helper") == told
    assert world.group("g").head == head
    assert world.told("ben") == []
    assert world.facts.new_audits == []


def test_a_button_that_is_not_there_is_not_pressed() -> None:
    world, pos = world_of()
    plain = world.say("helper", "g", "no buttons")
    for refused in (press(world, pos, "nothing"), press(world, plain), press(world, world.say("ann", "g"))):
        assert world.refuse(refused).code == "no_button"
    assert world.refuse(press(world, 999)).code == "not_found"
    assert world.refuse(press(world, 1)).code == "not_found", "no message"


@pytest.mark.parametrize("how", ["kicked", "disabled"])
def test_a_bot_that_is_gone_is_told_nothing(how: str) -> None:
    world, pos = world_of()
    if how == "kicked":
        world.act(Kick("ann", world.cid(), DIGEST, "g", "helper"))
    else:
        world.act(DisableUser("helper", True))
    before = world.told("helper")
    assert world.refuse(press(world, pos)).code == "no_button"
    assert world.told("helper") == before


@pytest.mark.promise("P7", "visibility.change")
def test_who_does_not_see_the_message_does_not_press() -> None:
    world, pos = world_of()
    world.people("eve", "late")
    assert world.refuse(press(world, pos, user="eve")).code == "not_found"
    world.make_mutual("ann", "late")
    world.pull("ann", "g", "late")
    assert world.refuse(press(world, pos, user="late")).code == "not_found", "it was before their time"
    world.act(press(world, ask(world), user="late"))


def test_who_may_not_write_for_now_does_not_press_and_neither_does_a_silent_viewer() -> None:
    world, pos = world_of()
    world.act(RestrictMember("ann", world.cid(), DIGEST, "g", "ben", 60, "", False))
    assert world.refuse(press(world, pos)).code == "restricted"
    world, pos = world_of()
    world.act(RestrictGroup("ann", world.cid(), DIGEST, "g", True, 60, ""))
    assert world.refuse(press(world, pos)).code == "restricted"
    world.act(press(world, pos, user="ada"))
    world, pos = world_of()
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "ben", "silent"))
    assert world.refuse(press(world, pos)).code == "forbidden"


def test_buttons_work_where_only_admins_write_and_in_slow_mode() -> None:
    world, pos = world_of()
    world.group("g").settings = {"rights": DEFAULT_RIGHTS | {"post": "admin", "react": "admin"}}
    world.act(SlowDown("ann", world.cid(), DIGEST, "g", 60))
    world.act(press(world, pos))
    world.act(press(world, pos))
    assert len(world.told("helper")) == 2


def test_in_a_direct_chat_that_is_read_only_nothing_is_pressed() -> None:
    world, _ = world_of()
    world.found_direct("d", "ben", "helper")
    world.group("d").settings = {"accepted": True}
    pos = ask(world, "d")
    world.act(press(world, pos, group="d"))
    world.act(Block("ben", world.cid(), DIGEST, "helper", True))
    assert world.refuse(press(world, pos, group="d")).code == "read_only"


@pytest.mark.promise("P9", "acts")
def test_a_recalled_message_has_no_buttons() -> None:
    world, pos = world_of()
    world.act(Recall("helper", world.cid(), DIGEST, "g", pos, world.facts.now_ms))
    assert world.refuse(press(world, pos)).code == "gone"
    assert "menu" not in str(world.entry("g", pos).body)
    assert not has_button(world.entry("g", pos), "yes")


def test_a_bot_changes_buttons_alone_words_alone_and_both_at_any_time() -> None:
    world, pos = world_of()
    late_ms = 10 * world.facts.bounds.recall_window_ms
    world.act(edit(world, pos, {}, OTHER, late_ms))
    assert world.entry("g", pos).body["body"] == {"text": "shall I?", "menu": OTHER}
    assert world.refuse(press(world, pos, "yes")).code == "no_button"
    world.act(press(world, pos, "done"))
    world.act(edit(world, pos, {"text": "I did"}, None, late_ms))
    assert world.entry("g", pos).body["body"] == {"text": "I did", "menu": OTHER}
    world.act(edit(world, pos, {}, [], late_ms))
    assert world.entry("g", pos).body["body"] == {"text": "I did"}
    world.act(edit(world, pos, {"text": "once more"}, MENU, late_ms))
    assert world.entry("g", pos).body["body"] == {"text": "once more", "menu": MENU}
    assert world.entry("g", pos).version == 4
    said = world.say("ben", "g")
    assert world.refuse(edit(world, said, {"text": "too late"}, None, late_ms, bot=False)).code == "too_late"
    assert world.refuse(edit(world, said, {"text": "not its own"})).code == "forbidden"


def test_a_bot_edits_its_cards_and_nobody_else_theirs() -> None:
    world, _ = world_of()
    data = {"title": "Pot", "price": 100, "currency": "CNY", "status": "on_sale", "shop_url": "https://s"}
    world.facts.put(Item("product", "pot", 1, world.facts.now_ms, data=data, shown=True))
    send = Send(
        "helper", world.cid(), DIGEST, "g", "product_card", {"product": "pot", "menu": MENU}, None, None, bot=True
    )
    pos = world.act(send)["pos"]
    world.act(edit(world, pos, {}, OTHER))
    kept = world.entry("g", pos).body["body"]
    assert (kept["product"], kept["price"], kept["menu"]) == ("pot", 100, OTHER)
    world.act(edit(world, pos, {"text": "sold"}, []))
    kept = world.entry("g", pos).body["body"]
    assert (kept["product"], kept["text"], "menu" in kept) == ("pot", "sold", False)
    refused = world.refuse(
        edit(world, pos, {"text": "x", "entities": [{"offset": 0, "length": 1, "url": "https://x"}]})
    )
    assert (refused.code, refused.details["path"]) == ("invalid", "$.data.entities")
    theirs = world.act(Send("ben", world.cid(), DIGEST, "g", "product_card", {"product": "pot"}, None, None))["pos"]
    assert world.refuse(Edit("ben", world.cid(), DIGEST, "g", theirs, {"text": "x"}, 0)).code == "forbidden"


def test_a_menu_is_shown_with_its_message_and_not_in_quotes_nor_in_copies() -> None:
    world, pos = world_of()
    entry = world.entry("g", pos)
    shown = view(entry, None, 0)
    assert (shown["body"], shown["bot"]) == ({"text": "shall I?", "menu": MENU}, True)
    assert "menu" not in str(quote(entry))
    world.facts.names |= {"helper": "Helper", "ben": "Ben"}
    copied = world.act(Forward("ben", world.cid(), DIGEST, "g", "g", [pos]))["pos"]
    assert view(world.entry("g", copied), None, 0)["body"] == {"text": "shall I?"}
    both = world.act(Forward("ben", world.cid(), DIGEST, "g", "g", [pos, copied]))["pos"]
    assert "menu" not in str(view(world.entry("g", both), None, 0))
    assert "bot" not in view(world.entry("g", both), None, 0)
