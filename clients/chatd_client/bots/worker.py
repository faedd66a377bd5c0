"""Handles one unit after another of each place: finds the handler, runs it, keeps cursor and memory in one step.

The cursor of a group moves behind an entry only in the transaction that also keeps what its handler remembered, after
the handler has returned. What no handler takes moves the cursor too, but that is written together with something else,
or a little later: handling it again does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from chatd_client.bots.attempts import Attempt
from chatd_client.bots.clock import WallClock
from chatd_client.bots.context import Context, Deed
from chatd_client.bots.contexts import JobContext
from chatd_client.bots.failures import Counters, Failure, NoSubject, Policy
from chatd_client.bots.happenings import Happening, Unit, happenings_of
from chatd_client.bots.letters import Subject, find, read_subject
from chatd_client.bots.marks import Marks
from chatd_client.bots.memory import Document, Memory, Recollection, keys_of
from chatd_client.bots.ops import Ops
from chatd_client.bots.router import Route, Run
from chatd_client.bots.store import SHARED, DeadLetter, Step, Store, Timer
from chatd_client.bots.words import Lang
from chatd_client.commands import Commands
from chatd_client.errors import ChatdError
from chatd_client.timing import Clock
from chatd_protocol.log import Entry, UnknownEntry, read_entry
from chatd_protocol.values import GroupKind

UNWRITTEN_MAX: Final = 200


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
        if unit.letter is not None:
            await self._try_letter(unit.letter)
            return
        step = Step()
        self._tools.counters.entries += unit.entry is not None
        found = [one for one in happenings_of(unit, self._tools.me) if self._concerns(unit, one)]
        if not found:
            self.marks.pass_over(unit, step)
            await self._note(step)
        else:
            await self._handle_all(unit, list(enumerate(found)), step)
        self.marks.passed(unit)

    async def _try_letter(self, letter: DeadLetter) -> None:
        """What was given up, once more, under the names that it had: what was done for it then is not done twice. Its
        cursor is long past it, and a job that comes again has its next time; neither moves."""
        subject, step = read_subject(letter), Step()
        unit = None
        try:
            if subject is None:
                raise NoSubject  # noqa: TRY301  told like whatever else is in the way of it
            unit = await self._find(subject)
        except (ChatdError, NoSubject) as error:
            step.dead.append(replace(letter, error=f"{type(error).__name__}: {error}"))
        found = [] if unit is None or subject is None else happenings_of(unit, self._tools.me)[subject.index :][:1]
        if unit is not None and subject is not None and found:
            await self._handle_all(unit, [(subject.index, found[0])], step, letter)
            return
        if not step.dead:
            self._tools.counters.gone += 1
            step.answered = letter.id
        await self._settle(step)

    async def _find(self, subject: Subject) -> Unit | None:
        """As patiently as handlers are run."""
        attempts, policy = 0, self._tools.policy
        while True:
            try:
                return await find(subject, self._read_one)
            except ChatdError as error:
                attempts += 1
                if not policy.tries_again(error, attempts):
                    raise
                await self._tools.pauses.sleep(policy.pause_after_s(attempts))  # longer each time: it may mend

    async def _read_one(self, group: str, after: int) -> list[Entry | UnknownEntry]:
        page = await self._tools.client.read_history(group, after=after, limit=1)
        return [read_entry(raw) for raw in page.entries]

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

    async def _handle_all(
        self, unit: Unit, found: list[tuple[int, Happening]], step: Step, letter: DeadLetter | None = None
    ) -> None:
        async with AsyncExitStack() as held:
            for user in sorted({one.user for _, one in found if one.user}):
                await held.enter_async_context(self._person(user))
            await self._handle_held(unit, found, step, held, letter)

    async def _handle_held(
        self,
        unit: Unit,
        found: list[tuple[int, Happening]],
        step: Step,
        held: AsyncExitStack,
        letter: DeadLetter | None,
    ) -> None:
        group = unit.place
        keys = {key: None for _, one in found for key in keys_of(group, one.user)}
        documents = Recollection(await self._tools.store.run(self._tools.store.documents, list(keys)))
        kind: GroupKind = "private"
        if group and self._tools.kind_of is not None:
            kind = await self._tools.kind_of(group)
        attempt = Attempt(self, unit, documents, step, held, kind, letter)
        try:
            for index, happening in found:
                await attempt.settle(index, happening)
        except BaseException:
            if attempt.begun:
                await self._tools.store.run(self._tools.store.unbegin, unit.name)
            raise
        if letter is None:
            self.marks.pass_over(unit, step)
        elif not step.dead:
            step.answered = letter.id
        step.unit = unit.name if attempt.begun else None
        await self._settle(step) if attempt.begun or step.documents or letter else await self._note(step)

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

    def deed(self, unit: Unit, index: int, happening: Happening, memory: Memory, kind: GroupKind, *about: str) -> Deed:
        """`about`: what else its acts follow from, if not the handler alone does them."""
        tools = self._tools
        ops = Ops(tools.client, tools.me, *unit.seed, index, *about)
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


def _merge(into: Step, more: Step) -> None:
    into.cursors.update(more.cursors)
    into.taken += more.taken
    into.timers.update(more.timers)
    into.ended = into.ended or more.ended
