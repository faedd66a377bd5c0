"""What the full-screen chat says while there is no connection, and how somebody hurries it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import pytest

from chatd.cli.chat_commands import Commander
from chatd.cli.chat_events import Watcher
from chatd.cli.chat_render import Renderer
from chatd.cli.chat_state import Names, State
from chatd.cli.chat_words import Words
from chatd_client import Client, Disconnected
from tests.client.peer import Conversation, HalfRandom, Peer, first, in_loop, refusal, running_peer, staged
from tests.client.scene import Scene
from tests.client.sitting import Sitting, Watched


async def let_in(peer: Peer) -> Conversation:
    """The next connection, of somebody without chats, who may make none."""
    conversation = await peer.greeted()
    asked = {ask.op: ask for ask in [await conversation.ask(), await conversation.ask()]}
    await conversation.refuse(asked["group.create"], "forbidden")
    await conversation.ok(asked["group.list"], groups=[])
    return conversation


@pytest.mark.parametrize("way", ["ctrl+r", "/retry", "click"])
@in_loop
async def test_it_counts_down_and_tries_at_once_when_it_is_asked_to(way: str) -> None:
    async with running_peer() as peer:
        peer.door = refusal(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="9")
        client = Client(peer.url, token="token-1", device="screen", random=HalfRandom(7))
        app = Watched(client, Words("zh"))
        async with app.run_test(size=(80, 24)) as pilot:
            here = Sitting(app, pilot)
            await here.sees("○ 10 秒后重试 · ^R 立即重试")
            await here.sees("还没连上服务器：服务器正在启动或太忙")
            await here.sees("○ 9 秒后重试")
            await here.type("/new 茶壶")
            await here.sees("/new 茶壶 要等连上以后才执行")
            peer.door = lambda _: None
            if way == "click":
                await here.click("^R 立即重试")
            elif way == "/retry":
                await here.type("/retry")
            else:
                await here.press("ctrl+r")
            conversation = await let_in(peer)
            await here.sees("● 在线")
            await here.sees_no("要等连上以后才执行")
            await here.until(lambda: app.composer.text == "/new 茶壶")
            assert "^R" not in here.text
            await conversation.close(1012)
            await here.sees("连接断开：服务器正在重启，正在自动重连")
            await peer.greeted()
            await here.sees("已恢复连接")
            assert not any(word in here.text for word in ("1012", "补收", "连接断开"))
            peer.over.set()
            await app.stop_work()
        await app.close()


@in_loop
async def test_line_by_line_a_message_that_waits_does_not_hold_up_the_wish_to_be_back() -> None:
    async with staged(door=refusal(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="9")) as stage:
        state, scene, words = State(Names(stage.client)), Scene(), Words("en")
        render = Renderer(words, str, str)
        watcher = Watcher(stage.client, state, scene, render, words)
        commander = Commander(stage.client, state, scene, render, words, watcher)
        await first(stage.client, Disconnected)
        await stage.clock.advance(1)
        stage.peer.door = lambda _: None
        answered = asyncio.Event()
        waits = asyncio.create_task(_answer(answered))
        commander._sends.add(waits)
        await commander.do("/retry")
        await stage.begin()
        answered.set()
        await waits


async def _answer(answered: asyncio.Event) -> None:
    await answered.wait()
