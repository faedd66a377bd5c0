"""Messages in both encodings, whole and in fragments, and everything about frames that is against the rules."""

from __future__ import annotations

import struct

import pytest

from chatd.hub.frames import frame, frame_header
from chatd.hub.ports import Format
from tests.ws.kit import BINARY, CLOSE, PING, PONG, TEXT, client_frame, on_loop, serving, upgrade_request


@pytest.mark.parametrize(
    ("subprotocols", "chosen", "opcode"),
    [
        ([], None, TEXT),
        (["chatd.v1.json"], "chatd.v1.json", TEXT),
        (["chatd.v1.msgpack"], "chatd.v1.msgpack", BINARY),
        (["chatd.v9.cbor, chatd.v1.msgpack", "chatd.v1.json"], "chatd.v1.msgpack", BINARY),
    ],
)
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@on_loop
async def test_a_message_of_each_length_form_goes_both_ways(
    subprotocols: list[str], chosen: str | None, opcode: int, size: int
) -> None:
    async with serving() as port:
        client = await port.client()
        status, headers, _ = await client.upgrade(subprotocols=subprotocols)
        assert (status, headers.get("sec-websocket-protocol")) == (101, chosen)
        session = await port.session()
        client.send_frame(opcode, b"x" * size)
        assert await session.message() == b"x" * size
        session.socket.send(frame(b"y" * size, session.socket.format))
        assert await client.frame() == (opcode, b"y" * size)


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_its_header_and_its_payload(fmt: Format, size: int) -> None:
    payload = b"z" * size
    expected = client_frame(TEXT if fmt == "json" else BINARY, payload, mask=None)
    assert frame(payload, fmt) == expected == frame_header(size, fmt) + payload


@on_loop
async def test_bytes_behind_the_upgrade_request_are_not_lost() -> None:
    async with serving() as port:
        client = await port.client()
        first, second = client_frame(TEXT, b'{"first":1}'), client_frame(TEXT, b"second")
        client.send(upgrade_request() + first + second[:3])
        assert (await client.response())[0] == 101
        session = await port.session()
        assert await session.message() == b'{"first":1}'
        client.send(second[3:])
        assert await session.message() == b"second"


@on_loop
async def test_bytes_behind_an_upgrade_request_that_spans_the_header_bound_are_not_lost() -> None:
    request = upgrade_request()
    async with serving(max_header_bytes=len(request)) as port:
        client = await port.client()
        client.send(request + client_frame(TEXT, b"hello"))
        assert (await client.response())[0] == 101
        assert await (await port.session()).message() == b"hello"


@on_loop
async def test_a_frame_may_come_byte_by_byte() -> None:
    async with serving() as port:
        client, session = await port.connect()
        payload = "石榴哥粉丝群".encode() * 30
        for byte in client_frame(TEXT, payload) + client_frame(PING, b"!"):
            client.send(bytes((byte,)))
            await client.writer.drain()
        assert await session.message() == payload
        assert await client.frame() == (PONG, b"!")


@on_loop
async def test_fragments_are_joined_around_control_frames() -> None:
    async with serving(max_message_bytes=200) as port:
        client, session = await port.connect()
        whole = "é".encode() * 90
        client.send_frame(TEXT, whole[:1], fin=False)
        client.send_frame(PING, b"p" * 125)
        client.send_frame(0, whole[1:101], fin=False)
        # 79 bytes are left for the message; a control frame is not part of it
        client.send_frame(PING, b"q" * 125)
        client.send_frame(PONG, b"unasked")
        client.send_frame(0, b"", fin=False)
        client.send_frame(0, whole[101:], fin=True)
        client.send_frame(TEXT, b"next")
        assert await session.message() == whole
        assert await session.message() == b"next"
        assert [await client.frame(), await client.frame()] == [(PONG, b"p" * 125), (PONG, b"q" * 125)]


