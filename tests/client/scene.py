"""People in front of the terminal chat: what they type, and what they wait to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext

from chatd.cli.chat import converse
from chatd.cli.chat_render import Line, plain
from chatd.cli.chat_words import Lang, Words
from chatd.testing import TestServer
from chatd_client import Client


class Scene:
    """A screen that a test types on and reads. Everything shown is kept; every wait is for a line to appear."""

    interactive = False
    columns = 80

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._changed = asyncio.Event()
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()
        self._looked_at = 0

    def show(self, line: Line) -> None:
        self.shown.append(plain(line))
        self._changed.set()

    def set_status(self, status: Callable[[], str]) -> None:
        self.status = status

    def refresh(self) -> None:
        self._changed.set()

    def prefill(self, text: str) -> None:
        raise AssertionError("nobody sits there")

    def drawn(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def lines(self) -> AsyncIterator[str]:
        while (line := await self._typed.get()) is not None:
            yield line

    def type(self, *lines: str) -> None:
        for line in lines:
            self._typed.put_nowait(line)

    def end(self) -> None:
        self._typed.put_nowait(None)

    async def sees(self, *parts: str) -> str:
        """The next line that has all of these in it."""
        while True:
            for index in range(self._looked_at, len(self.shown)):
                if all(part in self.shown[index] for part in parts):
                    self._looked_at = index + 1
                    return self.shown[index]
            self._changed.clear()
            await self._changed.wait()


class Person:
    """Somebody in front of a scene."""

    def __init__(self, server: TestServer, sub: str, name: str, lang: Lang = "en") -> None:
        self.scene = Scene()
        self.client = Client(server.ws_url, token=server.token(sub, name), device="scene")
        talk = converse(self.client, server.ws_url, self.scene, Words(lang))
        self.talking = asyncio.create_task(talk)

    async def leave(self) -> int:
        """End the input; the exit status."""
        self.scene.end()
        return await self.talking


async def friends(server: TestServer) -> tuple[Person, Person]:
    """Ann and 鲍勃, who follow each other, in a group of Ann's that both have open."""
    ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "鲍勃", "zh")
    await ann.scene.sees("connected as Ann")
    await bob.scene.sees("已登录：鲍勃")
    bob.scene.type("/follow ann")
    await bob.scene.sees("已关注 Ann")
    ann.scene.type("/follow bob", "/new 石榴哥粉丝群", "/add bob")
    await ann.scene.sees("鲍勃: is in now")
    await bob.scene.sees("Ann 把你拉进了“石榴哥粉丝群”")
    bob.scene.type("/groups", "/open 1")
    await bob.scene.sees("── 石榴哥粉丝群 · 2 人")
    return ann, bob
