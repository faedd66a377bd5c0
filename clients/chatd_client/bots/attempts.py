"""Having one thing handled: the first handler that takes it is run, as often as it takes, or it is given up."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from chatd_client.bots.context import Context
from chatd_client.bots.contexts import JobContext, MessageContext, PressContext
from chatd_client.bots.failures import Failure, KeepsDying, place_of, told_of
from chatd_client.bots.happenings import Happening, Unit
from chatd_client.bots.letters import subject_of
from chatd_client.bots.memory import Document, Memory, Recollection
from chatd_client.bots.menus import split_id
from chatd_client.bots.router import PASS
from chatd_client.bots.store import SHARED, DeadLetter, Step, Timer
from chatd_client.bots.words import language_of
from chatd_client.errors import ChatdError, ClientClosed
from chatd_protocol.values import GroupKind

if TYPE_CHECKING:
    from chatd_client.bots.worker import Worker

_log = logging.getLogger("chatd_client.bots")


class Attempt:
    """The handling of one unit, as often as it takes."""

    def __init__(
        self,
        worker: Worker,
        unit: Unit,
        documents: Recollection,
        step: Step,
        held: AsyncExitStack,
        kind: GroupKind,
        letter: DeadLetter | None,
    ) -> None:
        self._worker = worker
        self._tools = worker.tools
        self._unit = unit
        self._documents = documents
        self._step = step
        self._held = held
        self._kind = kind
        self._letter = letter
        self._shares = False
        self._index = 0
        self._handler = ""
        self.begun = False

    async def settle(self, index: int, happening: Happening) -> None:
        """Have it handled, or given up."""
        attempts, self._index = 0, index
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
                if not await self._again(error, attempts, happening):
                    return
            else:
                return

    async def _try(self, index: int, happening: Happening) -> None:
        memory = self._memory(happening)
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

    def _memory(self, happening: Happening) -> Memory:
        return Memory(self._documents, self._unit.place, happening.user, self._share)

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
        if isinstance(ctx, PressContext):
            _log.warning("no handler takes the button %s", split_id(ctx.button)[0])

    async def _run_job(self, ctx: JobContext, timers: dict[str, Timer | None]) -> None:
        timer = self._unit.timer
        assert timer is not None
        assert self._tools.next_timer is not None
        self._handler = timer.job
        if self._letter is None:  # also a job that fails is over: the next time is the next time
            self._step.timers[timer.id] = None
        run, following = self._tools.next_timer(timer)
        if self._letter is None:
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

    async def _again(self, error: Exception, attempts: int, happening: Happening) -> bool:
        """Report it. True after a pause if it is to be tried again; else it is among the dead letters."""
        policy, counters = self._tools.policy, self._tools.counters
        again = policy.tries_again(error, attempts)
        counters.failed += 1
        context = None if again else self._context_to_tell(happening)
        failure = Failure(self._handler or "filter", self._unit.name, error, attempts, not again, context)
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
            self._documents.forget()
        if again:
            await self._tools.pauses.sleep(policy.pause_after_s(attempts))  # longer each time: what failed may mend
            return True
        counters.dead += 1
        self.begun = True
        told, before = told_of(error), self._letter or DeadLetter("", "", "", 0)
        letter = DeadLetter(self._unit.name, failure.handler, told, attempts + before.attempts, id=before.id)
        self._step.dead.append(replace(letter, subject=subject_of(self._unit, self._index)))
        return False

    def _context_to_tell(self, happening: Happening) -> Context:
        """Its acts have names of their own, so what is told of a failure never stands for what the handler says when it
        is tried again."""
        deed = self._worker.deed(self._unit, self._index, happening, self._memory(happening), self._kind, "failed")
        return happening.make(deed)
