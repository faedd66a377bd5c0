"""The way to the writer process, and its supervision. Runs in the hub's event loop.

A proposal is handed over with a callback and gets exactly one verdict, whatever happens to the writer on the way:
after the process died, a new one is started, the hub first takes note of what had been committed (`on_restart`), and
what is still open is proposed again in its original order; commands that were done already are answered by their `cid`.
A proposal that was being worked on at two deaths is tried alone, and refused if it kills a third process.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import subprocess
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from chatd.core.proposal import Abandon, Command
from chatd.core.wishes import AnyWish
from chatd.store.channel import Channel, Process, launch
from chatd.store.outcome import Outcome, Proposed, Verdict
from chatd.store.readers import ReaderLost
from chatd.store.writer import EXIT_FENCED, Ready, Settings, frame

Settled = Callable[[Verdict], None]

log = logging.getLogger("chatd.store")

_outcomes = msgspec.msgpack.Decoder(list[Outcome])
_ready = msgspec.msgpack.Decoder(Ready)
DEATHS_BEFORE_ALONE: Final = 2
PROPOSALS_PER_FRAME: Final = 2000
"""However large they are and however many wait, a frame stays within what a reader takes (`FRAME_MAX`)."""


class _Open:
    """A proposal without a verdict."""

    __slots__ = ("deaths", "given", "proposed", "queued", "settled", "since_s")

    def __init__(self, proposed: Proposed, settled: Settled, since_s: float) -> None:
        self.proposed = proposed
        self.settled = settled
        self.since_s = since_s
        self.deaths = 0
        """How many writers ended while they had it."""
        self.queued = False
        self.given = False
        """Whether the present writer has it."""


class WriterLink:
    """Starts the writer, keeps it running, and carries proposals and outcomes.

    `on_outcome` is called for every commit, in commit order, before the verdicts of that commit are handed out.
    `on_restart(n)` is awaited before open proposals are handed to a new writer; `n` is the last commit in the store.
    `on_fatal` is called once if the database was taken over or can never be opened; the link is dead then.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        inherit_fds: tuple[int, ...] = (),
        queue_max: int = 20_000,
        give_up_s: float = 10.0,
        on_outcome: Callable[[Outcome], None],
        on_restart: Callable[[int], Awaitable[None]],
        on_fatal: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._inherit_fds = inherit_fds
        self._queue_max = queue_max
        self._give_up_s = give_up_s
        self._on_outcome = on_outcome
        self._on_restart = on_restart
        self._on_fatal = on_fatal
        self._pids = itertools.count(1)
        self._open: dict[int, _Open] = {}
        self._alone: deque[_Open] = deque()
        self._outbox: list[_Open] = []
        self._flush_scheduled = False
        self._committing = False
        """Whether the writer has a batch. The next one gathers here meanwhile."""
        self._channel: Channel | None = None
        self._process: Process | None = None
        self._ready: asyncio.Future[int] | None = None
        self._lost = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._emptied: asyncio.Future[None] | None = None
        self._accepting = False
        self._closing = False
        self.restarts = 0
        self.batches = 0
        """Handed to the writer and answered; `batches_s`: how long that took, in sum; `answered`: proposals in them."""
        self.batches_s = 0.0
        self.answered = 0
        self._handed_s = 0.0

    # -- for the hub

    @property
    def up(self) -> bool:
        """Whether a writer is running and has caught up."""
        return self._accepting

    @property
    def waiting(self) -> int:
        """Proposals without a verdict."""
        return len(self._open)

    @property
    def pid(self) -> int | None:
        """The process id of the writer."""
        return self._process.pid if self._process is not None else None

    async def start(self, timeout_s: float = 30.0) -> int:
        """Start the writer. Returns the last commit in the store. Raises OSError if it does not come up."""
        self._loop = asyncio.get_running_loop()
        try:
            n = await self._spawn(timeout_s)
        except OSError:
            await self._reap(0.0)
            raise
        self._accepting = True
        self._supervisor = self._loop.create_task(self._supervise(), name="writer supervisor")
        return n

    def propose(self, wish: AnyWish, settled: Settled) -> bool:
        """Hand over a proposal. False if too many are waiting already; then `settled` is never called."""
        if len(self._open) >= self._queue_max or self._closing:
            return False
        proposed = Proposed(next(self._pids), wish)
        self._open[proposed.pid] = waiting = _Open(proposed, settled, self._loop.time())
        if self._accepting and not self._alone:
            self._send(waiting)
        return True

    async def ask(self, wish: AnyWish) -> Verdict:
        """Propose and wait for the verdict."""
        future: asyncio.Future[Verdict] = self._loop.create_future()
        if not self.propose(wish, lambda verdict: None if future.done() else future.set_result(verdict)):
            return Verdict(0, None, "overloaded")
        return await future

    async def settled(self) -> None:
        """Wait until no proposal is without a verdict."""
        while self._open:
            if self._emptied is None or self._emptied.done():
                self._emptied = self._loop.create_future()
            await asyncio.shield(self._emptied)

    async def close(self, timeout_s: float = 10.0) -> None:
        """Let everything finish that was handed over, and end the writer. What is still open then is `unavailable`."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.settled(), timeout_s)
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        transport = self._channel.transport if self._channel is not None else None
        self._accepting = False
        if transport is not None:
            transport.write_eof()
        await self._reap(timeout_s)
        if transport is not None:
            transport.close()
        self._settle_all("unavailable")

    # -- the stream

    def channel_heard(self, channel: Channel, payloads: list[bytes]) -> None:
        """Frames from a writer."""
        if channel is not self._channel:
            return
        for payload in payloads:
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(_ready.decode(payload).n)
                continue
            if self._committing:
                self._committing = False
                self.batches += 1
                self.batches_s += self._loop.time() - self._handed_s
            for outcome in _outcomes.decode(payload):
                self._take(outcome)
            # Not before fan-out had its turn and the sockets were read once more: whoever was just answered and goes
            # on at once is in the next batch, not in the one after. A loop with nothing to do does that in no time.
            self._loop.call_soon(self._schedule_flush)

    def channel_lost(self, channel: Channel) -> None:
        """A writer's socket has ended."""
        if channel is not self._channel:
            return
        self._channel = None
        self._accepting = False
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionResetError("the writer ended while starting"))
        self._lost.set()

    def _take(self, outcome: Outcome) -> None:
        try:
            self._on_outcome(outcome)
        except Exception as error:  # noqa: BLE001 - whatever it is: what was committed can no longer be shown exactly
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("a commit could not be published: %s\n%s", type(error).__name__, where)
            self._on_fatal("a commit could not be published")
        self.answered += len(outcome.verdicts)
        for verdict in outcome.verdicts:
            self._settle(verdict)
        if self._alone:
            self._send_what_may_go()

    def _settle(self, verdict: Verdict) -> None:
        waiting = self._open.pop(verdict.pid, None)
        if waiting is not None:
            waiting.settled(verdict)
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)

    def _send(self, waiting: _Open) -> None:
        """Proposals of one turn of the loop go out as one frame."""
        waiting.queued = True
        self._outbox.append(waiting)
        if not self._committing:
            self._schedule_flush()

    def _schedule_flush(self) -> None:
        """Hand over in the next turn of the loop whatever is there then."""
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def hand_over(self) -> None:
        """Do now what the next turn of the loop would begin with, if it was to hand over."""
        if self._flush_scheduled:
            self._flush()

    def _flush(self) -> None:
        if not self._flush_scheduled:
            return
        self._flush_scheduled = False
        transport = self._channel.transport if self._channel is not None else None
        if self._outbox and transport is not None and self._accepting:
            batch, self._outbox = self._outbox, []
            for waiting in batch:
                waiting.given = True
            self._committing = True
            self._handed_s = self._loop.time()
            for at in range(0, len(batch), PROPOSALS_PER_FRAME):
                transport.write(frame([waiting.proposed for waiting in batch[at : at + PROPOSALS_PER_FRAME]]))

    # -- supervision

    async def _spawn(self, timeout_s: float) -> int:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._lost.clear()
        self._ready = self._loop.create_future()
        try:
            # Returns once forked; asyncio would own the pipes.
            self._process = launch(theirs.fileno(), self._inherit_fds)
        finally:
            theirs.close()
        self._channel = channel = Channel(self)
        transport, _ = await self._loop.create_connection(lambda: channel, sock=ours)
        transport.write(frame(self._settings))
        return await asyncio.wait_for(self._ready, timeout_s)

    async def _supervise(self) -> None:
        while True:
            await self._lost.wait()
            status = await self._reap(5.0)
            if status == EXIT_FENCED:
                self._closing = True
                self._settle_all("unavailable")
                self._on_fatal("another server has taken over this database")
                return
            log.warning("the writer ended with status %s; starting another", status)
            self.restarts += 1
            await self._restart()

    async def _restart(self) -> None:
        self._outbox.clear()
        self._committing = False
        for waiting in self._open.values():
            waiting.deaths += waiting.given
            waiting.given = waiting.queued = False
        self._alone.clear()
        pause_s = 0.02
        while True:
            try:
                n = await self._spawn(10.0)
                await self._on_restart(n)
                if self._channel is not None:
                    break
            except (OSError, TimeoutError, ReaderLost):
                log.warning("the writer did not start, or the store cannot be read")
            if await self._reap(1.0) == EXIT_FENCED:
                return  # the supervisor sees the same, and ends
            self._give_up_on_the_oldest()
            await asyncio.sleep(pause_s)  # longer each time: a writer that cannot start would take a core
            pause_s = min(pause_s * 2, 2.0)
        self._accepting = True
        self._resubmit()

    def _resubmit(self) -> None:
        """Everything that is open goes again, in order; those under suspicion first, one at a time."""
        for waiting in list(self._open.values()):
            if waiting.deaths > DEATHS_BEFORE_ALONE:
                self._abandon(waiting)
        self._alone = deque(x for x in self._open.values() if x.deaths == DEATHS_BEFORE_ALONE)
        self._send_what_may_go()

    def _send_what_may_go(self) -> None:
        while self._alone:
            suspect = self._alone[0]
            if suspect.proposed.pid in self._open:
                if not suspect.queued:
                    self._send(suspect)
                return
            self._alone.popleft()
        for waiting in self._open.values():
            if not waiting.queued:
                self._send(waiting)

    def _abandon(self, waiting: _Open) -> None:
        """Refuse what ends the writer, unless one of its tries was committed after all: the `cid` tells."""
        pid, wish = waiting.proposed.pid, waiting.proposed.wish
        log.error("a proposal of type %s ends the writer: refused", type(wish).__name__)
        if isinstance(wish, Command):
            waiting.proposed = Proposed(pid, Abandon(wish.actor, wish.cid, wish.digest))
            waiting.deaths = 0
        else:
            self._settle(Verdict(pid, None, "internal"))

    def _give_up_on_the_oldest(self) -> None:
        """Nobody waits for a writer for ever: `unavailable` says that a retry with the same `cid` is safe."""
        before_s = self._loop.time() - self._give_up_s
        for pid, waiting in list(self._open.items()):
            if waiting.since_s < before_s:
                self._settle(Verdict(pid, None, "unavailable"))

    def _settle_all(self, code: str) -> None:
        for pid in list(self._open):
            self._settle(Verdict(pid, None, code))

    async def _reap(self, timeout_s: float) -> int | None:
        """Wait for the process to end; end it if it does not."""
        process = self._process
        if process is None:
            return None
        try:
            return await asyncio.to_thread(process.wait, timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return await asyncio.to_thread(process.wait)
