"""The port as a whole: listen, tell where, stop listening, drain, end.

uvicorn's parts do HTTP (its config, state, lifespan, and the protocol that `chatd.ws.port` extends). Its own server
loop is not used: it polls, waits for silent clients for ever and sets no time limit for TLS handshakes.

    server = make_server(app, session_factory, settings, limits, clock=…, wall_clock=…, jitter=…)
    await server.start()              # or start(sockets=[...])
    ...
    server.stop_accepting()           # then the hub tells its sessions
    await server.drain(within_s)      # 1012 to everybody, the deadline, an abort for the rest
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

from uvicorn.server import ServerState

from chatd.hub.ports import SessionFactory
from chatd.ws.connection import WebSocketConnection
from chatd.ws.limits import Limits, PortSettings
from chatd.ws.port import PortConfig, PortProtocol
from chatd.ws.stats import TransportStats
from chatd.ws.wiring import Wiring

_BACKLOG: Final = 4096
_CLOSES_PER_TURN: Final = 200
_ABORT_S: Final = 1.0
"""How long aborted connections may take to report their end; the loop needs one turn."""


def make_server(
    app: Any,
    session_factory: SessionFactory,
    settings: PortSettings,
    limits: Limits,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float],
    jitter: Callable[[], float],
) -> PortServer:
    """`app` is an ASGI application; `clock` monotonic and `wall_clock` Unix seconds; `jitter` numbers in [0, 1).

    Raises ValueError for a trusted proxy that is no address, OSError or ssl.SSLError for unusable TLS files.
    """
    for file in filter(None, (settings.tls_cert, settings.tls_key)):
        Path(file).read_bytes()  # ssl would say that something cannot be read, and not what
    wiring = Wiring(settings, limits, session_factory, clock, jitter)
    config = PortConfig(
        app,
        http=PortProtocol,
        ws=WebSocketConnection,
        interface="asgi3",
        lifespan="auto",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )
    config.wiring = wiring
    config.load()
    return PortServer(config, settings, wiring, wall_clock)


class PortServer:
    """One port. Started once, drained once."""

    def __init__(
        self, config: PortConfig, settings: PortSettings, wiring: Wiring, wall_clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._settings = settings
        self._wiring = wiring
        self._wall_clock = wall_clock
        self._lifespan = config.lifespan_class(config)
        self._state = ServerState()
        self._state.connections = wiring.roster
        self._servers: list[asyncio.Server] = []
        self.addresses: list[tuple[str, int]] = []
        """Host and port of each listener, the real port where 0 was asked for."""

    @property
    def port(self) -> int:
        return self.addresses[0][1]

    @property
    def stats(self) -> TransportStats:
        return self._wiring.stats

    @property
    def open_count(self) -> int:
        """WebSockets that are open."""
        return self._wiring.open_count

    async def start(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Listen on `sockets`, or on the host and port of the settings. Raises OSError when that is impossible.

        Raises RuntimeError if the HTTP application refuses to start.
        """
        listeners = list(sockets) if sockets is not None else await self._bind()
        try:
            await self._start_app()
            for listener in listeners:
                self._servers.append(await self._listen(listener))
                self.addresses.append(listener.getsockname()[:2])
        except BaseException:
            for listener in listeners:
                listener.close()
            raise
        self._wiring.sweep.add(_DateHeader(self._state, self._wall_clock))
        self._wiring.sweep.start()

    async def _start_app(self) -> None:
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            raise RuntimeError("the HTTP application did not start")

    def stop_accepting(self) -> None:
        """No new connections and no new WebSockets; what is open stays open."""
        self._wiring.draining = True
        for server in self._servers:
            server.close()

    async def drain(self, within_s: float) -> None:
        """Close everything with 1012, give it `within_s` seconds, abort what remains, stop."""
        self.stop_accepting()
        roster = self._wiring.roster
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._ask_all_to_end()
                await roster.wait_empty()
        for connection in tuple(roster):
            connection.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ABORT_S):
                await roster.wait_empty()
        self._wiring.sweep.stop()
        await self._lifespan.shutdown()

    async def _ask_all_to_end(self) -> None:
        for index, connection in enumerate(tuple(self._wiring.roster)):
            connection.shutdown()
            if index % _CLOSES_PER_TURN == _CLOSES_PER_TURN - 1:
                await asyncio.sleep(0)  # the others have their turn between portions

    async def _bind(self) -> list[socket.socket]:
        """A listener for each address of the host; with port 0 all take the port that the first one got."""
        loop = asyncio.get_running_loop()
        host, port = self._settings.host, self._settings.port
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listeners: list[socket.socket] = []
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                listener = socket.socket(family, socket.SOCK_STREAM)
                listeners.append(listener)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind((address[0], port, *address[2:]))
                port = listener.getsockname()[1]
        except OSError as error:
            for listener in listeners:
                listener.close()
            raise OSError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from error
        return listeners

    async def _listen(self, listener: socket.socket) -> asyncio.Server:
        limits = self._wiring.limits
        if limits.send_buffer_bytes:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer_bytes)
        tls = self._config.ssl
        return await asyncio.get_running_loop().create_server(
            self._make_protocol,
            sock=listener,
            ssl=tls,
            backlog=_BACKLOG,
            ssl_handshake_timeout=limits.handshake_timeout_s if tls else None,
            ssl_shutdown_timeout=limits.close_timeout_s if tls else None,
        )

    def _make_protocol(self) -> PortProtocol:
        return PortProtocol(self._config, self._state, self._lifespan.state)


class _DateHeader:
    """Keeps the Date header (RFC 9110, section 6.6.1) that uvicorn adds to responses at about the right second."""

    slot = -1

    def __init__(self, state: ServerState, wall_clock: Callable[[], float]) -> None:
        self._state = state
        self._wall_clock = wall_clock
        self.swept(0.0)

    def swept(self, now_s: float) -> None:
        self._state.default_headers = [(b"date", formatdate(self._wall_clock(), usegmt=True).encode())]

    def abort(self) -> None: ...
