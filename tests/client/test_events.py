"""What the handler gets, and what it does not have to know: gaps, a slow hand, views."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatd_client import (
    ChatdError,
    Connected,
    Cursors,
    Disconnected,
    EntriesEvent,
    MemoryCursors,
    MineEvent,
    Opened,
    Reset,
    Truncated,
)
from chatd_client.feed import last_pos
from chatd_protocol.log import Hidden
from chatd_protocol.signals import TypingSignal
from tests.client.peer import (
    EPOCH,
    GROUP,
    OTHER,
    USER,
    Conversation,
    Stage,
    collect,
    first,
    hidden,
    in_loop,
    line,
    message,
    staged,
)


def positions(events: list[Any]) -> list[int]:
    return [last_pos(entry) for event in events if isinstance(event, EntriesEvent) for entry in event.entries]


async def settled(stage: Stage, conversation: Conversation) -> None:
    """Everything that was said before has been received."""
    asking = asyncio.create_task(stage.client.list_groups())
    while (ask := await conversation.ask()).op != "group.list":
        await conversation.ok(ask, **(line(live=True) if ask.op == "group.open" else {}))
    await conversation.ok(ask, groups=[])
    await asking


@in_loop
async def test_a_gap_is_read_again_and_nothing_comes_twice() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(40, message(41))
        await conversation.entries(42, message(43))
        opening = await conversation.ask("group.open")
        assert opening.data == {"group": GROUP, "after": 41, "at": 410}
        await conversation.entries(43, message(44))
        await conversation.ok(opening, **line(head=44, after=41))
        await conversation.entries(41, message(42), message(43), message(44))
        await conversation.entries(44, message(45))
        await settled(stage, conversation)
        events = await collect(stage.client, 5)
        assert [type(event) for event in events] == [Connected, EntriesEvent, Opened, EntriesEvent, EntriesEvent]
        assert positions(events) == [41, 42, 43, 44, 45]


@in_loop
async def test_a_group_that_cannot_be_opened_again_is_let_go() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(42, message(43))
        await conversation.refuse(await conversation.ask("group.open"), "not_found")
        await settled(stage, conversation)
        await conversation.close(4000)
        await stage.clock.end_pause()
        hello = await (await stage.peer.conversation()).greet()
        assert hello.data["heads"] == {}


@in_loop
async def test_opening_again_waits_when_the_server_says_so() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(42, message(43))
        await conversation.refuse(await conversation.ask("group.open"), "overloaded", retry_after=2)
        assert await stage.clock.end_pause() == 2.25
        await conversation.ok(await conversation.ask("group.open"), **line())
        await first(stage.client, Opened)


@in_loop
async def test_a_hole_in_an_event_ends_the_connection() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(40, message(41), message(43))
        assert (await first(stage.client, Disconnected)).reason == "not understood"


@in_loop
async def test_a_gap_in_the_own_log_is_mended_by_coming_back() -> None:
    async with staged() as stage:
        conversation = await stage.begin(mine=3, mine_at=30)
        added = {"upos": 5, "at": 50, "kind": "added", "group": OTHER, "pos": 9}
        await conversation.event("mine", after=4, entries=[added])
        await stage.clock.end_pause()
        back = await stage.peer.conversation()
        hello = await back.greet(mine=5, mine_at=50)
        assert hello.data["mine"] == [3, 30]
        await back.event("mine", after=3, entries=[added | {"upos": 4, "at": 40}, added])
        event = await first(stage.client, MineEvent)
        assert [entry.upos for entry in event.entries] == [4, 5]


@in_loop
async def test_a_group_opened_by_the_caller_is_opened_on_every_connection() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        opening = asyncio.create_task(stage.client.open_group(GROUP))
        ask = await conversation.ask("group.open")
        assert ask.data == {"group": GROUP}
        await conversation.ok(ask, **line())
        assert (await opening).head == 40
        await conversation.close(4000)
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        ask = await back.ask("group.open")
        assert ask.data == {"group": GROUP, "after": 40, "at": 400}
        await back.ok(ask, **line(head=41, at=410, after=40))
        await back.entries(40, message(41))
        assert (await first(stage.client, EntriesEvent)).entries[0].pos == 41


@in_loop
async def test_opening_what_one_may_not_see_is_refused_and_not_tried_again() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        opening = asyncio.create_task(stage.client.open_group(GROUP, from_start=True))
        ask = await conversation.ask("group.open")
        assert ask.data == {"group": GROUP, "after": 0}
        await conversation.refuse(ask, "not_found")
        with pytest.raises(ChatdError, match="not_found"):
            await opening
        assert not stage.client._session.feed.positions


@in_loop
async def test_closing_a_group_forgets_it() -> None:
    store = MemoryCursors(Cursors(EPOCH, (0, 0), {GROUP: (40, 400)}))
    async with staged(cursors=store) as stage:
        conversation = await stage.begin(groups=[line()])
        closing = asyncio.create_task(stage.client.close_group(GROUP))
        await conversation.ok(await conversation.ask("group.close"))
        await closing
        await stage.client.close()
        assert store.cursors.heads == {}


@in_loop
async def test_resets_and_truncations_are_told() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line(), line(OTHER)])
        await conversation.close(4000)
        await stage.clock.end_pause()
        back = await stage.peer.greeted(groups=[line(head=90, after=80, truncated=80), line(OTHER, reset=True)])
        assert await first(stage.client, Truncated) == Truncated(GROUP, 80)
        assert await first(stage.client, Reset) == Reset(OTHER)
        await back.close(4000)
        await stage.clock.end_pause()
        await stage.peer.greeted(epoch="second", reset=True)
        assert await first(stage.client, Reset, lambda reset: reset.group is None) == Reset(None)
        connected = await first(stage.client, Connected)
        assert (connected.resumed, connected.hello.epoch) == (False, "second")


@in_loop
async def test_a_slow_hand_costs_bounded_memory_and_loses_nothing() -> None:
    async with staged(inbox_entries=4) as stage:
        conversation = await stage.begin(groups=[line()])
        for pos in range(41, 61):
            await conversation.entries(pos - 1, message(pos))
        closing = await conversation.ask("group.close")
        await conversation.ok(closing)
        await settled(stage, conversation)
        inbox = stage.client._session.inbox
        assert inbox._load == 4
        reading = asyncio.create_task(collect(stage.client, 6))
        ask = await conversation.ask("group.open")
        assert ask.data == {"group": GROUP, "after": 43, "at": 430}
        await conversation.ok(ask, **line(head=60, after=43))
        await conversation.entries(43, message(44), message(45))
        events = await reading
        assert positions(events) == [41, 42, 43, 44, 45]


@in_loop
async def test_a_slow_hand_may_wait_for_an_answer_all_the_same() -> None:
    async with staged(inbox_entries=2) as stage:
        conversation = await stage.begin(groups=[line()])

        async def handle() -> list[int]:
            seen: list[int] = []
            async for event in stage.client.events():
                if isinstance(event, EntriesEvent):
                    seen += [entry.pos for entry in event.entries]
                    await stage.client.mark_read(GROUP, seen[-1])
                    if seen[-1] == 44:
                        return seen
            return seen

        handling = asyncio.create_task(handle())
        for pos in range(41, 45):
            await conversation.entries(pos - 1, message(pos))
        while not handling.done():
            asking = asyncio.create_task(conversation.ask())
            await asyncio.wait([asking, handling], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                break
            ask = asking.result()
            if ask.op == "group.open":
                after = ask.data["after"]
                await conversation.ok(ask, **line(head=44, after=after))
                await conversation.entries(after, *(message(pos) for pos in range(after + 1, 45)))
            else:
                await conversation.ok(ask, **({"group": GROUP, "read": 1} if ask.op == "read.mark" else {}))
        assert await handling == [41, 42, 43, 44]


@in_loop
async def test_news_of_oneself_that_found_no_room_come_with_the_next_session() -> None:
    async with staged(inbox_entries=2) as stage:
        conversation = await stage.begin(groups=[line()])
        added = {"at": 50, "kind": "added", "group": OTHER, "pos": 9}
        await conversation.entries(40, message(41))
        await conversation.event("mine", after=0, entries=[added | {"upos": 1}])
        await settled(stage, conversation)
        reading = asyncio.create_task(first(stage.client, MineEvent))
        await stage.clock.end_pause()
        back = await stage.peer.conversation()
        hello = await back.greet(mine=1, mine_at=50)
        assert hello.data["mine"] == [0, 0]
        await back.event("mine", after=0, entries=[added | {"upos": 1}])
        assert (await reading).entries[0].group == OTHER


@in_loop
async def test_signals_come_as_they_are() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        await conversation.event("typing", group=GROUP, user=USER)
        assert await first(stage.client, TypingSignal) == TypingSignal(group=GROUP, user=USER)


@in_loop
async def test_an_event_that_was_not_done_with_comes_again() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(40, message(41))
        for _ in range(2):
            assert (await first(stage.client, EntriesEvent)).entries[0].pos == 41


@pytest.mark.parametrize(
    ("newest_first", "cursors", "expected"),
    [(True, [{}, {"before": 4}], [6, 5, 4, 3, 1]), (False, [{}, {"after": 3}], [1, 3, 4, 5, 6])],
)
@in_loop
async def test_history_is_read_page_by_page(newest_first: bool, cursors: list[Any], expected: list[int]) -> None:
    pages = [[message(4), message(5), message(6)], [message(1), hidden(2, 3)]]
    async with staged() as stage:
        conversation = await stage.begin()

        async def read() -> list[int]:
            past = stage.client.history(GROUP, newest_first=newest_first, page=3)
            return [entry.pos if not isinstance(entry, Hidden) else entry.to async for entry in past]

        reading = asyncio.create_task(read())
        for cursor, page in zip(cursors, pages if newest_first else reversed(pages), strict=True):
            ask = await conversation.ask("message.history")
            wanted = {"group": GROUP, "limit": 3} | ({} if newest_first else {"after": 0}) | cursor
            assert ask.data == wanted
            more = cursor == {}
            await conversation.ok(ask, group=GROUP, entries=page, as_of=6, floor=0, more=more)
        assert await reading == expected


async def answer_view(conversation: Conversation, as_of: int, *entries: dict[str, Any]) -> None:
    """Answer what a view asks for."""
    await conversation.ok(
        await conversation.ask("group.get"),
        line=line(title="Friends"),
        intro="",
        history="none",
        limit=9,
        owner=USER,
        created=1,
    )
    members = await conversation.ask("group.members")
    await conversation.ok(members, members=[{"user": USER, "role": "owner", "since": 1}])
    history = await conversation.ask("message.history")
    await conversation.ok(history, group=GROUP, entries=list(entries), as_of=as_of, floor=0, more=False)


@in_loop
async def test_a_view_shows_each_event_before_the_handler_gets_it() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        viewing = asyncio.create_task(stage.client.view(GROUP))
        await conversation.ok(await conversation.ask("group.open"), **line())
        await answer_view(conversation, 41, message(40), message(41))
        view = await viewing
        assert (view.title, view.members, list(view.messages), view.cursor) == (
            "Friends",
            {USER: "owner"},
            [40, 41],
            41,
        )
        await conversation.entries(40, message(41), message(42))
        await first(stage.client, EntriesEvent)
        assert list(view.messages) == [40, 41, 42]
        removed = {"upos": 1, "at": 5, "kind": "removed", "group": GROUP, "pos": 43, "why": "kicked"}
        await conversation.event("mine", after=0, entries=[removed])
        await first(stage.client, MineEvent)
        assert view.gone == "kicked"


@in_loop
async def test_a_view_is_read_anew_after_a_reset() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        viewing = asyncio.create_task(stage.client.view(GROUP))
        await conversation.ok(await conversation.ask("group.open"), **line())
        await answer_view(conversation, 40, message(40))
        view = await viewing
        await conversation.close(4000)
        await stage.clock.end_pause()
        back = await stage.peer.greeted(groups=[line(head=7, at=70, after=7, reset=True)])
        reading = asyncio.create_task(first(stage.client, Reset))
        await answer_view(back, 7, message(6), message(7))
        assert await reading == Reset(GROUP)
        assert list(view.messages) == [6, 7]
