"""Drives every cell of the table over the wire, and tells where the server answered otherwise.

A case that changes something has objects of its own; those of one line are tried from the callers without rights to
those with the most, so that what is refused meets everything still there.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from chatd_protocol.errors import CLOSE_REVOKED, CLOSE_UNAUTHENTICATED
from chatd_protocol.ops import OPS
from tests.e2e.phone import new_cid
from tests.matrix import asks_bots, asks_entry, asks_groups, asks_members, asks_messages, asks_people, asks_sections
from tests.matrix.asks import Ask, Case, Data
from tests.matrix.cast import Answer, Caller, Cast
from tests.matrix.house import Elsewhere, House, build_house
from tests.matrix.table import CALLERS, LOCKED_OUT, OPERATOR, Row, Table, is_op

ASKS: Final[Mapping[str, Ask]] = {
    **asks_messages.ASKS,
    **asks_groups.ASKS,
    **asks_members.ASKS,
    **asks_entry.ASKS,
    **asks_people.ASKS,
    **asks_sections.ASKS,
    **asks_bots.ASKS,
}
LANES: Final = 24
"""So many ops are driven at the same time."""
CLOSED: Final = {CLOSE_UNAUTHENTICATED: "unauthenticated", CLOSE_REVOKED: "revoked"}
SECRETIVE: Final = frozenset(
    {"not_found", "invite_invalid", "not_mutual", "no_item", "code_invalid", "unauthenticated"}
)
"""Verdicts behind which something is kept: whoever gets them must not be able to tell why."""


_NAMED: Final = frozenset({"other", "outsider", "recalled", "before", "absent"})
"""Objects that a refusal for want of a right must not tell apart."""


class Deviation(NamedTuple):
    """A cell in which the server did not do what the table says."""

    what: str
    of: str
    who: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.what}, {self.of}, {self.who}: expected {self.expected}, got {self.got}"


class Told(NamedTuple):
    """What somebody was told who got one of the verdicts that keep something."""

    of: str
    raw: bytes


class Run:
    """What came of it."""

    def __init__(self) -> None:
        self.cells = 0
        self.deviations: list[Deviation] = []
        self._told: dict[tuple[str, str, str], list[Told]] = defaultdict(list)

    def judge(self, row: Row, who: str, got: str) -> None:
        """Count a cell."""
        self.cells += 1
        expected = row.verdicts[who]
        if got != expected:
            self.deviations.append(Deviation(row.what, row.of, who, str(expected), got))

    def miss(self, row: Row, who: str) -> None:
        """There is no such case, which has to be what the table says."""
        if row.verdicts[who] is not None:
            self.deviations.append(Deviation(row.what, row.of, who, str(row.verdicts[who]), "there is no such case"))

    def note(self, row: Row, who: str, verdict: str, raw: bytes) -> None:
        """Keep what somebody was told, to compare it."""
        told = self._told[row.what, who, verdict]
        told.append(Told(row.of, raw))
        if raw != told[0].raw:
            alike = f"the same answer as for `{told[0].of}`: {told[0].raw!r}"
            self.deviations.append(Deviation(row.what, row.of, who, alike, repr(raw)))

    @property
    def compared(self) -> int:
        """Answers that were compared with another one, byte for byte."""
        return sum(len(told) - 1 for told in self._told.values())


class Driver:
    """Drives the ops of the table with one cast."""

    def __init__(self, cast: Cast, elsewhere: Elsewhere, shared: House) -> None:
        self._cast = cast
        self._elsewhere = elsewhere
        self._shared = shared
        self._lanes = asyncio.Semaphore(LANES)
        self.run = Run()

    async def drive(self, table: Table) -> Run:
        """All ops of the table, side by side: first what only reads, while nothing moves, then the rest."""
        ops = {what: rows for what, rows in table.items() if is_op(what)}
        for reads in (True, False):
            async with asyncio.TaskGroup() as group:
                for what, rows in ops.items():
                    if (ASKS[what].house == "shared") is reads:
                        group.create_task(self._drive_op(what, rows))
        return self.run

    async def _drive_op(self, what: str, rows: Mapping[str, Row]) -> None:
        ask = ASKS[what]
        async with self._lanes:
            house = await self._house_of(ask) if ask.house == "op" else self._shared
            case = Case(self._cast, house, self._elsewhere)
            for row in rows.values():
                if ask.house == "row":
                    case = Case(self._cast, await self._house_of(ask), self._elsewhere)
                await self._drive_row(case, ask, row)

    async def _house_of(self, ask: Ask) -> House:
        return await build_house(self._cast, **ask.settings)

    async def _drive_row(self, case: Case, ask: Ask, row: Row) -> None:
        if ask.prepare is not None:
            await ask.prepare(case, row.of)
        silent = await self._cast.connect()
        for who in CALLERS:
            if who == OPERATOR:
                continue
            data = self._request(case, ask, row, who)
            if data is not None:
                async with self._connection(row.what, who, silent, ask) as phone:
                    await self._drive_cell(case, ask, row, who, phone, data)
        await silent.cut_off()

    def _request(self, case: Case, ask: Ask, row: Row, who: str) -> Data | None:
        """The request of a cell, None where there is no case. That there is none is seen, not believed."""
        try:
            data = ask.builds[row.of](case, _stand_in(row, who))
        except KeyError:
            data = None
        if data is None:
            self.run.miss(row, who)
            return None
        if row.verdicts[who] is None:
            self.run.deviations.append(Deviation(row.what, row.of, who, "no such case", "one that can be asked"))
            return None
        return data if not OPS[row.what].command else data | {"cid": new_cid()}

    @asynccontextmanager
    async def _connection(self, what: str, who: str, silent: Caller, ask: Ask) -> AsyncIterator[Caller]:
        """A connection as the caller has one: open, silent, or with a hello under way that will be refused."""
        if who == "none" and not ask.alone:
            yield silent
            return
        if who not in LOCKED_OUT and not ask.alone:
            yield self._cast.callers[who]
            return
        phone = await self._cast.connect(who)
        if what != "session.hello" and who != "none":
            phone.send("session.hello", token=self._cast.token_of[who], device=f"again {who}".replace(" ", "-"))
        try:
            yield phone
        finally:
            await phone.cut_off()

    async def _drive_cell(self, case: Case, ask: Ask, row: Row, who: str, phone: Caller, data: Data) -> None:
        if row.what == "session.hello" and row.of == "again":
            await phone.say_hello(self._cast.token_of[who], data["device"])
        answer = await phone.attempt(row.what, data)
        verdict = await self._verdict(case, ask, row, who, answer)
        self.run.judge(row, who, verdict)
        kept = verdict in SECRETIVE or (verdict == "forbidden" and row.of in _NAMED)
        blank = verdict == "not there" and ask.same_blank and b"lag" not in answer.raw
        if ask.compared and answer.raw and (kept or blank):
            self.run.note(row, who, verdict, without_names(answer.raw, data))

    async def _verdict(self, case: Case, ask: Ask, row: Row, who: str, answer: Answer) -> str:
        if answer.closed is not None:
            return CLOSED.get(answer.closed, f"closed with {answer.closed}")
        if "error" in answer.message:
            return str(answer.message["error"]["code"])
        if who in LOCKED_OUT:
            return "ok"
        said = ask.said(case, who, row.of, answer.message["ok"])
        return said if isinstance(said, str) else await said


def _stand_in(row: Row, who: str) -> str:
    """Whoever has no session asks what a stranger asks; where that is no case, what the first does who has one."""
    if who not in LOCKED_OUT or row.what.startswith("session."):
        return who
    return next(name for name in CALLERS[3:] if row.verdicts[name] is not None)


def without_names(raw: bytes, data: Mapping[str, Any]) -> bytes:
    """An answer without the ids and names that the request brought."""
    for value in data.values():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and name:
                raw = raw.replace(name.encode(), b"*" * 8)
    return raw
