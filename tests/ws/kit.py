"""What the transport's tests are made of: a real port, a recording session, and a client that can misbehave.

Nothing sleeps: every wait is for an event and ends after `PATIENCE_S` at the latest.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import uvloop

from chatd.hub.ports import Socket
from chatd.ws.limits import Limits, PortSettings
from chatd.ws.server import PortServer, make_server
from tests.loops import within

PATIENCE_S = 20.0
T = TypeVar("T")

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


on_loop = within(3 * PATIENCE_S, uvloop.run)


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, PATIENCE_S)


class Recorder:
    """A session that writes down what happens to it, and does what a test asks of it."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.received_count = 0
        self.drains: asyncio.Queue[None] = asyncio.Queue()
        self.sweeps: asyncio.Queue[float] = asyncio.Queue()
        self.codes: list[int] = []
        self.gone = asyncio.Event()
        self.on_message: Callable[[bytes], None] = lambda payload: None

    def received(self, payload: bytes) -> None:
        self.received_count += 1
        self.messages.put_nowait(payload)
        self.on_message(payload)

    def drained(self) -> None:
        self.drains.put_nowait(None)

    def swept(self, now_s: float) -> None:
        self.sweeps.put_nowait(now_s)

    def closed(self, code: int) -> None:
        self.codes.append(code)
        self.gone.set()

    async def message(self) -> bytes:
        return await soon(self.messages.get())

    async def sweep(self) -> float:
        """The next visit, which a connection that is closing does not get any more."""
        visit = asyncio.ensure_future(self.sweeps.get())
        gone = asyncio.ensure_future(self.gone.wait())
        await asyncio.wait([visit, gone], timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        assert visit.done(), f"closed with {self.codes}"
        return visit.result()

    async def close_code(self) -> int:
        """What `closed` was told, once it was called; it must have been called once."""
        await soon(self.gone.wait())
        assert len(self.codes) == 1
        return self.codes[0]


@dataclass
class Port:
    """A running server, its sessions, and clients for it."""

    server: PortServer
    made: asyncio.Queue[Recorder] = field(default_factory=asyncio.Queue)
    clients: list[Client] = field(default_factory=list)
    prepare: Callable[[Recorder], None] = lambda session: None

    def make_session(self, socket: Socket) -> Recorder:
        session = Recorder(socket)
        self.prepare(session)
        self.made.put_nowait(session)
        return session

    async def session(self) -> Recorder:
        """The session of the next connection, in the order of the handshakes."""
        return await soon(self.made.get())

    async def client(self, receive_buffer_bytes: int = 0, **options: Any) -> Client:
        """A TCP connection that has said nothing yet."""
        raw = socket.socket()
        if receive_buffer_bytes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.server.port))
        client = Client(*await asyncio.open_connection(sock=raw, **options))
        self.clients.append(client)
        return client

    async def connect(self, **options: Any) -> tuple[Client, Recorder]:
        """A client whose handshake is done, with its session."""
        client = await self.client(options.pop("receive_buffer_bytes", 0))
        status, _, _ = await client.upgrade(**options)
        assert status == 101
        return client, await self.session()


@dataclass
class Client:
    """A WebSocket client that sends exactly the bytes it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def send_frame(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        self.send(client_frame(opcode, payload, **options))

    async def upgrade(self, **options: Any) -> tuple[int, dict[str, str], bytes]:
        self.send(upgrade_request(**options))
        return await self.response()

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, body (only where Content-Length says there is one)."""
        head = (await soon(self.reader.readuntil(b"\r\n\r\n"))).decode("latin-1")
        status_line, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await soon(self.reader.readexactly(int(headers.get("content-length", 0))))
        return int(status_line.split()[1]), headers, body

    async def frame(self) -> tuple[int, bytes]:
        """The next frame from the server (opcode, payload): whole, unmasked, without reserved bits."""
        first, length = await soon(self.reader.readexactly(2))
        assert (first & 0xF0, length & 0x80) == (0x80, 0)
        if length == 126:
            (length,) = struct.unpack("!H", await soon(self.reader.readexactly(2)))
        elif length == 127:
            (length,) = struct.unpack("!Q", await soon(self.reader.readexactly(8)))
        return first & 0x0F, await soon(self.reader.readexactly(length))

    async def close_code(self) -> int:
        """The code of the close frame; other frames before it are passed over."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005

    async def ended(self) -> bytes:
        """What still came before the server's side of the TCP connection ended; a reset fails the test."""
        return await soon(self.reader.read())

    async def cut_off(self) -> None:
        """Wait for the end of the connection, in whatever manner."""
        try:
            while await soon(self.reader.read(2**16)):
                pass
        except ConnectionError:
            pass

    async def closed_with(self) -> int:
        """Take the server's close frame, answer it, and see the connection end."""
        code = await self.close_code()
        self.send_frame(CLOSE, struct.pack("!H", code))
        assert await self.ended() == b""
        return code

    def stop_reading(self) -> None:
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    def go_on_reading(self) -> None:
        cast(asyncio.Transport, self.writer.transport).resume_reading()


def client_frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"mask"
) -> bytes:
    """One client frame. `mask=None` leaves it unmasked, which is a violation."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    bit = 0 if mask is None else 0x80
    if len(payload) < 126:
        head = bytes((first, bit | len(payload)))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(payload))
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def upgrade_request(
    path: str = "/ws",
    *,
    subprotocols: Iterable[str] = (),
    headers: Iterable[tuple[str, str]] = (),
    without: Iterable[str] = (),
    method: str = "GET",
    version: str = "1.1",
) -> bytes:
    fields = {
        "Host": "chat.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    lines = [(name, value) for name, value in fields.items() if name not in without]
    lines += [("Sec-WebSocket-Protocol", value) for value in subprotocols]
    lines += list(headers)
    head = f"{method} {path} HTTP/{version}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
    return (head + "\r\n").encode("latin-1")


async def tiny_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An HTTP application that answers with the client's address, and takes no part in the lifespan."""
    assert scope["type"] == "http"
    address = scope["client"][0].encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(address))]})
    await send({"type": "http.response.body", "body": address})


@asynccontextmanager
async def serving(
    settings: dict[str, Any] | None = None,
    *,
    app: Any = tiny_app,
    sockets: list[socket.socket] | None = None,
    **limits: Any,
) -> AsyncIterator[Port]:
    """A port on a free number, with limits as given; visits come often, so that short limits are noticed at once."""
    limits = {"sweep_interval_s": 0.05} | limits

    def make_session(socket: Socket) -> Recorder:
        return port.make_session(socket)

    server = make_server(
        app,
        make_session,
        PortSettings(**{"port": 0} | (settings or {})),
        Limits(**limits),
        clock=time.monotonic,
        wall_clock=time.time,
        jitter=random.random,
    )
    port = Port(server)
    await server.start(sockets)
    try:
        yield port
    finally:
        await server.drain(0)
        for client in port.clients:
            client.writer.transport.abort()
