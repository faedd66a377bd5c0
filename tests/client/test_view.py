"""A view is a page and what came after it; whatever comes twice changes nothing."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chatd_client import GroupView
from chatd_client.view import REPLAY_MAX
from chatd_protocol.groups import Member
from chatd_protocol.kinds import ProductCard, TextContent
from chatd_protocol.log import (
    Created,
    Edited,
    Entry,
    Erased,
    Hidden,
    Joined,
    Left,
    MembersChanged,
    Message,
    Quote,
    Reacted,
    Reaction,
    Recall,
    Recalled,
    RoleChanged,
    SettingsChanged,
    UnknownEntry,
)
from tests.client.peer import GROUP, USER

BOB = "uBobBobBobBobBobBob"
CID = "0" * 21 + "A"


def text(pos: int, said: str = "hi", **more: Any) -> Message:
    return Message(pos, at=pos, seq=pos, sender=USER, cid=CID, type="text", body=TextContent(said), **more)


def reply(pos: int, to: int, quoted: str) -> Message:
    return text(pos, "re", reply_to=to, quote=Quote(to, USER, "text", quoted))


def edit(pos: int, target: int, said: str, version: int = 1) -> Edited:
    return Edited(pos, at=pos, by=USER, cid=CID, target=target, version=version, body=TextContent(said))


def recall(pos: int, target: int) -> Recalled:
    return Recalled(pos, at=pos, by=USER, cid=CID, target=target)


def react(pos: int, target: int, *signs: tuple[str, int]) -> Reacted:
    counts = [Reaction(emoji, count) for emoji, count in signs]
    return Reacted(pos, at=pos, by=USER, cid=CID, target=target, emoji="x", on=True, reactions=counts)


def shown(view: GroupView) -> dict[str, Any]:
    return {"messages": msgspec.to_builtins(view.messages), "members": view.members, "cursor": view.cursor}


def test_messages_change() -> None:
    view = GroupView(GROUP)
    view.apply([text(1, "one"), reply(2, 1, "one"), edit(3, 1, "uno"), react(4, 1, ("👍", 2))])
    assert view.messages[1].body == TextContent("uno")
    assert (view.messages[1].version, view.messages[1].reactions) == (1, [Reaction("👍", 2)])
    assert view.messages[2].quote == Quote(1, USER, "text", "uno")


def test_recalled_is_gone_from_the_message_and_from_every_quote_of_it() -> None:
    view = GroupView(GROUP)
    view.apply([text(1, "secret"), reply(2, 1, "secret"), react(3, 1, ("👍", 1)), recall(4, 1), react(5, 1, ("👍", 9))])
    assert "secret" not in repr(view.messages)
    assert view.messages[1].recalled is not None
    assert view.messages[1].reactions == []
    view.apply([edit(6, 1, "secret again")])
    assert "secret" not in repr(view.messages)


def test_quotes_of_messages_too_old_to_be_here_follow_too() -> None:
    view = GroupView(GROUP)
    view.load("", [], [reply(50, 3, "old words")], 50)
    view.apply([edit(51, 3, "n" * 300)])
    assert view.messages[50].quote == Quote(3, USER, "text", "n" * 100)
    view.apply([recall(52, 3)])
    assert view.messages[50].quote == Quote(3, USER, "text", "", recalled=True)


def test_people_come_and_go() -> None:
    view = GroupView(GROUP)
    view.apply([Created(1, at=1, by=USER, group_kind="private", members=[USER], title="Friends")])
    view.apply([MembersChanged(2, at=2, count=2, joined=[Joined(BOB, USER)]), RoleChanged(3, 3, BOB, "admin", USER)])
    assert (view.title, view.members) == ("Friends", {USER: "owner", BOB: "admin"})
    view.apply([SettingsChanged(4, 4, USER, title="Enemies"), MembersChanged(5, 5, count=1, left=[Left(BOB)])])
    assert (view.title, view.members) == ("Enemies", {USER: "owner"})
    view.apply([RoleChanged(6, 6, BOB, "admin", USER), Hidden(7, at=9, to=9), UnknownEntry(10, "weather")])
    assert (view.members, view.cursor) == ({USER: "owner"}, 10)


def test_only_the_newest_are_kept() -> None:
    view = GroupView(GROUP, messages_max=3)
    view.apply(text(pos) for pos in range(1, 10))
    assert list(view.messages) == [7, 8, 9]


def test_what_came_while_a_page_was_read_is_not_lost() -> None:
    view = GroupView(GROUP)
    view.begin_load()
    view.apply([text(11), edit(12, 10, "newer"), text(13)])
    assert view.load("T", [Member(USER, "owner", 1)], [text(10, "old"), text(11)], 11)
    assert (list(view.messages), view.cursor) == ([10, 11, 13], 13)
    assert view.messages[10].body == TextContent("newer")


def test_a_page_that_does_not_join_on_is_read_again() -> None:
    view = GroupView(GROUP)
    view.begin_load()
    view.apply(text(pos) for pos in range(1, REPLAY_MAX + 50))
    assert not view.load("T", [], [text(1)], 1)
    view.begin_load()
    assert view.load("T", [], [text(REPLAY_MAX + 49)], REPLAY_MAX + 49)


def test_a_page_read_by_somebody_else_meanwhile() -> None:
    view = GroupView(GROUP)
    view.begin_load()
    view.apply([text(5)])
    assert view.load("T", [], [text(4)], 4)
    view.apply([text(6)])
    assert not view.load("T", [], [text(4)], 4)


def test_an_edit_of_a_card_changes_quotes_to_its_title_and_what_is_written() -> None:
    view = GroupView(GROUP)
    card = ProductCard("pot", "on_sale", 1, "Teapot", price=100, currency="CNY")
    view.apply([text(1, "one"), reply(2, 1, "Teapot\none")])
    body = TextContent("the last one", card)
    view.apply([Edited(3, at=3, by=USER, cid=CID, target=1, version=1, body=body)])
    quote = view.messages[2].quote
    assert quote is not None
    assert quote.text == "Teapot\nthe last one"
    view.apply([Edited(4, at=4, by=USER, cid=CID, target=1, version=2, body=TextContent("", card))])
    quote = view.messages[2].quote
    assert quote is not None
    assert quote.text == "Teapot"


KINDS = st.sampled_from(["text", "reply", "edit", "recall", "react", "join", "leave"])


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """A log in which changes concern messages that are there, as the server makes them."""
    log: list[Entry] = []
    for pos in range(1, draw(st.integers(1, 25)) + 1):
        said = [entry.pos for entry in log if isinstance(entry, Message)]
        gone = {entry.target for entry in log if isinstance(entry, Recalled)}
        targets = [at for at in said if at not in gone]
        kind = draw(KINDS) if targets else "text"
        target = draw(st.sampled_from(targets)) if targets else 0
        made: dict[str, Entry] = {
            "text": text(pos, f"said {pos}"),
            "reply": reply(pos, target, f"said {target}"),
            "edit": edit(pos, target, f"said {target}", pos),
            "recall": recall(pos, target),
            "react": react(pos, target, ("👍", pos)),
            "join": MembersChanged(pos, at=pos, count=2, joined=[Joined(BOB, USER)]),
            "leave": MembersChanged(pos, at=pos, count=1, left=[Left(BOB)]),
        }
        log.append(made[kind])
    return log


@given(logs(), st.data())
def test_snapshot_and_stream_make_what_a_fresh_snapshot_shows(log: list[Entry], data: st.DataObject) -> None:
    fresh = GroupView(GROUP)
    fresh.apply(log)
    cut = data.draw(st.integers(0, len(log)))
    at_cut = GroupView(GROUP)
    at_cut.apply(log[:cut])
    view = GroupView(GROUP)
    view.begin_load()
    early = data.draw(st.integers(0, len(log)))
    start = data.draw(st.integers(0, min(cut, early)))
    view.apply(log[start:early])
    members = [Member(user, role, 1) for user, role in at_cut.members.items()]
    assert view.load("", members, at_cut.messages.values(), cut)
    for _ in range(data.draw(st.integers(0, 4))):
        begin = data.draw(st.integers(0, view.cursor))
        view.apply(log[begin : data.draw(st.integers(begin, len(log)))])
    view.apply(log[view.cursor :])
    assert shown(view) == shown(fresh)
    again = data.draw(st.integers(0, len(log)))
    view.apply(log[:again])
    assert shown(view) == shown(fresh)


def test_whatever_somebody_wrote_goes_with_them() -> None:
    view = GroupView(GROUP)
    mine = text(1, "hi", reactions=[Reaction("x", 1)])
    theirs = Message(2, at=2, seq=2, sender=BOB, cid=CID, type="text", body=TextContent("mine"))
    view.apply([mine, theirs, reply(3, 1, "hi"), Erased(4, at=9, user=USER, since=8)])
    assert [message.body and message.body.text for message in view.messages.values()] == [None, "mine", None]
    assert [view.messages[pos].recalled for pos in (1, 3)] == [Recall(USER, 8, erased=True)] * 2
    assert (view.messages[1].reactions, view.messages[3].quote) == ([], None)


def test_a_quote_of_somebody_who_is_gone_says_nothing_more() -> None:
    view = GroupView(GROUP)
    answer = Message(
        5, at=5, seq=5, sender=BOB, cid=CID, type="text", body=TextContent("re"), quote=Quote(1, USER, "text", "hi")
    )
    view.apply([answer, Erased(6, at=9, user=USER, since=8)])
    assert view.messages[5].quote == Quote(1, USER, "text", "", recalled=True)
    assert view.messages[5].body == TextContent("re")
