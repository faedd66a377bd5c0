"""Somebody who is about to go out of a group, with all their sockets, and what they ask for before and afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from typing import Any

from websockets.exceptions import InvalidState

from chatd_protocol.codec import Format
from tests.after.judge import Heard, Json
from tests.after.load import WORD
from tests.e2e.phone import PATIENCE_S, Denied, Hole, Phone, new_cid
from tests.e2e.test_outside import OF_A_GROUP
from tests.e2e.town import Town

FORMATS: tuple[Format, Format] = ("json", "msgpack")
SMALL_BUFFER_BYTES = 8192
AT_A_TIME = 6
"""Fewer questions than this are asked at once on one socket."""
NEWS = 8
"""So many messages come before the next ones are asked."""


class Socket(Phone):
    """A phone that also keeps what it asked."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: dict[int, tuple[str, Json]] = {}
        self.holes: list[str] = []
        """Where entries came that do not go on from those before: what is for somebody else does not."""

    def send(self, op: str, **data: Any) -> asyncio.Future[dict[str, Any]]:
        future = super().send(op, **data)
        self.asked[self._ids] = (op, data)
        return future

    async def told(self, group: str, kind: str, pos: int) -> None:
        """Wait until the own log says this of a group."""
        wanted = (kind, group, pos)
        await self.until(lambda: any((e["kind"], e.get("group"), e.get("pos")) == wanted for e in self.mine))

    def _take_entries(
        self, group: str, after: int, as_of: int, entries: list[Json], truncated: int | None = None
    ) -> None:
        """It goes on after a hole, so that the judge is told of all that comes."""
        try:
            super()._take_entries(group, after, as_of, entries, truncated)
        except Hole as hole:
            self.holes.append(str(hole))
            self.cursor[group] = entries[-1]["to" if "to" in entries[-1] else "pos"]

    @property
    def heard(self) -> Heard:
        """All that came, for the judge."""
        return Heard(f"{self.sub} on {self.device}", self.user, self.raw, self.messages, self.asked)