VIOLATIONS: dict[str, tuple[int, list[bytes]]] = {
    "unmasked": (1002, [client_frame(TEXT, b"hi", mask=None)]),
    "unmasked head alone": (1002, [client_frame(TEXT, b"hi", mask=None)[:2]]),
    "opcode 3": (1002, [client_frame(3, b"hi")]),
    "opcode 11": (1002, [client_frame(11)]),
    "reserved bit 1": (1002, [client_frame(TEXT, b"hi", rsv=4)]),
    "reserved bit 3, payload to come": (1002, [client_frame(TEXT, b"hi" * 50, rsv=1)[:20]]),
    "fragmented ping": (1002, [client_frame(PING, b"hi", fin=False)]),
    "long ping": (1002, [client_frame(PING, b"x" * 126)[:8]]),
    "continuation of nothing": (1002, [client_frame(0, b"hi")]),
    "message inside a message": (1002, [client_frame(TEXT, b"a", fin=False), client_frame(TEXT, b"b")]),
    "close of one byte": (1002, [client_frame(CLOSE, b"x")]),
    "close with a reserved code": (1002, [client_frame(CLOSE, struct.pack("!H", 1006))]),
    "close with a reason that is not UTF-8": (1007, [client_frame(CLOSE, struct.pack("!H", 1000) + b"\xff")]),
    "close inside a message": (1002, [client_frame(TEXT, b"a", fin=False), client_frame(CLOSE, b"\x03\xe8")]),
    "binary on json": (1003, [client_frame(BINARY, b"hi")]),
    "binary fragment on json": (1003, [client_frame(BINARY, b"hi", fin=False)]),
    "text that is not UTF-8": (1007, [client_frame(TEXT, b"caf\xe9")]),
    "a surrogate in UTF-8": (1007, [client_frame(TEXT, b"\xed\xa0\x80")]),
    "joined text that is not UTF-8": (1007, [client_frame(TEXT, b"\xc3", fin=False), client_frame(0, b"(")]),
    "too big": (1009, [client_frame(TEXT, b"x" * 1001)]),
    "too big, only announced": (1009, [b"\x81\xff" + (2**63 + 5).to_bytes(8, "big")]),
    "too big, only announced, with a 16 bit length": (1009, [b"\x81\xfe\x03\xe9"]),
    "too big over fragments": (1009, [client_frame(TEXT, b"x" * 600, fin=False), client_frame(0, b"x" * 401)]),
    "too many fragments": (1008, [client_frame(TEXT, b"a", fin=False), *[client_frame(0, b"a", fin=False)] * 8]),
    "too many empty fragments": (1008, [client_frame(TEXT, b"", fin=False), *[client_frame(0, b"", fin=False)] * 9]),
}


@pytest.mark.parametrize("name", VIOLATIONS)
@pytest.mark.parametrize("at_once", [True, False])
@on_loop
async def test_a_violation_ends_the_connection_with_its_code(name: str, at_once: bool) -> None:
    code, frames = VIOLATIONS[name]
    async with serving(max_message_bytes=1000, max_fragments=8) as port:
        client, session = await port.connect()
        client.send_frame(TEXT, b"before")
        assert await session.message() == b"before"
        for data in [b"".join(frames)] if at_once else frames:
            client.send(data)
            await client.writer.drain()
        assert await client.close_code() == code
        assert await client.ended() == b""
        client.send_frame(TEXT, b"after")
        client.writer.close()
        assert await session.close_code() == code
        assert session.messages.empty()


@on_loop
async def test_limits_are_inclusive() -> None:
    async with serving(max_message_bytes=1000, max_fragments=8) as port:
        client, session = await port.connect()
        client.send_frame(TEXT, b"x" * 1000)
        assert len(await session.message()) == 1000
        client.send_frame(TEXT, b"x" * 993, fin=False)
        for _ in range(6):
            client.send_frame(0, b"x", fin=False)
        client.send_frame(0, b"x")
        assert await session.message() == b"x" * 1000


