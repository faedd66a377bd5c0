"""Puts what is due into line, by the bot's clock. What is to be done is kept in the store, so restarts lose none of it.

A job that comes again is a timer whose next time is written in the transaction in which it was done: it is done at
least once for each time that came, and what it posts, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec

from chatd_client.bots.clock import WallClock
from chatd_client.bots.context import timer_id
from chatd_client.bots.contexts import JobContext
from chatd_client.bots.failures import NoSuchJob
from chatd_client.bots.happenings import Unit
from chatd_client.bots.jobs import Job
from chatd_client.bots.lanes import Lanes
from chatd_client.bots.schedule import Daily, Every, Rule
from chatd_client.bots.store import Step, Store, Timer

RULED: Final = "\x1e"
"""The key of a timer that a rule made; people cannot write it."""
FLYING_MAX: Final = 1000


class Scheduler:
    """Runs as a task from `run`. `sync` tells it which groups there are."""

    def __init__(self, jobs: Iterable[Job], store: Store, clock: WallClock, lanes: Lanes) -> None:
        """Raises `ValueError` for two jobs of one name."""
        self._jobs: dict[str, Job] = {}
        for job in jobs:
            if job.name in self._jobs:
                raise ValueError(f"two jobs are called {job.name!r}: give one a `name=`")
            self._jobs[job.name] = job
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._flying: set[str] = set()
        self._poked = asyncio.Event()
        self._synced = asyncio.Event()

    def poke(self) -> None:
        """Something is due at another time than before."""
        self._poked.set()

    async def sync(self, groups: Iterable[str], *, first: bool) -> None:
        """Make a timer for each rule, and for each group where it is per group; at the start also let go of those whose
        rule is no more."""
        timers = {timer.id: timer for timer in await self._store.run(self._store.timers)}
        now_ms, step = self._clock.now_ms(), Step()
        wanted: dict[str, tuple[Job, str, Rule]] = {}
        for job in self._jobs.values():
            if job.rule is not None:
                for place in groups if job.per_group else [""]:
                    wanted[timer_id(job.name, place, RULED)] = (job, place, job.rule)
        for name, (job, place, rule) in wanted.items():
            known = timers.get(name)
            due: int | None
            if known is None or known.payload != _told(rule):
                due = rule.first(now_ms)
            elif first and not job.catch_up and known.due < now_ms:
                due = rule.following(known.due, now_ms)
            else:
                continue
            if due is not None:
                step.timers[name] = Timer(name, job.name, place, due, _told(rule))
        if first:
            for name in timers:
                if name.endswith(RULED) and name not in wanted:
                    step.timers[name] = None
        if step:
            await self._store.run(self._store.settle, [step], now_ms)
        self._synced.set()
        self.poke()

    def next_timer(self, timer: Timer) -> tuple[Callable[[JobContext], Awaitable[object]], Timer | None]:
        """What to run for it, and when it comes again. Raises `NoSuchJob`."""
        job = self._jobs.get(timer.job)
        if job is None:
            raise NoSuchJob(timer.job)
        if job.rule is None or not timer.id.endswith(RULED):
            return job.run, None
        due = job.rule.following(timer.due, self._clock.now_ms())
        # One that came is kept far off: without it the rule would begin again at the next start.
        never = 2**62
        return job.run, Timer(timer.id, timer.job, timer.place, never if due is None else due, timer.payload)

    def landed(self, unit: Unit) -> None:
        """A unit was handled; it may have been a job, or have changed what is due."""
        if unit.timer is not None:
            self._flying.discard(unit.timer.id)
        self.poke()

    async def due_now(self) -> bool:
        """Whether something is due that is not done."""
        return bool(self._flying) or bool(await self._store.run(self._store.timers, self._clock.now_ms()))

    async def run(self) -> None:
        """Until it is cancelled. Nothing is done before the first `sync`, which knows what is to be left out."""
        await self._synced.wait()
        while True:
            self._poked.clear()
            now_ms = self._clock.now_ms()
            for timer in await self._store.run(self._store.timers, now_ms):
                if timer.id not in self._flying and len(self._flying) < FLYING_MAX:
                    self._flying.add(timer.id)
                    self._lanes.put(Unit(timer.place, timer=timer))
            coming = await self._store.run(self._store.next_due, now_ms)
            await self._wait(coming)

    async def _wait(self, until_ms: int | None) -> None:
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._poked.wait())]
        if until_ms is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep_until(until_ms)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()


def _told(rule: Rule) -> bytes:
    """A rule in words that change when it does."""
    if isinstance(rule, Every):
        told = f"every {rule.period_ms} ms"
    elif isinstance(rule, Daily):
        told = f"daily {[str(one) for one in rule.times]} {sorted(rule.days)} {rule.zone.key}"
    else:
        told = f"at {rule.moment.isoformat()}"
    return msgspec.json.encode(told)
