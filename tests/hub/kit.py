"""Ways to make rare moments happen every time: commits gathered into one, fan-out turn by turn, a read that waits."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import pytest

from chatd.hub import opening
from chatd.hub.hub import Hub
from chatd.hub.session import Session
from chatd.store.outcome import Outcome
from chatd.store.readers import Reader
from chatd.testing import TestServer
from tests.e2e.phone import PATIENCE_S, Phone


@asynccontextmanager
async def one_commit(server: TestServer) -> AsyncIterator[None]:
    """All that is proposed meanwhile is committed together. (Wait for `Phone.settle` before the end.)"""
    pid, n = server.link.pid, server.hub.n
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
    await asyncio.wait_for(server.link.settled(), PATIENCE_S)
    assert server.hub.n == n + 1, "it took more than one commit"


class Turns:
    """Fan-out goes on only when told to. Answers wait too."""

    def __init__(self, server: TestServer) -> None:
        self._hub = server.hub
        self._link = server.link
        self._committed = asyncio.Event()
        self._hub.fanout._schedule = lambda: None  # type: ignore[method-assign]
        self._link._on_outcome = self._publish

    def _publish(self, outcome: Outcome) -> None:
        self._hub.publish(outcome)
        self._committed.set()

    async def committed(self, group: str, *, head: int = 0, seq: int = 0) -> None:
        """Wait until a group's log has come to `head` or, counting messages only, to `seq`."""
        async with asyncio.timeout(PATIENCE_S):
            while (feed := self._hub.feeds[group]).head < head or feed.seq < seq:
                self._committed.clear()
                await self._committed.wait()

    def next(self) -> bool:
        """One turn. Returns whether groups are still waiting in line."""
        self._hub.fanout._turn()
        return self._hub.fanout.busy

    def end(self) -> None:
        """Go on by itself."""
        while self.next():
            pass
        del self._hub.fanout._schedule
        self._link._on_outcome = self._hub.publish


@contextmanager
def turn_by_turn(server: TestServer) -> Iterator[Turns]:
    """Take fan-out into one's own hands."""
    turns = Turns(server)
    try:
        yield turns
    finally:
        turns.end()


class Reads:
    """Reads of a hub, held back after the snapshot was taken and before its rows are handed over."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """`wanted` reads are held."""
        self.go = asyncio.Event()
        self.held = 0
        self.wanted = 1


@contextmanager
def held_reads(
    hub: Hub, passing: int = 0, holding: int = 1, job: str | None = None, *, at_rest: bool = False
) -> Iterator[Reads]:
    """After `passing` snapshots, the next `holding` ones wait at their end until they are let go. Only those of the
    hub's job of that name count; without one, only those of no job.

    (Opening a session takes two: one to find the user, one of where they stand; and `at_rest`, as while nothing is on
    its way to the store, one for both. Opening a group takes one, and the first page behind its cursor another.)
    """
    reads, snapshot = Reads(), hub.readers.snapshot
    held_ones = range(passing, passing + holding)
    numbers = itertools.count()

    @asynccontextmanager
    async def held() -> AsyncIterator[Reader]:
        task = asyncio.current_task()
        name = "" if task is None else task.get_name()
        if (name if name in hub.jobs.names else None) != job:
            async with snapshot() as reader:
                yield reader
            return
        number = next(numbers)
        async with snapshot() as reader:
            yield reader
        if number in held_ones:
            reads.held += 1
            if reads.held == reads.wanted:
                reads.begun.set()
            await asyncio.wait_for(reads.go.wait(), PATIENCE_S)

    async def not_at_rest(*_: object) -> None:
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub.readers, "snapshot", held)
        if not at_rest:
            patch.setattr(opening, "_read_at_rest", not_at_rest)
        try:
            yield reads
        finally:
            reads.go.set()


def held_hello(hub: Hub, *, at_rest: bool) -> AbstractContextManager[Reads]:
    """The read that hello is to be answered with is held back."""
    return held_reads(hub, passing=0 if at_rest else 1, at_rest=at_rest)


@contextmanager
def held_outcomes(server: TestServer) -> Iterator[None]:
    """What is committed meanwhile is answered, and published at the end only."""
    held: list[Outcome] = []
    server.link._on_outcome = held.append
    try:
        yield
    finally:
        server.link._on_outcome = server.hub.publish
        for outcome in held:
            server.hub.publish(outcome)


def session_of(hub: Hub, phone: Phone) -> Session:
    """The server's side of a connection."""
    return next(s for s in hub.people[phone.user].sessions if s.device == phone.device)


def says(phone: Phone, text: str) -> bool:
    """Whether anything that the phone was ever sent has this text in it."""
    return any(text.encode() in payload for payload in phone.raw)


def texts(entries: list[dict[str, Any]]) -> list[str]:
    """What the messages among the entries say."""
    return [e["body"]["text"] for e in entries if e["kind"] == "message" and "body" in e]
