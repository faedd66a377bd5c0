"""A link to a real writer process with everything it says written down, and ways to steer what happens to it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from chatd.core.limits import Bounds
from chatd.core.messages import Send
from chatd.core.wishes import AnyWish
from chatd.store.database import connect
from chatd.store.link import WriterLink
from chatd.store.outcome import Verdict
from chatd.store.verify import verify
from chatd.store.writer import Settings
from tests.store.kit import send
from tests.store.steering import GO, Steering


class Watch:
    """A link with everything it says written down, in order."""

    def __init__(self, url: str, engine: str, options: dict[str, Any], settings: dict[str, Any]) -> None:
        self.said: list[tuple[str, Any]] = []
        self.verdicts: dict[int, list[Verdict]] = {}
        self._numbers = itertools.count()
        self._all_settled = asyncio.Event()
        self.fatal = asyncio.Event()
        self.restarted = asyncio.Event()
        self.link = WriterLink(
            Settings(url, Bounds(), engine=engine, **settings),
            on_outcome=lambda outcome: self._say("outcome", outcome.n),
            on_restart=self._restarted,
            on_fatal=self._fail,
            **options,
        )

    def _say(self, what: str, detail: Any) -> None:
        self.said.append((what, detail))

    async def _restarted(self, n: int) -> None:
        self._say("restart", n)
        self.restarted.set()

    def _fail(self, reason: str) -> None:
        self._say("fatal", reason)
        self.fatal.set()

    def propose(self, *wishes: AnyWish) -> list[int]:
        """Hand over; the numbers by which `verdict` knows them."""
        numbers = []
        for wish in wishes:
            number = next(self._numbers)
            self.verdicts[number] = []
            self._all_settled.clear()
            assert self.link.propose(wish, partial(self._settle, number))
            numbers.append(number)
        return numbers

    def _settle(self, number: int, verdict: Verdict) -> None:
        self.verdicts[number].append(verdict)
        self._say("verdict", number)
        if all(self.verdicts.values()):
            self._all_settled.set()

    async def settled(self) -> list[Verdict]:
        """All verdicts, in the order of the proposals; each has exactly one."""
        if self.verdicts:
            await self._all_settled.wait()
        assert Counter(len(verdicts) for verdicts in self.verdicts.values()) == {1: len(self.verdicts)}
        return [self.verdicts[number][0] for number in sorted(self.verdicts)]

    async def codes(self) -> list[str]:
        return [verdict.code for verdict in await self.settled()]

    async def seqs(self) -> list[int | None]:
        """The message numbers given, None for who was refused."""
        return [verdict.answer["seq"] if verdict.answer else None for verdict in await self.settled()]


@asynccontextmanager
async def linked(
    url: str, engine: str = "chatd.store.engine:Engine", settings: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Watch]:
    """A started link; closed at the end, with no process left."""
    watch = Watch(url, engine, options, settings or {})
    await watch.link.start()
    try:
        yield watch
    finally:
        await watch.link.close()
        assert watch.link.pid is None or not is_running(watch.link.pid)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def sends(*texts: str) -> list[Send]:
    return [send("ann", "tea", text) for text in texts]


def texts_in(url: str) -> list[str]:
    """What stands in the group, in order; and the whole database is as it should be."""
    database = connect(url)
    try:
        assert verify(database).problems == []
        rows, _ = database.run("SELECT body FROM entries WHERE kind = 'message' ORDER BY seq")
        return [row[0].removeprefix('{"type":"text","body":{"text":"').removesuffix('"}}') for row in rows]
    finally:
        database.close()


async def kill(watch: Watch) -> None:
    assert watch.link.pid is not None
    os.kill(watch.link.pid, signal.SIGKILL)


def go(step: str, texts: list[str]) -> str:
    """Whatever it is: go on."""
    return GO


def once(steered: Steering, step: str, what: str) -> Callable[[str, list[str]], str]:
    """At the first time from now that it comes to a step with a batch; later it goes on."""

    def rule(now: str, texts: list[str]) -> str:
        if now != step or not texts:
            return GO
        steered.rule = go
        return what

    return rule


class Hold:
    """The next writer that comes to a step waits there until it is released."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._go = asyncio.Event()

    async def wait(self) -> None:
        await self._reached.wait()

    def release(self) -> None:
        self._go.set()

    async def answer(self) -> str:
        self._reached.set()
        await self._go.wait()
        return GO


def hold(steered: Steering, step: str) -> Hold:
    held = Hold()
    steered.rule = lambda now, texts: held.answer() if now == step else GO
    return held
