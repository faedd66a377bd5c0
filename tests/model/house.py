"""A whole server in one process and one loop: real engine, real store, real readers, real hub and sessions.

Only two things stand in for the outside: `MemorySocket` for the network, and `_Desk` for the writer's process, which
runs the engine in this one, fed and answered in the very bytes that cross the socketpair. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from chatd.core.bots import MakeBot
from chatd.core.proposal import Command
from chatd.core.retention import DAY_MS
from chatd.core.values import is_bot
from chatd.hub import endings
from chatd.hub.hub import Hub
from chatd.hub.jobs import Jobs
from chatd.hub.retention import Retention
from chatd.hub.session import Session
from chatd.search.program import Settings as SearchSettings
from chatd.service.bots import BotTokens, new_token
from chatd.service.catalogue import change_catalogue
from chatd.service.retention import RetentionSettings
from chatd.service.tokens import FixedKeys, Issuer, Key, Tokens, mint
from chatd.store import migrate
from chatd.store.channel import Channel
from chatd.store.database import Database, connect
from chatd.store.engine import Engine
from chatd.store.link import WriterLink
from chatd.store.outcome import Proposed
from chatd.store.readers import Reader, Readers
from chatd.store.writer import Frames, frame
from chatd.testing import TEST_SECRET, make_config
from chatd.tuning import hub_settings, writer_settings
from chatd_protocol.scopes import SCOPES
from tests.model.rules import Bounds
from tests.model.settings import sections_of
from tests.model.works import InlineSearch, Teller

ISSUED_S = 1_600_000_000
LIFE_S = 10 * 365 * 86_400
SETTLE_S = 20.0
CALM_TURNS = 4
"""Turns of the loop in a row without anything to do, after which nothing will come by itself."""
START_MS = 1_700_000_000_000

_proposals = msgspec.msgpack.Decoder(list[Proposed])


class Clocks:
    """Wall clock and steady clock of the whole house, turned by hand."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.steady_s = 0.0


class Gate:
    """Where reads of the store can be held up after they have read: what they bring is old by then."""

    def __init__(self) -> None:
        self._shut = False
        self._pass_first = 0
        self._waiting: list[asyncio.Event] = []

    def shut(self, pass_first: int) -> None:
        """Hold every read up, but for the next few."""
        self._shut, self._pass_first = True, pass_first

    def open(self) -> None:
        self._shut = False
        while self.let_newest_through():
            pass

    def let_newest_through(self) -> bool:
        """Whoever read last comes first. False if nobody waits."""
        if self._waiting:
            self._waiting.pop().set()
            return True
        return False

    async def pass_through(self) -> None:
        if not self._shut:
            return
        if self._pass_first:
            self._pass_first -= 1
            return
        mine = asyncio.Event()
        self._waiting.append(mine)
        await mine.wait()


class GatedReaders(Readers):
    """Real readers with a gate behind them."""

    def __init__(self, url: str, count: int, gate: Gate) -> None:
        super().__init__(url, count)
        self._gate = gate
        self.busy = 0
        """Reads that have not come to the gate yet."""

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        self.busy += 1
        try:
            async with super().snapshot() as reader:
                yield reader
        finally:
            self.busy -= 1
        await self._gate.pass_through()


class _Desk:
    """Takes the place of the socketpair and the process behind it: bytes in, one transaction, bytes out."""

    def __init__(self, link: InlineLink, database: Database, engine: Engine) -> None:
        self.database = database
        self.engine = engine
        self._link = link
        self._frames = Frames()
        self._channel = link.channel
        self._waiting: list[Proposed] = []
        self._due = False

    def write(self, data: bytes) -> None:
        for payload in self._frames.feed(data):
            self._waiting += _proposals.decode(payload)
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._work)

    def write_eof(self) -> None: ...

    def close(self) -> None:
        self.database.close()

    def _work(self) -> None:
        self._due = False
        link = self._link
        if link.held or link.transport is not self:
            return
        batch, self._waiting = self._waiting, []
        fate, link.fate = link.fate, ""
        if fate == "dies":
            link.lose_writer()
            return
        outcomes = self.engine.settle(batch)
        commands = {proposed.pid for proposed in batch if isinstance(proposed.wish, Command)}
        if fate == "dies after commit":
            link.commits.append(len(commands))
            link.lose_writer()
            return
        sizes = [sum(verdict.pid in commands for verdict in outcome.verdicts) for outcome in outcomes]
        link.commits += [size for size in sizes if size]
        assert self._channel is not None
        self._channel.data_received(frame(outcomes))

    def go_on(self) -> None:
        if self._waiting:
            self._work()

    def commit_untold(self) -> None:
        """The hub dies before it hears of the last batch."""
        if self._waiting:
            self.engine.settle(self._waiting)


