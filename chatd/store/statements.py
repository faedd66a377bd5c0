"""Statements that take many rows at once, written for both databases from one description.

A probe asks for the rows with given keys; it starts from the keys and goes through an index, whatever the planner
thinks of the table: on SQLite by `json_each` and CROSS JOIN (which fixes the order there), on PostgreSQL by `unnest`
and LATERAL. A write takes rows as tuples. The number of statements never depends on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Text

_PG_TYPES = ((Boolean, "boolean"), (BigInteger, "bigint"), (Integer, "integer"), (LargeBinary, "bytea"), (Text, "text"))


def pg_type(table: Table, column: str) -> str:
    """The PostgreSQL name of a column's type."""
    kind = table.c[column].type
    return next(name for cls, name in _PG_TYPES if isinstance(kind, cls))


def _unnest(table: Table, columns: tuple[str, ...]) -> str:
    return "unnest(" + ", ".join(f"%s::{pg_type(table, c)}[]" for c in columns) + ")"


def _names(columns: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(prefix + c for c in columns)


@dataclass(frozen=True)
class Probe:
    """Rows by a unique key. `extra` is a further condition, in which `{0}`, `{1}`… stand for the keys; `most` rows have
    a key, where it is not unique. `compare`: how each column is compared with its part of the key, if not all by =."""

    table: Table
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    extra: str = ""
    most: int = 1
    compare: tuple[str, ...] = ()

    def _where(self, values: list[str]) -> str:
        signs = self.compare or ("=",) * len(values)
        return " AND ".join(f"t.{key} {sign} {v}" for key, sign, v in zip(self.keys, signs, values, strict=True))

    @cached_property
    def sqlite(self) -> str:
        """Takes one parameter: the keys as a JSON array of arrays."""
        values = [f"json_extract(k.value, '$[{i}]')" for i in range(len(self.keys))]
        where = self._where(values)
        extra = self.extra.format(*values)
        name = self.table.name
        return (
            f'SELECT {_names(self.columns, "t.")} FROM json_each(?) AS k CROSS JOIN "{name}" AS t WHERE {where}{extra}'
        )

    @cached_property
    def postgresql(self) -> str:
        """Takes one array per key column."""
        values = [f"k.k{i}" for i in range(len(self.keys))]
        where = self._where(values)
        names = ", ".join(value.removeprefix("k.") for value in values)
        return (
            f"SELECT {_names(self.columns, 't.')} FROM {_unnest(self.table, self.keys)} AS k({names})"
            f' CROSS JOIN LATERAL (SELECT {_names(self.columns, "t.")} FROM "{self.table.name}" AS t'
            f" WHERE {where}{self.extra.format(*values)} LIMIT {self.most}) AS t"
        )


@dataclass(frozen=True)
class Lock:
    """Rows by primary key, locked in the order of the key, so that two writers never wait for each other in a ring.

    On SQLite the transaction is the lock already, and this is a probe.
    """

    table: Table
    key: str
    columns: tuple[str, ...]

    @cached_property
    def sqlite(self) -> str:
        """Takes one parameter: the keys as a JSON array of arrays."""
        return Probe(self.table, (self.key,), self.columns).sqlite

    @cached_property
    def postgresql(self) -> str:
        """Takes one array. The columns are those of the row as it is once the lock is held."""
        return (
            f'SELECT {_names(self.columns)} FROM "{self.table.name}"'
            f" WHERE {self.key} = ANY(%s::{pg_type(self.table, self.key)}[]) ORDER BY {self.key} FOR UPDATE"
        )


@dataclass(frozen=True)
class Insert:
    """New rows. `upsert` names the key and the assignment for rows that are there already."""

    table: Table
    columns: tuple[str, ...]
    upsert: str = ""

    @cached_property
    def sqlite(self) -> str:
        """For `executemany`."""
        marks = ", ".join("?" for _ in self.columns)
        return f'INSERT INTO "{self.table.name}" ({_names(self.columns)}) VALUES ({marks}){self.upsert}'

    @cached_property
    def postgresql(self) -> str:
        """Takes one array per column."""
        return (
            f'INSERT INTO "{self.table.name}" ({_names(self.columns)})'
            f" SELECT * FROM {_unnest(self.table, self.columns)}{self.upsert}"
        )


@dataclass(frozen=True)
class Update:
    """Rows by key. Each row of parameters is the new values, then the keys."""

    table: Table
    columns: tuple[str, ...]
    keys: tuple[str, ...]

    @cached_property
    def sqlite(self) -> str:
        """For `executemany`."""
        assign = ", ".join(f"{c} = ?" for c in self.columns)
        where = " AND ".join(f"{k} = ?" for k in self.keys)
        return f'UPDATE "{self.table.name}" SET {assign} WHERE {where}'

    @cached_property
    def postgresql(self) -> str:
        """Takes one array per column, then one per key."""
        every = self.columns + self.keys
        assign = ", ".join(f"{c} = v.{c}" for c in self.columns)
        where = " AND ".join(f"t.{k} = v.{k}" for k in self.keys)
        return (
            f'UPDATE "{self.table.name}" AS t SET {assign}'
            f" FROM {_unnest(self.table, every)} AS v({_names(every)}) WHERE {where}"
        )


@dataclass(frozen=True)
class Delete:
    """Rows by key; `upto` names a last column that is compared by <= instead of =."""

    table: Table
    keys: tuple[str, ...]
    upto: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The parameters of a row, in order."""
        return (*self.keys, self.upto) if self.upto else self.keys

    @cached_property
    def sqlite(self) -> str:
        """For `executemany`."""
        where = [f"{k} = ?" for k in self.keys] + ([f"{self.upto} <= ?"] if self.upto else [])
        return f'DELETE FROM "{self.table.name}" WHERE {" AND ".join(where)}'

    @cached_property
    def postgresql(self) -> str:
        """Takes one array per parameter."""
        where = [f"t.{k} = v.{k}" for k in self.keys] + ([f"t.{self.upto} <= v.{self.upto}"] if self.upto else [])
        return (
            f'DELETE FROM "{self.table.name}" AS t USING {_unnest(self.table, self.columns)}'
            f" AS v({_names(self.columns)}) WHERE {' AND '.join(where)}"
        )


Write = Insert | Update | Delete