class Goer:
    """One person. `home` is a group of their own, to forward to."""

    def __init__(self, town: Town, name: str, chance: random.Random) -> None:
        self.town = town
        self.sub = name
        self.chance = chance
        self.group = ""
        self.home = ""
        self.user = ""
        self.sockets: list[Socket] = []
        self.away: dict[str, Any] = {}
        """The cursors of a device that is off."""
        self._asking: list[asyncio.Task[None]] = []
        self._quiet = asyncio.Event()

    @property
    def first(self) -> Socket:
        """The device on which they act."""
        return self.sockets[0]

    async def dial(self, device: str, fmt: Format, *, small: bool = False) -> Socket:
        """A socket that has said nothing."""
        socket = await Socket.dial(self.town.server.ws_url, fmt, SMALL_BUFFER_BYTES if small else 0)
        socket.sub, socket.device = self.sub, device
        self.sockets.append(socket)
        self.town.phones.append(socket)
        return socket

    async def greet(self, socket: Socket, *, ttl_s: int = 3600, **cursors: Any) -> None:
        """Open its session."""
        token = self.town.server.token(self.sub, self.sub, ttl_s)
        await socket.say_hello(token, socket.device, **cursors)
        self.user = socket.user

    async def connect(self, device: str, fmt: Format, *, small: bool = False, ttl_s: int = 3600, **more: Any) -> Socket:
        """One more socket."""
        socket = await self.dial(device, fmt, small=small)
        await self.greet(socket, ttl_s=ttl_s, **more)
        return socket

    async def settle_in(self, group: str) -> None:
        """Several devices: two that are live, one that shows only heads, one that hangs, one that is off."""
        self.group = group
        for fmt in FORMATS:
            live = await self.connect(f"live-{fmt}", fmt)
            await live.ask("group.open", group=group)
        quiet = await self.connect("quiet", self.chance.choice(FORMATS))
        await quiet.ask("group.close", group=group)
        hung = await self.connect("hung", self.chance.choice(FORMATS), small=True)
        hung.stall()
        off = await self.connect("off", self.chance.choice(FORMATS))
        line = await off.ask("group.open", group=group)
        off.at[group] = (line["after"], line["at"])
        self.away = off.cursors()
        await off.cut_off()

    # -- asking, all the time

    def begin_asking(self) -> None:
        """From now on the live devices ask for everything, again and again."""
        for socket in self.sockets:
            if self._is_live(socket):
                self.ask_on(socket)

    def ask_on(self, socket: Socket) -> None:
        """The same on one device."""
        self._asking.append(asyncio.create_task(self._ask_on(socket)))

    def _is_live(self, socket: Socket) -> bool:
        return socket.close_code is None and socket._reading.is_set()

    async def stop_asking(self) -> None:
        """Everything that was asked is answered, or its connection is closed."""
        self._quiet.set()
        await asyncio.gather(*self._asking)
        self._asking = []
        self._quiet.clear()

    async def _ask_on(self, socket: Socket) -> None:
        while not self._done(socket):
            some = [self._question(socket) for _ in range(self.chance.randrange(1, AT_A_TIME))]
            try:
                asked = [socket.send(op, **data) for op, data in some]
            except InvalidState:
                return  # closed meanwhile
            await asyncio.wait(asked, timeout=PATIENCE_S)
            seen = len(socket.messages) + NEWS
            await socket.until(lambda seen=seen: len(socket.messages) > seen or self._done(socket))  # type: ignore[misc]

    def _done(self, socket: Socket) -> bool:
        return self._quiet.is_set() or socket.close_code is not None

    def _question(self, socket: Socket) -> tuple[str, Json]:
        head = max(socket.cursor.get(self.group, 0), 8)
        pos = self.chance.randrange(1, head)
        here = {"group": self.group}
        return self.chance.choice(
            (
                ("message.history", here),
                ("message.history", here | {"before": head, "limit": 5}),
                ("message.history", here | {"after": pos, "limit": 50}),
                ("message.history", here | {"around": pos}),
                ("message.search", {"query": WORD} | self.chance.choice((here, {}))),
                ("message.at", here | {"at": 0}),
                ("reaction.list", here | {"pos": head - self.chance.randrange(0, 8)}),
                ("pin.list", here),
                ("feature.list", here),
                ("mention.list", {}),
                ("group.get", here),
                ("group.list", {}),
                ("group.members", here),
                ("presence.get", here),
                ("receipt.get", here | {"seq": 1}),
                ("invite.list", here),
                ("request.list", {}),
                ("member.suggest", here),
                ("typing.start", here),
                ("draft.save", here | {"text": "not sent"}),
                (
                    "message.send",
                    here | {"cid": new_cid(), "kind": "text", "body": {"text": WORD}, "reply_to": head - 1},
                ),
                ("reaction.add", here | {"cid": new_cid(), "pos": head - 1, "emoji": "👀"}),
            )
        )

    # -- asking, once, for everything there is

    async def ask_everything(self, socket: Socket) -> dict[str, Any]:
        """Every op on the group, and every other that could show something of it: what each was refused with. How far
        the search is behind is left out."""
        answers: dict[str, Any] = {}
        for op, data in everything(self.group, self.home):
            try:
                answers[op] = await socket.ask(op, **data)
            except Denied as refusal:
                answers[op] = refusal.error
            answers[op].pop("lag", None)
        return answers


def everything(group: str, home: str) -> Iterable[tuple[str, Json]]:
    """What somebody outside may try. `home`: a group that they are in."""
    for op, data in OF_A_GROUP.items():
        yield op, {"group": group} | data | ({"cid": new_cid()} if data.get("cid") else {})
    yield "message.forward", {"group": home, "source": group, "positions": [3], "cid": new_cid()}
    yield "message.search", {"query": WORD}
    yield "mention.list", {}
    yield "request.list", {}
