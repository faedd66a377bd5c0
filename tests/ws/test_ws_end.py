"""TLS, draining, and the counters that remain."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from websockets.asyncio.client import connect

from chatd.hub.frames import frame
from tests.ws.kit import CLOSE, TEXT, Client, Port, on_loop, serving, soon
from tests.ws.test_ws_time import BUFFERS, SMALL, fill


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, str]:
    """A self-signed certificate for 127.0.0.1, as settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chatd test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}


async def tls_client(port: Port, tls: dict[str, str], receive_buffer_bytes: int = 0) -> Client:
    context = ssl.create_default_context(cafile=tls["tls_cert"])
    return await port.client(receive_buffer_bytes, ssl=context, server_hostname="127.0.0.1")


@on_loop
async def test_tls_lies_between_the_frames_and_the_descriptor(tls: dict[str, str]) -> None:
    async with serving(tls) as port:
        client = await tls_client(port, tls)
        await client.upgrade()
        session = await port.session()
        await session.sweep()
        await session.sweep()
        assert session.socket.direct == -1


@on_loop
async def test_tls_carries_messages_and_an_orderly_close(tls: dict[str, str]) -> None:
    async with serving(tls) as port:
        context = ssl.create_default_context(cafile=tls["tls_cert"])
        url = f"wss://127.0.0.1:{port.server.port}/ws"
        async with connect(url, ssl=context, subprotocols=["chatd.v1.msgpack"], compression=None) as client:  # type: ignore[list-item]
            session = await port.session()
            await client.send(b"x" * 60_000)
            assert await session.message() == b"x" * 60_000
            session.socket.send(frame(b"y" * 60_000, "msgpack"))
            assert await soon(client.recv()) == b"y" * 60_000
        assert await session.close_code() == 1000


@on_loop
async def test_tls_refusals_are_heard(tls: dict[str, str]) -> None:
    async with serving(tls, max_message_bytes=1000, max_header_bytes=4096) as port:
        client = await tls_client(port, tls)
        assert (await client.upgrade())[0] == 101
        client.send_frame(TEXT, b"x" * 100_000)
        assert await client.close_code() == 1009
        assert await (await port.session()).close_code() == 1009
        flooder = await tls_client(port, tls)
        flooder.send(b"GET / HTTP/1.1\r\nX: " + b"y" * 8000)
        assert (await flooder.response())[0] == 431


@on_loop
async def test_a_silent_tls_handshake_ends_in_time(tls: dict[str, str]) -> None:
    async with serving(tls, handshake_timeout_s=0.2) as port:
        client = await port.client()
        await client.cut_off()


@on_loop
async def test_silence_after_the_tls_handshake_ends_in_time(tls: dict[str, str]) -> None:
    async with serving(tls, header_timeout_s=0.2, close_timeout_s=0.2) as port:
        client = await tls_client(port, tls)
        assert (await client.response())[0] == 408


@on_loop
async def test_a_stalled_tls_client_is_aborted(tls: dict[str, str]) -> None:
    async with serving(tls, stall_timeout_s=0.3, close_timeout_s=0.2, **BUFFERS) as port:
        client = await tls_client(port, tls, **SMALL)
        assert (await client.upgrade())[0] == 101
        session = await port.session()
        client.stop_reading()
        gone = asyncio.ensure_future(session.gone.wait())
        while not gone.done():  # the client's TLS layer goes on taking some 256 KiB
            await fill(session)
            await asyncio.wait([gone], timeout=0.05)
        assert await session.close_code() == 4000


def test_unusable_tls_files_stop_the_start(tmp_path: Path) -> None:
    @on_loop
    async def start() -> None:
        async with serving({"tls_cert": str(tmp_path / "none.pem")}):
            pass

    with pytest.raises(FileNotFoundError):
        start()


@on_loop
async def test_draining_says_1012_to_all_and_waits_for_the_polite() -> None:
    async with serving(close_timeout_s=30) as port:
        pairs = [await port.connect() for _ in range(5)]
        idle = await port.client()
        drain = asyncio.create_task(port.server.drain(30))
        for client, session in pairs:
            assert await client.frame() == (CLOSE, (1012).to_bytes(2, "big") + b"restart")
            assert not drain.done()
            client.send_frame(CLOSE, (1012).to_bytes(2, "big"))
            assert await session.close_code() == 1012
        assert await idle.ended() == b""
        await soon(drain)


@pytest.mark.parametrize("within_s", [0.3, 30.0])
@on_loop
async def test_draining_does_not_wait_for_silent_stalled_or_slow_clients(within_s: float) -> None:
    """Neither limit lets them hold up the end: the close timeout of each, and the deadline of the drain."""
    async with serving(close_timeout_s=30.3 - within_s, **BUFFERS) as port:
        _, silent = await port.connect()
        stalled, session = await port.connect(**SMALL)
        stalled.stop_reading()
        await fill(session)
        slow = await port.client()
        slow.send(b"GET / HTTP/1.1\r\n")
        await soon(port.server.drain(within_s))
        assert await silent.close_code() == 1012
        assert await session.close_code() == 1012
        assert port.server.open_count == 0


@on_loop
async def test_after_stop_accepting_nothing_new_comes_in_and_the_old_goes_on() -> None:
    async with serving() as port:
        client, session = await port.connect()
        waiting = await port.client()
        waiting.send(b"G")
        stranger = await port.client()
        stranger.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await stranger.response())[0] == 200
        port.server.stop_accepting()
        waiting.send(b"ET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await waiting.response())[0] == 503
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port.server.port)
        client.send_frame(TEXT, b"still here")
        assert await session.message() == b"still here"


@on_loop
async def test_what_happened_is_counted() -> None:
    registry = CollectorRegistry()
    async with serving() as port:
        registry.register(port.server.stats)
        client, session = await port.connect()
        await port.connect()
        refused = await port.client()
        await refused.upgrade(path="/nowhere")
        client.send_frame(CLOSE, (3333).to_bytes(2, "big"))
        await session.close_code()
        session.socket.close(1000)
        text = generate_latest(registry).decode()
    for line in (
        "chatd_ws_open 1.0",
        "chatd_ws_accepted_total 2.0",
        'chatd_ws_refused_total{status="404"} 1.0',
        'chatd_ws_closed_total{code="other"} 1.0',
    ):
        assert line in text.splitlines()
