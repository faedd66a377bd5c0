"""A client as small as it can be: one connection that writes down all it is sent, and checks the numbers as they come.

Entries of a group and of the person's own log must follow one another without a hole and without a repetition; the
first one that does not fails the test that looks. Nothing here sleeps: every wait is for something the server says.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import Any, Self, TypeVar

import msgpack
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chatd_protocol.codec import Format

PATIENCE_S = 15.0
T = TypeVar("T")


def new_cid() -> str:
    """A cid that nobody has used."""
    return secrets.token_urlsafe(16)


class Denied(Exception):
    """The server refused a request."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']} {error.get('details', '')}")
        self.code: str = error["code"]
        self.error = error
        self.details: dict[str, Any] = error.get("details", {})


class Hole(AssertionError):
    """Entries did not follow where the ones before ended."""


class Phone:
    """One connection of one device of one person."""

    def __init__(self, ws: ClientConnection, fmt: Format) -> None:
        self.ws = ws
        self.format = fmt
        self.user = ""
        self.sub = ""
        self.token = ""
        """Only of bots."""
        self.device = ""
        self.hello: dict[str, Any] = {}
        self.resumed = False
        self.raw: list[bytes] = []
        """Every message, as it came."""
        self.messages: list[dict[str, Any]] = []
        """Every message, decoded, in order."""
        self.entries: dict[str, list[dict[str, Any]]] = {}
        """By group: every entry that was pushed."""
        self.cursor: dict[str, int] = {}
        self.floors: dict[str, int] = {}
        """By group: up to where messages are no longer kept, as an event said."""
        self.at: dict[str, tuple[int, int]] = {}
        """By group: the newest entry with a time, as hello wants it."""
        self.mine: list[dict[str, Any]] = []
        self.mine_cursor = (0, 0)
        self.signals: list[tuple[str, dict[str, Any]]] = []
        self.close_code: int | None = None
        self._problem: Exception | None = None
        self._ids = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._opening: dict[int, str] = {}
        self._news = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()
        self._reader = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def dial(cls, url: str, fmt: Format = "json", receive_buffer_bytes: int = 0) -> Self:
        """Connect without saying anything. A small receive buffer makes the server notice sooner who does not read."""
        sock = None
        if receive_buffer_bytes:
            host, _, port = url.removeprefix("ws://").removesuffix("/ws").partition(":")
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        ws = await connect(
            url,
            subprotocols=[f"chatd.v1.{fmt}"],  # type: ignore[list-item]
            compression=None,
            max_size=2**26,
            max_queue=1 if receive_buffer_bytes else 64,
            ping_interval=None,
            close_timeout=1,
            sock=sock,
        )
        return cls(ws, fmt)

    # -- asking

    async def ask(self, op: str, **data: Any) -> dict[str, Any]:
        """The answer of a request. Raises `Denied`."""
        return await self.answer_to(self.send(op, **data))

    def send(self, op: str, **data: Any) -> asyncio.Future[dict[str, Any]]:
        """Send a request; the future gets the whole response."""
        self._ids += 1
        if op == "group.open":
            self._opening[self._ids] = data["group"]
        future = self._waiting[self._ids] = asyncio.get_running_loop().create_future()
        self.write({"id": self._ids, "op": op, "data": data})
        return future

    async def answer_to(self, future: asyncio.Future[dict[str, Any]]) -> dict[str, Any]:
        """Wait for a response. Raises `Denied`."""
        await asyncio.wait([future], timeout=PATIENCE_S)
        assert future.done(), "no answer"
        assert not future.cancelled(), f"the connection was closed with {self.close_code} before the answer"
        response = future.result()
        if "error" in response:
            raise Denied(response["error"])
        ok: dict[str, Any] = response["ok"]
        return ok

    async def denied(self, op: str, **data: Any) -> Denied:
        """The refusal of a request that must be refused."""
        try:
            ok = await self.ask(op, **data)
        except Denied as refusal:
            return refusal
        raise AssertionError(f"{op} was not refused: {ok}")

    def write(self, message: object) -> None:
        """Send one message, whatever it is."""
        payload: bytes = orjson.dumps(message) if self.format == "json" else msgpack.packb(message)
        self.write_raw(payload)

    def write_raw(self, payload: bytes) -> None:
        """Send these very bytes as one message."""
        protocol = self.ws.protocol
        (protocol.send_text if self.format == "json" else protocol.send_binary)(payload)
        self.ws.transport.write(b"".join(protocol.data_to_send()))

    async def say_hello(self, token: str, device: str = "phone", **cursors: Any) -> dict[str, Any]:
        """Open the session, going on from `cursors`. Raises `Denied`."""
        self.device = device
        self.resumed = "epoch" in cursors
        self.at = dict(cursors.get("heads", {}))
        self.cursor = {group: pos for group, (pos, _) in self.at.items()}
        self.mine_cursor = tuple(cursors.get("mine", (0, 0)))
        return await self.ask("session.hello", token=token, device=device, **cursors)

    def cursors(self) -> dict[str, Any]:
        """What a later hello needs in order to go on from here."""
        return {"epoch": self.hello["epoch"], "mine": self.mine_cursor, "heads": dict(self.at)}

    # -- what is wanted most

    async def say(self, group: str, text: str, **more: Any) -> int:
        """Send a text. Returns its position."""
        more.setdefault("cid", new_cid())
        ok = await self.ask("message.send", group=group, kind="text", body={"text": text}, **more)
        return int(ok["pos"])

    async def do(self, op: str, **data: Any) -> dict[str, Any]:
        """A command, with a fresh cid."""
        return await self.ask(op, cid=new_cid(), **data)

    async def cannot(self, op: str, **data: Any) -> str:
        """The code that a command, with a fresh cid, is refused with."""
        return (await self.denied(op, cid=new_cid(), **data)).code

    async def history(self, group: str, **page: Any) -> list[dict[str, Any]]:
        """The entries of one page."""
        entries: list[dict[str, Any]] = (await self.ask("message.history", group=group, **page))["entries"]
        return entries

    async def denied_or(self, op: str, **data: Any) -> str:
        """The code that a request is refused with now, empty if it is not."""
        try:
            await self.ask(op, **data)
        except Denied as refusal:
            return refusal.code
        return ""

    async def line(self, group: str) -> dict[str, Any]:
        """The group's line of the chat list."""
        line: dict[str, Any] = (await self.ask("group.get", group=group))["line"]
        return line

    # -- waiting

    async def until(self, check: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        """Wait until `check` gives something true, looking again after every message."""
        async with asyncio.timeout(patience_s):
            while True:
                if self._problem is not None:
                    raise self._problem
                found = check()
                if found:
                    return found
                self._news.clear()
                await self._news.wait()

    async def up_to(self, group: str, pos: int) -> list[dict[str, Any]]:
        """Wait until the log of a group has arrived up to `pos`. Returns all of it that came."""
        await self.until(lambda: self.cursor.get(group, 0) >= pos)
        return self.entries[group]

    async def own(self, kind: str, group: str, nth: int = 1) -> dict[str, Any]:
        """Wait for an entry of the person's own log."""

        def found() -> list[dict[str, Any]]:
            hits = [e for e in self.mine if (e["kind"], e.get("group")) == (kind, group)]
            return hits[nth - 1 : nth]

        return (await self.until(found))[0]

    async def signal(self, event: str, check: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Wait for a signal."""
        hits = await self.until(lambda: [data for name, data in self.signals if name == event and check(data)])
        return hits[0]

    async def closed(self) -> int:
        """Wait for the end of the connection. Returns the close code."""
        await self.until(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    async def settle(self) -> None:
        """Everything that was written before this is answered has arrived."""
        await self.ask("user.get")

    # -- ending and stalling

    def stall(self) -> None:
        """Read nothing more, as a process that hangs."""
        self._reading.clear()

    def read_on(self) -> None:
        """Take up reading again."""
        self._reading.set()

    async def hang_up(self) -> None:
        """Close, in good order."""
        self._reading.set()
        await self.ws.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def cut_off(self) -> None:
        """End the connection without a word."""
        self._reading.set()
        self.ws.transport.abort()
        await asyncio.gather(self._reader, return_exceptions=True)

    # -- what comes

    async def _read(self) -> None:
        try:
            while True:
                await self._reading.wait()
                frame = await self.ws.recv()
                await self._reading.wait()
                self._take(frame.encode() if isinstance(frame, str) else frame)
                self._news.set()
        except ConnectionClosed as end:
            self.close_code = end.rcvd.code if end.rcvd is not None else 1006
        except Exception as problem:  # noqa: BLE001  # whoever waits next is told
            self._problem = problem
        finally:
            self._news.set()
            for future in self._waiting.values():
                future.cancel()

    def _take(self, payload: bytes) -> None:
        message: dict[str, Any] = orjson.loads(payload) if self.format == "json" else msgpack.unpackb(payload)
        self.raw.append(payload)
        self.messages.append(message)
        if "re" in message:
            self._take_response(message)
        elif message["ev"] == "entries":
            self._take_entries(**message["data"])
        elif message["ev"] == "mine":
            self._take_mine(**message["data"])
        else:
            self.signals.append((message["ev"], message["data"]))

    def _take_response(self, message: dict[str, Any]) -> None:
        number, ok = message["re"], message.get("ok", {})
        group = self._opening.pop(number, None)
        if group is not None and "after" in ok:
            self.cursor[group] = ok["after"]
        if "epoch" in ok:
            self._take_hello(ok)
        future = self._waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_result(message)

    def _take_hello(self, ok: dict[str, Any]) -> None:
        self.hello, self.user = ok, ok["user"]
        if not self.resumed or ok.get("reset"):
            self.mine_cursor = (ok["mine"], ok.get("mine_at", 0))
        for line in ok["groups"]:
            group = line["group"]
            if "truncated" in line or "reset" in line or group not in self.cursor:
                self.cursor.pop(group, None)
                if "after" in line:
                    self.cursor[group] = line["after"]
            elif line.get("after", self.cursor[group]) != self.cursor[group]:
                self._problem = Hole(f"{group}: goes on from {line['after']} for a cursor at {self.cursor[group]}")

    def _take_entries(
        self, group: str, after: int, as_of: int, entries: list[dict[str, Any]], truncated: int | None = None
    ) -> None:
        cursor = self.cursor.setdefault(group, after)
        if after != cursor:
            raise Hole(f"{group}: entries after {after} came to a cursor at {cursor}")
        assert entries or truncated
        assert self.hello, "an event before the answer to hello"
        if truncated is not None:
            assert truncated > self.floors.get(group, 0), "the same is told twice"
            self.floors[group] = truncated
            cursor = max(cursor, truncated)
        for entry in entries:
            if entry["pos"] != cursor + 1:
                raise Hole(f"{group}: entry {entry['pos']} came behind {cursor}")
            cursor = entry.get("to", entry["pos"])
            self.at[group] = (cursor, entry["at"])
        assert as_of >= cursor
        self.cursor[group] = cursor
        self.entries.setdefault(group, []).extend(entries)

    def _take_mine(self, after: int, entries: list[dict[str, Any]], truncated: int | None = None) -> None:
        assert self.hello, "an event before the answer to hello"
        cursor = self.mine_cursor[0]
        if after != cursor:
            raise Hole(f"own log: entries after {after} came to a cursor at {cursor}")
        cursor = truncated or cursor
        for entry in entries:
            if entry["upos"] != cursor + 1:
                raise Hole(f"own log: entry {entry['upos']} came behind {cursor}")
            cursor = entry["upos"]
            self.mine_cursor = (cursor, entry["at"])
            group, pos = entry.get("group", ""), entry.get("pos", 0)
            if entry["kind"] == "removed" and self.cursor.get(group, 0) < pos:
                self.cursor.pop(group, None)
                self.at.pop(group, None)
            elif entry["kind"] == "added":
                self.cursor.setdefault(group, pos - 1)
        self.mine.extend(entries)
