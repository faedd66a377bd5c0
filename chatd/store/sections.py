"""Sections in the store: how far each goes and what was read of it; and what a group's log says they must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from chatd.core.section_rows import SectionCount
from chatd.core.values import Entry, Group
from chatd.store.chats import mentions_above, recalled_above
from chatd.store.mentions import NOT_BY_BLOCKED
from chatd.store.messages import POS_OF_SEQ
from chatd.store.readers import Reader

_FLOOR: Final = (
    "coalesce((SELECT f.seq FROM entries AS f WHERE f.group_id = s.group_id AND f.section = s.section"
    " AND f.section > 0 AND f.seq IS NOT NULL AND f.pos <= m.from_pos AND f.pos >"
    " (SELECT h.floor FROM groups AS h WHERE h.group_id = s.group_id) ORDER BY f.pos DESC LIMIT 1),"
    " (SELECT z.floor_seq FROM sections AS z WHERE z.group_id = s.group_id AND z.section = s.section), 0)"
)
"""The number of the last message of a section that a member does not see: the last that has gone, if none above the
group's floor is from before their time."""
_PLACES: Final = (
    f"SELECT s.group_id, s.section, s.seq, s.head, {_FLOOR} AS floor_seq, coalesce(r.seq, 0) AS read_seq, m.user_id"
    " FROM memberships AS m JOIN sections AS s ON s.group_id = m.group_id"
    " LEFT JOIN reads AS r ON r.user_id = m.user_id AND r.group_id = m.group_id AND r.section = s.section"
    " WHERE m.user_id = ? AND m.until_pos IS NULL"
)
_READ: Final = "CASE WHEN x.read_seq > x.floor_seq THEN x.read_seq ELSE x.floor_seq END"
_MENTIONS: Final = (
    "FROM mentions AS n WHERE n.user_id = x.user_id AND n.group_id = x.group_id AND n.section = x.section"
    f" AND n.seq > {_READ} AND {NOT_BY_BLOCKED.replace('x.', 'n.')}"
)
LINES: Final = (
    f"SELECT x.group_id, x.section, x.seq, x.head, x.floor_seq, {_READ},"
    " (SELECT count(*) FROM entries AS e WHERE e.group_id = x.group_id AND e.section = x.section AND e.recalled"
    f" AND e.seq > {_READ}), (SELECT count(*) {_MENTIONS}), (SELECT n.pos {_MENTIONS} ORDER BY n.seq LIMIT 1)"
    f" FROM ({_PLACES} AND s.group_id {{}}) AS x"
)
ONE: Final = f"{_PLACES} AND s.group_id = ? AND s.section = ?"
READS: Final = (
    f"SELECT x.group_id, x.section, {_READ}"
    f" FROM (SELECT s.group_id, s.section, s.seq AS read_seq, {_FLOOR} AS floor_seq"
    " FROM reads AS s JOIN memberships AS m ON m.user_id = s.user_id AND m.group_id = s.group_id"
    " WHERE s.user_id = ? AND s.section > 0 AND m.until_pos IS NULL) AS x"
)
MEMBER_READS: Final = (
    f"SELECT m.user_id, {_FLOOR}, coalesce(r.seq, 0) FROM memberships AS m"
    " JOIN sections AS s ON s.group_id = m.group_id AND s.section = ?"
    " LEFT JOIN reads AS r ON r.user_id = m.user_id AND r.group_id = m.group_id AND r.section = s.section"
    " WHERE m.group_id = ? AND m.until_pos IS NULL ORDER BY m.user_id LIMIT ?"
)


class SectionPlace(msgspec.Struct):
    """A section other than the main one as a member sees it: they have `read` so far, and see what is above `floor`."""

    group: str
    section: int
    seq: int
    head: int
    floor: int
    read: int
    recalled: int = 0
    """Recalled messages above `read`; `mentions` those that name the member, `mention` the first of these."""
    mentions: int = 0
    mention: int | None = None


async def lines_of(
    reader: Reader, user: str, groups: Sequence[str], read_at_least: Callable[[str, int], int]
) -> dict[str, list[SectionPlace]]:
    """The sections of these groups, by group. `read_at_least`: what was read, by group and section, if that is newer
    than what is stored."""
    found: dict[str, list[SectionPlace]] = {}
    if not groups:
        return found
    for row in await reader.all(LINES.format(reader.among), (user, reader.array(groups))):
        place = SectionPlace(*row)
        read = read_at_least(place.group, place.section)
        if read > place.read:
            place.read = read
            place.recalled = await recalled_above(reader, place.group, read, place.section)
            place.mentions, place.mention = await mentions_above(reader, user, place.group, read, place.section)
        found.setdefault(place.group, []).append(place)
    return found


