"""`chatd catalogue import`: the rows of a file into the catalogue, in bounded portions.

A running server is asked through its admin socket; without one, the database is taken and written directly. Either way
the same rule decides, and a file that was imported in part is imported again from its beginning: what is there already
is the same or older, and costs next to nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import orjson

from chatd.admin.socket import call
from chatd.cli.catalogue_file import Row
from chatd.cli.hold import held_engine
from chatd.config import Config
from chatd.core.wishes import AnyWish
from chatd.service.catalogue import change_catalogue, read_item
from chatd.store.outcome import Proposed, Verdict
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.store.engine import Engine

PORTION_ROWS: Final = 200
PORTION_BYTES: Final = 48 * 1024
"""A line of the admin socket has at most 64 KiB."""


class Target(Protocol):
    """Where changes go."""

    def change(self, items: list[Any], deletions: list[Any]) -> list[dict[str, Any]]:
        """Make them. Returns a result for each. Raises `AdminError`, `Refused`, `StoreLost`."""


class Importer:
    """Gathers rows and hands them over. `counts` by result; `refuse` is told line, field and reason of refused rows."""

    def __init__(self, target: Target, refuse: Callable[[int, str, str], None]) -> None:
        self._target = target
        self._refuse = refuse
        self._waiting: list[tuple[int, object]] = []
        self._bytes = 0
        self.counts: Counter[str] = Counter()

    def take(self, row: Row) -> None:
        """The next row."""
        if row.problem:
            self._reject(row.line, "", row.problem)
            return
        try:
            item = read_item(row.raw)
        except Invalid as problem:
            self._reject(row.line, problem.path.removeprefix("$").removeprefix("."), problem.problem)
            return
        raw = msgspec.to_builtins(item)
        size = len(orjson.dumps(raw))
        if len(self._waiting) >= PORTION_ROWS or self._bytes + size > PORTION_BYTES:
            self.flush()
        self._waiting.append((row.line, raw))
        self._bytes += size

    def flush(self) -> None:
        """Hand over what waits."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if waiting:
            results = self._target.change([raw for _, raw in waiting], [])
            self.counts.update(result["result"] for result in results)

    def _reject(self, line: int, field: str, reason: str) -> None:
        self.counts["refused"] += 1
        self._refuse(line, field, reason)


class _Server:
    def __init__(self, config: Config) -> None:
        self._path = config.admin_socket_path()

    def change(self, items: list[Any], deletions: list[Any]) -> list[dict[str, Any]]:
        answer = call(self._path, "catalogue", timeout_s=60.0, items=items, deletions=deletions)
        results: list[dict[str, Any]] = answer["results"]
        return results


class _Directly:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def change(self, items: list[Any], deletions: list[Any]) -> list[dict[str, Any]]:
        from chatd.admin.catalogue import OF_OPERATOR

        return asyncio.run(change_catalogue(self._ask, items, deletions, OF_OPERATOR))

    async def _ask(self, wish: AnyWish) -> Verdict:
        (outcome,) = self._engine.settle([Proposed(1, wish)])
        return outcome.verdicts[0]


@contextmanager
def opened_target(config: Config) -> Iterator[Target]:
    """The running server, or the database if none runs. Raises as `held_engine`."""
    with held_engine(config) as engine:
        yield _Server(config) if engine is None else _Directly(engine)
