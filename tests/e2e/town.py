"""A running server and the people in it: what the stories begin with."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from chatd.admin.socket import call
from chatd.testing import TestServer, running_server
from chatd_protocol.codec import Format
from tests.e2e.phone import PATIENCE_S, Phone
from tests.loops import within

GENEROUS = {
    "requests_per_s": 100_000.0,
    "request_burst": 100_000,
    "user_requests_per_s": 100_000.0,
    "user_request_burst": 100_000,
}
"""Budgets that no story is stopped by."""
_names = itertools.count(1)


class Town:
    """People meet here. Every name is made unique, so that stories can share a server."""

    def __init__(self, server: TestServer) -> None:
        self.server = server
        self.phones: list[Phone] = []

    async def person(self, name: str, device: str = "phone", fmt: Format = "json", **dial: Any) -> Phone:
        """Somebody nobody knows yet, on their first device."""
        sub = f"{name}.{next(_names)}"
        return await self.phone_of(sub, device, fmt, **dial)

    async def people(self, *names: str) -> list[Phone]:
        """Several strangers."""
        return [await self.person(name) for name in names]

    async def phone_of(
        self, sub: str, device: str, fmt: Format = "json", *, receive_buffer_bytes: int = 0, **cursors: Any
    ) -> Phone:
        """A further connection of somebody, with cursors to resume from."""
        phone = await self.dial(fmt, receive_buffer_bytes)
        phone.sub = sub
        token = self.server.token(sub, sub.partition(".")[0].title())
        await phone.say_hello(token, device, **cursors)
        return phone

    async def dial(self, fmt: Format = "json", receive_buffer_bytes: int = 0) -> Phone:
        """A connection that has said nothing."""
        phone = await Phone.dial(self.server.ws_url, fmt, receive_buffer_bytes)
        self.phones.append(phone)
        return phone

    async def act(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """What the operator does. Raises AdminError."""
        path = self.server.config.admin_socket_path()
        return await asyncio.to_thread(call, path, name, PATIENCE_S, **fields)

    async def bot(self, fmt: Format = "json", **fields: Any) -> Phone:
        """A bot of its own name, connected. `sub` says which, `token` what it speaks by."""
        name = f"bot-{next(_names)}"
        made = await self.act("bot.create", bot=name, **fields)
        phone = await self.bot_by(made["token"], fmt)
        phone.sub = f"bot:{name}"
        return phone

    async def bot_by(self, token: str, fmt: Format = "json", device: str = "server", **cursors: Any) -> Phone:
        """A connection of the bot that a token speaks for."""
        phone = await self.dial(fmt)
        phone.token = token
        await phone.say_hello(token, device, **cursors)
        return phone

    async def back(self, phone: Phone, device: str | None = None, fmt: Format | None = None, **changed: Any) -> Phone:
        """The same device again, resuming from where it was."""
        cursors = phone.cursors() | changed
        return await self.phone_of(phone.sub, device or phone.device, fmt or phone.format, **cursors)

    async def befriend(self, one: Phone, *others: Phone) -> None:
        """`one` and each of the others follow each other."""
        for other in others:
            await one.do("follow.add", user=other.user)
            await other.do("follow.add", user=one.user)

    async def group_of(self, owner: Phone, *members: Phone, **settings: Any) -> str:
        """A private group of mutual friends of its owner. All of them have seen themselves come in."""
        await self.befriend(owner, *members)
        made = await owner.do("group.create", kind="private", **({"title": "Friends"} | settings))
        group = str(made["group"])
        if members:
            added = await owner.do("member.add", group=group, users=[member.user for member in members])
            assert [r["result"] for r in added["results"]] == ["added"] * len(members)
            for phone in (owner, *members):
                await phone.up_to(group, added["pos"])
        return group

    async def two_who_read(self, text: str) -> tuple[Phone, Phone, str, int]:
        """Ann, Bob, their group, and the position of what she said in it, which he has seen."""
        ann, bob = await self.people("ann", "bob")
        group = await self.group_of(ann, bob)
        pos = await ann.say(group, text)
        await bob.up_to(group, pos)
        return ann, bob, group, pos

    async def leave(self) -> None:
        """Hang up everywhere."""
        phones, self.phones = self.phones, []
        await asyncio.gather(*(phone.cut_off() for phone in phones))


def a_millisecond_later() -> None:
    """What happens next is newer than what happened: within one millisecond nothing is."""
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == now:
        pass


class Troubles(logging.Handler):
    """Whatever the server or the loop complained about; a story ends without any."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def of_loop(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The loop's exception handler."""
        self.lines.append(f"{context.get('message')}: {context.get('exception')!r}")


async def tell(town: Town, story: Coroutine[Any, Any, None]) -> None:
    """Run one story to its end, in bounded time, and see that the server had no trouble with it."""
    troubles = Troubles()
    logging.getLogger().addHandler(troubles)
    asyncio.get_running_loop().set_exception_handler(troubles.of_loop)
    internal = town.server.hub.refusals["internal"]
    try:
        async with asyncio.timeout(4 * PATIENCE_S):
            await story
    finally:
        await town.leave()
        logging.getLogger().removeHandler(troubles)
    assert town.server.hub.refusals["internal"] == internal
    assert troubles.lines == [], troubles.lines


def quiet_settings(sections: dict[str, Any]) -> dict[str, Any]:
    """These settings, with generous budgets, and with read positions saved only when asked for: the commits that a
    test sees are those it makes."""
    return sections | {
        "limits": GENEROUS | sections.get("limits", {}),
        "hub": {"read_flush_s": 3600.0} | sections.get("hub", {}),
    }


@asynccontextmanager
async def living_town(url: str, folder: Path, **sections: Any) -> AsyncIterator[Town]:
    """A town of its own, with settings as given and no trouble at its end."""
    sections = quiet_settings(sections)
    troubles = Troubles()
    logging.getLogger().addHandler(troubles)
    asyncio.get_running_loop().set_exception_handler(troubles.of_loop)
    try:
        async with running_server(url, folder, drain_s=0.2, **sections) as server:
            town = Town(server)
            try:
                yield town
            finally:
                await town.leave()
            assert server.hub.refusals["internal"] == 0
        assert troubles.lines == [], troubles.lines
    finally:
        logging.getLogger().removeHandler(troubles)


on_loop = within(4 * PATIENCE_S, uvloop.run)