async def place_in(reader: Reader, user: str, group: str, section: int) -> SectionPlace | None:
    """Where somebody stands in a section, without counts; None if they are not in the group or there is none."""
    rows = await reader.all(ONE, (user, group, section))
    if not rows:
        return None
    _, _, seq, head, floor, read, _ = rows[0]
    return SectionPlace(group, section, seq, head, floor, max(floor, read))


async def messages_in(reader: Reader, group: str, section: int) -> tuple[int, int] | None:
    """(number of the last message of a section, of the last that is gone); None if there is no such section."""
    table = "sections" if section else "groups"
    condition = ("group_id = ? AND section = ?", (group, section)) if section else ("group_id = ?", (group,))
    rows = await reader.all(f"SELECT seq, floor_seq FROM {table} WHERE {condition[0]}", condition[1])
    return (int(rows[0][0]), int(rows[0][1])) if rows else None


async def number_at(reader: Reader, group: str, section: int, pos: int, count: int, gone: int) -> int:
    """How many of the `count` messages of a section stand up to a position, if not in the part that is gone, which has
    `gone`: looked for by halves."""
    low, high = gone, count
    while low < high:
        middle = (low + high + 1) // 2
        ((_, _, at),) = await reader.find(POS_OF_SEQ, [(group, section, middle)])
        low, high = (middle, high) if at <= pos else (low, middle - 1)
    return low


async def reads_in(reader: Reader, user: str) -> list[tuple[str, int, int]]:
    """(group, section, read) of everything somebody has read outside of main sections."""
    return [(str(group), int(section), int(seq)) for group, section, seq in await reader.all(READS, (user,))]


async def member_reads(reader: Reader, group: str, section: int, most: int) -> list[tuple[str, int, int]]:
    """(user, floor, read) of the members of a small group, by id."""
    rows = await reader.all(MEMBER_READS, (section, group, most))
    return [(str(user), int(floor), max(int(floor), int(read))) for user, floor, read in rows]


class SectionReplay:
    """Follows the sections of one group through its log, and compares. `say` is called with each problem."""

    def __init__(self, group: Group, kept: Sequence[SectionCount], say: Callable[[str], None]) -> None:
        """`kept`: the rows as they are stored."""
        self._settings = group.settings.get("sections")
        self._floor = group.floor
        self._kept = kept
        self._say = say
        self._told: list[dict[str, Any]] | None = None
        self._counts: dict[int, SectionCount] = {}

    @property
    def gone(self) -> int:
        """How many of their messages retention took."""
        return sum(one.floor_seq for one in self._kept)

    def pass_floor(self) -> None:
        """From here on every message is there: the numbers go on behind those that are gone."""
        for one in self._kept:
            if one.section in self._counts:
                self._counts[one.section] = SectionCount("", one.section, one.floor_seq)

    def take(self, entry: Entry) -> None:
        """A `sections` entry: what is there from now on."""
        told = entry.body["sections"]
        numbers = [one["section"] for one in told]
        gone = (set(self._counts) | {0}) - set(numbers)
        if len(set(numbers)) != len(numbers) or gone:
            self._say(f"entry {entry.pos} names a section twice, or loses one")
        for number in set(numbers) - {0}:
            self._counts.setdefault(number, SectionCount("", number))
        self._told = told

    def count(self, entry: Entry) -> None:
        """A message that stands in a section other than the main one."""
        before = self._counts.get(entry.section)
        kind = next((one for one in self._told or () if one["section"] == entry.section), None)
        if before is None or kind is None or kind.get("closed"):
            self._say(f"entry {entry.pos} stands in section {entry.section}, which was not open")
            return
        if entry.seq is None:  # a notice
            return
        if entry.seq != before.seq + 1:
            self._say(f"entry {entry.pos} is message {entry.seq} of its section and follows message {before.seq}")
        self._counts[entry.section] = SectionCount("", entry.section, entry.seq, entry.pos)

    def finish(self) -> None:
        """After the last entry."""
        if self._settings != self._told:
            self._say("its sections are not what its last entry about them says")
        kept, counted = ({self._row(one) for one in some} for some in (self._kept, self._counts.values()))
        if kept != counted:
            self._say("the numbers of its sections are not what its log leads to")

    def _row(self, one: SectionCount) -> tuple[int, int, int]:
        """What is compared: where the last message stood that has gone, nobody can say."""
        return one.section, one.seq, one.head if one.head > self._floor else 0
