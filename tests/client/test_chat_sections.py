"""Sections in the client and in the terminal chat."""

from __future__ import annotations

import asyncio

import pytest

from chatd.cli.chat_render import Renderer, plain
from chatd.cli.chat_state import Names, State
from chatd.cli.chat_words import Words
from chatd.testing import running_server
from chatd_client import Client, EntriesEvent
from chatd_client.view import GroupView
from chatd_protocol import kinds, log
from chatd_protocol.groups import GroupLine, SectionLine
from tests.client.peer import USER, in_loop
from tests.client.scene import friends

GROUP = "g" * 20
MAIN, TALK = log.Section(0, "chat"), log.Section(1, "qa", "问一问")


def line(*sections: SectionLine) -> GroupLine:
    return GroupLine(
        GROUP, "private", 9, 0, 4, 4, sum(s.unread for s in sections), 0, "member", 2, sections=list(sections)
    )


@pytest.fixture
def state() -> State:
    """A group whose main section has 4 messages, all read, and another one with 7, two of them unread."""
    made = State(Names(None))  # type: ignore[arg-type]
    made.put(line(SectionLine(0, "chat", seq=4, read=4), SectionLine(1, "qa", "问一问", seq=7, read=5, unread=2)))
    made.open = GROUP
    return made


def unread(state: State) -> list[int]:
    shown = state.lines[GROUP]
    return [shown.unread, *(one.unread for one in shown.sections)]


def test_unread_is_counted_per_section(state: State) -> None:
    state.count_unread(GROUP, 8, 1)
    state.count_unread(GROUP, 5)
    assert unread(state) == [4, 1, 3]
    assert (state.newest_in(GROUP, 0), state.newest_in(GROUP, 1), state.newest_in(GROUP, 9)) == (5, 8, 0)
    state.count_read(GROUP, 1)
    assert unread(state) == [1, 1, 0]
    assert (state.lines[GROUP].read, state.lines[GROUP].sections[1].read) == (4, 8)
    state.count_read(GROUP)
    assert unread(state) == [0, 0, 0]


def test_what_the_line_has_counted_already_is_not_counted_again(state: State) -> None:
    """What was missed comes once more behind the lines of a new session."""
    state.count_unread(GROUP, 7, 1)
    state.count_unread(GROUP, 4)
    assert unread(state) == [2, 0, 2]
    state.count_unread(GROUP, 8, 1)
    state.count_read(GROUP, 1, left=1, read=7)
    assert unread(state) == [1, 0, 1]
    assert state.lines[GROUP].sections[1].read == 7


def test_what_is_told_of_sections_keeps_what_was_counted(state: State) -> None:
    state.section = 1
    state.take_sections(GROUP, [TALK, log.Section(0, "chat", "大厅"), log.Section(2, "chat", "New")])
    shown = state.lines[GROUP].sections
    assert [(one.section, one.title, one.unread) for one in shown] == [(1, "问一问", 2), (0, "大厅", 0), (2, "New", 0)]
    assert (state.section, state.section_title(1), state.section_title(7)) == (1, "问一问", "#7")
    state.take_sections(GROUP, [MAIN, log.Section(1, "qa", "问一问", closed=True)])
    assert (state.section, [one.section for one in state.lines[GROUP].sections]) == (0, [0])


@pytest.mark.parametrize(("lang", "mark"), [("en", "‹A#1› hello"), ("zh", "‹A#1› hello")])
def test_a_message_says_in_which_section_it_stands(lang: str, mark: str) -> None:
    render = Renderer(Words(lang), lambda: USER, str, section_of=lambda number: f"A#{number}" if number else "")  # type: ignore[arg-type]
    said = log.Message(3, at=0, seq=1, sender=USER, cid="c", type="text", body=kinds.TextContent("hello"), section=1)
    assert render.text(said) == mark
    assert render.section(0) == {"en": "main", "zh": "主板块"}[lang]


def test_a_change_of_sections_is_told_in_both_languages() -> None:
    entries = [
        log.SectionsChanged(5, at=0, by=USER, act=act, sections=[MAIN, TALK], section=None if act == "order" else 1)
        for act in ("create", "update", "close", "open", "order")
    ]

    def told(lang: str) -> list[str]:
        render = Renderer(Words(lang), lambda: USER, str)  # type: ignore[arg-type]
        return [plain(row).partition("· ")[2] for entry in entries for row in render.entry(entry, 80)]

    assert told("en") == [
        "you made the section “问一问” (questions)",
        "you changed the section “问一问” (questions)",
        "you closed the section “问一问”",
        "you opened the section “问一问” again",
        "you put the sections in another order",
    ]
    assert [text.removeprefix("我") for text in told("zh")][2:] == [
        "关闭了板块“问一问”",
        "重新开放了板块“问一问”",
        "调整了板块顺序",
    ]


