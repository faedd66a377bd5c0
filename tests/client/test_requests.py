"""What becomes of a request: it is repeated, waits as it is told, is refused, or never leaves."""

from __future__ import annotations

import asyncio

import pytest

from chatd_client import ChatdError
from tests.client.peer import GROUP, in_loop, staged


@in_loop
async def test_a_command_is_repeated_under_its_cid_until_it_is_answered() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        asking = asyncio.create_task(stage.client.follow("uBobBobBobBobBobBob"))
        before = await conversation.ask("follow.add")
        await conversation.close(1012)
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        again = await back.ask("follow.add")
        await back.refuse(again, "unavailable")
        await stage.clock.end_pause()
        third = await back.ask("follow.add")
        await back.ok(third, user="uBobBobBobBobBobBob", following=True, mutual=False)
        assert (await asking).following
        assert before.data == again.data == third.data


@in_loop
async def test_retry_after_of_a_command_and_the_end_of_patience() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        asking = asyncio.create_task(stage.client.list_blocks())
        pauses = []
        for _ in range(8):
            await conversation.refuse(await conversation.ask("block.list"), "rate_limited", retry_after=1.5)
            pauses.append(await stage.clock.end_pause())
        await conversation.refuse(await conversation.ask("block.list"), "rate_limited", retry_after=1.5)
        with pytest.raises(ChatdError) as why:
            await asking
        assert (why.value.code, why.value.retry_after) == ("rate_limited", 1.5)
        assert pauses == [1.5, 1.5, 1.5, 2, 4, 8, 15, 15]


@in_loop
async def test_a_refusal_is_told_with_everything_that_was_said() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        asking = asyncio.create_task(stage.client.create_direct("uBobBobBobBobBobBob"))
        await conversation.refuse(await conversation.ask("group.create"), "limit", details={"bound": "groups"})
        with pytest.raises(ChatdError) as why:
            await asking
        assert (why.value.code, why.value.message, why.value.details) == ("limit", "limit", {"bound": "groups"})


@in_loop
async def test_what_has_a_wrong_shape_is_refused_before_it_is_sent() -> None:
    async with staged() as stage:
        await stage.begin()
        for text in ("", "   ", "x" * 4001, "\ud800", "\x1b[2J"):
            with pytest.raises(ChatdError) as why:
                await stage.client.send(GROUP, text)
            assert (why.value.code, why.value.details) == ("invalid", {"path": "$.data.body.text"})
