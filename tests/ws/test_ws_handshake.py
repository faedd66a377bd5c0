"""Opening handshakes: paths, headers, origins, subprotocols; and the echo path that conformance suites use."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.ws.origin import is_origin_allowed
from tests.ws.kit import BINARY, TEXT, client_frame, on_loop, serving, upgrade_request

REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "another path": (404, {"path": "/wss"}),
    "echo without debug": (404, {"path": "/echo"}),
    "unknown subprotocols": (400, {"subprotocols": ["chat", "chatd.v2.json"]}),
    "malformed subprotocols": (400, {"subprotocols": ["(,"]}),
    "no key": (400, {"without": ["Sec-WebSocket-Key"]}),
    "short key": (400, {"without": ["Sec-WebSocket-Key"], "headers": [("Sec-WebSocket-Key", "c2hvcnQ=")]}),
    "two keys": (400, {"headers": [("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]}),
    "old version": (400, {"without": ["Sec-WebSocket-Version"], "headers": [("Sec-WebSocket-Version", "8")]}),
    "no host": (400, {"without": ["Host"]}),
    "two hosts": (400, {"headers": [("Host", "other.example")]}),
    "a body": (400, {"headers": [("Content-Length", "3")], "body": b"abc"}),
    "a chunked body": (400, {"headers": [("Transfer-Encoding", "chunked")], "body": b"0\r\n\r\n"}),
    "post": (405, {"method": "POST"}),
    "http 1.0": (505, {"version": "1.0"}),
    "foreign origin": (403, {"headers": [("Origin", "https://evil.example")]}),
    "null origin": (403, {"headers": [("Origin", "null")]}),
    "two origins": (400, {"headers": [("Origin", "https://chat.example"), ("Origin", "https://chat.example")]}),
}


@pytest.mark.parametrize("name", REFUSALS)
@on_loop
async def test_a_handshake_is_refused_with_a_status_and_a_reason(name: str) -> None:
    status, options = REFUSALS[name]
    body = options.pop("body", b"") if "body" in options else b""
    async with serving() as port:
        client = await port.client()
        client.send(upgrade_request(**options) + body)
        answered, headers, text = await client.response()
        assert (answered, headers["connection"]) == (status, "close")
        assert text.strip()
        assert await client.ended() == b""
        assert port.server.stats.refused == {status: 1}
        assert port.made.empty()


@pytest.mark.parametrize("path", ["/ws", "/ws?anything=1"])
@on_loop
async def test_the_query_of_the_path_does_not_matter(path: str) -> None:
    async with serving() as port:
        client = await port.client()
        status, headers, _ = await client.upgrade(path=path, headers=[("Sec-WebSocket-Extensions", "x-any")])
        assert (status, headers["sec-websocket-accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        assert "sec-websocket-extensions" not in headers


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "verdict"),
    [
        (None, "chat.example", (), True),
        (None, "chat.example", ("https://app.example",), True),
        ("https://chat.example", "chat.example", (), True),
        ("https://CHAT.example", "chat.Example:443", (), True),
        ("http://chat.example:80", "chat.example", (), True),
        ("http://localhost:8080", "localhost:8080", (), True),
        ("http://[::1]:8080", "[::1]:8080", (), True),
        ("https://chat.example", "chat.example:8443", (), False),
        ("https://chat.example.evil", "chat.example", (), False),
        ("https://evil.example", "chat.example", (), False),
        ("null", "chat.example", (), False),
        ("", "", (), False),
        ("file://", "chat.example", (), False),
        ("https://chat.example:port", "chat.example", (), False),
        ("https://[", "[", (), False),
        ("https://evil.example", "chat.example", ("*",), True),
        ("null", "chat.example", ("*",), True),
        ("https://app.example", "chat.example", ("https://app.example/",), True),
        ("https://App.example", "chat.example", ("https://app.example",), True),
        ("http://app.example", "chat.example", ("https://app.example",), False),
        ("https://chat.example", "chat.example", ("https://app.example",), False),
    ],
)
def test_origins(origin: str | None, host: str, allowed: tuple[str, ...], verdict: bool) -> None:
    assert is_origin_allowed(origin, host, allowed) is verdict


@on_loop
async def test_an_allowed_origin_connects() -> None:
    async with serving({"allowed_origins": ("https://app.example",)}) as port:
        client = await port.client()
        assert (await client.upgrade(headers=[("Origin", "https://app.example")]))[0] == 101


@on_loop
async def test_echo_gives_back_both_kinds_by_the_same_limits() -> None:
    async with serving({"echo": True}, max_message_bytes=70_000) as port:
        client = await port.client()
        assert (await client.upgrade(path="/echo"))[0] == 101
        for opcode, payload in [(TEXT, "石榴".encode()), (BINARY, b"\xff\0"), (TEXT, b""), (BINARY, b"x" * 70_000)]:
            client.send(client_frame(opcode, payload[:1], fin=False) + client_frame(0, payload[1:]))
            assert await client.frame() == (opcode, payload)
            client.send_frame(opcode, payload)
            assert await client.frame() == (opcode, payload)
        client.send_frame(TEXT, b"\xff")
        assert await client.close_code() == 1007
        assert port.made.empty()
