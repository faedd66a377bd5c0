"""The HTTP side of the port: uvicorn's httptools protocol with the limits it lacks, and the way out to a WebSocket.

What is added to uvicorn: time limits from the moment of the TCP connection, a bound on headers, a bound on how many
connections there are, a lingering end of refused connections, the client's address from trusted proxies, and an
upgrade that loses no byte. Must not know what the HTTP routes or the WebSocket messages mean.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from chatd.ws.address import client_address
from chatd.ws.connection import WebSocketConnection
from chatd.ws.echo import EchoConnection
from chatd.ws.handshake import Answer, answer_upgrade, refuse
from chatd.ws.wiring import Wiring


class PortConfig(uvicorn.Config):
    """uvicorn's settings plus ours: uvicorn hands its config to every protocol it makes."""

    wiring: Wiring


class PortProtocol(HttpToolsProtocol):
    """One TCP connection (or TLS session) as long as it speaks HTTP."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._wiring = cast(PortConfig, config).wiring
        self.slot = -1
        self._in_headers = True
        self._header_bytes = 0
        self._message_ended = False
        self._deadline_s = 0.0
        """When the client must have finished what it is doing; 0 while it is our turn."""
        self._ending = False
        """A refusal is on its way: nothing is read any more but discarded, and the deadline aborts."""
        self._unsent_bytes = 0
        self._unsent_since_s = 0.0

    # -- callbacks of the loop

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        wiring = self._wiring
        wiring.sweep.add(self)
        self._expect(wiring.limits.header_timeout_s)
        if len(wiring.roster) - wiring.open_count > wiring.limits.max_connections:
            self._refuse(503, "Too many connections (max_connections).\n", retry_after_s=5)
        elif wiring.draining:  # accepted just before the listener was closed
            self._refuse(503, "Not now: restarting.\n", retry_after_s=5)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wiring.sweep.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Headers are fed to the parser only as far as they may reach, so that no single read gets past the bound."""
        if self._ending:
            return
        self._unset_keepalive_if_required()
        room = self._wiring.limits.max_header_bytes - self._header_bytes
        if not self._in_headers or len(data) <= room:
            self._feed(data, b"")
        elif self._feed(data[:room], data[room:]):
            if self._is_within_headers():
                self._header_bytes += len(data) - room
                self._check_header_bytes()
            else:
                self._feed(data[room:], b"")
        self._watch_for_request()

    def _feed(self, data: bytes, behind: bytes) -> bool:
        """Parse `data`. False if that was the end of this connection's HTTP; `behind` follows `data` on the wire."""
        self._message_ended = False
        while data:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as exc:
                data = data[exc.args[0] :]
                if self._should_upgrade():
                    self._upgrade(data + behind)
                    return False
                # `Upgrade: h2c` and the like have been answered as plain HTTP/1.1; what follows is the next request
            except httptools.HttpParserError:
                self._refuse(400, "Invalid HTTP request received.\n")
                return False
        if self._is_within_headers():
            self._header_bytes += len(data)
        return self._check_header_bytes()

    def _is_within_headers(self) -> bool:
        """Whether what was fed last belongs to headers from its first byte to its last."""
        return self._in_headers and not self._message_ended

    def _check_header_bytes(self) -> bool:
        limit = self._wiring.limits.max_header_bytes
        if self._header_bytes > limit:
            self._refuse(431, f"max_header_bytes is {limit}.\n")
        return not self._ending

    def shutdown(self) -> None:
        """uvicorn closes idle connections and lets a response finish; a client that stalls must not hold us up."""
        super().shutdown()
        self._expect(self._wiring.limits.close_timeout_s)

    def abort(self) -> None:
        self.transport.abort()

    # -- callbacks of the parser

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        self._expect(self._wiring.limits.frame_timeout_s)
        if self.client is not None:
            address = client_address(self.client[0], self.headers, self._wiring.trusted_proxies)
            if address != self.client[0]:  # the port behind a proxy is unknown
                self.scope["client"] = (address, 0)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers = True
        self._message_ended = True
        self._deadline_s = 0.0
        super().on_message_complete()

    # -- time

    def swept(self, now_s: float) -> None:
        if self.transport.is_closing() or self._is_stalled(now_s):
            self._deadline_s = self._deadline_s or now_s + self._wiring.limits.close_timeout_s
        if self._deadline_s and now_s >= self._deadline_s:
            if self._ending or self.transport.is_closing() or self._is_answering():
                self.transport.abort()
            else:
                self._refuse(408, "The request was not finished in time.\n")

    def _is_stalled(self, now_s: float) -> bool:
        """A response that the client does not take."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent_bytes:
            self._unsent_bytes = unsent
            self._unsent_since_s = now_s
            return False
        return now_s - self._unsent_since_s >= self._wiring.limits.stall_timeout_s

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect(self, within_s: float) -> None:
        self._deadline_s = self._wiring.clock() + within_s

    def _watch_for_request(self) -> None:
        """The first byte after a response ends uvicorn's keep-alive timer: from there our limit must hold."""
        is_kept_alive = self.timeout_keep_alive_task is not None
        if not (self._deadline_s or self._ending or self._is_answering() or is_kept_alive):
            self._expect(self._wiring.limits.header_timeout_s)

    # -- the ways out

    def _upgrade(self, behind: bytes) -> None:
        answer = self._answer_upgrade()
        if answer.status != 101:
            self._wiring.stats.refused[answer.status] += 1
            self._end_with(answer.response)
            return
        peer = (self.scope["client"] or ("", 0))[0]
        make = EchoConnection if answer.echo else WebSocketConnection
        connection = make(self._wiring, self.transport, peer, answer.format)
        # first of all: from here on flow control and the end of the connection concern the new protocol
        self.transport.set_protocol(connection)
        self._wiring.sweep.remove(self)
        self.parser = None  # type: ignore[assignment]  # it points back here
        self.transport.write(answer.response)
        connection.begin(behind)
        self.connections.discard(self)

    def _answer_upgrade(self) -> Answer:
        wiring = self._wiring
        if self._is_answering():
            return Answer(400, refuse(400, "An upgrade must wait for the responses before it.\n"))
        if wiring.draining or wiring.open_count >= wiring.limits.max_connections:
            reason = "restarting" if wiring.draining else "too many connections (max_connections)"
            return Answer(503, refuse(503, f"Not now: {reason}.\n", retry_after_s=5))
        method, target = self.scope["method"], self.url.decode("latin-1")
        return answer_upgrade(method, target, self.scope["http_version"], self.headers, wiring.policy)

    def _refuse(self, status: int, text: str, retry_after_s: int | None = None) -> None:
        self._wiring.stats.refused[status] += 1
        self._end_with(refuse(status, text, retry_after_s))

    def _end_with(self, response: bytes) -> None:
        """Write a last response and finish our side only: a reset would take the response away from the client."""
        self._ending = True
        self._expect(self._wiring.limits.close_timeout_s)
        if self._is_answering():
            self.cycle.disconnected = True  # a request before this one may still be at work; nobody listens
            self.cycle.message_event.set()
        if self.transport.is_closing():
            return
        self.transport.write(response)
        if self.transport.can_write_eof():
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()