class InlineLink(WriterLink):
    """The real link; only the process that it starts is a `_Desk`.

    `commits`: how many commands each transaction had, without what the hub proposes by itself.
    `held`: proposals gather. `fate`: what becomes of a batch.
    """

    def __init__(self, url: str, bounds: Any, clocks: Clocks, **rest: Any) -> None:
        super().__init__(rest.pop("settings"), **rest)
        self._url = url
        self._bounds = bounds
        self._clocks = clocks
        self._holders = itertools.count(1)
        self.commits: list[int] = []
        self.held = False
        self.fate = ""
        self.lost = False

    @property
    def transport(self) -> object:
        return self._channel.transport if self._channel is not None else None

    @property
    def channel(self) -> Channel | None:
        return self._channel

    def let_go(self) -> None:
        """Everything that gathered is one batch."""
        self.held = False
        cast("_Desk", self.transport).go_on()

    def commit_untold(self) -> None:
        """Commit what gathered; the outcome reaches nobody."""
        cast("_Desk", self.transport).commit_untold()

    def lose_writer(self) -> None:
        """The process is gone."""
        desk, channel = cast("_Desk", self.transport), self._channel
        self.lost = True
        if channel is not None:
            channel.connection_lost(None)
        desk.close()

    def drop(self) -> None:
        """The hub's process is gone, and the writer's with it: nobody says or hears anything any more."""
        self.held = True
        if self._supervisor is not None:
            self._supervisor.cancel()
        cast("_Desk", self.transport).close()

    async def _spawn(self, timeout_s: float) -> int:
        self._lost.clear()
        database = connect(self._url)
        engine = Engine(database, self._bounds, lambda: self._clocks.now_ms, f"writer {id(self)} {next(self._holders)}")
        self._channel = Channel(self)
        self._channel.transport = cast("asyncio.Transport", _Desk(self, database, engine))
        self.lost = False
        return engine.n


