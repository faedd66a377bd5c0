"""Handles one unit after another of each place: finds the handler, runs it, keeps cursor and memory in one step.

The cursor of a group moves behind an entry only in the transaction that also keeps what its handler remembered, after
the handler has returned. What no handler takes moves the cursor too, but that is written together with something else,
or a little later: handling it again does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from chatd_client.bots.clock import WallClock
from chatd_client.bots.context import Context, Deed
from chatd_client.bots.contexts import JobContext, MessageContext
from chatd_client.bots.failures import Counters, Failure, KeepsDying, Policy, place_of
from chatd_client.bots.happenings import Happening, Unit, happenings_of
from chatd_client.bots.marks import Marks
from chatd_client.bots.memory import Document, Memory, Recollection, keys_of
from chatd_client.bots.ops import Ops
from chatd_client.bots.router import PASS, Route, Run
from chatd_client.bots.store import DeadLetter, DocumentKey, Step, Store, Timer
from chatd_client.bots.words import Lang, language_of
from chatd_client.commands import Commands
from chatd_client.errors import ChatdError, ClientClosed
from chatd_client.timing import Clock
from chatd_protocol.values import GroupKind

SHARED: Final[DocumentKey] = ("shared", "")
UNWRITTEN_MAX: Final = 200
_log = logging.getLogger("chatd_client.bots")


@dataclass
class Tools:
    """What handling needs from outside."""

    client: Commands
    store: Store
    clock: WallClock
    pauses: Clock
    policy: Policy
    lang: Lang
    concurrency: int
    me: str = ""
    names: frozenset[str] = frozenset()
    counters: Counters = field(default_factory=Counters)
    report: Callable[[Failure], Awaitable[None]] | None = None
    name_of: Callable[[str], Awaitable[str]] | None = None
    chat_with: Callable[[str], Awaitable[str | None]] | None = None
    kind_of: Callable[[str], Awaitable[GroupKind]] | None = None
    lang_of: Callable[[str], Lang | None] | None = None
    next_timer: Callable[[Timer], tuple[Callable[[JobContext], Awaitable[object]], Timer | None]] | None = None


class Worker:
    """Handles units. One at a time per place, and per person: their memory is one, wherever they speak."""

    def __init__(self, tools: Tools, routes: Sequence[Route], marks: Marks) -> None:
        self._tools = tools
        self._routes = list(routes)
        self._contexts = {route.context for route in routes}
        self._mine_kinds = {route.about for route in routes}
        self.marks = marks
        self._slots = asyncio.Semaphore(tools.concurrency)
        self._people: dict[str, asyncio.Lock] = {}
        self._shared = asyncio.Lock()
        self._unwritten = Step()
        self._unwritten_count = 0

    async def handle(self, unit: Unit) -> None:
        """Handle one. Raises `ClientClosed`, and what the store raises: then nothing has become true."""
        step = Step()
        self._tools.counters.entries += unit.entry is not None
        found = [one for one in happenings_of(unit, self._tools.me) if self._concerns(unit, one)]
        if not found:
            self.marks.pass_over(unit, step)
            await self._note(step)
        else:
            async with AsyncExitStack() as held:
                for user in sorted({one.user for one in found if one.user}):
                    await held.enter_async_context(self._person(user))
                await self._handle_all(unit, found, step, held)
        self.marks.passed(unit)

    async def write(self) -> None:
        """Write what is true and not written."""
        await self._settle(Step())

    def _concerns(self, unit: Unit, happening: Happening) -> bool:
        about_mine = unit.mine is None or unit.mine.kind in self._mine_kinds
        return unit.timer is not None or (happening.context in self._contexts and about_mine)

    def _person(self, user: str) -> asyncio.Lock:
        if len(self._people) > 10_000:
            self._people = {name: lock for name, lock in self._people.items() if lock.locked()}
        return self._people.setdefault(user, asyncio.Lock())

    async def _handle_all(self, unit: Unit, found: list[Happening], step: Step, held: AsyncExitStack) -> None:
        group = unit.place
        keys = {key: None for one in found for key in keys_of(group, one.user)}
        documents = Recollection(await self._tools.store.run(self._tools.store.documents, list(keys)))
        kind: GroupKind = "private"
        if group and self._tools.kind_of is not None:
            kind = await self._tools.kind_of(group)
        attempt = _Attempt(self, unit, documents, step, held, kind)
        try:
            for index, happening in enumerate(found):
                await attempt.settle(index, happening)
        except BaseException:
            if attempt.begun:
                await self._tools.store.run(self._tools.store.unbegin, unit.name)
            raise
        self.marks.pass_over(unit, step)
        step.unit = unit.name if attempt.begun else None
        await self._settle(step) if attempt.begun or step.documents else await self._note(step)

    # --- writing

    async def _note(self, step: Step) -> None:
        """Nobody depends on it: it may be written later."""
        if step:
            _merge(self._unwritten, step)
            self._unwritten_count += 1
            if self._unwritten_count >= UNWRITTEN_MAX:
                await self.write()

    async def _settle(self, step: Step) -> None:
        before, self._unwritten, self._unwritten_count = self._unwritten, Step(), 0
        if before or step or step.unit:
            await self._tools.store.run(self._tools.store.settle, [before, step], self._tools.clock.now_ms())

    # --- running

    def deed(self, unit: Unit, index: int, happening: Happening, memory: Memory, kind: GroupKind) -> Deed:
        tools = self._tools
        ops = Ops(tools.client, tools.me, *unit.seed, index)
        return Deed(
            tools.me,
            tools.client,
            ops,
            tools.clock,
            memory,
            (tools.lang_of(unit.place) if tools.lang_of is not None else None) or tools.lang,
            unit.place,
            kind,
            happening.user,
            unit.since,
            tools.names,
            name_of=tools.name_of,
            chat_with=tools.chat_with,
        )

    def takers(self, ctx: Context) -> list[Route]:
        return [route for route in self._routes if route.context is type(ctx)]

    async def run(self, run: Run) -> object:
        """Run a handler in one of the places that there are for them, within its time."""
        async with self._slots, asyncio.timeout(self._tools.policy.timeout_s):
            return await run()

    async def share(self, documents: Recollection, held: AsyncExitStack) -> Document:
        await held.enter_async_context(self._shared)
        kept = await self._tools.store.run(self._tools.store.documents, [SHARED])
        documents.add(SHARED, kept.get(SHARED))
        return documents.document(SHARED)

    @property
    def tools(self) -> Tools:
        return self._tools


class _Attempt:
    """The handling of one unit, as often as it takes."""

    def __init__(
        self,
        worker: Worker,
        unit: Unit,
        documents: Recollection,
        step: Step,
        held: AsyncExitStack,
        kind: GroupKind,
    ) -> None:
        self._worker = worker
        self._tools = worker.tools
        self._unit = unit
        self._documents = documents
        self._step = step
        self._held = held
        self._kind = kind
        self._shares = False
        self._handler = ""
        self.begun = False

    async def settle(self, index: int, happening: Happening) -> None:
        """Have it handled, or given up."""
        attempts = 0
        self._tools.counters.handled += 1
        while True:
            self._handler = ""
            try:
                await self._try(index, happening)
            except ClientClosed:
                raise
            except Exception as error:  # noqa: BLE001  handlers are somebody else's code
                self._documents.forget()
                if isinstance(error, ChatdError) and error.code == "gone":
                    self._tools.counters.gone += 1
                    return
                attempts += 1
                if not await self._again(error, attempts):
                    return
            else:
                return

    async def _try(self, index: int, happening: Happening) -> None:
        memory = Memory(self._documents, self._unit.place, happening.user, self._share)
        deed = self._worker.deed(self._unit, index, happening, memory, self._kind)
        ctx = happening.make(deed)
        timers: dict[str, Timer | None] = {}
        if isinstance(ctx, MessageContext) and (lang := language_of(ctx.text)) is not None:
            memory.note_lang(lang)
        if isinstance(ctx, JobContext):
            await self._run_job(ctx, timers)
        else:
            await self._run_first(ctx)
        kept = self._documents.keep()
        self._step.documents.update(kept)
        self._step.timers.update(timers | deed.timers)

    async def _run_first(self, ctx: Context) -> None:
        """Ask one handler after another, until one takes it."""
        for route in self._worker.takers(ctx):
            self._handler = route.name
            run = route.take(ctx)
            if run is None:
                continue
            await self._begin()
            if await self._worker.run(run) is not PASS:
                self._tools.counters.taken += 1
                return
        self._handler = ""

    async def _run_job(self, ctx: JobContext, timers: dict[str, Timer | None]) -> None:
        timer = self._unit.timer
        assert timer is not None
        assert self._tools.next_timer is not None
        self._handler = timer.job
        # Also a job that fails is over: the next time is the next time.
        self._step.timers[timer.id] = None
        run, following = self._tools.next_timer(timer)
        self._step.timers[timer.id] = timers[timer.id] = following
        self._tools.counters.jobs += 1
        await self._begin()
        await self._worker.run(lambda: run(ctx))

    async def _begin(self) -> None:
        """Note it once, so that a handler that takes the program down is not begun for ever."""
        if self.begun:
            return
        before = await self._tools.store.run(self._tools.store.begin, self._unit.name)
        self.begun = True
        if before >= self._tools.policy.crashes:
            raise KeepsDying

    async def _share(self) -> Document:
        if self._shares:
            return self._documents.document(SHARED)
        self._shares = True
        return await self._worker.share(self._documents, self._held)

    async def _again(self, error: Exception, attempts: int) -> bool:
        """Report it. True after a pause if it is to be tried again; else it is among the dead letters."""
        policy, counters = self._tools.policy, self._tools.counters
        again = policy.tries_again(error, attempts)
        counters.failed += 1
        failure = Failure(self._handler or "filter", self._unit.name, error, attempts, final=not again)
        _log.log(
            logging.WARNING if again else logging.ERROR,
            "%s failed at %s, attempt %s%s: %s",
            failure.handler,
            failure.unit,
            attempts,
            "" if again else ", given up",
            place_of(error),
        )
        if self._tools.report is not None:
            await self._tools.report(failure)
        if again:
            await self._tools.pauses.sleep(policy.pause_after_s(attempts))  # longer each time: what failed may mend
            return True
        counters.dead += 1
        self.begun = True
        told = f"{type(error).__name__}: {error}"
        self._step.dead.append(DeadLetter(self._unit.name, failure.handler, told, attempts))
        return False


def _merge(into: Step, more: Step) -> None:
    into.cursors.update(more.cursors)
    into.taken += more.taken
    into.timers.update(more.timers)
    into.ended = into.ended or more.ended
