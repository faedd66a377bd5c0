"""One WebSocket: numbers requests, matches answers to them, hands events on, and notices when nobody is there.

It lives as long as the socket does and knows nothing of reconnecting, of cursors, or of what an op means.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLCertVerificationError, SSLContext
from typing import Any, Final

from msgspec import Struct, ValidationError, convert
from websockets import exceptions as broken
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from chatd_client.errors import ChatdError, ClientClosed, ConnectionLost, read_error
from chatd_client.timing import Clock
from chatd_protocol.codec import Format, Malformed, decode, encode
from chatd_protocol.errors import CLOSE_ABNORMAL, CLOSE_NORMAL, CLOSE_PROTOCOL_ERROR, should_reconnect

FRAME_BYTES_MAX: Final = 16 * 2**20
OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 60.0
LOOK_EVERY_S: Final = 5.0
RETRY_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Lost:
    """How a connection ended. `retry_after`: seconds that the server asked for; `error`: what it refused hello with;
    `unreached`: nobody answered at all."""

    code: int
    reason: str = ""
    retry_after: float | None = None
    error: ChatdError | None = None
    unreached: bool = False

    @property
    def final(self) -> bool:
        """Whether coming back would only meet the same end. A server that failed (`internal`) is worth another try."""
        if self.error is not None:
            return not self.error.retry and self.error.code != "internal"
        return not should_reconnect(self.code)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect, in which encoding, with which TLS settings (None: the system's)."""

    url: str
    format: Format
    tls: SSLContext | None


class _Frame(Struct):
    """A response or an event."""

    re: int = 0
    ok: dict[str, Any] | None = None
    error: dict[str, Any] = {}
    ev: str | None = None
    data: dict[str, Any] = {}


@dataclass(slots=True)
class _Asked:
    answer: asyncio.Future[dict[str, Any]]
    due_s: float
    on_ok: Callable[[dict[str, Any]], None] | None


