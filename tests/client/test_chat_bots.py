"""Bots in the terminal chat: their commands go to them, their buttons are shown and pressed."""

from __future__ import annotations

import asyncio

from chatd.admin.socket import call
from chatd.testing import TestServer, running_server
from chatd_client import Client, EntriesEvent, MineEvent
from chatd_protocol.bots import BotCommand
from chatd_protocol.log import Message
from chatd_protocol.menus import Button
from tests.client.peer import in_loop
from tests.client.scene import Person


async def make_bot(server: TestServer) -> Client:
    """A bot that knows `/tea`, signed in."""
    path = server.config.admin_socket_path()
    made = await asyncio.to_thread(call, path, "bot.create", bot="kettle", name="Kettle", scopes=["read", "send"])
    client = Client(server.ws_url, token=made["token"], device="bot")
    await client.connect()
    await client.set_commands([BotCommand("tea", en="asks who wants tea", zh="问谁要喝茶", also=["喝茶"])])
    return client


async def first_message(bot: Client) -> EntriesEvent:
    """What brings the first message that the bot gets."""
    async for event in bot.events():
        if isinstance(event, EntriesEvent) and any(isinstance(one, Message) for one in event.entries):
            return event
    raise AssertionError("the bot was closed")


@in_loop
async def test_a_bots_command_goes_to_the_bot_and_its_button_is_pressed(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann = Person(server, "ann", "阿安", "zh")
        await ann.scene.sees("已登录")
        bot = await make_bot(server)
        ann.scene.type("/new Tea", "/bots", "/tea now")
        await ann.scene.sees("本群没有机器人")
        await ann.scene.sees("没有命令 /tea")
        ann.scene.type("/add bot:kettle")
        await ann.scene.sees("Kettle")
        ann.scene.type("/bots")
        await ann.scene.sees("Kettle")
        await ann.scene.sees("/tea  /喝茶", "问谁要喝茶")
        ann.scene.type("/tea now", "/tee now")
        await ann.scene.sees("我 ", "/tea now")
        await ann.scene.sees("没有命令 /tee")
        asked = await first_message(bot)
        menu = [[Button("yes", "要"), Button("no", "不要")]]
        placed = await bot.send(asked.group, "喝茶吗？", menu=menu)
        await ann.scene.sees("Kettle ", "喝茶吗？")
        await ann.scene.sees("[1 要] [2 不要]")
        await ann.scene.sees(f"/点按钮 {placed.pos}")
        ann.scene.type(f"/press {placed.pos} 3", f"/press {placed.pos} 2")
        await ann.scene.sees("没有“3”这个按钮")
        await ann.scene.sees("已点“不要”")
        async for event in bot.events():
            if isinstance(event, MineEvent) and (pressed := [e for e in event.entries if e.kind == "pressed"]):
                assert [(one.pos, one.button) for one in pressed] == [(placed.pos, "no")]
                break
        ann.scene.type("/喝茶 现在", "/投票 喝什么", "/撤")
        await ann.scene.sees("我 ", "/喝茶 现在")
        await ann.scene.sees("没有命令 /投票")
        await ann.scene.sees("没有命令 /撤", "/撤回")
        await bot.close()
        assert await ann.leave() == 1


@in_loop
async def test_who_may_not_bring_a_bot_in_is_told_whose_right_it_is(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "阿宝", "zh")
        await bob.scene.sees("已登录")
        bot = await make_bot(server)
        bob.scene.type("/follow ann")
        await bob.scene.sees("已关注 Ann")
        ann.scene.type("/follow bob", "/new Tea", "/add bob")
        await ann.scene.sees("阿宝: is in now")
        await bob.scene.sees("把你拉进了“Tea”")
        bob.scene.type("/groups", "/open 1", "/add bot:kettle")
        await bob.scene.sees("Kettle：机器人只能由群主和管理员拉进群")
        await bot.close()
        assert [await ann.leave(), await bob.leave()] == [0, 1]
