"""The HTTP side of the port: headers, silence, floods, proxies, listeners, and plain requests beside them."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from typing import Any

import pytest

from chatd.ws.address import client_address
from chatd.ws.limits import Limits, PortSettings, parse_networks
from chatd.ws.server import make_server
from tests.ws.kit import TEXT, Port, Recorder, on_loop, serving, soon, tiny_app, upgrade_request

GET = b"GET /anything HTTP/1.1\r\nHost: chat.example\r\n\r\n"

XFF, FWD = b"x-forwarded-for", b"forwarded"


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("203.0.113.9", [(XFF, b"198.51.100.7")], "203.0.113.9"),
        ("10.0.0.1", [(XFF, b"198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, b"6.6.6.6, 198.51.100.7, 10.9.9.9")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, b"6.6.6.6"), (XFF, b"198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(XFF, b"6.6.6.6, unknown, 10.9.9.9")], "10.9.9.9"),
        ("10.0.0.1", [(XFF, b"")], "10.0.0.1"),
        ("10.0.0.1", [(XFF, b"10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        ("10.0.0.1", [(XFF, b"198.51.100.7:4711")], "198.51.100.7"),
        ("::ffff:10.0.0.1", [(XFF, b"2001:DB8::7")], "2001:db8::7"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("10.0.0.1", [(FWD, b'for=6.6.6.6, For="[2001:db8::7]:4711";proto=https')], "2001:db8::7"),
        ("10.0.0.1", [(FWD, b"proto=https;for=198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(FWD, b"for=_hidden")], "10.0.0.1"),
        ("10.0.0.1", [(FWD, b"proto=https")], "10.0.0.1"),
        ("10.0.0.1", [(FWD, b"for=198.51.100.7"), (XFF, b"198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", [(FWD, b"for=6.6.6.6"), (XFF, b"198.51.100.7")], "10.0.0.1"),
        ("", [(XFF, b"198.51.100.7")], ""),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_no_proxy(
    peer: str, headers: list[tuple[bytes, bytes]], address: str
) -> None:
    assert client_address(peer, headers, parse_networks(("10.0.0.0/8",))) == address


def test_a_trusted_proxy_that_is_no_address_is_named() -> None:
    with pytest.raises(ValueError, match=r"trusted_proxies: 'proxy\.example'"):
        parse_networks(("10.0.0.1", "proxy.example"))


@pytest.mark.parametrize(("proxies", "address"), [(("127.0.0.0/8",), "198.51.100.7"), ((), "127.0.0.1")])
@on_loop
async def test_sessions_and_routes_see_the_same_client(proxies: tuple[str, ...], address: str) -> None:
    forwarded = ("X-Forwarded-For", "6.6.6.6, 198.51.100.7")
    async with serving({"trusted_proxies": proxies}) as port:
        _, session = await port.connect(headers=[forwarded])
        assert session.socket.peer == address
        client = await port.client()
        client.send(GET[:-2] + f"{forwarded[0]}: {forwarded[1]}\r\n\r\n".encode())
        assert (await client.response())[2] == address.encode()


# -- HTTP beside it


@on_loop
async def test_http_keeps_alive_pipelines_and_then_upgrades() -> None:
    async with serving() as port:
        client = await port.client()
        client.send(GET + GET)
        for _ in range(2):
            status, headers, _ = await client.response()
            assert (status, headers["date"][-3:], headers.get("server")) == (200, "GMT", None)
        client.send(GET)
        assert (await client.response())[0] == 200
        assert (await client.upgrade())[0] == 101
        client.send_frame(TEXT, b"hi")
        assert await (await port.session()).message() == b"hi"


@on_loop
async def test_other_upgrades_are_plain_http() -> None:
    h2c = GET[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    async with serving() as port:
        client = await port.client()
        client.send(h2c + GET)
        assert (await client.response())[0] == 200
        assert (await client.response())[0] == 200


@on_loop
async def test_an_upgrade_behind_an_unanswered_request_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    asked, answer, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        asked.set()
        await answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        done.set()

    async with serving(app=slow_app) as port:
        client = await port.client()
        client.send(GET)
        await soon(asked.wait())
        assert (await client.upgrade())[0] == 400
        answer.set()
        await soon(done.wait())
        assert await client.ended() == b""
    assert not caplog.records


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\nbroken\r\n\r\n"], ids=["tls", "colon"]
)
@on_loop
async def test_what_is_not_http_gets_400(request_: bytes) -> None:
    async with serving() as port:
        client = await port.client()
        client.send(request_)
        status, _, _ = await client.response()
        assert status == 400
        assert await client.ended() == b""


def padded(size: int, base: bytes = upgrade_request()) -> bytes:
    """A request of exactly `size` bytes."""
    filler = size - len(base) - len(b"Cookie: \r\n")
    return base[:-2] + b"Cookie: " + b"c" * filler + b"\r\n\r\n"


@pytest.mark.parametrize("at_once", [True, False])
@on_loop
async def test_headers_may_be_as_long_as_the_bound_and_no_longer(at_once: bool) -> None:
    async def ask(port: Port, request: bytes) -> int:
        client = await port.client()
        for piece in [request] if at_once else [request[i : i + 700] for i in range(0, len(request), 700)]:
            client.send(piece)
            await client.writer.drain()
        return (await client.response())[0]

    async with serving(max_header_bytes=4096) as port:
        for base in (upgrade_request(), GET):
            exact, over = padded(4096, base), padded(4097, base)
            assert len(exact) == 4096
            assert await ask(port, exact) in (101, 200)
            assert await ask(port, over) == 431


@on_loop
async def test_a_flood_of_headers_gets_431_and_is_not_kept() -> None:
    async with serving(max_header_bytes=4096, close_timeout_s=30) as port:
        client = await port.client()
        client.send(b"GET /ws HTTP/1.1\r\nX: " + b"y" * 4_000_000)
        status, _, text = await client.response()
        assert (status, text) == (431, b"max_header_bytes is 4096.\n")
        assert await client.ended() == b""


@on_loop
async def test_headers_of_a_later_request_are_bounded_too() -> None:
    async with serving(max_header_bytes=4096) as port:
        client = await port.client()
        client.send(GET)
        assert (await client.response())[0] == 200
        client.send(b"GET / HTTP/1.1\r\nX: " + b"y" * 5000)
        assert (await client.response())[0] == 431


@on_loop
async def test_headers_of_a_pipelined_request_are_bounded_too() -> None:
    async with serving(max_header_bytes=4096) as port:
        client = await port.client()
        client.send(GET + b"GET / HTTP/1.1\r\nX: " + b"y" * 4000)
        assert (await client.response())[0] == 200
        for _ in range(10):
            client.send(b"y" * 4000)
        assert (await client.response())[0] == 431


# -- time and number


@pytest.mark.parametrize(
    "said",
    [b"", b"G", b"GET /ws HTTP/1.1\r\nHost: chat.example\r\n", upgrade_request()[:-1]],
    ids=["silent", "byte", "lines", "almost"],
)
@on_loop
async def test_silent_or_slow_headers_end_with_408(said: bytes) -> None:
    async with serving(header_timeout_s=0.3, close_timeout_s=0.2) as port:
        client = await port.client()
        client.send(said)
        assert (await client.response())[0] == 408
        assert await client.ended() == b""


@on_loop
async def test_trickling_headers_do_not_buy_time() -> None:
    async with serving(header_timeout_s=0.3) as port:
        client = await port.client()
        client.send(b"GET /ws HTTP/1.1\r\n")
        answer = asyncio.ensure_future(client.response())
        while not answer.done():
            client.send(b"X-A: b\r\n")
            await asyncio.wait([answer], timeout=0.02)
        assert answer.result()[0] == 408


@on_loop
async def test_one_byte_behind_a_response_does_not_buy_for_ever() -> None:
    async with serving(header_timeout_s=0.3) as port:
        client = await port.client()
        client.send(GET)
        assert (await client.response())[0] == 200
        client.send(b"\r")
        assert (await client.response())[0] == 408


@on_loop
async def test_a_slow_body_does_not_buy_for_ever() -> None:
    async def reading_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        while (await receive()).get("more_body"):
            pass

    async with serving(app=reading_app, frame_timeout_s=0.3) as port:
        client = await port.client()
        client.send(b"POST / HTTP/1.1\r\nHost: chat.example\r\nContent-Length: 1000\r\n\r\nonly this")
        await client.cut_off()


@on_loop
async def test_a_response_that_is_not_read_ends_in_time() -> None:
    asked = asyncio.Event()

    async def big_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        asked.set()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 10_000_000})

    async with serving(app=big_app, stall_timeout_s=0.2, close_timeout_s=0.2, send_buffer_bytes=8192) as port:
        client = await port.client(4096)
        client.stop_reading()
        client.send(GET)
        await soon(asked.wait())
        await soon(port.server._wiring.roster.wait_empty())


@on_loop
async def test_one_websocket_too_many_gets_503() -> None:
    async with serving(max_connections=2) as port:
        first, session = await port.connect()
        await port.connect()
        client = await port.client()
        status, headers, text = await client.upgrade()
        assert (status, int(headers["retry-after"]) > 0) == (503, True)
        assert b"max_connections" in text
        first.writer.close()
        await soon(session.gone.wait())
        await port.connect()
        assert port.server.open_count == 2


@on_loop
async def test_one_silent_connection_too_many_gets_503() -> None:
    async with serving(max_connections=3) as port:
        await port.connect()
        waiting = [await port.client() for _ in range(4)]
        status, _, _ = await waiting[-1].response()
        assert status == 503
        assert (await waiting[0].upgrade())[0] == 101


# -- listening


@on_loop
async def test_given_sockets_are_used_and_accepted_ones_have_a_small_send_buffer() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    async with serving(sockets=[listener], send_buffer_bytes=16_384) as port:
        assert port.server.addresses == [listener.getsockname()]
        _, session = await port.connect()
        transport: asyncio.Transport = session.socket._transport  # type: ignore[attr-defined]
        accepted = transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) in (16_384, 32_768)


@on_loop
async def test_a_port_that_is_taken_is_an_error() -> None:
    async with serving() as port:
        with pytest.raises(OSError, match="in use"):
            async with serving({"port": port.server.port}):
                pass


@on_loop
async def test_an_application_that_does_not_start_stops_the_start() -> None:
    async def broken_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": ""})

    listener = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(RuntimeError, match="did not start"):
        async with serving(app=broken_app, sockets=[listener]):
            pass
    assert listener.fileno() == -1


def test_a_wrong_proxy_stops_the_start() -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        make_server(
            tiny_app,
            Recorder,
            PortSettings(trusted_proxies=("x",)),
            Limits(),
            clock=time.monotonic,
            wall_clock=time.time,
            jitter=random.random,
        )