class Connection:
    """Made of an open socket. `on_event` gets name and data of every event, in order, and must not block."""

    def __init__(
        self,
        socket: ClientConnection,
        fmt: Format,
        clock: Clock,
        on_event: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._socket = socket
        self._format = fmt
        self._clock = clock
        self._on_event = on_event
        self._heard_s = clock.now()
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self._outgoing: deque[bytes] = deque()
        self._has_outgoing = asyncio.Event()
        self.ended = False
        self.silence_s = math.inf
        """So long without a frame, and nobody is there."""

    def request(
        self, op: str, data: dict[str, Any], on_ok: Callable[[dict[str, Any]], None] | None = None
    ) -> asyncio.Future[dict[str, Any]]:
        """Send a request now, behind those before it. The future holds the `ok`, a `ChatdError` or `ConnectionLost`.

        `on_ok` is called with the answer before any later frame is looked at. Raises `ConnectionLost` if it is over.
        """
        if self.ended:
            raise ConnectionLost
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[self._number] = _Asked(answer, self._clock.now() + ANSWER_TIMEOUT_S, on_ok)
        self._outgoing.append(encode({"id": self._number, "op": op, "data": data}, self._format))
        self._has_outgoing.set()
        return answer

    async def run(self) -> Lost:
        """Serve the socket until it ends."""
        tasks = [asyncio.create_task(part()) for part in (self._read, self._write, self._watch)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return min((task.result() for task in done), key=lambda lost: lost.code == CLOSE_ABNORMAL)
        finally:
            self._end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Say goodbye; give up on the answer to it after a few seconds."""
        await self._socket.close(CLOSE_NORMAL)

    def abort(self) -> None:
        """Drop the socket now."""
        self._socket.transport.abort()

    def _end(self) -> None:
        self.ended = True
        self.abort()
        asked, self._asked = self._asked, {}
        for one in asked.values():
            if not one.answer.done():
                one.answer.set_exception(ConnectionLost())
                one.answer.exception()  # Whoever still waits gets it; that nobody does is not worth a warning.

    async def _read(self) -> Lost:
        try:
            while True:
                payload = await self._socket.recv(decode=False)
                self._heard_s = self._clock.now()
                self._dispatch(payload)
        except broken.ConnectionClosed as error:
            return lost_by(error)
        except (Malformed, ValidationError):
            return Lost(CLOSE_ABNORMAL, "not understood")

    async def _write(self) -> Lost:
        try:
            while True:
                await self._has_outgoing.wait()
                while self._outgoing:
                    await self._socket.send(self._outgoing.popleft(), text=self._format == "json")
                self._has_outgoing.clear()
        except broken.ConnectionClosed as error:
            return lost_by(error)

    async def _watch(self) -> Lost:
        while True:
            now_s = self._clock.now()
            if now_s >= self._heard_s + self.silence_s:
                return Lost(CLOSE_ABNORMAL, "silence")
            if any(now_s >= one.due_s for one in self._asked.values()):
                return Lost(CLOSE_ABNORMAL, "no answer")
            await self._clock.sleep(min(LOOK_EVERY_S, self._heard_s + self.silence_s - now_s))

    def _dispatch(self, payload: bytes) -> None:
        frame = convert(decode(payload, self._format), _Frame)
        if frame.ev is not None:
            self._on_event(frame.ev, frame.data)
            return
        asked = self._asked.pop(frame.re, None)
        if asked is None:
            return
        if frame.ok is None:
            _settle(asked.answer, read_error(frame.error))
            return
        if asked.on_ok is not None:
            asked.on_ok(frame.ok)
        _settle(asked.answer, frame.ok)


def _settle(answer: asyncio.Future[dict[str, Any]], outcome: dict[str, Any] | ChatdError) -> None:
    if answer.done():
        return
    if isinstance(outcome, ChatdError):
        answer.set_exception(outcome)
        answer.exception()  # The same as above.
    else:
        answer.set_result(outcome)


def lost_by(error: broken.ConnectionClosed) -> Lost:
    """What the other side said when it closed, or that it did not."""
    if error.rcvd is None:
        return Lost(CLOSE_ABNORMAL, "connection lost")
    return Lost(error.rcvd.code, error.rcvd.reason)


async def dial(endpoint: Endpoint) -> ClientConnection | Lost:
    """Open a socket. Returns how it failed, if it did; raises `ClientClosed` if it would fail again."""
    name = Subprotocol(f"chatd.v1.{endpoint.format}")
    tls: dict[str, Any] = {} if endpoint.tls is None else {"ssl": endpoint.tls}
    try:
        socket = await connect(
            endpoint.url,
            subprotocols=[name],
            compression=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,  # The server's `heads` say that it is there.
            max_size=FRAME_BYTES_MAX,
            **tls,
        )
    except broken.InvalidStatus as error:
        return _lost_at_door(error)
    except SSLCertVerificationError as error:
        raise ClientClosed(CLOSE_ABNORMAL, f"the server's certificate: {error.verify_message}") from error
    except (OSError, EOFError, broken.InvalidMessage, broken.ProxyError) as error:  # TimeoutError is an OSError
        return Lost(CLOSE_ABNORMAL, type(error).__name__, unreached=True)
    except broken.InvalidHandshake as error:
        raise ClientClosed(CLOSE_PROTOCOL_ERROR, f"no chatd server: {error}") from error
    if socket.subprotocol != name:
        await socket.close()
        raise ClientClosed(CLOSE_PROTOCOL_ERROR, f"the server does not speak {name}")
    return socket


def _lost_at_door(error: broken.InvalidStatus) -> Lost:
    status, after = error.response.status_code, error.response.headers.get("Retry-After", "")
    if status not in RETRY_STATUSES:
        raise ClientClosed(CLOSE_ABNORMAL, f"HTTP status {status}") from error
    return Lost(CLOSE_ABNORMAL, f"HTTP status {status}", float(after) if after.isascii() and after.isdigit() else None)
