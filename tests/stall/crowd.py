"""A crowd in one group: readers, the load that one of them makes, how long each message took to everybody.

Latency is from the moment at which the sender hands a message to its socket to the moment at which a reader has read
it, all in this process and on its clock, so this process's own delays are in it, alike with and without stallers.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import time
from array import array
from collections.abc import Callable, Iterable
from typing import Any

from tests.stall.reader import Json, Reader

CONNECT_AT_ONCE = 50
WAIT_S = 240.0


class Crowd:
    """`readers[0]` talks. Latencies of whoever does not stall are gathered under the name of the phase."""

    def __init__(self, port: int, group: str, tokens: dict[str, str], text_bytes: int) -> None:
        self._port = port
        self._tokens = tokens
        self._text = "x" * text_bytes
        self._cids = itertools.count(1)
        self._heard = asyncio.Event()
        self._asked: set[asyncio.Task[None]] = set()
        self._sent_at: dict[str, float] = {}
        self.acked: dict[int, str] = {}
        """pos -> cid of every acknowledged message."""
        self.phase = "quiet"
        self.stallers: list[Reader] = []
        self._apart: set[Reader] = set()
        self.latencies_ms: dict[str, array[float]] = {}
        self.wrong: list[str] = []
        self.readers = [Reader(sub, group, self._read, self._heard) for sub in tokens]
        self.group = group

    async def connect(self, readers: Iterable[Reader]) -> None:
        """Everybody comes, or comes back with their cursors, some at a time."""
        waiting = list(readers)
        while waiting:
            some, waiting = waiting[:CONNECT_AT_ONCE], waiting[CONNECT_AT_ONCE:]
            await asyncio.gather(*(reader.connect(self._port, self._tokens[reader.sub]) for reader in some))

    def leave(self) -> None:
        for reader in self.readers:
            reader.leave()

    # -- load

    def choose_stallers(self, count: int) -> None:
        """The last ones; what they take is never counted as others' latency."""
        self.stallers = self.readers[-count:]
        self._apart = set(self.stallers)

    async def talk(self, phase: str, per_s: float, done: Callable[[], bool]) -> None:
        """Send at a steady rate until `done`, then wait for the answers. Late sends are not made up for."""
        self.phase = phase
        self.latencies_ms.setdefault(phase, array("d"))
        due_s = time.monotonic()
        while not done():
            self._send()
            due_s = max(due_s + 1 / per_s, time.monotonic())
            await self._until(due_s)
        await asyncio.gather(*self._asked)

    def _send(self) -> None:
        cid = base64.urlsafe_b64encode(next(self._cids).to_bytes(16, "big")).rstrip(b"=").decode()
        data = {"group": self.group, "cid": cid, "kind": "text", "body": {"text": self._text}}
        self._sent_at[cid] = time.monotonic()
        task = asyncio.get_running_loop().create_task(self._sent(cid, data))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _sent(self, cid: str, data: Json) -> None:
        answer = await self.readers[0].ask("message.send", data)
        self.acked[answer["pos"]] = cid

    async def _until(self, due_s: float) -> None:
        """The load's own clock: a rate is what is asked for here, nothing waits for something to have happened."""
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    def _read(self, reader: Reader, entry: Json) -> None:
        cid = entry.get("cid", "")
        sent = self._sent_at.get(cid)
        if sent is None:
            self.wrong.append(f"{reader.sub} read a message {cid!r} that nobody sent")
        elif reader not in self._apart:
            self.latencies_ms[self.phase].append((time.monotonic() - sent) * 1000)

    # -- waiting

    async def wait(self, done: Callable[[], bool], what: str) -> None:
        """Until something that is heard makes `done` true."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not done():
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come true within {WAIT_S} s") from None

    @property
    def head(self) -> int:
        return max(self.acked)

    async def everybody_has(self, readers: Iterable[Reader]) -> None:
        """Until these have read everything that was acknowledged."""
        these, head = list(readers), self.head
        await self.wait(lambda: all(reader.cursor >= head for reader in these), f"reading up to {head}")

    def faults(self) -> list[str]:
        """What was lost, doubled, disordered or made up, by any reader so far."""
        lost = [f"{reader.sub}: {what}" for reader in self.readers for what in reader.lost]
        return lost + self.wrong


def percentile(values: array[float], share: float) -> float:
    """The value below which this share lies; 0.0 if there is none."""
    ordered: list[Any] = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * share))]) if ordered else 0.0
