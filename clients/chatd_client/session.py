"""One user's session: says hello, turns frames into events, and asks again for what is missing.

It ties the link (which comes back), the feed (which knows what is missing) and the inbox (which is bounded) together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from chatd_client.connection import Connection, Endpoint, Lost
from chatd_client.cursors import Cursors
from chatd_client.errors import ChatdError, ClientClosed, ConnectionLost
from chatd_client.events import Connected, Disconnected, Event, Opened
from chatd_client.feed import Feed
from chatd_client.inbox import Inbox
from chatd_client.link import Link
from chatd_client.timing import Backoff, Clock
from chatd_protocol import session as wire
from chatd_protocol.groups import CloseGroup, GroupLine, OpenGroup
from chatd_protocol.log import Entries, Mine, read_entry
from chatd_protocol.messages import History, ReadHistory
from chatd_protocol.ops import OPS
from chatd_protocol.signals import SIGNALS, GoingAway, Heads, TokenExpiring
from chatd_protocol.values import Data, View

Answer = asyncio.Future[dict[str, Any]]
Token = str | Callable[[], Awaitable[str]]
LOOK_BACK: Final = 20
"""How many entries are read to find one that a cursor can name."""
OP_OF: Final = {op.request: op.name for op in OPS.values()}
_log = logging.getLogger("chatd_client")


@dataclass(frozen=True)
class Identity:
    """Who says hello."""

    token: Token
    device: str
    program: str

    async def fresh_token(self) -> str:
        """The token as it was given, or a new one where the caller can give one."""
        return self.token if isinstance(self.token, str) else await self.token()


class Session:
    """Begins with `link.start()`. Events wait in `inbox`; `hello` is the server's last greeting."""

    def __init__(
        self,
        endpoint: Endpoint,
        identity: Identity,
        cursors: Cursors,
        *,
        inbox_entries: int,
        heads_interval_s: float | None,
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self._identity = identity
        self._url = endpoint.url
        self._unreached = False
        self._clock = clock
        self._backoff = backoff
        self._tasks: set[asyncio.Task[None]] = set()
        self._mender: asyncio.Task[None] | None = None
        self.feed = Feed(cursors)
        self.inbox = Inbox(inbox_entries, self._catch_up)
        self.hello: wire.HelloOk | None = None
        self._lost_s: float | None = None
        """Since when there has been no session, if there was one."""
        renewable = not isinstance(identity.token, str)
        self.link = Link(
            endpoint, self, clock=clock, backoff=backoff, heads_interval_s=heads_interval_s, renewable=renewable
        )

    async def close(self) -> None:
        """End the session, and everything that was begun for it."""
        await self.link.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- asking

    def request(self, data: Data, on_ok: Callable[[dict[str, Any]], None] | None = None) -> Answer:
        """Send a request on the open session. Raises `ConnectionLost` if there is none."""
        connection = self.link.current
        if connection is None:
            raise ConnectionLost
        return request_on(connection, data, on_ok)

    async def pause(self, refusals: int, retry_after: float) -> None:
        """Wait after so many refusals in a row, then for an open session. Raises `ClientClosed`."""
        if refusals:
            await self._clock.sleep(max(retry_after, self._backoff.pause_s(refusals)))
        await self.link.connection()

    async def open_group(self, group: str) -> GroupLine:
        """Open a group once, from where it was received. Raises `ConnectionLost`, `ChatdError`, `ClientClosed`."""
        connection = await self.link.connection()
        if received := self.feed.unmarked(group):
            page = await request_on(connection, ReadHistory(group, before=received + 1, limit=LOOK_BACK))
            self.feed.set_mark(group, map(read_entry, msgspec.convert(page, History).entries))
        after, at = self.feed.cursor(group)
        raw = await request_on(connection, OpenGroup(group, after=after, at=at), self._opened)
        return msgspec.convert(raw, GroupLine)

    # --- what the link tells

    async def make_hello(self) -> wire.Hello:
        cursors = self.feed.resume()
        return wire.Hello(
            await self._identity.fresh_token(),
            self._identity.device,
            client=self._identity.program,
            epoch=cursors.epoch,
            mine=cursors.mine if cursors.epoch else None,
            heads=cursors.heads if cursors.epoch else None,
        )

    def greeted(self, hello: wire.HelloOk) -> None:
        resumed = self.feed.epoch is not None and not hello.reset
        events, missed = self.feed.greet(hello)
        self.hello = hello
        if self._lost_s is not None:
            _log.info("connected again after %.1f s", self._clock.now() - self._lost_s)
            self._lost_s = None
        for event in events:
            self._keep(event)
        self._keep(Connected(hello, resumed, missed))
        self._mend()

    def lost(self, lost: Lost, retry_in_s: float) -> None:
        if lost.unreached:
            # Once for each time that it goes: whoever waits for it knows.
            level = logging.DEBUG if self._unreached else logging.WARNING
            _log.log(level, "no server answers at %s (%s); trying again", self._url, lost.reason)
        else:
            _log.info("connection ended with %s %s", lost.code, lost.reason)
        self._unreached = lost.unreached
        if self.hello is not None and self._lost_s is None:
            self._lost_s = self._clock.now()
        self._keep(Disconnected(lost.code, lost.reason, retry_in_s))

    def ended(self, why: ClientClosed) -> None:
        self.inbox.close()

    def received(self, name: str, data: dict[str, Any]) -> None:
        if name == "entries":
            self._take_entries(msgspec.convert(data, Entries))
        elif name == "mine":
            self._take_mine(msgspec.convert(data, Mine))
        elif name in SIGNALS:
            self._take_signal(msgspec.convert(data, SIGNALS[name]))
        self._mend()

    def _take_entries(self, raw: Entries) -> None:
        cut = self.feed.cut_entries(raw)
        if cut is not None:
            self._keep(cut)
        event = self.feed.take_entries(raw)
        if event is None:
            return
        if self.inbox.offer(event):
            self.feed.accept_entries(event)
        elif self.feed.refuse_entries(event):
            self._spawn(self._stop_entries(event.group))

    def _take_mine(self, raw: Mine) -> None:
        known_gap = self.feed.mine_gap
        event = self.feed.take_mine(raw)
        cut = self.feed.mine_cut(raw)
        if event is not None and cut is not None:
            self._keep(cut)
        if event is not None and self.inbox.offer(event):
            self.feed.accept_mine(event)
        elif event is not None:
            self.feed.mine_gap = True
        elif self.feed.mine_gap and not known_gap:
            self.link.cycle()

    def _take_signal(self, signal: View) -> None:
        if isinstance(signal, Heads):
            self.feed.take_heads(signal)
        elif isinstance(signal, GoingAway):
            self.link.delay_return(signal.delay_ms / 1000)
        elif isinstance(signal, TokenExpiring) and not isinstance(self._identity.token, str):
            self._spawn(self._renew())
        self.inbox.hint(signal)  # type: ignore[arg-type]  # SIGNALS holds exactly the signals of `Event`

    def _opened(self, raw: dict[str, Any]) -> None:
        for event in self.feed.opened(msgspec.convert(raw, GroupLine)):
            self._keep(event)

    def _keep(self, event: Event) -> None:
        group = event.line.group if isinstance(event, Opened) else getattr(event, "group", None)
        kind = Connected if isinstance(event, Disconnected) else type(event)
        self.inbox.keep((kind, group), event)

    # --- what is missing

    def _catch_up(self) -> None:
        """The inbox has room again."""
        self.feed.catch_up()
        if self.feed.mine_gap:
            self.link.cycle()
        self._mend()

    def _mend(self) -> None:
        if self.feed.wanted and self._mender is None:
            self._mender = self._spawn(self._open_wanted())

    async def _open_wanted(self) -> None:
        """Open what is wanted, one group after another."""
        try:
            while self.feed.wanted:
                group = self.feed.wanted.pop()
                try:
                    await self.open_group(group)
                except ConnectionLost:
                    return  # The next hello tells what is wanted then.
                except ChatdError as error:
                    if error.retry:
                        self.feed.wanted.add(group)
                        await self._clock.sleep((error.retry_after or 0.0) + self._backoff.pause_s(1))
                    else:
                        self.feed.forget(group)
        finally:
            self._mender = None

    async def _stop_entries(self, group: str) -> None:
        """The handler is behind: what it cannot take need not be sent, and is asked for when there is room."""
        try:
            await self.request(CloseGroup(group))
        except (ConnectionLost, ChatdError) as error:
            _log.debug("entries of a group could not be stopped: %s", type(error).__name__)

    async def _renew(self) -> None:
        try:
            await self.request(wire.Renew(await self._identity.fresh_token()))
        except Exception as error:  # noqa: BLE001  the caller's own function for tokens may raise anything
            _log.warning("the token could not be renewed: %s", type(error).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def request_on(connection: Connection, data: Data, on_ok: Callable[[dict[str, Any]], None] | None = None) -> Answer:
    """Send a request struct under the name of its op."""
    return connection.request(OP_OF[type(data)], msgspec.to_builtins(data), on_ok)
