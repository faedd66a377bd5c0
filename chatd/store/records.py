"""Records in the store: how a row of `core.records` is read and written, derived from its Struct and its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec
import orjson
from sqlalchemy import Table

from chatd.core.records import Key, Record
from chatd.store import schema
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Delete, Insert, Probe

R = TypeVar("R", bound=Record)


class Rows:
    """The statements of one kind of record, and the way from a row to a record and back.

    The columns are the fields, in their order, by the same names. A dict or a list is kept as JSON.
    """

    def __init__(self, kind: type[Record], table: Table) -> None:
        self.columns = kind.__struct_fields__
        self.keys = self.columns[: kind.key_fields]
        rest = self.columns[kind.key_fields :]
        update = "UPDATE SET " + ", ".join(f"{c} = excluded.{c}" for c in rest) if rest else "NOTHING"
        self.probe = Probe(table, self.keys, self.columns)
        self.write = Insert(table, self.columns, f" ON CONFLICT ({', '.join(self.keys)}) DO {update}")
        self.drop = Delete(table, self.keys)
        self._kind = kind
        hints = get_type_hints(kind)
        kinds = [msgspec.inspect.type_info(hints[name]) for name in self.columns]
        self._readers: list[tuple[int, Callable[[Any], Any]]] = [
            (at, orjson.loads if _is_json(kind_) else bool)
            for at, kind_ in enumerate(kinds)
            if _is_json(kind_) or isinstance(kind_, msgspec.inspect.BoolType)
        ]
        self._json = [at for at, kind_ in enumerate(kinds) if _is_json(kind_)]

    def read(self, row: Row) -> Record:
        """A row of `columns` as a record."""
        values = list(row)
        for at, read in self._readers:
            if values[at] is not None:
                values[at] = read(values[at])
        return self._kind(*values)

    def row(self, record: Record) -> Row:
        """The parameters of `write`."""
        values = [getattr(record, name) for name in self.columns]
        for at in self._json:
            if values[at] is not None:
                values[at] = orjson.dumps(values[at]).decode()
        return tuple(values)


def _is_json(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_is_json(one) for one in kind.types)
    return isinstance(kind, msgspec.inspect.DictType | msgspec.inspect.ListType)


@cache
def rows_of(kind: type[Record]) -> Rows:
    """The `Rows` of a kind."""
    return Rows(kind, schema.metadata.tables[kind.table])


def read_row(kind: type[R], row: Row) -> R:
    """A row of the columns of a kind as a record."""
    return rows_of(kind).read(row)  # type: ignore[return-value]


async def find(reader: Reader, kind: type[R], keys: Sequence[Key]) -> list[R]:
    """The records with these keys, in no particular order; those that do not exist are left out."""
    return [read_row(kind, row) for row in await reader.find(rows_of(kind).probe, keys)]


async def select(reader: Reader, kind: type[R], where: str, params: Row = ()) -> list[R]:
    """Records by a condition: what follows WHERE, with `?` for parameters."""
    rows = rows_of(kind)
    sql = f'SELECT {", ".join(rows.columns)} FROM "{kind.table}" WHERE {where}'
    return [read_row(kind, row) for row in await reader.all(sql, params)]
