"""The other side of a client under test: a real WebSocket on the loopback that says what the test tells it to.

And a clock that stands until the test moves it. Nothing here sleeps; every wait is for something that must happen, and
`in_loop` bounds a whole test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from chatd_client import Client
from chatd_client.connection import LOOK_EVERY_S
from chatd_protocol.codec import FORMAT_OF, decode, encode
from tests.loops import within

LIMIT_S = 20
USER = "uAliceAliceAliceAlice"
GROUP = "gGroupGroupGroupGroup"
OTHER = "gOtherOtherOtherOther"
EPOCH = "first-life"


in_loop = within(LIMIT_S)


class HalfRandom(Random):
    """Jitter that is always half of what it may be."""

    def random(self) -> float:
        return 0.5


@dataclass(eq=False)
class Sleep:
    """Somebody sleeps."""

    delay_s: float
    due_s: float
    over: asyncio.Future[None]


@dataclass
class ManualClock:
    """Stands still until `end_pause` or `advance`."""

    now_s: float = 1000.0
    sleeps: list[Sleep] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        one = Sleep(delay_s, self.now_s + delay_s, asyncio.get_running_loop().create_future())
        self.sleeps.append(one)
        self.changed.set()
        try:
            await one.over
        finally:
            self.sleeps.remove(one)

    async def end_pause(self) -> float:
        """Wait until somebody pauses (the look-out of a connection apart), and end the pause. Returns its length."""
        while True:
            for one in self.sleeps:
                if one.delay_s != LOOK_EVERY_S and not one.over.done():
                    self.now_s = max(self.now_s, one.due_s)
                    one.over.set_result(None)
                    return one.delay_s
            self.changed.clear()
            await self.changed.wait()

    async def advance(self, seconds: float) -> None:
        """Let time pass: whoever wakes on the way runs, and may sleep again, before the next one wakes."""
        until_s = self.now_s + seconds
        while due := [one for one in self.sleeps if one.due_s <= until_s and not one.over.done()]:
            first = min(due, key=lambda one: one.due_s)
            self.now_s = max(self.now_s, first.due_s)
            first.over.set_result(None)
            for _ in range(10):
                await asyncio.sleep(0)
        self.now_s = until_s


@dataclass
class Ask:
    """A request that came in."""

    id: int
    op: str
    data: dict[str, Any]


class Conversation:
    """One connection of the client, from the server's side."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.format = FORMAT_OF[str(socket.subprotocol)]

    async def ask(self, op: str | None = None) -> Ask:
        """The next request, which must be of this op if one is given."""
        payload = await self.socket.recv(decode=False)
        raw = decode(payload, self.format)
        assert isinstance(raw, dict)
        ask = Ask(**raw)
        assert op is None or ask.op == op, f"{ask.op} came where {op} should"
        return ask

    async def say(self, frame: dict[str, Any]) -> None:
        await self.socket.send(encode(frame, self.format), text=self.format == "json")

    async def ok(self, ask: Ask, **answer: Any) -> None:
        await self.say({"re": ask.id, "ok": answer})

    async def refuse(self, ask: Ask, code: str, **more: Any) -> None:
        await self.say({"re": ask.id, "error": {"code": code, "message": code, **more}})

    async def accept_send(self, ask: Ask, pos: int) -> None:
        """Answer a `message.send`."""
        cid = ask.data["cid"]
        await self.ok(ask, group=ask.data["group"], pos=pos, seq=pos, cid=cid, at=pos * 10, recall_until=0)

    async def greet(self, **more: Any) -> Ask:
        """Take the hello and answer it."""
        ask = await self.ask("session.hello")
        await self.ok(ask, **(hello_ok() | more))
        return ask

    async def event(self, name: str, **data: Any) -> None:
        await self.say({"ev": name, "data": data})

    async def entries(self, after: int, *entries: dict[str, Any], group: str = GROUP) -> None:
        last = entries[-1]
        await self.event("entries", group=group, after=after, as_of=last.get("to", last["pos"]), entries=list(entries))

    async def close(self, code: int, reason: str = "") -> None:
        await self.socket.close(code, reason)


