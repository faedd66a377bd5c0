"""A writer process that asks a test, at each step of its work, what should happen: go on, die, lose the store.

The engine is named to the writer by its dotted path. It connects to the test's socket (`STEERING`) and sends a line per
step: the step and what is in the batch. It goes on when it is answered, so that the test decides what is in flight.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from chatd.core.limits import Bounds
from chatd.core.messages import Send
from chatd.store.database import Database
from chatd.store.engine import Engine
from chatd.store.failures import StorageFull, StoreLost
from chatd.store.outcome import Outcome, Proposed
from tests.store.kit import Wrapped

STEERING: Final = "CHATD_TEST_STEERING"
ENGINE: Final = "tests.store.steering:SteeredEngine"
GO: Final = "go"
Rule = Callable[[str, list[str]], str | Awaitable[str]]


class SteeredEngine(Engine):
    """Asks at: start, settle (a batch arrived), commit, committed, settled (before it is answered)."""

    def __init__(self, database: Database, bounds: Bounds, now_ms: Callable[[], int], holder: str) -> None:
        self._texts: list[str] = []
        channel = socket.socket(socket.AF_UNIX)
        channel.connect(os.environ[STEERING])
        self._words = channel.makefile("rw")
        self.ask("start")
        super().__init__(SteeredDatabase(database, self), bounds, now_ms, holder)

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        self._texts = [_text_of(proposed.wish) for proposed in batch]
        self.ask("settle")
        outcomes = super().settle(batch)
        self.ask("settled")
        return outcomes

    def ask(self, step: str) -> None:
        self._words.write(json.dumps([step, self._texts]) + "\n")
        self._words.flush()
        match self._words.readline().strip():
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "lose":
                raise StoreLost("as steered")
            case "full":
                raise StorageFull("as steered")
            case "raise":
                raise RuntimeError("as steered")


class SteeredDatabase(Wrapped):
    """Asks before and after a transaction becomes durable."""

    def __init__(self, inner: Database, engine: SteeredEngine) -> None:
        super().__init__(inner)
        self._engine = engine

    def commit(self) -> None:
        self._engine.ask("commit")
        super().commit()
        self._engine.ask("committed")


def _text_of(wish: object) -> str:
    return str(wish.body["text"]) if isinstance(wish, Send) else type(wish).__name__


class Steering:
    """The test's side: `rule(step, texts)` says what should happen; `asked` is what was asked so far."""

    def __init__(self) -> None:
        self.rule: Rule = lambda step, texts: GO
        self.asked: list[tuple[str, list[str]]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one writer process."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while line := await reader.readline():
                step, texts = json.loads(line)
                self.asked.append((step, texts))
                said = self.rule(step, texts)
                writer.write(f"{said if isinstance(said, str) else await said}\n".encode())
                await writer.drain()
        except ConnectionError:
            pass  # the process was killed
        finally:
            self._tasks.discard(task)
            writer.close()

    def batches(self, step: str = "settle") -> list[list[str]]:
        """What was in the batches that came to this step."""
        return [texts for name, texts in self.asked if name == step]

    async def end(self) -> None:
        """Let nobody wait any more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def steering(folder: Path) -> AsyncIterator[Steering]:
    """A `Steering` that listens where `STEERING` says from now on."""
    steered = Steering()
    path = folder / "steering"
    os.environ[STEERING] = str(path)
    server = await asyncio.start_unix_server(steered.answer, path)
    try:
        yield steered
    finally:
        server.close()
        await steered.end()
        await server.wait_closed()
        del os.environ[STEERING]
