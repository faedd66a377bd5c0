"""Rows that a batch needs, changes, and sees changed."""

from __future__ import annotations

from typing import ClassVar

import pytest
from msgspec.structs import replace

from chatd.core.records import Record, Records


class Place(Record):
    table: ClassVar[str] = "places"
    key_fields: ClassVar[int] = 2

    house: str
    number: int
    name: str = ""


def test_a_record_that_was_asked_for_is_found_or_known_to_be_missing() -> None:
    records = Records()
    records.expect({Place: {("h", 1), ("h", 2)}})
    records.load(Place("h", 1, "door"))
    assert records.find(Place, "h", 1) == Place("h", 1, "door")
    assert records.find(Place, "h", 2) is None
    assert list(records.changes()) == []


def test_asking_for_what_was_not_said_to_be_needed_is_a_mistake() -> None:
    records = Records()
    with pytest.raises(KeyError, match="Place"):
        records.find(Place, "h", 1)


def test_a_batch_sees_its_own_changes_and_writes_the_last_of_them() -> None:
    records = Records()
    records.expect({Place: {("h", 1), ("h", 2), ("h", 3)}})
    for number in (1, 2):
        records.load(Place("h", number, "door"))
    first = records.find(Place, "h", 1)
    assert first is not None
    records.put(replace(first, name="gate"))
    records.put(replace(first, name="arch"))
    records.drop(Place, "h", 2)
    records.drop(Place, "h", 3)
    records.put(Place("h", 3, "new"))
    records.put(Place("h", 4, "unasked"))
    found = [records.find(Place, "h", number) for number in (1, 2, 3, 4)]
    assert [place and place.name for place in found] == ["arch", None, "new", "unasked"]
    assert list(records.changes()) == [
        (Place, [Place("h", 1, "arch"), Place("h", 3, "new"), Place("h", 4, "unasked")], [("h", 2)])
    ]
