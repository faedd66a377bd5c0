"""The pages of the full-screen chat, places in them, what comes in numbers, and coming back."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from chatd.cli.screen.transcript import KEPT_MAX
from chatd.testing import running_server
from chatd_client import Client, EntriesEvent
from chatd_protocol import kinds, log
from tests.client.peer import USER, in_loop
from tests.client.sitting import Sitting, at_phones, sitting, user_of

HURRIED: Final[dict[str, Any]] = {"limits": {"requests_per_s": 100_000.0}}


async def group_of_two(one: Client, other: Client, title: str, said: int = 0) -> str:
    """A group of `one` with so many messages in it, that `other` has been in from the beginning."""
    group = (await one.create_group(title)).group
    await one.add_members(group, [user_of(other)])
    await asyncio.gather(*(one.send(group, f"no. {number} of {said}") for number in range(1, said + 1)))
    return group


def numbers(here: Sitting) -> list[int]:
    """The numbered messages that are drawn, from above; under a name, each ends with its position."""
    rows = [row.split() for row in here.conversation]
    return [int(row[1]) for row in rows if row[:1] == ["no."] and len(row) in {4, 5}]


async def moved(here: Sitting, before: list[int]) -> None:
    """Wait until other messages are drawn than before."""
    await here.until(lambda: numbers(here) != before)


def message(pos: int, text: str) -> log.Message:
    """One of somebody else."""
    return log.Message(pos, at=pos, seq=pos, sender=USER, cid="c", type="text", body=kinds.TextContent(text))


@in_loop
async def test_pages_come_by_scrolling_up_and_nothing_is_left_out(sqlite_url: str) -> None:
    async with running_server(sqlite_url, **HURRIED) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Long", 200)
        await ann.mark_read(group, 200)
        async with sitting(server, "ann", "Ann") as here:
            await here.hears("no. 200 of")
            seen = set(numbers(here))
            while 1 not in seen:
                before = numbers(here)
                await here.press("pageup")
                await moved(here, before)
                assert max(numbers(here)) >= min(before) - 1
                seen |= set(numbers(here))
            assert seen == set(range(1, 201))
            await here.press("pageup")
            await here.hears("pulled in by Bob")
            await bob.send(group, "down there")
            await here.sees("to the newest")
            assert not any("down there" in row for row in here.conversation)
            await here.press("ctrl+b")
            await here.hears("no. 200 of")
            await here.hears("down there")


@in_loop
async def test_one_begins_at_the_first_unread_message(sqlite_url: str) -> None:
    async with running_server(sqlite_url, **HURRIED) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Long", 90)
        await ann.mark_read(group, 50)
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("40 条新消息")
            assert numbers(here)[0] in {50, 51}
            assert (await ann.get_group(group)).line.unread > 0
            while 90 not in numbers(here):
                before = numbers(here)
                await here.press("pagedown")
                await moved(here, before)
            await here.sees_no("未读")


@in_loop
async def test_before_the_first_page_is_there_no_other_is_asked_for_and_nothing_is_read(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    page_may_come = asyncio.Event()
    read_history = Client.read_history

    async def read_later(client: Client, group: str, **which: Any) -> Any:
        asked.append(which)
        if len(asked) == 1:
            await page_may_come.wait()  # bounded by the scene
        return await read_history(client, group, **which)

    async with running_server(sqlite_url, **HURRIED) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Long", 90)
        await ann.mark_read(group, 50)
        monkeypatch.setattr(Client, "read_history", read_later)
        async with sitting(server, "ann", "Ann") as here:
            await here.until(lambda: asked != [])
            here.app.timeline.touch()
            await here.pilot.pause()
            assert len(asked) == 1
            page_may_come.set()
            await here.sees("40 new")
            assert numbers(here)[0] == 51


@in_loop
async def test_what_was_typed_before_a_chat_was_open_is_still_there(sqlite_url: str) -> None:
    async with (
        running_server(sqlite_url) as server,
        at_phones(server, ann="Ann") as (ann,),
        sitting(server, "ann", "Ann") as here,
    ):
        await here.sees("online")
        here.app.composer.insert("half")
        group = (await ann.create_group("Tea")).group
        await here.sees("Tea")
        await here.app.open_chat(group)
        assert here.app.composer.text == "half"


@in_loop
async def test_a_position_and_a_day_are_gone_to_and_the_pages_join(sqlite_url: str) -> None:
    async with running_server(sqlite_url, **HURRIED) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Long", 300)
        await ann.mark_read(group, 300)
        async with sitting(server, "ann", "Ann") as here:
            await here.hears("no. 300 of")
            await here.type("/goto 52")
            await here.hears("no. 50 of")
            await here.sees("▌")
            await bob.send(group, "later")
            await here.press("escape", "ctrl+b")
            await here.hears("later")
            assert here.app.transcript is not None
            assert here.app.transcript.order == sorted(set(here.app.transcript.order))
            await here.type("/goto 2000-01-01")
            await here.hears("no. 1 of")
            await here.type("/goto nowhere")
            await here.sees("That is written: /goto POS|DATE")


@in_loop
async def test_thousands_of_messages_at_once_do_not_freeze_it(sqlite_url: str) -> None:
    """They come when the connection is back, as fast as the server can: more than are kept."""
    async with running_server(sqlite_url, **HURRIED) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Burst")
        async with sitting(server, "ann", "Ann") as here:
            await here.sees("Burst", "2 members")
            assert here.app.transcript is not None
            for start in range(0, 10_000, 100):
                at = here.app.transcript.cursor
                said = [message(at + number + 1, f"no. {start + number + 1} of 10000") for number in range(100)]
                await here.app.watcher._take(EntriesEvent(group, at, at + 100, tuple(said), None))
                await asyncio.wait_for(asyncio.sleep(0), 1.0)
            await here.hears("no. 10000 of")
            assert len(here.app.transcript.order) == KEPT_MAX
            assert numbers(here)[-5:] == list(range(9996, 10_001))


@in_loop
async def test_coming_back_shows_what_was_missed_and_where_one_stands(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Here")
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("Here", "2 人")
            here.app.client._session.link.cycle()
            await bob.send(group, "while away")
            await here.hears("while away")
            await here.sees("已恢复连接")
            await here.sees("● 在线")
            assert sum("while away" in row for row in here.conversation) == 1


@in_loop
async def test_unsent_text_is_kept_and_comes_back(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        one = await group_of_two(bob, ann, "One")
        await group_of_two(bob, ann, "Two")
        async with sitting(server, "ann", "Ann", group=one) as here:
            await here.sees("One", "2 members")
            await here.type("half a thou", "alt+down")
            await here.sees("Two", "2 members")
            await here.sees("[unsent] half a thou")
            await here.press("alt+up")
            await here.sees("One", "2 members")
            await here.hears("half a thou")
        async with sitting(server, "ann", "Ann", group=one) as here:
            await here.hears("half a thou")
            await here.type("ght")
            await here.hears("half a thought")
        draft = (await ann.get_group(one)).draft
        assert draft is None or not draft.text


@in_loop
async def test_what_is_refused_is_said_in_words_and_not_lost(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        group = await group_of_two(bob, ann, "Quiet")
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("Quiet", "2 人")
            await bob.restrict_member(group, user_of(ann))
            await here.type("may I?")
            await here.sees("你已被禁言", "restricted")
            await here.hears("may I?")
            await here.press("enter")
            await here.hears("may I?")
