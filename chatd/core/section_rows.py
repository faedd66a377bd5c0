"""The row of a section: how many messages stand in it. What a section is called and may be used for is a setting of the
group; only the main section has no row, its number is the group's own.
"""

from __future__ import annotations

from typing import ClassVar

from chatd.core.records import Record


class SectionCount(Record):
    """`seq`: the number of messages in it, `head`: the newest of them, `floor_seq`: the last that retention took."""

    table: ClassVar[str] = "sections"
    key_fields: ClassVar[int] = 2

    group_id: str
    section: int
    seq: int = 0
    head: int = 0
    floor_seq: int = 0
