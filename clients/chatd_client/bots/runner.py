"""One run of a bot: from the connection to the last handler. It reads, puts into line, and stops in order.

What is read goes into the lanes; what a lane has handled is true in the store. In between is nothing that a restart
would miss: the cursors that the next session resumes from are those of the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from chatd_client.bots.acquaintance import Acquaintance
from chatd_client.bots.happenings import Unit
from chatd_client.bots.help import declared
from chatd_client.bots.jobs import Job
from chatd_client.bots.lanes import Lanes
from chatd_client.bots.letters import read_subject
from chatd_client.bots.marks import Marks
from chatd_client.bots.router import Route
from chatd_client.bots.scheduler import Scheduler
from chatd_client.bots.store import MINE, Step
from chatd_client.bots.worker import Tools, Worker
from chatd_client.cursors import base_of_mine
from chatd_client.errors import ChatdError
from chatd_client.events import Connected, EntriesEvent, Event, MineEvent, Opened, Reset, Truncated
from chatd_client.port import Port
from chatd_protocol.bots import SetCommands, SetCommandsOk
from chatd_protocol.groups import GroupLine
from chatd_protocol.log import Entry, MineEntry, UnknownEntry, read_entry
from chatd_protocol.session import HelloOk
from chatd_protocol.values import PAGE_MAX

WRITE_EVERY_S: Final = 1.0
MINE_MAX: Final = 1000
"""Entries of the bot's own log that may wait; beyond that they are left with the server."""
_log = logging.getLogger("chatd_client.bots")


class WrongBot(Exception):
    """The file of what a bot remembers is that of another user."""


