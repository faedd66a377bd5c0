"""Rows that are found by their key, for every noun that needs no numbering and no bookkeeping of its own.

A noun describes its row as a `Record`: a Struct whose fields are the columns of a table, the key first. A proposal says
which ones it needs (`need.record(Invite, token)`), asks for them (`facts.find(Invite, token)`) and changes them
(`facts.put`, `facts.drop`); the engine loads and writes them. A record is guarded by the lock of the user or the group
that it belongs to: whoever changes it needs that one too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import msgspec

Key = tuple[Any, ...]


class Record(msgspec.Struct):
    """Base of the rows. Replaced, not changed in place: `msgspec.structs.replace`, then `facts.put`."""

    table: ClassVar[str]
    key_fields: ClassVar[int] = 1

    @property
    def key(self) -> Key:
        """The values of the key fields."""
        return tuple(getattr(self, name) for name in self.__struct_fields__[: self.key_fields])


R = TypeVar("R", bound=Record)
Keys = dict[type[Record], set[Key]]


@dataclass(slots=True)
class Records:
    """The records loaded for one commit, and what became of them."""

    _rows: dict[tuple[type[Record], Key], Record] = field(default_factory=dict)
    _changed: dict[tuple[type[Record], Key], Record | None] = field(default_factory=dict)
    _asked: Keys = field(default_factory=dict)

    def expect(self, asked: Keys) -> None:
        """These keys are being loaded; asking for another one is a mistake of the rule that asks."""
        for kind, keys in asked.items():
            self._asked.setdefault(kind, set()).update(keys)

    def load(self, record: Record) -> None:
        """A row as it is stored."""
        self._rows[type(record), record.key] = record

    def knows(self, kind: type[Record]) -> bool:
        """Whether any record of this kind was asked for, or changed."""
        return kind in self._asked or any(one is kind for one, _ in self._changed)

    def find(self, kind: type[R], *key: Any) -> R | None:
        """The record with this key, as this batch has left it so far.

        Raises KeyError if it was not said to be needed and was not made in this batch.
        """
        at = (kind, key)
        found = self._rows.get(at)
        if found is None and key not in self._asked.get(kind, ()) and at not in self._changed:
            raise KeyError(f"{kind.__name__} {key} was not said to be needed")
        assert found is None or isinstance(found, kind)
        return found

    def put(self, record: Record) -> None:
        """Add the record, or change the one with its key."""
        at = (type(record), record.key)
        self._rows[at] = self._changed[at] = record

    def drop(self, kind: type[Record], *key: Any) -> None:
        """Remove the record with this key, if it is there."""
        self._rows.pop((kind, key), None)
        self._changed[kind, key] = None

    def changes(self) -> Iterator[tuple[type[Record], list[Record], list[Key]]]:
        """For each kind that changed: what to write, and the keys of what to remove."""
        kinds = dict.fromkeys(kind for kind, _ in self._changed)
        for kind in kinds:
            of_kind = [(key, row) for (one, key), row in self._changed.items() if one is kind]
            yield kind, [row for _, row in of_kind if row is not None], [key for key, row in of_kind if row is None]
