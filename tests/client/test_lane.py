"""Sends of a group: in order, several in flight, each caller with their own result."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatd_client import ChatdError, ClientClosed
from chatd_client.lane import WINDOW
from tests.client.peer import GROUP, OTHER, Ask, Conversation, Stage, in_loop, staged


def send_all(stage: Stage, *texts: str) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(stage.client.send(GROUP, text)) for text in texts]


async def take_sends(conversation: Conversation, count: int) -> list[Ask]:
    return [await conversation.ask("message.send") for _ in range(count)]


def texts_of(asks: list[Ask]) -> list[str]:
    return [ask.data["body"]["text"] for ask in asks]


def afters_of(asks: list[Ask]) -> list[str | None]:
    """The text of the send that each one is tied to."""
    texts = {ask.data["cid"]: ask.data["body"]["text"] for ask in asks}
    return [texts.get(after, "?") if (after := ask.data.get("after")) else None for ask in asks]


async def probe(stage: Stage, conversation: Conversation) -> None:
    """Once this is answered, the client has read what was said before, and sent what it wanted to send before."""
    asking = asyncio.create_task(stage.client.list_groups())
    await conversation.ok(await conversation.ask("group.list"), groups=[])
    await asking


@in_loop
async def test_sends_are_pipelined_each_tied_to_the_one_before() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b", "c")
        asks = await take_sends(conversation, 3)
        assert texts_of(asks) == ["a", "b", "c"]
        assert afters_of(asks) == [None, "a", "b"]
        for pos, ask in enumerate(asks, 1):
            await conversation.accept_send(ask, pos)
        assert [(await one).pos for one in sending] == [1, 2, 3]
        last = send_all(stage, "d")[0]
        ask = await conversation.ask("message.send")
        assert "after" not in ask.data
        await conversation.accept_send(ask, 4)
        assert (await last).pos == 4


@in_loop
async def test_groups_do_not_wait_for_each_other() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = [asyncio.create_task(stage.client.send(group, group)) for group in (GROUP, OTHER)]
        asks = await take_sends(conversation, 2)
        assert all("after" not in ask.data for ask in asks)
        for ask in reversed(asks):
            await conversation.accept_send(ask, 1)
        assert [(await one).group for one in sending] == [GROUP, OTHER]


@in_loop
async def test_one_that_is_refused_does_not_take_the_others_with_it() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b", "c", "d")
        asks = await take_sends(conversation, 4)
        await conversation.accept_send(asks[0], 1)
        await conversation.refuse(asks[1], "gone")
        await conversation.refuse(asks[2], "out_of_order")
        await conversation.refuse(asks[3], "out_of_order")
        again = await take_sends(conversation, 2)
        assert [ask.data["cid"] for ask in again] == [ask.data["cid"] for ask in asks[2:]]
        assert afters_of(again) == [None, "c"]
        for pos, ask in enumerate(again, 2):
            await conversation.accept_send(ask, pos)
        with pytest.raises(ChatdError, match="gone"):
            await sending[1]
        assert [(await one).pos for one in (sending[0], *sending[2:])] == [1, 2, 3]


@in_loop
async def test_answers_may_come_in_another_order() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b", "c")
        asks = await take_sends(conversation, 3)
        await conversation.refuse(asks[2], "out_of_order")
        await conversation.refuse(asks[1], "invalid")
        await probe(stage, conversation)
        late = send_all(stage, "d")[0]
        await conversation.accept_send(asks[0], 1)
        again = await take_sends(conversation, 2)
        assert texts_of(again) == ["c", "d"]
        assert afters_of(again) == [None, "c"]
        for pos, ask in enumerate(again, 2):
            await conversation.accept_send(ask, pos)
        results = await asyncio.gather(*sending, late, return_exceptions=True)
        assert [getattr(r, "pos", None) for r in results] == [1, None, 2, 3]


@in_loop
async def test_what_may_be_tried_again_is_and_holds_the_rest_back() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b")
        asks = await take_sends(conversation, 2)
        await conversation.refuse(asks[0], "rate_limited", retry_after=4)
        await conversation.refuse(asks[1], "out_of_order")
        assert await stage.clock.end_pause() == 4
        again = await take_sends(conversation, 2)
        assert [ask.data for ask in again] == [ask.data for ask in asks]
        for pos, ask in enumerate(again, 1):
            await conversation.accept_send(ask, pos)
        assert [(await one).pos for one in sending] == [1, 2]


@in_loop
async def test_patience_ends_for_the_one_and_the_next_goes_on() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b")
        for n in range(9):
            first, second = await take_sends(conversation, 2)
            await conversation.refuse(first, "storage_full")
            await conversation.refuse(second, "out_of_order")
            if n < 8:
                await stage.clock.end_pause()
        ask = await conversation.ask("message.send")
        await conversation.accept_send(ask, 1)
        assert (await sending[1]).pos == 1
        with pytest.raises(ChatdError, match="storage_full"):
            await sending[0]


@in_loop
async def test_patience_is_not_lost_behind_another() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b")
        for _ in range(8):
            for ask in await take_sends(conversation, 2):
                await conversation.refuse(ask, "rate_limited")
            await stage.clock.end_pause()
        first, second = await take_sends(conversation, 2)
        await conversation.accept_send(first, 1)
        await conversation.refuse(second, "rate_limited")
        await stage.clock.end_pause()
        await conversation.accept_send(await conversation.ask("message.send"), 2)
        assert [(await one).pos for one in sending] == [1, 2]


@in_loop
async def test_out_of_order_without_a_cause_is_told() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a")
        await conversation.refuse(await conversation.ask("message.send"), "out_of_order")
        with pytest.raises(ChatdError, match="out_of_order"):
            await sending[0]


@in_loop
async def test_after_a_lost_connection_they_go_again_exactly_as_they_were() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b", "c")
        asks = await take_sends(conversation, 3)
        await conversation.accept_send(asks[0], 1)
        assert (await sending[0]).pos == 1
        await conversation.close(1012)
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        again = await take_sends(back, 2)
        assert [ask.data for ask in again] == [ask.data for ask in asks[1:]]
        await back.accept_send(again[0], 2)
        await back.accept_send(again[1], 3)
        assert [(await one).pos for one in sending] == [1, 2, 3]


@in_loop
async def test_tied_to_one_that_was_refused_before_the_connection_ended() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b")
        asks = await take_sends(conversation, 2)
        await conversation.refuse(asks[0], "read_only")
        await conversation.close(4000)
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        again = await back.ask("message.send")
        assert (again.data["cid"], "after" in again.data) == (asks[1].data["cid"], False)
        await back.accept_send(again, 1)
        assert (await sending[1]).pos == 1
        with pytest.raises(ChatdError, match="read_only"):
            await sending[0]


@in_loop
async def test_no_more_than_a_window_is_in_flight() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, *(str(n) for n in range(WINDOW + 2)))
        asks = await take_sends(conversation, WINDOW)
        await probe(stage, conversation)
        await conversation.accept_send(asks[0], 1)
        next_one = await conversation.ask("message.send")
        assert (texts_of([next_one]), next_one.data["after"]) == ([str(WINDOW)], asks[-1].data["cid"])
        for one in sending:
            one.cancel()


@in_loop
async def test_one_given_up_before_it_flew_is_left_out() -> None:
    async with staged() as stage:
        sending = send_all(stage, "a", "b", "c")
        await asyncio.sleep(0)
        sending[1].cancel()
        conversation = await stage.begin()
        asks = await take_sends(conversation, 2)
        assert (texts_of(asks), afters_of(asks)) == (["a", "c"], [None, "a"])
        for pos, ask in enumerate(asks, 1):
            await conversation.accept_send(ask, pos)
        assert [(await one).pos for one in (sending[0], sending[2])] == [1, 2]


@in_loop
async def test_one_given_up_in_flight_keeps_its_place() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b")
        asks = await take_sends(conversation, 2)
        sending[0].cancel()
        await conversation.close(4000)
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        again = await take_sends(back, 2)
        assert [ask.data for ask in again] == [ask.data for ask in asks]
        for pos, ask in enumerate(again, 1):
            await back.accept_send(ask, pos)
        assert (await sending[1]).pos == 2


@in_loop
async def test_a_final_end_is_told_to_all() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        sending = send_all(stage, "a", "b")
        await take_sends(conversation, 2)
        await conversation.close(4402)
        for one in sending:
            with pytest.raises(ClientClosed):
                await one
        assert not stage.client._lanes
