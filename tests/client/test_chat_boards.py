"""Mentions, pins, featured posts, forwarding and jumping in the terminal chat."""

from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from chatd.cli.chat_names import NameCompleter, mentions_in
from chatd.cli.chat_render import MENTION, Renderer
from chatd.cli.chat_words import Words
from chatd.testing import running_server
from chatd_protocol import kinds, log
from chatd_protocol.kinds import Entity
from tests.client.peer import USER, in_loop
from tests.client.scene import friends

BOB, EVE = "uBobBobBobBobBobBob", "uEveEveEveEveEveEve"
PEOPLE = {"Bob": BOB, "Bob Marley": EVE, "鲍勃": BOB}
CID = "0" * 21 + "A"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Bob", [Entity(0, 4, user=BOB)]),
        ("hi @Bob, hi", [Entity(3, 4, user=BOB)]),
        ("@Bob Marley sang", [Entity(0, 11, user=EVE)]),
        ("👍 @鲍勃你好", [Entity(2, 3, user=BOB)]),
        ("@Bobby ann@Bob @nobody @", []),
        ("@all 和 @所有人 @Bob", [Entity(0, 4, all=True), Entity(7, 4, all=True), Entity(12, 4, user=BOB)]),
    ],
)
def test_names_behind_an_at_sign_are_mentions(text: str, found: list[Entity]) -> None:
    assert mentions_in(text, PEOPLE) == found


def test_names_are_offered_for_what_was_begun() -> None:
    offered = NameCompleter(lambda: PEOPLE).get_completions
    assert [c.text for c in offered(Document("hi @Bob"), CompleteEvent())] == ["Bob ", "Bob Marley "]
    assert [c.text for c in offered(Document("@鲍"), CompleteEvent())] == ["鲍勃 "]
    assert len(list(offered(Document("@"), CompleteEvent()))) == len(PEOPLE)
    assert list(offered(Document("hi"), CompleteEvent())) == []


def styles(message: log.Message) -> set[str]:
    render = Renderer(Words("en"), lambda: USER, str)
    return {style for line in render.entry(message, 80) for style, _ in line}


def message(**more: object) -> log.Message:
    fields: dict[str, object] = {"sender": BOB, "type": "text", "body": kinds.TextContent("@x hello")} | more
    return log.Message(3, at=0, seq=1, cid=CID, **fields)  # type: ignore[arg-type]


def test_what_mentions_the_reader_stands_out_and_nothing_else_does() -> None:
    def body(**who: object) -> kinds.TextContent:
        return kinds.TextContent("@x hello", entities=[kinds.Mark(0, 2, **who)])  # type: ignore[arg-type]

    assert MENTION in styles(message(body=body(user=USER)))
    assert MENTION in styles(message(body=body(all=True)))
    assert MENTION not in styles(message(body=body(user=EVE)))
    assert MENTION not in styles(message(body=body(url="https://x")))
    assert MENTION not in styles(message(body=body(all=True), sender=USER))


def test_other_kinds_are_shown_by_their_words_and_bundles_line_by_line() -> None:
    render = Renderer(Words("zh"), lambda: USER, str)
    assert render.text(message(type="x-dice", body=kinds.CustomContent("🎲 4"), alt="🎲 4")) == "🎲 4"
    assert render.text(message(type="poll", body={"q": 1}, alt="[a poll]")) == "[a poll]"
    items = [
        kinds.BundleItem("Bob", 0, "text", {"text": "one"}),
        kinds.BundleItem("Eve", 0, "x-dice", {"alt": "🎲", "data": {}}, "🎲"),
    ]
    shown = render.text(message(type="bundle", body=kinds.BundleContent(items), forwarded=log.Forwarded()))
    assert shown == "［聊天记录 2 条］ Bob：one Eve：🎲（转发）"
    named = message(forwarded=log.Forwarded("g" * 20, "Tea"))
    assert render.text(named) == "@x hello（转发自 Tea）"


@in_loop
async def test_two_people_keep_a_board(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        ann.scene.type("@鲍勃 看这里")
        pos = (await bob.scene.sees("Ann ", "@鲍勃 看这里")).split()[0]
        ann.scene.type(f"/pin {pos}", f"/feature {pos} 最好的")
        await bob.scene.sees(f"Ann 置顶了 {pos}：@鲍勃 看这里")
        await bob.scene.sees(f"Ann 把 {pos} 设为精华：@鲍勃 看这里")
        bob.scene.type("/pins", "/featured", "/mentions", f"/goto {pos}", "/goto 2020-01-01", f"/pin {pos}")
        await bob.scene.sees(pos, "Ann", "@鲍勃 看这里")
        await bob.scene.sees(pos, "Ann", "@鲍勃 看这里")
        await bob.scene.sees("备注：最好的")
        await bob.scene.sees("── 石榴哥粉丝群 ──")
        await bob.scene.sees(pos, "Ann", "@鲍勃 看这里")
        await bob.scene.sees(f"── {pos} 附近 ──")
        await bob.scene.sees(pos, "@鲍勃 看这里")
        await bob.scene.sees("附近")
        await bob.scene.sees("你没有这个权限（forbidden）")
        ann.scene.type("/goto 2999-01-01", f"/unpin {pos}", f"/unfeature {pos}", "/pins", "/featured", "/mentions")
        await ann.scene.sees("Nothing was said since then")
        await ann.scene.sees(f"you unpinned {pos}")
        await ann.scene.sees(f"{pos} is a featured post no more (you)")
        for nothing in ("Nothing is pinned", "There are no featured posts", "Nobody mentioned you"):
            await ann.scene.sees(nothing)
        bob.scene.type("/new 另一个群", "/groups", "/open 2", f"/forward 1 {pos}", "/open 1")
        await bob.scene.sees("我", "@鲍勃 看这里（转发）")
        await asyncio.gather(ann.leave(), bob.leave())


@in_loop
async def test_the_list_of_groups_says_that_one_was_mentioned(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        bob.scene.type("/new 另一个群")
        await bob.scene.sees("── 另一个群")
        ann.scene.type("@all psst")
        await bob.scene.sees("［石榴哥粉丝群］Ann：@all psst")
        bob.scene.type("/groups")
        await bob.scene.sees("石榴哥粉丝群", "1 条未读 @1")
        await asyncio.gather(ann.leave(), bob.leave())
