"""The client of a bot, and of whoever presses its buttons, against a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd.admin.socket import call
from chatd.testing import TestServer, running_server
from chatd_client import ChatdError, Client, EntriesEvent, MemoryCursors, MineEvent
from chatd_protocol.bots import BotCommand
from chatd_protocol.kinds import TextContent
from chatd_protocol.log import Edited, Message, MineEntry
from chatd_protocol.menus import Button
from tests.client.peer import in_loop

MENU = [[Button("yes", "Yes"), Button("no", "No")]]


async def act(server: TestServer, name: str, /, **fields: Any) -> dict[str, Any]:
    return await asyncio.to_thread(call, server.config.admin_socket_path(), name, 15.0, **fields)


async def presses(client: Client, count: int) -> list[MineEntry]:
    """So many presses, as they come."""
    found: list[MineEntry] = []
    async with asyncio.timeout(15):
        async for event in client.events():
            if isinstance(event, MineEvent):
                found += [entry for entry in event.entries if entry.kind == "pressed"]
            if len(found) >= count:
                return found
    raise AssertionError("the client was closed")


@in_loop
@pytest.mark.promise("P4", "resume.mine")
async def test_a_bot_asks_and_hears_what_was_pressed_also_while_it_was_away(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url, tmp_path) as server:
        made = await act(server, "bot.create", bot="helper", name="Helper")
        kept = MemoryCursors()
        ann = Client(server.ws_url, token=server.token("ann"), device="a")
        bot = Client(server.ws_url, token=made["token"], device="server", cursors=kept)
        async with ann, bot:
            assert bot.hello is not None
            assert bot.hello.bot is not None
            assert bot.hello.bot.scopes == made["scopes"]
            group = (await ann.create_group("Shop")).group
            assert (await ann.add_members(group, [made["user"]])).results[0].result == "added"
            await bot.set_commands([BotCommand("price", "What it costs", "查价")])
            (line,) = (await ann.list_bots(group)).bots
            assert (line.user, line.commands[0].zh) == (made["user"], "查价")
            asked = await bot.send(group, "shall I?", menu=MENU)
            assert (await ann.press(group, asked.pos, "yes")).button == "yes"
            (first,) = await presses(bot, 1)
            assert (first.group, first.pos, first.button) == (group, asked.pos, "yes")
            with pytest.raises(ChatdError) as refused:
                await ann.send(group, "mine?", menu=MENU)
            assert refused.value.code == "bots_only"
        async with Client(server.ws_url, token=server.token("ann"), device="a") as ann:
            for button in ("no", "yes"):
                await ann.press(group, asked.pos, button)
        async with Client(server.ws_url, token=made["token"], device="server", cursors=kept) as bot:
            heard = await presses(bot, 2)
            assert [entry.button for entry in heard if entry.upos > first.upos][:2] == ["no", "yes"]


@in_loop
async def test_menus_are_read_as_what_they_are_and_changed_alone(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url, tmp_path) as server:
        made = await act(server, "bot.create", bot="helper", scopes=["read", "send"])
        async with (
            Client(server.ws_url, token=server.token("ann"), device="a", format="msgpack") as ann,
            Client(server.ws_url, token=made["token"], device="server") as bot,
        ):
            group = (await ann.create_group("Shop")).group
            await ann.add_members(group, [made["user"]])
            asked = await bot.send(group, "shall I?", menu=MENU)
            await bot.edit(group, asked.pos, menu=[[Button("done", "✓")]])
            await bot.edit(group, asked.pos, "I did", menu=[])
            entries: list[Any] = []
            async with asyncio.timeout(15):
                async for event in ann.events():
                    if isinstance(event, EntriesEvent):
                        entries += [one for one in event.entries if isinstance(one, Message | Edited)]
                    if len(entries) == 3:
                        break
            bodies = [one.body for one in entries]
            assert all(isinstance(body, TextContent) for body in bodies)
            assert (bodies[-1].text, bodies[-1].menu) == ("I did", [])
            assert entries[0].bot
            async for entry in ann.history(group):
                if isinstance(entry, Message):
                    assert (entry.body.text, entry.body.menu) == ("I did", [])
            again = await bot.send(group, "once more", menu=MENU)
            page = await ann.read_history(group, after=again.pos - 1)
            assert page.entries[0]["body"]["menu"][0][0] == {"id": "yes", "label": "Yes"}  # type: ignore[index]