class Peer:
    """Listens on a free port. `door` may refuse the upgrade with a response."""

    def __init__(self) -> None:
        self.url = ""
        self.door: Callable[[ServerConnection], Response | None] = lambda _: None
        self.subprotocols = list(FORMAT_OF)
        self._arrived: asyncio.Queue[Conversation] = asyncio.Queue(16)
        self.over = asyncio.Event()

    async def conversation(self) -> Conversation:
        """The next connection that is made."""
        return await self._arrived.get()

    async def greeted(self, **more: Any) -> Conversation:
        """The next connection, with its session open."""
        conversation = await self.conversation()
        await conversation.greet(**more)
        return conversation

    async def serve(self, socket: ServerConnection) -> None:
        await self._arrived.put(Conversation(socket))
        await self.over.wait()

    def check(self, socket: ServerConnection, _request: Request) -> Response | None:
        return self.door(socket)


def refusal(status: HTTPStatus, **headers: str) -> Callable[[ServerConnection], Response]:
    """A door that is shut."""

    def refuse(socket: ServerConnection) -> Response:
        response = socket.respond(status, "no\n")
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return refuse


@asynccontextmanager
async def running_peer(subprotocols: list[str] | None = None) -> AsyncIterator[Peer]:
    """A peer that listens until the block ends."""
    peer = Peer()
    names = peer.subprotocols if subprotocols is None else subprotocols
    server: Server = await serve(
        peer.serve,
        "127.0.0.1",
        0,
        subprotocols=names,  # type: ignore[arg-type]
        select_subprotocol=None if subprotocols is None else lambda *_: None,
        process_request=peer.check,
        ping_interval=None,
        close_timeout=1,
    )
    peer.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        peer.over.set()
        server.close()
        await server.wait_closed()


@dataclass
class Stage:
    """A peer, a client of it that has been started, and the clock of the client."""

    peer: Peer
    client: Client
    clock: ManualClock
    starting: asyncio.Task[Any]

    async def begin(self, **more: Any) -> Conversation:
        """The first session, open on both sides."""
        conversation = await self.peer.greeted(**more)
        await self.starting
        return conversation


@asynccontextmanager
async def staged(**options: Any) -> AsyncIterator[Stage]:
    """A client that connects to a peer. Closed afterwards, whatever happened."""
    async with running_peer(options.pop("subprotocols", None)) as peer:
        peer.door = options.pop("door", peer.door)
        clock = ManualClock()
        plain: dict[str, Any] = {"token": "token-1", "device": "test", "clock": clock, "random": HalfRandom(7)}
        client = Client(peer.url, **(plain | options))
        starting = asyncio.create_task(client.connect())
        try:
            yield Stage(peer, client, clock, starting)
        finally:
            peer.over.set()
            await client.close()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)


async def collect(client: Client, count: int) -> list[Any]:
    """The next events, all but the last of them taken."""
    events = []
    async for event in client.events():
        events.append(event)
        if len(events) == count:
            return events
    return events


async def first(client: Client, kind: type[Any], where: Callable[[Any], bool] = lambda _: True) -> Any:
    """The next event of a kind; what comes before it is taken, and itself it is not."""
    async for event in client.events():
        if isinstance(event, kind) and where(event):
            return event
    raise AssertionError(f"no {kind.__name__} came")


async def both(*work: Awaitable[Any]) -> list[Any]:
    """Wait for several things at once."""
    return list(await asyncio.gather(*work))


def hello_ok(**more: Any) -> dict[str, Any]:
    """What a server greets with."""
    bounds = {
        "message_bytes": 65536,
        "text_code_points": 4000,
        "add_users": 50,
        "page_entries": 200,
        "requests_per_s": 50,
        "recall_window_s": 120,
        "typing_group_members": 100,
        "stall_timeout_s": 30.0,
        "heads_interval_s": 20.0,
    }
    greeting: dict[str, Any] = {"user": USER, "device": "test", "epoch": EPOCH, "at": 1, "ops": [], "bounds": bounds}
    return greeting | {"mine": 0, "groups": []} | more


def line(group: str = GROUP, **more: Any) -> dict[str, Any]:
    """A line of the chat list, of a group whose entries come by themselves."""
    plain = {"group": group, "kind": "private", "head": 40, "at": 400, "seq": 0, "read": 0, "unread": 0, "floor": 0}
    return plain | {"role": "member", "members": 2, "live": True, "after": 40} | more


def message(pos: int, text: str = "hi", **more: Any) -> dict[str, Any]:
    """A message on the wire."""
    cid = f"{pos:021d}A"
    plain = {"kind": "message", "pos": pos, "at": pos * 10, "seq": pos, "sender": USER, "cid": cid, "type": "text"}
    return plain | {"body": {"text": text}} | more


def hidden(pos: int, to: int) -> dict[str, Any]:
    """Entries that the reader may not see."""
    return {"kind": "hidden", "pos": pos, "at": to * 10, "to": to}
