"""Sections: who changes them, who writes in them, and how their messages are numbered. Rules alone."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.board import Board, Mention
from chatd.core.catalogue import ChangeCatalogue
from chatd.core.dissolution import Dissolve
from chatd.core.forwards import Forward
from chatd.core.groups import UpdateGroup
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.section_rows import SectionCount
from chatd.core.sections import CreateSection, OrderSections, UpdateSection
from tests.core.test_core_cards import VIDEO
from tests.core.world import DIGEST, World


def world_of(**bounds: Any) -> World:
    """A group of an owner, an admin and a member, everybody mutual."""
    world = World(**bounds)
    world.people("ann", "ada", "ben")
    world.make_mutual("ann", "ada", "ben")
    world.found("g", "ann", "ben", admins=["ada"], history="all")
    return world


def create(world: World, actor: str = "ann", kind: str = "chat", title: str = "More") -> CreateSection:
    return CreateSection(actor, world.cid(), DIGEST, "g", kind, title, "")


def change(world: World, section: int, actor: str = "ann", **changes: Any) -> UpdateSection:
    named = dict.fromkeys(("kind", "title", "intro", "closed")) | changes
    return UpdateSection(actor, world.cid(), DIGEST, "g", section, **named)


def order(world: World, *sections: int, actor: str = "ann") -> OrderSections:
    return OrderSections(actor, world.cid(), DIGEST, "g", list(sections))


def text(world: World, actor: str, section: int, reply_to: int | None = None, **body: Any) -> Send:
    return Send(actor, world.cid(), DIGEST, "g", "text", {"text": "hello"} | body, reply_to, None, section=section)


def card(world: World, actor: str, section: int) -> Send:
    return Send(actor, world.cid(), DIGEST, "g", "video_card", {"video": "v1"}, None, None, section=section)


def sections(world: World) -> list[dict[str, Any]]:
    return list(world.group("g").settings["sections"])


def numbers(world: World) -> list[int]:
    return [one["section"] for one in sections(world)]


def test_each_section_counts_its_own_messages_in_one_log() -> None:
    world = world_of()
    assert [world.act(create(world, kind=kind))["section"] for kind in ("chat", "qa")] == [1, 2]
    said = [world.act(text(world, "ben", section)) for section in (0, 1, 1, 2, 0, 1)]
    assert [one["pos"] for one in said] == [4, 5, 6, 7, 8, 9]
    assert [one["seq"] for one in said] == [1, 1, 2, 1, 2, 3]
    assert [one.get("section") for one in said] == [None, 1, 1, 2, None, 1]
    assert world.group("g").seq == 2
    assert world.facts.find(SectionCount, "g", 1) == SectionCount("g", 1, 3, 9)


@pytest.mark.promise("P8", "limits.sections_per_group")
def test_the_sixth_section_is_refused_and_a_closed_one_makes_room() -> None:
    world = world_of()
    for _ in range(4):
        world.act(create(world))
    refusal = world.refuse(create(world))
    assert (refusal.code, refusal.details) == ("section_limit", {"bound": "sections_per_group", "max": 5})
    world.act(change(world, 2, closed=True))
    assert world.act(create(world))["section"] == 5
    assert world.refuse(change(world, 2, closed=False)).code == "section_limit", (
        "opening one again counts like a new one"
    )
    world.act(change(world, 1, closed=True))
    world.act(change(world, 2, closed=False))
    assert [one["section"] for one in sections(world) if not one.get("closed")] == [0, 3, 4, 5, 2]


def test_closed_sections_stand_behind_the_open_ones() -> None:
    world = world_of()
    for _ in range(3):
        world.act(create(world))
    world.act(change(world, 1, closed=True))
    assert numbers(world) == [0, 2, 3, 1]
    world.act(change(world, 3, closed=True, title="later"))
    assert numbers(world) == [0, 2, 3, 1]
    world.act(create(world))
    assert numbers(world) == [0, 2, 4, 3, 1]
    world.act(change(world, 1, closed=False))
    assert numbers(world) == [0, 2, 4, 1, 3], "opened again it is behind the others, like a new one"


@pytest.mark.promise("P8", "limits.sections_per_group")
def test_closed_sections_are_bounded_too() -> None:
    world = world_of(sections_per_group=2, sections_kept_per_group=3)
    for number in (1, 2):
        world.act(create(world))
        world.act(change(world, number, closed=True))
    assert world.refuse(create(world)).details == {"bound": "sections_kept_per_group", "max": 3}


def test_only_those_with_the_right_change_sections() -> None:
    world = world_of()
    world.people("eve")
    world.act(create(world))
    for actor, code in (("ben", "forbidden"), ("eve", "not_found")):
        for wish in (create(world, actor), change(world, 1, actor, title="x"), order(world, 1, 0, actor=actor)):
            assert world.refuse(wish).code == code
    world.act(create(world, "ada"))
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, rights={"sections": "owner"}))
    assert world.refuse(create(world, "ada")).details == {"right": "sections"}
    world.act(Dissolve("ann", world.cid(), DIGEST, "g"))
    assert world.refuse(create(world)).code == "read_only"


def test_a_direct_chat_has_no_sections() -> None:
    world = world_of()
    world.found_direct("d", "ann", "ben")
    refusal = world.refuse(CreateSection("ann", world.cid(), DIGEST, "d", "chat", "x", ""))
    assert (refusal.code, refusal.details) == ("forbidden", {}), "it is nobody's right"
    assert world.refuse(Send("ann", world.cid(), DIGEST, "d", "text", {"text": "x"}, None, None, section=1)).code == (
        "no_section"
    )


def test_a_section_that_is_not_there_is_named_in_the_error() -> None:
    world = world_of()
    for wish in (text(world, "ben", 7), change(world, 7, title="x"), order(world, 0, 7)):
        refusal = world.refuse(wish)
        assert (refusal.code, refusal.details) == ("no_section", {"section": 7})


@pytest.mark.parametrize(
    ("kind", "texts", "cards"),
    [
        ("chat", {"ben", "ada"}, {"ben", "ada"}),
        ("qa", {"ben", "ada"}, {"ben", "ada"}),
        ("announce", {"ada"}, {"ada"}),
        ("showcase", {"ada"}, {"ben", "ada"}),
    ],
)
def test_who_writes_what_depends_on_the_kind_of_section(kind: str, texts: set[str], cards: set[str]) -> None:
    world = world_of()
    world.act(ChangeCatalogue([("video", "v1", 1, VIDEO)], []))
    world.act(create(world, kind=kind))
    for actor in ("ben", "ada"):
        for wish, who in ((text(world, actor, 1), texts), (card(world, actor, 1), cards)):
            if actor in who:
                assert world.act(wish)["section"] == 1
            else:
                assert world.refuse(wish).code == "forbidden"


def test_posting_rights_of_the_group_hold_in_chats_and_not_for_announcements() -> None:
    world = world_of()
    world.act(create(world, kind="announce"))
    world.act(create(world, kind="chat"))
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, None, rights={"post": "owner"}))
    assert world.refuse(text(world, "ada", 2)).details == {"right": "post"}
    world.act(text(world, "ada", 1))


def test_in_a_closed_section_nothing_is_written_and_what_is_there_can_be_taken_back() -> None:
    world = world_of()
    world.act(create(world))
    pos = world.act(text(world, "ben", 1))["pos"]
    other = world.act(text(world, "ben", 1))["pos"]
    world.act(change(world, 1, closed=True))
    for wish in (
        text(world, "ann", 1),
        Edit("ben", world.cid(), DIGEST, "g", pos, {"text": "new"}, world.facts.now_ms),
        React("ann", world.cid(), DIGEST, "g", pos, "👍", True),
        Forward("ann", world.cid(), DIGEST, "g", "g", [pos], section=1),
    ):
        assert world.refuse(wish).code == "read_only"
    world.act(Recall("ben", world.cid(), DIGEST, "g", pos, world.facts.now_ms))
    world.act(change(world, 1, closed=False))
    world.act(React("ann", world.cid(), DIGEST, "g", other, "👍", True))


def test_an_edit_needs_the_right_that_the_section_asks_for() -> None:
    world = world_of()
    world.act(create(world))
    pos = world.act(text(world, "ben", 1))["pos"]
    world.act(change(world, 1, kind="announce"))
    wish = Edit("ben", world.cid(), DIGEST, "g", pos, {"text": "new"}, world.facts.now_ms)
    assert world.refuse(wish).details == {"right": "announce"}


def test_a_reply_crosses_sections_except_into_questions_and_answers() -> None:
    world = world_of()
    world.act(create(world))
    world.act(create(world, kind="qa"))
    main, question = world.say("ben", "g"), world.act(text(world, "ben", 2))["pos"]
    world.act(text(world, "ann", 1, main))
    world.act(text(world, "ann", 0, question))
    world.act(text(world, "ann", 2, question))
    refusal = world.refuse(text(world, "ann", 2, main))
    assert (refusal.code, refusal.details) == ("invalid", {"path": "$.data.reply_to"})


def test_a_notice_stands_in_a_section_and_has_no_number_there() -> None:
    world = world_of()
    world.act(create(world))
    notice = Send("ada", world.cid(), DIGEST, "g", "notice", {"text": "Be kind"}, None, None, section=1)
    answer = world.act(notice)
    assert (answer["section"], "seq" in answer) == (1, False)
    assert world.act(text(world, "ben", 1))["seq"] == 1
    refused = Send("ben", world.cid(), DIGEST, "g", "notice", {"text": "Me too"}, None, None, section=1)
    assert world.refuse(refused).details == {"right": "announce"}


def test_the_main_section_stays_an_open_chat_and_may_get_a_title() -> None:
    world = world_of()
    for change_ in ({"closed": True}, {"kind": "announce"}):
        assert world.refuse(change(world, 0, **change_)).code == "invalid"
    world.act(create(world))
    assert world.act(change(world, 0, title="大厅"))["section"] == 0
    assert sections(world)[0] == {"section": 0, "kind": "chat", "title": "大厅"}
    world.act(change(world, 0, title="", kind="chat", closed=False))
    assert sections(world)[0]["title"] == ""
    assert world.refuse(change(world, 1, title="")).code == "invalid"


def test_a_change_that_changes_nothing_adds_nothing() -> None:
    world = world_of()
    world.act(create(world, title="A"))
    head = world.group("g").head
    assert world.act(change(world, 1, title="A")) == {"group": "g", "section": 1}
    assert world.act(order(world, 0, 1)) == {"group": "g"}
    assert world.group("g").head == head


def test_an_order_names_every_open_section_once() -> None:
    world = world_of()
    for _ in range(3):
        world.act(create(world))
    world.act(change(world, 2, closed=True))
    for wrong in ((1, 0), (1, 0, 3, 3), (0, 1, 2, 3), (0, 1, 1)):
        assert world.refuse(order(world, *wrong)).code == "invalid"
    world.act(order(world, 3, 0, 1))
    assert numbers(world) == [3, 0, 1, 2]


def test_every_change_is_told_whole_and_written_down() -> None:
    world = world_of()
    world.act(create(world, "ada", "qa", "Ask"))
    world.act(change(world, 1, intro="Be kind", closed=True))
    world.act(change(world, 1, closed=False, intro=""))
    told = [(entry.actor, entry.body) for entry in world.log("g") if entry.kind == "sections"]
    main = {"section": 0, "kind": "chat", "title": ""}
    ask = {"section": 1, "kind": "qa", "title": "Ask"}
    assert told == [
        ("ada", {"act": "create", "section": 1, "sections": [main, ask]}),
        ("ann", {"act": "close", "section": 1, "sections": [main, ask | {"intro": "Be kind", "closed": True}]}),
        ("ann", {"act": "open", "section": 1, "sections": [main, ask]}),
    ]
    assert [audited.act for audited in world.facts.new_audits] == ["section.create", *["section.update"] * 2]


def test_mentions_and_calls_know_their_section() -> None:
    world = world_of()
    world.act(create(world))
    parts = [{"offset": 0, "length": 1, "user": "ben"}]
    said = world.act(text(world, "ann", 1, entities=parts))
    everybody = world.act(text(world, "ann", 1, entities=[{"offset": 0, "length": 1, "all": True}]))
    row = world.facts.find(Mention, "ben", "g", 1, 1)
    assert row is not None
    assert row.pos == said["pos"]
    board = world.facts.find(Board, "g")
    assert board is not None
    assert [(call[0], call[1], call[5]) for call in board.calls] == [(everybody["pos"], 2, 1)]
    world.act(Recall("ann", world.cid(), DIGEST, "g", said["pos"], world.facts.now_ms))
    assert world.facts.find(Mention, "ben", "g", 1, 1) is None


@pytest.mark.parametrize("newest", [1, 2, 3, 4, 5, 6])
def test_a_newcomer_sees_the_newest_messages_of_all_sections_together(newest: int) -> None:
    world = World()
    world.people("ann", "ben")
    world.make_mutual("ann", "ben")
    world.found("g", "ann", history=f"last:{newest}")
    world.facts.newest["g"] = []
    world.act(create(world))
    world.say("ann", "g")
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", "A title", None, None, None))
    for section in (1, 1, 1, 0):
        world.act(text(world, "ann", section))
    assert world.pull("ann", "g", "ben") == ["added"]
    member = world.member("g", "ben")
    shown = {entry.pos for entry in world.log("g") if entry.kind == "message" and entry.pos > member.from_pos}
    assert len(shown) == min(newest, 5)
    below = [e for e in world.log("g") if e.kind == "message" and not e.section and e.pos <= member.from_pos]
    assert member.from_seq == len(below)
