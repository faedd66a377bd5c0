"""One session, kept alive over as many connections as it takes.

Here lie the rules of coming back: which ends are final, how long to pause, who says hello. What a session carries is
the business of the `Listener`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

import msgspec

from chatd_client.connection import Connection, Endpoint, Lost, dial
from chatd_client.errors import ChatdError, ClientClosed, ConnectionLost
from chatd_client.timing import STABLE_S, Backoff, Clock
from chatd_protocol.errors import (
    CLOSE_ABNORMAL,
    CLOSE_INTERNAL,
    CLOSE_NORMAL,
    CLOSE_TOKEN_EXPIRED,
    CLOSE_UNAVAILABLE,
    ERRORS,
)
from chatd_protocol.session import Hello, HelloOk

AT_ONCE: Final = range(4000, 4100)
"""Close codes after which one comes back without a pause, the first time."""
HEADS_INTERVAL_S: Final = 25.0
"""How often a server shows that it is there, until it has said so itself."""
HURRY_S: Final = 0.5
"""Somebody who cannot wait is obeyed once in this time."""
SILENT_INTERVALS: Final = 2.5
"""So many intervals without a frame, and the connection counts as dead."""


class Listener(Protocol):
    """What the link tells. None of these may block; `make_hello` may ask for a token."""

    async def make_hello(self) -> Hello: ...

    def greeted(self, hello: HelloOk) -> None: ...

    def received(self, name: str, data: dict[str, Any]) -> None: ...

    def lost(self, lost: Lost, retry_in_s: float) -> None: ...

    def ended(self, why: ClientClosed) -> None: ...


class Link:
    """Runs from `start` until `close`, or until an end that is final."""

    def __init__(
        self,
        endpoint: Endpoint,
        listener: Listener,
        *,
        clock: Clock,
        backoff: Backoff,
        heads_interval_s: float | None,
        renewable: bool,
    ) -> None:
        self._endpoint = endpoint
        self._listener = listener
        self._clock = clock
        self._backoff = backoff
        self._heads_interval_s = heads_interval_s
        self._renewable = renewable
        self._current: Connection | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._hurry = asyncio.Event()
        self._tried_s = -HURRY_S
        self._welcome_at_s: float | None = None
        """When a server that is stopping wants this client back."""
        self.closed: ClientClosed | None = None

    def start(self) -> None:
        """Begin to connect. Once."""
        self._task = self._task or asyncio.create_task(self._keep(), name="chatd link")

    @property
    def current(self) -> Connection | None:
        """The connection with an open session, if there is one now."""
        return None if self._current is None or self._current.ended else self._current

    async def connection(self) -> Connection:
        """Wait for an open session. Raises `ClientClosed`."""
        while True:
            if self.closed is not None:
                raise self.closed
            if self.current is not None:
                return self.current
            self._changed.clear()
            await self._changed.wait()

    def delay_return(self, delay_s: float) -> None:
        """The server said when to come back after the end that is near."""
        self._welcome_at_s = self._clock.now() + delay_s

    def retry_now(self) -> None:
        """Somebody does not want to wait for the end of the pause: try now. Without one it does nothing."""
        if self._clock.now() - self._tried_s >= HURRY_S:
            self._hurry.set()

    def cycle(self) -> None:
        """Drop the connection and come back with the cursors."""
        if self._current is not None:
            self._current.abort()

    async def close(self) -> None:
        """End it, politely where that is quick. Idempotent."""
        current, task = self._current, self._task
        self._end(ClientClosed(CLOSE_NORMAL, "closed by this client"))
        if current is not None and not current.ended:
            await current.close()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _end(self, why: ClientClosed) -> None:
        if self.closed is None:
            self.closed = why
            self._listener.ended(why)
        self._changed.set()

    # --- coming back

    async def _keep(self) -> None:
        try:
            while True:
                lost = await self._live_once()
                if lost.final and not (self._renewable and lost.code == CLOSE_TOKEN_EXPIRED):
                    self._end(ClientClosed(lost.code, lost.reason, lost.error))
                    return
                pause_s = self._pause_after(lost)
                self._listener.lost(lost, pause_s)
                await self._pause(pause_s)
        except ClientClosed as why:
            self._end(why)
        except Exception as error:
            self._end(ClientClosed(CLOSE_INTERNAL, f"the client failed: {type(error).__name__}"))
            raise

    async def _pause(self, pause_s: float) -> None:
        """Wait so long, or until somebody does not want to any more."""
        self._hurry.clear()
        waits = [asyncio.create_task(self._clock.sleep(pause_s)), asyncio.create_task(self._hurry.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)  # the clock bounds it
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _pause_after(self, lost: Lost) -> float:
        """Seconds until the next attempt: what the server asked for, else full jitter over the failures in a row. Where
        there was no server it is looked for sooner than one that is there and refuses is asked again."""
        if self._failures == 0:
            self._lost_s = self._clock.now()
        self._failures += 1
        welcome_at_s, self._welcome_at_s = self._welcome_at_s, None
        if welcome_at_s is not None:
            return max(0.0, welcome_at_s - self._clock.now())
        if lost.code in AT_ONCE and self._failures == 1:
            return 0.0
        if lost.error is None and lost.retry_after is None and lost.code < min(AT_ONCE):
            return self._backoff.return_s(self._failures, self._clock.now() - self._lost_s)
        return (lost.retry_after or 0.0) + self._backoff.pause_s(self._failures)

    async def _live_once(self) -> Lost:
        """Dial, say hello, serve. Returns how it ended; raises `ClientClosed` where that is final already."""
        self._tried_s = self._clock.now()
        try:
            hello = await self._listener.make_hello()
        except Exception as error:  # noqa: BLE001  the caller's own function for tokens may raise anything
            return Lost(CLOSE_ABNORMAL, f"no token: {type(error).__name__}")
        socket = await dial(self._endpoint)
        if isinstance(socket, Lost):
            return socket
        connection = Connection(socket, self._endpoint.format, self._clock, self._listener.received)
        connection.silence_s = SILENT_INTERVALS * (self._heads_interval_s or HEADS_INTERVAL_S)
        serving = asyncio.create_task(connection.run())
        try:
            since_s = self._clock.now()
            refused = await self._greet(connection, hello)
            if refused is not None:
                return refused
            lost = await serving
            if self._clock.now() - since_s >= STABLE_S:
                self._failures = 0
            return lost
        finally:
            self._current = None
            serving.cancel()
            await asyncio.wait([serving])

    async def _greet(self, connection: Connection, hello: Hello) -> Lost | None:
        """Open the session. Returns how the server refused it; None if it is open or the connection is gone."""

        def welcome(raw: dict[str, Any]) -> None:
            greeting = msgspec.convert(raw, HelloOk)
            connection.silence_s = SILENT_INTERVALS * (self._heads_interval_s or greeting.bounds.heads_interval_s)
            self._listener.greeted(greeting)
            self._current = connection
            self._changed.set()

        try:
            await connection.request("session.hello", msgspec.to_builtins(hello), welcome)
        except ConnectionLost:
            return None
        except ChatdError as error:
            return Lost(_close_of(error.code), error.code, error.retry_after, error)
        return None


def _close_of(code: str) -> int:
    """The close code that follows a refused hello: the answer is here first, and what it says is the same."""
    kind = ERRORS.get(code)
    return CLOSE_UNAVAILABLE if kind is None or kind.close is None else kind.close
