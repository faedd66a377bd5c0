"""Asking other servers over HTTP: for the keys of a host app, or calling a hook. It must not know what is asked for.

Every request is bounded in time and in size, follows no redirect, and goes to public addresses only. The name is
resolved here, each of its addresses is looked at, and the connection goes to one that was: what the name means a moment
later does not count. https only; where loopback is allowed, http too, but then to this machine and nowhere else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import httpcore
import httpx

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host. Raises OSError."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Unreachable(Exception):
    """There is no usable answer. The text says why in our own words, and nothing of what was sent or answered."""


class Bound(NamedTuple):
    """What one request may cost."""

    timeout_s: float
    max_bytes: int


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses that the system knows for a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def may_reach(address: str, *, plain: bool, loopback: bool) -> bool:
    """Whether a connection may go to this address. `plain`: without TLS."""
    try:
        ip = _inner(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if ip.is_loopback:
        return loopback
    return not plain and ip.is_global and not ip.is_multicast and not ip.is_reserved


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one leads to (mapped, 6to4, NAT64), if it leads to one."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


class _Vetted(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at."""

    def __init__(self, resolve: Resolve, *, plain: bool, loopback: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._resolve = resolve
        self._plain = plain
        self._loopback = loopback

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the backend's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        allowed = [may_reach(one, plain=self._plain, loopback=self._loopback) for one in addresses]
        if not addresses or not all(allowed):
            raise Unreachable("the host has an address that must not be reached, or none")
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the backend's own signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise Unreachable("only TCP is spoken")

    async def sleep(self, seconds: float) -> None:
        # The backend's own method: the pool asks for it between tries to connect, if it is told to try again.
        await asyncio.sleep(seconds)


class Outbound:
    """Makes requests. `ca_file`: certificates that are trusted beside the usual ones."""

    def __init__(self, *, loopback: bool = False, ca_file: str = "", resolve: Resolve = resolve_name) -> None:
        self._loopback = loopback
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None
        self._ca_file = ca_file

    def _make_tls(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context()
        if self._ca_file:
            context.load_verify_locations(self._ca_file)
        return context

    async def ask(
        self, method: str, url: str, bound: Bound, *, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()
    ) -> bytes:
        """The body of the answer, whose status must be of success. Raises `Unreachable`."""
        try:
            async with asyncio.timeout(bound.timeout_s):
                return await self._ask(method, url, bound, body, headers)
        except TimeoutError:
            raise Unreachable(f"no whole answer within {bound.timeout_s} s") from None
        except Unreachable:
            raise
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise Unreachable(f"the connection failed: {type(error).__name__}") from None

    async def _ask(self, method: str, url: str, bound: Bound, body: bytes, headers: Sequence[tuple[str, str]]) -> bytes:
        plain = url.startswith("http://")
        if not plain and self._tls is None:
            self._tls = await asyncio.to_thread(self._make_tls)
        backend = _Vetted(self._resolve, plain=plain, loopback=self._loopback)
        told = [("Accept-Encoding", "identity"), ("Connection", "close"), *headers]
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=backend, max_connections=1) as pool,
            pool.stream(method, url, headers=[("Host", _host_of(url)), *told], content=body or None) as answer,
        ):
            if not 200 <= answer.status < 300:
                raise Unreachable(f"the answer has status {answer.status}; redirects are not followed")
            return await _read(answer, bound.max_bytes)


def _host_of(url: str) -> str:
    return httpx.URL(url).netloc.decode()


async def _read(answer: httpcore.Response, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise Unreachable(f"the answer has more than {max_bytes} bytes")
    return bytes(body)