class Runner:
    """Runs once: `run` until `stop`, or until the connection is closed for good."""

    def __init__(
        self, tools: Tools, port: Port, routes: Sequence[Route], jobs: Sequence[Job], name: str, stop_s: float
    ) -> None:
        self._tools = tools
        self._port = port
        self._name = name
        self._commands = [route.command for route in routes if route.command is not None]
        self._stop_s = stop_s
        store = tools.store
        self._marks = Marks(store.cursors(), store.taken())
        self._worker = Worker(tools, routes, self._marks)
        self._lanes = Lanes(self._handle, self._read, self._count_cut)
        self._scheduler = Scheduler(jobs, store, tools.clock, self._lanes)
        self._known = Acquaintance(port)
        self._stopping = asyncio.Event()
        self._may_base = False
        """Whether a group of which nothing is known begins at its head."""
        self._following: asyncio.Task[None] | None = None
        self._trying: set[int] = set()
        """Dead letters that stand in line."""
        self.seen: Counter[str] = Counter()
        """What was handled, by the kind of the entry, of a group's log or the bot's own."""
        self.ready = asyncio.Event()
        """Set once the bot has a session, knows its groups, and has told the server its commands."""
        tools.name_of, tools.kind_of, tools.chat_with = self._known.name_of, self._known.kind_of, self._known.chat_with
        tools.lang_of = self._known.lang_of
        tools.next_timer = self._scheduler.next_timer

    async def run(self) -> None:
        """Raises `ClientClosed` if the server ended it, `WrongBot`, and what the store raises."""
        store = self._tools.store
        hello = await self._connect()
        if hello is None:
            return
        self._tools.me = hello.user
        owner = await store.run(store.fact, "user")
        if owner not in {None, hello.user}:
            raise WrongBot(f"{store.path} is the memory of {owner}, and this token is that of {hello.user}")
        await store.run(store.set_fact, "user", hello.user)
        self._tools.names = frozenset(one.casefold() for one in (self._name, hello.name, hello.user) if one)
        await self._put_letters()
        work = [
            asyncio.create_task(self._listen(), name="bot reader"),
            asyncio.create_task(self._stopping.wait(), name="bot stop"),
            asyncio.create_task(self._write_now_and_then(), name="bot writer"),
            asyncio.create_task(self._scheduler.run(), name="bot scheduler"),
        ]
        try:
            waits: set[asyncio.Future[Any]] = {*work, self._lanes.failed}
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            await self._end(work)
            for one in done:
                if not one.cancelled() and (error := one.exception()) is not None:
                    raise error
        finally:
            await self._end(work)

    async def _connect(self) -> HelloOk | None:
        """None if it was stopped before there was a server."""
        connecting = asyncio.ensure_future(self._port.connect())
        stopping = asyncio.ensure_future(self._stopping.wait())
        waits: set[asyncio.Future[Any]] = {connecting, stopping}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return connecting.result() if connecting.done() else None
        finally:
            for one in waits:
                one.cancel()

    def stop(self) -> None:
        """Begin nothing more, and let `run` end. Idempotent."""
        self._stopping.set()

    async def _end(self, work: Sequence[asyncio.Task[Any]]) -> None:
        self._stopping.set()
        tasks = [*work, *([self._following] if self._following is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._lanes.close(self._stop_s)
        with contextlib.suppress(RuntimeError):  # a closed store has all it will have
            await self._worker.write()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    # --- what tests and hosts may wait for

    async def until(self, group: str, pos: int) -> None:
        """Until everything of a group up to `pos` has been handled."""
        while self._marks.done.get(group, 0) < pos and self._marks.groups.get(group, (0, 0))[0] < pos:
            await self._lanes.move()

    async def wait_for(self, test: Callable[[], bool]) -> None:
        """Until something is so after something was handled."""
        while not test():
            await self._lanes.move()

    async def idle(self) -> None:
        """Until nothing that was read waits, and nothing is due."""
        while True:
            await self._lanes.wait_idle()
            before = self._lanes.changes
            if not await self._scheduler.due_now() and self._lanes.changes == before:
                return
            self._scheduler.poke()
            if self._lanes.changes == before:
                await self._lanes.move()

    # --- reading

    async def _listen(self) -> None:
        async for event in self._port.events():
            await self._take(event)

    async def _take(self, event: Event) -> None:
        match event:
            case EntriesEvent():
                self._lanes.put_entries(event.group, event.after, event.entries)
            case MineEvent():
                while self._marks.load >= MINE_MAX:
                    await self._lanes.move()
                self._take_mine(event.entries)
            case Reset(group=None):
                self._lanes.drop_all()
                await self._lanes.wait_idle()
                self._trying.clear()
                await self._put_letters()
                self._marks.start_anew()
                hello = self._port.hello
                await self._tools.store.run(self._tools.store.start_anew, hello.epoch if hello else "")
            case Reset(group=str() as group):
                self._lanes.begin_anew(group, None)
            case Truncated(group=str() as group, floor=floor):
                self._lanes.begin_anew(group, floor)
            case Connected(hello=hello):
                await self._greet(hello)
            case Opened(line=line):
                await self._note_line(line)
            case _:
                pass

    async def _put_letters(self) -> None:
        """Dead letters that are to be tried again, the oldest first, each before what comes to its group now."""
        for letter in await self._tools.store.run(self._tools.store.to_retry):
            if letter.id not in self._trying:
                self._trying.add(letter.id)
                subject = read_subject(letter)
                self._lanes.put(Unit(subject.place if subject is not None else "", letter=letter))

    def _take_mine(self, entries: Sequence[MineEntry]) -> None:
        for entry in self._marks.receive(entries):
            self._lanes.put(Unit(entry.group or "", mine=entry))

    async def _greet(self, hello: HelloOk) -> None:
        store, step = self._tools.store, Step()
        fresh = self._marks.mine is None or hello.mine_truncated is not None
        if fresh:
            self._marks.base(MINE, base_of_mine(hello), step)
        # A group that is new to a bot that goes on from somewhere begins where its `added` says, which is to come.
        self._may_base = fresh
        for line in hello.groups:
            self._note(line, step)
        await store.run(store.set_fact, "epoch", hello.epoch)
        await store.run(store.settle, [step], self._tools.clock.now_ms())
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow_all(), name="bot groups")

    async def _note_line(self, line: GroupLine) -> None:
        step = Step()
        self._note(line, step)
        if step:
            await self._tools.store.run(self._tools.store.settle, [step], self._tools.clock.now_ms())

    def _note(self, line: GroupLine, step: Step) -> None:
        self._known.meet(line)
        if self._may_base and line.live and line.after == line.head:
            self._marks.base(line.group, (line.head, line.at), step)

    async def _follow_all(self) -> None:
        """Every group, also those that the server does not push by itself: a bot hears all of them."""
        try:
            hello, after = self._port.hello, None
            if hello is not None and not self._may_base:
                await self.wait_for(lambda: self._marks.caught_up(hello.mine))
                self._may_base = True
            live = {line.group for line in hello.groups if line.live} if hello else set()
            groups: list[str] = []
            while True:
                page = await self._port.list_groups(after, PAGE_MAX)
                groups += [line.group for line in page.groups]
                for line in page.groups:
                    self._known.meet(line)
                    if line.group not in live:  # of these one would only be told now and then that they moved
                        with contextlib.suppress(ChatdError):  # left meanwhile, or gone
                            await self._port.open_group(line.group)
                if page.more is None:
                    break
                after = page.more
            await self._scheduler.sync(groups, first=not self.ready.is_set())
            await self._declare()
            self.ready.set()
            self._lanes.tell()
        except ChatdError as error:
            _log.error("the groups could not be read: %s", error.code)

    async def _declare(self) -> None:
        hello = self._port.hello
        if hello is None or hello.bot is None or "bot.commands" not in hello.ops or self.ready.is_set():
            return
        try:
            wish = SetCommands(self._port.new_cid(), declared(self._commands))
            await self._port.ask(wish, SetCommandsOk)
        except ChatdError as error:
            _log.warning("the server was not told the commands: %s", error.code)

    # --- handling

    async def _handle(self, unit: Unit) -> None:
        try:
            await self._worker.handle(unit)
        finally:
            self._scheduler.landed(unit)
            if unit.letter is not None:
                self._trying.discard(unit.letter.id)
        self.seen[unit.kind] += 1
        if unit.mine is not None and unit.mine.kind == "added":
            await self._known.kind_of(unit.place)
            await self._scheduler.sync(list(self._marks.groups), first=False)

    async def _read(self, group: str, after: int) -> list[Entry | UnknownEntry]:
        try:
            page = await self._port.read_history(group, after=after, limit=PAGE_MAX)
        except ChatdError as error:
            _log.warning("the history of a group could not be read: %s", error.code)
            return []
        return [read_entry(raw) for raw in page.entries]

    def _count_cut(self) -> None:
        self._tools.counters.behind += 1

    async def _write_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)  # where it is reaches the disk together, not with every entry
            await self._worker.write()
            await (
                self._put_letters()
            )  # somebody may have asked meanwhile: another process, which can only write it down
