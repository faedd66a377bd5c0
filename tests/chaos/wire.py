"""One WebSocket connection of the harness: websockets' Sans-I/O protocol on an asyncio transport.

Everything is synchronous, so that what was sent and what came can be written down in the order in which it happened.
It shares nothing with the server or the project's client, lest the judge has the faults of the judged.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Literal, cast

import msgpack
import orjson
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

Format = Literal["json", "msgpack"]
_RECEIVE_BUFFER_BYTES = 16_384  # small, so that one who does not read is soon noticed by the server


class Wire(asyncio.Protocol):
    """Says `opened()` once, `received(message)` per message, `closed(code)` once."""

    def __init__(
        self,
        url: str,
        fmt: Format,
        *,
        opened: Callable[[], None],
        received: Callable[[dict[str, Any]], None],
        closed: Callable[[int | None], None],
    ) -> None:
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=[Subprotocol(f"chatd.v1.{fmt}")], max_size=None)
        self._format = fmt
        self._opened, self._received, self._closed = opened, received, closed
        self._transport: asyncio.Transport | None = None

    @property
    def open(self) -> bool:
        """Whether messages can be sent."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and self._protocol.state is OPEN

    def send(self, value: dict[str, Any]) -> None:
        """One message."""
        if self._format == "json":
            self._protocol.send_text(orjson.dumps(value))
        else:
            self._protocol.send_binary(msgpack.packb(value))
        self._flush()

    def abort(self) -> None:
        """Be gone, without a word."""
        if self._transport is not None:
            self._transport.abort()

    def stall(self, on: bool) -> None:
        """Take no more bytes, or take them again."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.pause_reading if on else self._transport.resume_reading)()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                if self._protocol.state is OPEN:
                    self._opened()
            elif isinstance(event, Frame) and event.opcode in {Opcode.TEXT, Opcode.BINARY}:
                unpack = orjson.loads if event.opcode is Opcode.TEXT else msgpack.unpackb
                self._received(unpack(bytes(event.data)))

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        code = self._protocol.close_rcvd.code if self._protocol.close_rcvd is not None else None
        self._closed(code)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is None or self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            else:
                self._transport.close()


async def connect(make: Callable[[], Wire], host: str, port: int) -> None:
    """Connect. Raises OSError."""
    loop = asyncio.get_running_loop()
    channel = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    channel.setblocking(False)
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    try:
        await loop.sock_connect(channel, (host, port))
    except BaseException:
        channel.close()
        raise
    await loop.create_connection(make, sock=channel)