def test_a_view_knows_the_sections() -> None:
    view = GroupView(GROUP)
    view.load("T", [], [], 3, [MAIN])
    assert view.sections == [MAIN]
    view.apply([log.SectionsChanged(4, at=0, by=USER, act="create", sections=[MAIN, TALK], section=1)])
    assert view.sections == [MAIN, TALK]
    view.apply([log.SectionsChanged(3, at=0, by=USER, act="create", sections=[], section=1)])
    assert view.sections == [MAIN, TALK], "an entry that is in it already changes nothing"


@in_loop
async def test_two_people_use_sections(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        ann.scene.type("/section new announce 公告板", "/section new qa Ask")
        await bob.scene.sees("Ann 新建了板块“公告板”（公告）")
        await bob.scene.sees("Ann 新建了板块“Ask”（问答）")
        ann.scene.type("/section 1", "今晚八点直播")
        await ann.scene.sees("── 公告板 ──")
        pos = (await bob.scene.sees("Ann ", "‹公告板› 今晚八点直播")).split()[0]
        bob.scene.type("/section 1", "我也要说", "/section 2", f"/reply {pos} 在哪", "在哪看？", "/sections")
        await bob.scene.sees("── 公告板 ──")
        await bob.scene.sees(pos, "‹公告板› 今晚八点直播")
        await bob.scene.sees("你没有这个权限（forbidden）")
        await bob.scene.sees("── Ask ──")
        await bob.scene.sees("invalid")
        await ann.scene.sees("鲍勃", "‹Ask› 在哪看？")
        await bob.scene.sees("  0 主板块 · 聊天")
        await bob.scene.sees("  1 公告板 · 公告")
        await bob.scene.sees("*  2 Ask · 问答")
        ann.scene.type(
            "/section order 2 0 1", "/section name 2 Questions", "/section kind 2 chat", "/section close 1", "/sections"
        )
        for words in (
            "you put the sections in another order",
            "you changed the section “Questions” (questions)",
            "you changed the section “Questions” (chat)",
            "you closed the section “公告板”",
        ):
            await ann.scene.sees(words)
        await ann.scene.sees("2 Questions · chat")
        await ann.scene.sees("0 main · chat")
        await ann.scene.sees("1 公告板 · announcements · closed")
        ann.scene.type("/section 9", "/section new chess x", "/section reopen 1", "/section 0", "/receipts " + pos)
        await ann.scene.sees("there is no such section (no_section)")
        await ann.scene.sees("A KIND is chat, announce, showcase or qa.")
        await ann.scene.sees("you opened the section “公告板” again")
        await ann.scene.sees("── main ──")
        await asyncio.gather(ann.leave(), bob.leave())


@in_loop
async def test_the_client_sends_reads_and_searches_by_section(sqlite_url: str) -> None:
    async with (
        running_server(sqlite_url) as server,
        Client(server.ws_url, token=server.token("ann", "Ann"), device="one") as client,
    ):
        group = (await client.create_group("T")).group
        section = (await client.create_section(group, "Ask", "qa", "Be kind")).section
        assert section == 1
        view = await client.view(group)
        assert [one.title for one in view.sections] == ["", "Ask"]
        placed = await client.send(group, "hello", section=1)
        assert (placed.section, placed.seq) == (1, 1)
        await client.send(group, "main")
        assert (await client.forward(group, group, [placed.pos], section=1)).seq == 2
        assert [entry.pos async for entry in client.history(group, section=1, page=1)] == [placed.pos + 2, placed.pos]
        assert (await client.mark_read(group, 2, 1)).read == 2
        await client.update_section(group, 1, title="Questions", closed=True)
        assert [(one.section, one.title, one.closed) for one in await client.list_sections(group)] == [
            (0, "", False),
            (1, "Questions", True),
        ]
        await client.update_section(group, 1, closed=False)
        await client.order_sections(group, [1, 0])
        async for event in client.events():
            if isinstance(event, EntriesEvent) and any(
                isinstance(entry, log.SectionsChanged) and entry.act == "order" for entry in event.entries
            ):
                break
        assert [one.section for one in view.sections] == [1, 0]
