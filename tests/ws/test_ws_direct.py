"""Writing past the transport: when a connection offers its descriptor, and that the order of bytes is kept."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from dataclasses import dataclass
from typing import Any

import pytest

from chatd.hub.frames import frame
from tests.ws.kit import PING, Client, Recorder, on_loop, serving, soon
from tests.ws.test_ws_time import fill

SMALL: dict[str, Any] = {"send_buffer_bytes": 8192, "write_high_bytes": 65_536, "write_low_bytes": 16_384}


@dataclass
class Speaker:
    """A session as far as `flush` knows one."""

    socket: Any
    outbox: bytes = b""


FRAMES = 300


async def offers(session: Recorder) -> Any:
    """The socket, once it has a descriptor."""
    while session.socket.direct < 0:
        await session.sweep()
    return session.socket


@on_loop
async def test_a_connection_offers_its_descriptor_once_nothing_waits_and_takes_it_back_with_every_write() -> None:
    async with serving() as port:
        client, session = await port.connect()
        assert session.socket.direct == -1, "nobody has looked yet whether the handshake has gone out"
        sock = await offers(session)
        sock.send(frame(b"through the transport", "json"))
        assert sock.direct == -1
        assert (await client.frame())[1] == b"through the transport"
        await offers(session)
        client.send_frame(PING, b"?")
        assert (await client.frame())[1] == b"?"
        assert sock.direct == -1, "the pong went through the transport"
        await offers(session)
        sock.close(1000)
        assert sock.direct == -1
        await client.closed_with()


@on_loop
async def test_it_is_not_offered_while_bytes_wait() -> None:
    async with serving(**SMALL) as port:
        client, session = await port.connect(receive_buffer_bytes=4096)
        client.stop_reading()
        await fill(session)
        while not session.sweeps.empty():
            session.sweeps.get_nowait()
        await session.sweep()
        await session.sweep()
        assert session.socket.direct == -1
        client.go_on_reading()
        await soon(session.drains.get())


@on_loop
@pytest.mark.parametrize("end", ["client aborts", "client finishes", "we abort"])
async def test_it_is_taken_back_before_the_descriptor_can_be_somebody_elses(end: str) -> None:
    async with serving() as port:
        client, session = await port.connect()
        sock = await offers(session)
        if end == "we abort":
            sock.abort()
            assert sock.direct == -1
        elif end == "client aborts":
            raw = client.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.writer.transport.abort()
        else:
            client.writer.write_eof()
        await session.close_code()
        assert sock.direct == -1


@on_loop
@pytest.mark.parametrize("seed", range(2))
async def test_the_order_is_kept_whichever_way_bytes_go(seed: int) -> None:
    """A client that reads slowly, frames of all sizes, and both ways of writing in turn."""
    native = pytest.importorskip("chatd.hub._delivery", reason="installed where there was no C compiler")
    rnd = random.Random(seed)
    async with serving(**SMALL) as port:
        client, session = await port.connect(receive_buffer_bytes=4096)
        sock = session.socket
        sent: list[bytes] = []
        directly = 0
        speaker = Speaker(sock)
        reading = asyncio.ensure_future(read_slowly(client, FRAMES, seed))
        for number in range(FRAMES):
            payload = b"%d " % number + b"x" * rnd.choice([1, 100, 3000, 20_000])
            sent.append(payload)
            if rnd.random() < 0.1:
                sock.send(frame(payload, "json"))
            else:
                directly += sock.direct >= 0
                speaker.outbox = frame(payload, "json")
                native.flush([speaker])
            if not sock.writable:
                await soon(session.drains.get())
            if rnd.random() < 0.2:
                await offers(session)
            if rnd.random() < 0.3:
                await asyncio.sleep(0)
        assert await soon(reading) == sent
        assert directly > 30, "this test is about writing directly"


async def read_slowly(client: Client, count: int, turns: int) -> list[bytes]:
    """So many frames, with so many turns of the loop between two."""
    heard: list[bytes] = []
    while len(heard) < count:
        heard.append((await client.frame())[1])
        for _ in range(turns):
            await asyncio.sleep(0)
    return heard
