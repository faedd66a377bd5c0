"""Acts that may be done again: every command gets a `cid` that follows from what it answers, not from chance.

A handler that is run a second time for the same entry (the program died between the handler and the cursor) makes the
same names in the same order: the server recognises each command and gives the first answer, and nothing happens twice.
So does a handler that is tried again because it failed half-way.

The n-th act stays the n-th: where a second run says something else than the first (it asked a clock, another program),
what was said first stands.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Awaitable
from hashlib import blake2b
from typing import Final, TypeVar

from chatd_client.commands import Commands
from chatd_client.errors import ChatdError
from chatd_protocol.log import Message, read_entry
from chatd_protocol.messages import History, ReadHistory, SendMessage, SendMessageOk
from chatd_protocol.values import PAGE_MAX, Data, View

V = TypeVar("V", bound=View)
LOOK_PAGES: Final = 10
"""Pages of the log that are looked through for what an earlier run said."""


def derive_cid(*parts: str | int) -> str:
    """A `cid` that is the same for the same parts: 16 bytes of BLAKE2b (RFC 7693) as unpadded base64url."""
    seed = "\x1f".join(map(str, parts)).encode()
    return urlsafe_b64encode(blake2b(seed, digest_size=16, person=b"chatd bots").digest()).decode().rstrip("=")


class Ops(Commands):
    """All commands of the client, one after another in the order in which they were called."""

    def __init__(self, client: Commands, *about: str | int) -> None:
        """`about`: what these acts follow from, all of it: the bot, the group, the entry and its time."""
        self._client = client
        self._about = about
        self._acts = 0
        self._turn = asyncio.Lock()

    def new_cid(self) -> str:
        """The name of the next act."""
        self._acts += 1
        return derive_cid(*self._about, self._acts)

    async def ask(self, request: Data, kind: type[V]) -> V:
        """In order, so that two sends of one handler arrive as they were called."""
        async with self._turn:
            return await self._client.ask(request, kind)

    async def send(self, wish: SendMessage, *, since: int) -> SendMessageOk:
        """Send a message; `since` is an entry that it surely comes after. If an earlier run said something else under
        this name, that one is the answer."""
        try:
            return await self.ask(wish, SendMessageOk)
        except ChatdError as error:
            said = await self._find(wish, since) if error.code == "conflict" else None
            if said is None:
                raise
            return said

    async def once(self, act: Awaitable[object]) -> None:
        """Do something of which only that it was done matters: also if an earlier run did it otherwise."""
        try:
            await act
        except ChatdError as error:
            if error.code != "conflict":
                raise

    async def _find(self, wish: SendMessage, since: int) -> SendMessageOk | None:
        after = since
        for _ in range(LOOK_PAGES):
            page = await self.ask(ReadHistory(wish.group, after=after, limit=PAGE_MAX), History)
            entries = [read_entry(raw) for raw in page.entries]
            for entry in entries:
                if isinstance(entry, Message) and entry.cid == wish.cid:
                    return SendMessageOk(
                        wish.group, entry.pos, entry.cid, entry.at, entry.at, seq=entry.seq, section=entry.section
                    )
            if not page.more or not entries:
                return None
            after = entries[-1].pos
        return None
