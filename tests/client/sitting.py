"""Somebody in front of the full-screen chat: presses keys, looks at what is drawn. Others of the scene use phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.cells import cell_len
from textual.pilot import Pilot

from chatd.cli.chat_words import Lang, Words
from chatd.cli.screen.app import ChatApp
from chatd.cli.screen.ink import Look
from chatd.testing import TestServer
from chatd_client import Client
from chatd_protocol.signals import ReadSignal


class Watched(ChatApp):
    """Says when something was drawn."""

    def __init__(self, *given: object, **named: object) -> None:
        self.drawn_anew = asyncio.Event()
        super().__init__(*given, **named)  # type: ignore[arg-type]

    def post_display_hook(self) -> None:
        self.drawn_anew.set()

    def _handle_exception(self, error: Exception) -> None:
        super()._handle_exception(error)
        self.drawn_anew.set()


class Sitting:
    """One person, one screen."""

    def __init__(self, app: Watched, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def rows(self) -> list[str]:
        """What is drawn now, row by row."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows)

    async def sees(self, *parts: str) -> str:
        """Wait until one row shows all of these; the row."""
        while True:
            for row in self.rows:
                if all(part in row for part in parts):
                    return row
            await self._another()

    @property
    def conversation(self) -> list[str]:
        """The rows beside the list of chats."""
        return [row.replace("█", "│").split("│")[1] for row in self.rows if "│" in row]

    async def hears(self, said: str) -> None:
        """Wait until the conversation shows this."""
        await self.until(lambda: any(said in row for row in self.conversation))

    async def sees_no(self, part: str) -> None:
        """Wait until this is nowhere to be seen."""
        while part in self.text:
            await self._another()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until this holds of what is drawn."""
        while not holds():
            await self._another()

    async def _another(self) -> None:
        """Wait for another picture."""
        if self.app._exception is not None:
            raise self.app._exception
        self.app.drawn_anew.clear()
        try:
            await self.app.drawn_anew.wait()
        except asyncio.CancelledError:
            print(self.text)
            raise

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str, *keys: str) -> None:
        """Type a text, then these keys, Enter if there are none."""
        self.app.screen.set_focus(self.app.composer)
        for char in text:
            self.app.composer.insert(char)
        await self.pilot.press(*(keys or ("enter",)))

    async def click(self, part: str) -> None:
        """Press the mouse where this stands."""
        await self.sees(part)
        for y, row in enumerate(self.rows):
            if part in row:
                await self.pilot.click(offset=(cell_len(row[: row.index(part)]), y))
                return


@asynccontextmanager
async def sitting(
    server: TestServer,
    sub: str,
    name: str,
    lang: Lang = "en",
    size: tuple[int, int] = (80, 24),
    group: str | None = None,
    look: Look = "dark",
) -> AsyncIterator[Sitting]:
    """Somebody sits down, and gets up at the end. What went wrong in the program is raised."""
    client = Client(server.ws_url, token=server.token(sub, name), device="screen")
    app = Watched(client, Words(lang), group, look)
    try:
        async with app.run_test(size=size) as pilot:
            yield Sitting(app, pilot)
            await app.stop_work()
    finally:
        await app.close()
    assert app.last_words == "", app.last_words


@asynccontextmanager
async def at_phones(server: TestServer, **people: str) -> AsyncIterator[list[Client]]:
    """Others, by `sub` and name, with a client each; all follow each other."""
    clients = [Client(server.ws_url, token=server.token(sub, name), device="phone") for sub, name in people.items()]
    for client in clients:
        await client.connect()
    try:
        for client in clients:
            for other in clients:
                if client is not other:
                    await client.follow(user_of(other))
        yield clients
    finally:
        await asyncio.gather(*(client.close() for client in clients))


def user_of(client: Client) -> str:
    assert client.hello is not None
    return client.hello.user


async def hears_of_reading(client: Client, *groups: str) -> None:
    """Wait until this phone was told that its owner has read on, in each of these groups."""
    missing = set(groups)
    async for event in client.events():
        if isinstance(event, ReadSignal):
            missing.discard(event.group)
        if not missing:
            return
