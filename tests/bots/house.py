"""A real server with bots in it, and the place in it where dialogues are played."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import msgspec

from chatd.admin.socket import call
from chatd.http.catalogue import SIGNATURE, TIMESTAMP, sign
from chatd.testing import TestServer, running_server
from chatd_client import Client
from chatd_client.bots import Bot, Store, StoredCursors
from chatd_client.bots.runner import Runner
from chatd_client.bots.testing import ServerPlace, TurnedClock
from chatd_client.timing import Clock
from chatd_protocol.catalogue import Deletion, Item
from tests.loops import within

SECRET: Final = "a secret of the shop, thirty-two bytes and more"
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "limits": {
        "requests_per_s": 100_000.0,
        "request_burst": 100_000,
        "user_requests_per_s": 100_000.0,
        "user_request_burst": 100_000,
    },
    "catalogue": {"secret": SECRET, "settle_s": 0.0, "pause_s": 0.0},
}
PATIENCE_S: Final = 20.0
LIMIT_S: Final = 60.0
_numbers = itertools.count(1)


# A whole server and a bot take their time on a machine with other work.
in_loop = within(LIMIT_S)


@asynccontextmanager
async def house(url: str, folder: Path, **sections: dict[str, Any]) -> AsyncIterator[TestServer]:
    """A server on which nobody is too fast."""
    settings: dict[str, Any] = SETTINGS | sections
    async with running_server(url, folder, **settings) as server:
        yield server


async def bot_token(server: TestServer, *scopes: str, name: str = "") -> str:
    """The token of a new bot."""
    given = {"scopes": list(scopes)} if scopes else {}
    name = name or f"bot-{next(_numbers)}"
    socket = server.config.admin_socket_path()
    made = await asyncio.to_thread(call, socket, "bot.create", PATIENCE_S, bot=name, direct=True, **given)
    return str(made["token"])


def change_in(server: TestServer) -> Callable[[Item | Deletion], Awaitable[None]]:
    """Changes the catalogue as its owner does."""

    async def change(item: Item | Deletion) -> None:
        field = "deletions" if isinstance(item, Deletion) else "items"
        body = msgspec.json.encode({field: [item]})
        timestamp = str(server.hub.now_ms() // 1000)
        headers = {TIMESTAMP: timestamp, SIGNATURE: sign(SECRET.encode(), timestamp, body)}
        async with httpx.AsyncClient() as client:
            response = await client.post(server.http_url + "/v1/catalogue", content=body, headers=headers)
        assert response.status_code == 200, response.text

    return change


async def server_place(server: TestServer, name: str, *scopes: str) -> ServerPlace:
    """Where a dialogue is played with a server."""
    token = await bot_token(server, *scopes, name=name)
    return ServerPlace(server.ws_url, bot_token=token, token_of=server.token, change=change_in(server))


class Served(Protocol):
    """Whatever runs a server: this process, or one of its own."""

    @property
    def ws_url(self) -> str:
        """Where clients connect."""


class BotRun:
    """A bot that runs in this process, against a server."""

    def __init__(self, bot: Bot, server: Served, token: str, path: Path, **client: Any) -> None:
        self.bot = bot
        self.store = Store(path)
        more: dict[str, Any] = {"device": "bot", "cursors": StoredCursors(self.store)}
        self.client = Client(server.ws_url, token=token, **(more | client))
        self.task: asyncio.Task[None] | None = None

    async def start(self, clock: TurnedClock | None = None, pauses: Clock | None = None) -> None:
        """Until it knows its groups."""
        self.task = asyncio.create_task(self.bot.run(self.client, self.store, clock=clock, pauses=pauses))
        await self.while_it_runs(self.bot.running.wait())
        assert self.bot.runner is not None
        await self.while_it_runs(self.bot.runner.ready.wait())

    async def while_it_runs(self, wait: Awaitable[object]) -> None:
        """Wait for something, or for the bot to fail."""
        assert self.task is not None
        waiting = asyncio.ensure_future(wait)
        await asyncio.wait({waiting, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            self.task.result()
            raise AssertionError("the bot has ended")

    @property
    def runner(self) -> Runner:
        assert self.bot.runner is not None
        return self.bot.runner

    async def stop(self) -> None:
        self.bot.stop()
        try:
            if self.task is not None:
                await self.task
        finally:
            await self.client.close()
            self.store.close()


@asynccontextmanager
async def running(
    bot: Bot,
    server: Served,
    token: str,
    path: Path,
    *,
    clock: TurnedClock | None = None,
    pauses: Clock | None = None,
    **client: Any,
) -> AsyncIterator[BotRun]:
    """A bot that is up; stopped in order at the end."""
    run = BotRun(bot, server, token, path, **client)
    try:
        await run.start(clock, pauses)
        yield run
    finally:
        await run.stop()


class Errors(logging.Handler):
    """What bots logged as going wrong."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
