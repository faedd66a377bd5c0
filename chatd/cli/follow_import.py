"""`chatd follow import`: the edges of a file into the graph, in bounded portions, each exactly once.

How far an import has come stands in the database, in the commit of each portion: whatever ends this program or the
server, the same command goes on behind the last line that counted. Lines that say no edge are reported before the
portion that they belong to is handed over, those that the server refuses behind it; a portion whose answer was lost is
reported by the next run.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from chatd.admin.socket import call
from chatd.cli.catalogue_file import Row
from chatd.cli.follow_pace import Load, Pace
from chatd.config import Config
from chatd.core.follows import REFUSED, ForgetImport, Step
from chatd.core.wishes import AnyWish
from chatd.service.follows import Follows, Told, read_edge, read_portion, view_import
from chatd.store.outcome import Proposed, Verdict
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.store.engine import Engine

PORTION_BYTES: Final = 48 * 1024
"""A line of the admin socket has at most 64 KiB."""
UNREAD_MAX: Final = 1000
"""Lines in a row that say no edge, behind which a portion ends, so that a file of rubbish is remembered too."""
TIMEOUT_S: Final = 60.0
_REASONS: Final = {
    "unknown": "there is no such user",
    "oneself": "nobody follows themselves",
    "limit": "follows as many as [limits] following_max allows",
}
"""In English whatever the language: a report is for programs."""


class Changed(NamedTuple):
    """What came of a portion: a result for each edge, and what its server has done by then, if there is one."""

    results: list[str]
    load: Load | None = None
    proposals: int = 0
    """Its own: one for the edges, and one before it where users had to be made."""


class Target(Protocol):
    """Where edges go. Raises `AdminError`, `Refused`, `StoreLost`."""

    def progress(self, import_id: str, again: bool) -> dict[str, Any]:
        """How far the import has come; `again`: it is to begin anew."""

    def change(self, portion: dict[str, Any]) -> Changed:
        """Do the next portion."""


class Importer:
    """Gathers rows and hands them over. `counts` by result, those of earlier runs included; `refuse` is told line,
    field and reason of lines that did not count."""

    def __init__(
        self,
        target: Target,
        import_id: str,
        refuse: Callable[[int, str, str], None],
        *,
        make: bool,
        pace: Pace,
        state: dict[str, Any],
    ) -> None:
        self._target = target
        self._import_id = import_id
        self._refuse = refuse
        self._make = make
        self._pace = pace
        self.line: int = state["line"]
        self.counts: Counter[str] = Counter(state["counts"])
        self._edges: list[Told] = []
        self._lines: list[int] = []
        self._unread: list[tuple[int, str, str]] = []
        self._bytes = 0
        self._upto = self.line

    def take(self, row: Row) -> None:
        """The next row; those of an earlier run are passed over."""
        if row.line <= self.line:
            return
        told, size = self._read(row)
        if (
            len(self._edges) >= self._pace.edges
            or self._bytes + size > PORTION_BYTES
            or len(self._unread) >= UNREAD_MAX
        ):
            self.flush()
        self._upto = row.line
        if isinstance(told, Told):
            self._edges.append(told)
            self._lines.append(row.line)
            self._bytes += size
        else:
            self._unread.append(told)

    def flush(self, last: bool = False) -> None:
        """Hand over what waits."""
        for unread in self._unread:
            self._refuse(*unread)
        step = Step(self._import_id, self.line, self._upto, len(self._unread), self._lines, last)
        portion = {"edges": self._edges, "step": step, "make": self._make}
        results = self._pace.spend(len(self._edges), lambda: self._target.change(portion)).results
        report_refused(zip(self._lines, results, strict=True), self._refuse)
        self.counts.update(results)
        if self._unread:
            self.counts["unread"] += len(self._unread)
        self.line = self._upto
        self._edges, self._lines, self._unread, self._bytes = [], [], [], 0

    @staticmethod
    def _read(row: Row) -> tuple[Told | tuple[int, str, str], int]:
        """The edge of a row, or why it says none, and how long it is on its way."""
        if row.problem:
            return (row.line, "", row.problem), 0
        try:
            told = read_edge(row.raw)
        except Invalid as problem:
            return (row.line, problem.path.removeprefix("$").removeprefix("."), problem.problem), 0
        return told, len(json.dumps(msgspec.to_builtins(told))) + 24


def report_refused(results: Iterable[tuple[int, str]], refuse: Callable[[int, str, str], None]) -> None:
    """Tell of the lines that the server refused."""
    for line, result in results:
        if result in REFUSED:
            field = "to" if result == "oneself" else "from"
            refuse(line, field, _REASONS[result])


class Server:
    """The running server."""

    def __init__(self, config: Config) -> None:
        self._path = config.admin_socket_path()

    def progress(self, import_id: str, again: bool) -> dict[str, Any]:
        return call(self._path, "follow.progress", import_id=import_id, again=again)

    def change(self, portion: dict[str, Any]) -> Changed:
        raw: dict[str, Any] = msgspec.to_builtins(portion)
        answer = call(self._path, "follow.import", timeout_s=TIMEOUT_S, **raw)
        return Changed(answer["results"], Load(*answer["load"]), answer["proposals"])


class Directly:
    """The database, held by this program."""

    def __init__(self, engine: Engine) -> None:
        from chatd.app import new_id
        from chatd.service.secrets import Secrets
        from chatd.store.migrate import life

        self._engine = engine
        self._follows = Follows(self._ask, self._find, new_id, Secrets(life(engine.database).key).hash_sub)

    def progress(self, import_id: str, again: bool) -> dict[str, Any]:
        from chatd.store.follows import import_in

        if again:
            asyncio.run(self._follows.propose(ForgetImport(import_id)))
        return view_import(import_in(self._engine.database, import_id))

    def change(self, portion: dict[str, Any]) -> Changed:
        told, step, make = read_portion(msgspec.to_builtins(portion))
        return Changed(asyncio.run(self._follows.change(told, make, step)))

    async def _ask(self, wish: AnyWish) -> Verdict:
        (outcome,) = self._engine.settle([Proposed(1, wish)])
        return outcome.verdicts[0]

    async def _find(self, subs: Iterable[str]) -> dict[str, str]:
        from chatd.store.follows import users_in

        return users_in(self._engine.database, subs)