class House:
    """Starts, settles, stops or drops the server; everything on the loop of the caller."""

    def __init__(self, folder: Path, template: Path, bounds: Bounds) -> None:
        path = folder / "chatd.db"
        shutil.copy(template, path)
        self.clocks = Clocks()
        self.gate = Gate()
        self.sessions: list[Session] = []
        self._ids = itertools.count(1)
        self.bot_token = new_token()
        self._made: set[str] = set()
        self._url = f"sqlite:///{path}"
        self._config = make_config(self._url, folder, **sections_of(bounds))
        self._up = False
        self._kept_days = bounds.kept_ms // DAY_MS

    async def start(self) -> None:
        """Open the store and serve."""
        database = connect(self._url)
        life = migrate.life(database)
        database.close()
        self.readers = GatedReaders(self._url, 2, self.gate)
        await self.readers.open()
        settings, tokens = hub_settings(self._config), BotTokens(life.key, self.readers)
        self.hub = Hub(
            settings,
            self.readers,
            Tokens(Issuer(FixedKeys([Key("HS256", TEST_SECRET)])), 30.0, bots=tokens),
            life,
            now_ms=lambda: self.clocks.now_ms,
            clock_s=lambda: self.clocks.steady_s,
            new_id=lambda prefix: f"{prefix}{next(self._ids):021d}",
            jitter=lambda: 0.5,
        )
        self.link = InlineLink(
            self._url,
            settings.bounds,
            self.clocks,
            settings=writer_settings(self._config, ""),
            on_outcome=self.hub.publish,
            on_restart=self.hub.restarted,
            on_fatal=self._fail,
        )
        self.hub.link = self.link
        self.teller = Teller(self.hub)
        self.search: InlineSearch | None = None
        self.hub.jobs = Jobs()  # none that goes by itself: what they do is done when a step asks for it
        self.hub.start(await self.link.start())
        if self.bot_token not in self._made:
            self._made.add(self.bot_token)
            made = MakeBot(self.hub.new_id("u"), "p4", "p4", "", list(SCOPES), False, tokens.digest(self.bot_token))
            assert (await self.link.ask(made)).answer is not None
        self.sessions = []
        self._up = True

    async def follow_log(self) -> None:
        """The index of the messages has everything. It is made when it is first asked for."""
        if self.search is None:
            settings = SearchSettings(self._url, str(self._config.search_path()))
            hub = self.hub
            rest: dict[str, Any] = {"published": lambda: hub.n, "clock_s": lambda: self.clocks.steady_s}
            self.search = hub.search = InlineSearch(settings, readers=1, timeout_s=SETTLE_S, **rest)
        await self.search.follow()

    async def end_dissolved(self) -> None:
        """The job that ends groups whose time is over, until nothing is left to do."""
        while await endings.end_dissolved(self.hub) is not None:
            pass

    async def let_go(self, *, keep_pinned: bool) -> None:
        """The job that lets go what is older than it is kept, in portions of two, until nothing is left to do."""
        job = Retention(self.hub, RetentionSettings(self._kept_days, keep_pinned, 24.0, 2, 0.0))
        job.begin()
        while job.progress()["running"]:
            await job.step()

    async def change_catalogue(self, items: list[Any], deletions: list[Any]) -> list[str]:
        """What the catalogue's source says; what became of it."""
        found = await change_catalogue(self.hub.link.ask, items, deletions)
        return [str(one["result"]) for one in found]

    async def tell_cards(self) -> list[tuple[tuple[str, str], list[tuple[str, int]]]]:
        """The job that tells groups of changed cards, until nothing is left to do; what it told of, in order."""
        self.teller.told = []
        while await self.teller.step() is not None:
            pass
        return self.teller.told

    def _fail(self, reason: str) -> None:
        raise AssertionError(reason)

    def make_session(self, socket: Any) -> Session:
        session = self.hub.make_session(socket)
        self.sessions.append(session)
        return session

    def token(self, sub: str) -> str:
        return self.bot_token if is_bot(sub) else mint(TEST_SECRET, sub, "", ISSUED_S, LIFE_S)

    async def stop(self, *, graceful: bool) -> None:
        """Stop with everything handed over, or drop it as it is."""
        if not self._up:
            return
        self._up = False
        if self.search is not None:
            await self.search.close()
        if graceful:
            await self.hub.stop()
            await self.link.close()
        else:
            self.link.drop()
        await self.settle()
        await self.readers.close()

    async def settle(self) -> None:
        """Until nothing happens any more: no read under way, nothing to commit, nothing to hand out."""
        async with asyncio.timeout(SETTLE_S):
            calm = 0
            while calm < CALM_TURNS:
                reading = self._reading()
                if reading:
                    await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(0)
                calm = calm + 1 if self._still() and not reading else 0

    async def settle_but_reads(self) -> None:
        """Until all that is left waits at the gate."""
        async with asyncio.timeout(SETTLE_S):
            calm = 0
            while calm < CALM_TURNS:
                await asyncio.sleep(0)
                calm = calm + 1 if self._still() and not self.readers.busy else 0

    def _still(self) -> bool:
        fanout, link = self.hub.fanout, self.link
        handing_out = fanout._scheduled or fanout.busy or fanout._touched or self.hub.catch_ups._scheduled
        committing = link._flush_scheduled or link.lost or (link._open and not link.held)
        return not (handing_out or committing or self._replaying())

    def _replaying(self) -> bool:
        return any(session._waiting and session.phase.value == "open" for session in self.sessions)

    def _reading(self) -> list[asyncio.Task[None]]:
        of_sessions = (task for session in self.sessions for task in session._tasks or ())
        return [task for task in (*of_sessions, *self.hub.pages._reading) if not task.done()]