@on_loop
async def test_text_on_msgpack_is_refused_and_binary_need_not_be_utf8() -> None:
    async with serving() as port:
        client, session = await port.connect(subprotocols=["chatd.v1.msgpack"])
        client.send_frame(BINARY, b"\xff\xc1")
        assert await session.message() == b"\xff\xc1"
        client.send_frame(TEXT, b"hi")
        assert await client.close_code() == 1003


@on_loop
async def test_a_refused_flood_still_learns_why() -> None:
    """The rest of an oversize message keeps coming; a plain close would reset the connection under the close frame."""
    async with serving(max_message_bytes=1000) as port:
        client, session = await port.connect()
        client.send(client_frame(TEXT, b"x" * 3_000_000, mask=b"\0\0\0\0"))
        assert await client.close_code() == 1009
        assert await client.ended() == b""
        client.writer.close()
        assert await session.close_code() == 1009


@pytest.mark.parametrize(("payload", "code"), [(b"", 1005), (b"\x03\xe8bye", 1000), (b"\x0f\xa0", 4000)])
@on_loop
async def test_the_clients_close_is_echoed_and_reported(payload: bytes, code: int) -> None:
    async with serving() as port:
        client, session = await port.connect()
        client.send_frame(TEXT, b"last")
        client.send_frame(CLOSE, payload)
        client.send_frame(TEXT, b"too late")
        assert await client.frame() == (CLOSE, payload)
        assert await client.ended() == b""
        assert await session.close_code() == code
        assert session.received_count == 1
        session.socket.send(frame(b"nobody", "json"))
        session.socket.close(1000)
        session.socket.abort()


@on_loop
async def test_close_says_code_and_reason_and_waits_for_the_answer() -> None:
    async with serving() as port:
        client, session = await port.connect()
        session.socket.close(4404, "ä" * 100)
        session.socket.close(1000)
        session.socket.send(frame(b"late", "json"))
        assert await client.frame() == (CLOSE, struct.pack("!H", 4404) + "ä".encode() * 61)
        client.send_frame(TEXT, b"unheard")
        client.send_frame(PING, b"still polite")
        assert await client.frame() == (PONG, b"still polite")
        client.send_frame(CLOSE, struct.pack("!H", 4404))
        assert await client.ended() == b""
        assert await session.close_code() == 4404
        assert session.received_count == 0


@pytest.mark.parametrize("how", ["abort", "end"])
@on_loop
async def test_a_connection_that_just_ends_is_1006(how: str) -> None:
    async with serving() as port:
        client, session = await port.connect()
        client.send_frame(TEXT, b"whole")
        client.send(client_frame(TEXT, b"cut off")[:5])
        assert await session.message() == b"whole"
        if how == "abort":
            client.writer.transport.abort()
        else:
            client.writer.write_eof()
            assert await client.ended() == b""
        assert await session.close_code() == 1006


@on_loop
async def test_abort_drops_the_connection() -> None:
    async with serving() as port:
        client, session = await port.connect()
        session.socket.abort()
        await client.cut_off()
        assert await session.close_code() == 1006


@on_loop
async def test_a_session_that_raises_is_closed_without_its_text_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as port:
        client, session = await port.connect()

        def fail(payload: bytes) -> None:
            raise ValueError(payload.decode())

        session.on_message = fail
        client.send_frame(TEXT, b"secret words")
        assert await client.closed_with() == 1011
        assert await session.close_code() == 1011
    assert "ValueError" in caplog.text
    assert "in fail" in caplog.text
    assert "secret words" not in caplog.text


@on_loop
async def test_a_session_that_cannot_be_made_is_closed() -> None:
    async with serving() as port:

        def fail(session: object) -> None:
            raise RuntimeError

        port.prepare = fail
        client = await port.client()
        assert (await client.upgrade())[0] == 101
        assert await client.closed_with() == 1011
