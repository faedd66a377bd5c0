"""Carrying out the ledger once more on a database that was brought back to an older state, before anybody is served.

What is to be done is asked of the tables: whatever the ledger names and is there. So nothing is left when it is done,
or it says so. The acts themselves are proposals like all others, decided by the engine: the log gets its entries,
counts stay right, and clients learn of them like of anything else.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from chatd.backup.trouble import Trouble
from chatd.core.dissolution import Sweep
from chatd.core.restoring import EndAgain, NoteRestore, RecallAgain
from chatd.core.retention import CutLog
from chatd.core.wishes import AnyWish
from chatd.service.erasure import erase_offline
from chatd.store import ledger, sweeping
from chatd.store.database import Database, Row
from chatd.store.engine import Engine
from chatd.store.outcome import Proposed

PORTION: Final = 200
KINDS: Final = frozenset({"recall", "erase", "gone", "floor"})
"""What can go again. A ledger that names anything else is not carried out in part."""
_SWEPT: Final = "SELECT swept FROM groups WHERE group_id = ?"
_TO_SWEEP: Final = "SELECT 1 FROM gone_groups WHERE group_id = ?"


class Replay:
    """`done` counts what went again, by kind."""

    def __init__(self, database: Database, engine: Engine, told: Callable[[int], None] = lambda _: None) -> None:
        self._db = database
        self._engine = engine
        self._told = told
        self._pids = count(1)
        self._ended: list[str] = []
        self.done: dict[str, int] = {}

    def run(self) -> None:
        """Everything, kind after kind. Raises `Trouble` if something does not go, and what the engine raises."""
        self._exhaust("recall", ledger.UNSAID, self._recall)
        # Recalls first: they are told by people who are still in their groups.
        self._exhaust("erase", ledger.UNERASED, self._erase)
        self._exhaust("floor", ledger.UNCUT, self._cut)
        self._exhaust("gone", ledger.UNMADE, self._end)
        for group in self._ended:
            self._sweep(group)
        for (kind,) in self._db.run("SELECT DISTINCT kind FROM ledger")[0]:
            if kind not in KINDS:
                raise Trouble("stuck", kind=kind, rows="?")

    def note(self, n: int, made_at: int) -> None:
        """Write into the audit log what was brought back and what went again."""
        self._settle([NoteRestore(n, made_at, self.done)])

    def _exhaust(self, kind: str, sql: str, act: Callable[[Sequence[Row]], None]) -> None:
        """Act on what a statement finds until it finds nothing. Raises `Trouble` if it finds the same for ever."""
        before: list[Row] = []
        while found := self._db.run(f"{sql} LIMIT ?", (PORTION,))[0]:
            if found == before:
                raise Trouble("stuck", kind=kind, rows=len(found))
            act(found)
            self.done[kind] = self.done.get(kind, 0) + len(found)
            self._told(sum(self.done.values()))
            before = found

    def _recall(self, rows: Sequence[Row]) -> None:
        self._settle(
            [
                RecallAgain(group, pos, made_at, by, _new_cid(), secrets.token_bytes(16))
                for group, pos, made_at, by in rows
            ]
        )

    def _erase(self, rows: Sequence[Row]) -> None:
        for (user,) in rows:
            erase_offline(self._engine, self._db, user)

    def _cut(self, rows: Sequence[Row]) -> None:
        """What was pinned or featured in the older state stays with it: it may have been so when the others went."""
        for group, pos, made_at in rows:
            ((upto,),) = self._db.run(ledger.LAST_UNTIL, (group, pos, made_at))[0]
            while (after := self._db.run(_SWEPT, (group,))[0][0][0]) < upto:
                self._settle([CutLog(group, after, min(after + PORTION, upto), True)])

    def _end(self, rows: Sequence[Row]) -> None:
        """In portions of people: the last of them ends the group."""
        for (group,) in rows:
            self._ended.append(group)
            while True:
                people = [user for (user,) in self._db.run(sweeping.STAYING, (group, PORTION))[0]]
                self._settle([EndAgain(group, people)])
                if not people:
                    break

    def _sweep(self, group: str) -> None:
        """What was said there goes now, not in good time: nobody is to find it in the file."""
        while self._db.run(_TO_SWEEP, (group,))[0]:
            self._settle([Sweep(group)])

    def _settle(self, wishes: Sequence[AnyWish]) -> None:
        outcomes = self._engine.settle([Proposed(next(self._pids), wish) for wish in wishes])
        for refused in (verdict for outcome in outcomes for verdict in outcome.verdicts if verdict.code):
            raise Trouble("stuck", kind=type(wishes[0]).__name__, rows=refused.code)


def _new_cid() -> str:
    """128 random bits, written as clients write them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
