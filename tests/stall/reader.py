"""One reader of the crowd: a WebSocket on a bare asyncio protocol, lean enough for a thousand in one process.

It keeps its cursor, checks that what comes follows it, and can stop reading. Frames are cut here (RFC 6455, section
5.2), which a server writes whole and unmasked; the handshake and pings too. It must not know how the load is made.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from typing import Any, Final, cast

import orjson

Json = dict[str, Any]
RECEIVE_BUFFER_BYTES: Final = 4096
HANDSHAKE: Final = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, CLOSE, PING = 1, 8, 9


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame. The mask is all zeros: this is no browser, and nobody stands in between."""
    size = len(payload)
    length = bytes((128 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes((128 | opcode,)) + length + b"\0\0\0\0" + payload


class Reader(asyncio.Protocol):
    """`entry` is told every entry, once, in order. `lost` collects what must not happen."""

    def __init__(self, sub: str, group: str, entry: Callable[[Reader, Json], None], heard: asyncio.Event) -> None:
        self.sub = sub
        self.group = group
        self.cursor = 0
        self.at = 0
        self.epoch = ""
        self.mine: list[int] = []
        self.lost: list[str] = []
        self.largest_event = 0
        """Entries of the largest event: one who follows live gets few at once, one who reads on gets pages."""
        self.close_code: int | None = None
        self.stalled = False
        self._entry = entry
        self._heard = heard
        self._numbers = itertools.count(1)
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._upgraded = False
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._opened: asyncio.Future[None] | None = None

    @property
    def gone(self) -> bool:
        """Whether there is no connection."""
        return self._transport is None

    # -- coming and going

    async def connect(self, port: int, token: str) -> None:
        """Connect and say hello, with what is kept."""
        loop = asyncio.get_running_loop()
        self._opened = loop.create_future()
        self._buffer, self._upgraded, self.close_code = bytearray(), False, None
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        await loop.create_connection(lambda: self, sock=sock)
        await self._opened
        data: Json = {"token": token, "device": "crowd"}
        if self.epoch:
            data |= {"epoch": self.epoch, "mine": self.mine, "heads": {self.group: [self.cursor, self.at]}}
        self._opened_with(await self.ask("session.hello", data))

    def _opened_with(self, hello: Json) -> None:
        line: Json = next((line for line in hello["groups"] if line["group"] == self.group), {})
        after = line.get("after", self.cursor)
        if self.epoch and (after != self.cursor or "reset" in line or "reset" in hello):
            self.lost.append(f"resumed at {after}, was at {self.cursor}")
        elif not self.epoch:
            self.cursor, self.at = after, line["at"]
        self.epoch, self.mine = hello["epoch"], [hello["mine"], hello.get("mine_at", 0)]

    def stall(self) -> None:
        """Read no more."""
        assert self._transport is not None
        self.stalled, self.largest_event = True, 0
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Read on."""
        self.stalled = False
        if self._transport is not None:
            self._transport.resume_reading()

    async def ask(self, op: str, data: Json) -> Json:
        """A request that must be accepted."""
        number = next(self._numbers)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        self._write(masked(TEXT, orjson.dumps({"id": number, "op": op, "data": data})))
        answer: Json = await future
        assert "ok" in answer, answer
        ok: Json = answer["ok"]
        return ok

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.close_code = self.close_code or 1006
        for future in self._answers.values():
            if not future.done():
                future.set_exception(ConnectionResetError("closed before an answer"))
        self._answers.clear()
        self._heard.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded and not self._take_handshake():
            return
        start = 0
        while (cut := self._frame_at(start)) is not None:
            body, end = cut
            self._take(self._buffer[start] & 15, bytes(self._buffer[body:end]))
            start = end
        if start:
            del self._buffer[:start]

    def _take_handshake(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._opened is None:
            return False
        assert self._buffer.startswith(b"HTTP/1.1 101 "), bytes(self._buffer[:80])
        del self._buffer[: end + 4]
        self._upgraded = True
        self._opened.set_result(None)
        return True

    def _frame_at(self, start: int) -> tuple[int, int] | None:
        """Where the payload of the frame at `start` begins and ends, if it is there as a whole."""
        buffer = self._buffer
        if len(buffer) < start + 2:
            return None
        size, body = buffer[start + 1], start + 2
        if size >= 126:
            body += 2 if size == 126 else 8
            if len(buffer) < body:
                return None
            size = int.from_bytes(buffer[start + 2 : body], "big")
        return (body, body + size) if len(buffer) >= body + size else None

    # -- messages

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._write(masked(10, payload))
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")
            self._write(masked(CLOSE, payload[:2]))
        elif opcode == TEXT:
            self._hear(orjson.loads(payload))

    def _hear(self, message: Json) -> None:
        if "re" in message:
            self._answers.pop(message["re"]).set_result(message)
        elif message["ev"] == "entries" and message["data"]["group"] == self.group:
            self._entries(message["data"])
        elif message["ev"] == "mine":
            last = message["data"]["entries"][-1]
            self.mine = [last["upos"], last["at"]]

    def _entries(self, data: Json) -> None:
        if data["after"] != self.cursor:
            self.lost.append(f"an event after {data['after']}, was at {self.cursor}")
        self.largest_event = max(self.largest_event, len(data["entries"]))
        for entry in data["entries"]:
            if entry["pos"] != self.cursor + 1:
                self.lost.append(f"{entry['pos']} came after {self.cursor}")
            self.cursor, self.at = entry["pos"], entry["at"]
            self._entry(self, entry)
        self._heard.set()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
