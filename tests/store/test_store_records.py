"""Records on both databases: asked for by key, written, changed and removed with the commit that decides."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.store.readers import Reader, Readers
from chatd.store.records import Rows, find, select
from tests.store.kit import Store, run


class Mark(Record):
    """Over a table that every database has."""

    table: ClassVar[str] = "reads"
    key_fields: ClassVar[int] = 3

    user_id: str
    group_id: str
    section: int
    seq: int


class Step(Wish, frozen=True, tag="step"):
    """Adds to the marks of these users; the one at zero is removed, and nobody gets above nine."""

    users: list[str]
    by: int

    def needs(self, need: Needs) -> None:
        for user in self.users:
            need.record(Mark, user, "g", 0)

    def decide(self, facts: Facts) -> dict[str, Any]:
        seen = []
        for user in self.users:
            mark = facts.find(Mark, user, "g", 0) or Mark(user, "g", 0, 0)
            if mark.seq + self.by > 9:
                raise Refused("limit")
            seen.append(mark.seq)
        for user, seq in zip(self.users, seen, strict=True):
            if seq + self.by:
                facts.put(Mark(user, "g", 0, seq + self.by))
            else:
                facts.drop(Mark, user, "g", 0)
        return {"seen": seen}


def test_records_are_made_changed_and_removed(tables_url: str) -> None:
    with Store(tables_url) as store:

        def marks() -> list[tuple[Any, ...]]:
            return store.rows("SELECT user_id, seq FROM reads ORDER BY user_id")

        steps = [verdict.answer for verdict in store.decide(Step(["a", "b"], 3), Step(["b", "c"], 4))]  # type: ignore[arg-type]
        assert steps == [{"seen": [0, 0]}, {"seen": [3, 0]}], "the second sees what the first did"
        assert marks() == [("a", 3), ("b", 7), ("c", 4)]
        codes = store.codes(Step(["a", "b"], 3), Step(["a"], -3))  # type: ignore[arg-type]
        assert codes == ["limit", ""]
        assert marks() == [("b", 7), ("c", 4)], "a refusal changed nothing"
        store.reopen()
        assert store.decide(Step(["b"], 1))[0].answer == {"seen": [7]}  # type: ignore[arg-type]

    async def read() -> None:
        readers = Readers(tables_url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                assert await find(reader, Mark, [("b", "g", 0), ("nobody", "g", 0)]) == [Mark("b", "g", 0, 8)]
                assert await reader.run(_above_five) == [Mark("b", "g", 0, 8)]
        finally:
            await readers.close()

    run(read())


async def _above_five(reader: Reader) -> list[Mark]:
    return await select(reader, Mark, "group_id = ? AND seq > ? ORDER BY seq", ("g", 5))


class Odd(Record):
    table: ClassVar[str] = "odd"
    key_fields: ClassVar[int] = 3

    group_id: str
    number: int
    on: bool
    words: list[str]
    more: dict[str, Any] | None = None


def test_flags_lists_and_dicts_go_into_columns_and_come_back() -> None:
    table = Table("odd", MetaData())
    for name, kind in (("group_id", Text), ("number", Integer), ("on", Boolean), ("words", Text), ("more", Text)):
        table.append_column(Column(name, kind))
    rows = Rows(Odd, table)
    for odd in (Odd("g", 1, True, ["茶", "b"], {"deep": [1]}), Odd("g", 2, False, [])):
        row = rows.row(odd)
        assert {type(value) for value in row} <= {str, int, bool, type(None)}
        back = rows.read(tuple(int(value) if isinstance(value, bool) else value for value in row))
        assert back == odd
        assert isinstance(back, Odd)
        assert type(back.on) is bool
