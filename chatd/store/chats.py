"""Groups as those who are in them see them: their chat list, what is unread there, how far the others have read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from chatd.core.chats import Chat, Draft
from chatd.core.dissolution import gone_at
from chatd.core.values import Group
from chatd.store.database import Row
from chatd.store.groups import COLUMNS, group_from
from chatd.store.mentions import NOT_BY_BLOCKED
from chatd.store.readers import Reader


class Place(msgspec.Struct):
    """Where one user stands in one of their groups: what the hub keeps of it. `read` is what is stored.

    `floor` is that of their stay, by which it is told from their other stays; `cut` that of the group, above which
    messages are kept, and `cut_at` when the entry there was made.
    """

    group: str
    head: int
    at: int
    seq: int
    members: int
    floor: int
    joined_pos: int
    read: int
    archived: bool
    pinned: int
    marked: bool
    read_only: bool = False
    cut: int = 0
    cut_at: int = 0

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place in the chat list, the greatest first: pinned by their order, the others by time, archived last."""
        return (-1 if self.archived else self.pinned, self.at, self.group)


def cursor_of(place: Place) -> str:
    """Where a page of the chat list ended."""
    return ":".join(map(str, place.order))


class Line(msgspec.Struct):
    """A group as one of its members sees it. `read` is what is stored; `recalled` counts recalled messages above it.

    `stay` is the floor of their stay, `floor` what they see nothing below of, `from_seq` the number of messages there.
    """

    group: Group
    role: str
    stay: int
    from_seq: int
    archived: bool
    read: int
    recalled: int
    nickname: str
    chat: Chat | None
    draft: Draft | None
    mentions: int
    """Messages above `read` that name the user; `mention` is the pos of the first one."""
    mention: int | None
    calls: list[Any]
    """What the group's board says of messages that call everybody."""

    @property
    def floor(self) -> int:
        return max(self.stay, self.group.floor)

    @property
    def gone_at(self) -> int | None:
        """Until when a dissolved group can be read."""
        return None if self.group.dissolved_at is None else gone_at(self.group)

    def peer_of(self, user: str) -> str | None:
        """The other one of a direct chat."""
        if self.group.direct_key is None:
            return None
        one, other = self.group.direct_key.split(":")
        return other if one == user else one


_FROM_SEQ = "CASE WHEN g.floor_seq > m.from_seq THEN g.floor_seq ELSE m.from_seq END"
_READ = (
    "CASE WHEN r.seq > m.from_seq AND r.seq > g.floor_seq THEN r.seq"
    " WHEN g.floor_seq > m.from_seq THEN g.floor_seq ELSE m.from_seq END"
)
_READS = " LEFT JOIN reads AS r ON r.user_id = m.user_id AND r.group_id = m.group_id AND r.section = 0"
_CHAT = " LEFT JOIN chats AS c ON c.user_id = m.user_id AND c.group_id = m.group_id AND c.period = m.period"
_MENTIONS = (
    "FROM mentions AS x WHERE x.user_id = m.user_id AND x.group_id = m.group_id AND x.section = {} AND x.seq > {}"
    f" AND {NOT_BY_BLOCKED}"
)
COUNT_MENTIONS = f"(SELECT count(*) {_MENTIONS})"
FIRST_MENTION = f"(SELECT x.pos {_MENTIONS} ORDER BY x.seq LIMIT 1)"
_LINE = (
    f"SELECT {', '.join('g.' + c for c in COLUMNS)}, m.role, m.from_pos, {_FROM_SEQ}, m.archived, {_READ},"
    " (SELECT count(*) FROM entries AS e WHERE e.group_id = g.group_id AND e.section = 0 AND e.recalled"
    f" AND e.seq > {_READ}), "
    + COUNT_MENTIONS.format(0, _READ)
    + ", "
    + FIRST_MENTION.format(0, _READ)
    + ", b.calls, m.nickname, c.period, c.pinned, c.level, c.until, c.marked, d.at, d.text, d.reply_to"
    " FROM memberships AS m JOIN groups AS g ON g.group_id = m.group_id"
    " LEFT JOIN boards AS b ON b.group_id = m.group_id"
    f"{_READS}{_CHAT} LEFT JOIN drafts AS d"
    " ON d.user_id = m.user_id AND d.group_id = m.group_id AND d.floor = m.from_pos"
    " WHERE m.user_id = ? AND m.until_pos IS NULL"
)
PLACES = (
    f"SELECT m.group_id, g.head, g.head_at, g.seq, g.member_count, m.from_pos, m.joined_pos, {_READ}, m.archived,"
    " coalesce(c.pinned, 0), coalesce(c.marked, FALSE), g.read_only, g.floor, g.floor_at"
    " FROM memberships AS m"
    " JOIN groups AS g ON g.group_id = m.group_id"
    f"{_READS}{_CHAT}"
    " WHERE m.user_id = ? AND m.until_pos IS NULL"
)
ONE_LINE = _LINE + " AND m.group_id = ?"
RECALLED_ABOVE = "SELECT count(*) FROM entries AS e WHERE e.group_id = ? AND e.section = ? AND e.recalled AND e.seq > ?"


async def places_of(reader: Reader, user: str) -> list[Place]:
    """Every group that the user is in, in the order of the chat list."""
    places = [Place(*row) for row in await reader.all(PLACES, (user,))]
    # Here and not in the database, whose order of ids may be that of some language.
    places.sort(key=lambda place: place.order, reverse=True)
    return places


async def lines_of(reader: Reader, user: str, groups: Sequence[str]) -> list[Line]:
    """The groups as the user sees them, in this order; those that they are not in are left out."""
    rows = await reader.all(_LINE + f" AND m.group_id {reader.among}", (user, reader.array(groups)))
    lines = {row[0]: _line_from(user, row) for row in rows}
    return [lines[group] for group in groups if group in lines]


async def line_of(reader: Reader, user: str, group: str) -> Line | None:
    """The group as the user sees it, None if they are not in it."""
    rows = await reader.all(ONE_LINE, (user, group))
    return _line_from(user, rows[0]) if rows else None


def _line_from(user: str, row: Row) -> Line:
    group = group_from(row[: len(COLUMNS)])
    role, stay, from_seq, archived, read, recalled, *own = row[len(COLUMNS) :]
    mentions, mention, calls, nickname, period, pinned, level, until, marked, at, text, reply_to = own
    chat = None if period is None else Chat(user, group.id, period, pinned, level, until, bool(marked))
    draft = None if at is None else Draft(user, group.id, at, text, reply_to, stay)
    called = orjson.loads(calls) if calls is not None else []
    return Line(
        group, role, stay, from_seq, bool(archived), read, recalled, nickname, chat, draft, mentions, mention, called
    )


async def recalled_above(reader: Reader, group: str, seq: int, section: int = 0) -> int:
    """How many recalled messages there are above a message number of a section."""
    rows = await reader.all(RECALLED_ABOVE, (group, section, seq))
    return int(rows[0][0])


MENTIONS_ABOVE = (
    f"SELECT {COUNT_MENTIONS.format('?', '?')}, {FIRST_MENTION.format('?', '?')} FROM memberships AS m"
    " WHERE m.user_id = ? AND m.group_id = ? AND m.until_pos IS NULL"
)


async def mentions_above(reader: Reader, user: str, group: str, seq: int, section: int = 0) -> tuple[int, int | None]:
    """How many messages of a section above a number name the user, and the pos of the first one."""
    rows = await reader.all(MENTIONS_ABOVE, (section, seq, section, seq, user, group))
    return (int(rows[0][0]), rows[0][1]) if rows else (0, None)


async def drafts_of(reader: Reader, user: str) -> dict[str, int]:
    """When the user's unsent texts were saved, by group."""
    sql = (
        "SELECT d.group_id, d.at FROM drafts AS d JOIN memberships AS m ON m.user_id = d.user_id"
        " AND m.group_id = d.group_id AND m.until_pos IS NULL AND d.floor = m.from_pos WHERE d.user_id = ?"
    )
    return {str(group): int(at) for group, at in await reader.all(sql, (user,))}


class MemberRead(msgspec.Struct):
    """How far somebody has read, as stored, and what they do not see: messages up to the number `from_seq`."""

    user: str
    from_seq: int
    read: int


MEMBER_READS = (
    f"SELECT m.user_id, {_FROM_SEQ}, {_READ} FROM memberships AS m JOIN groups AS g ON g.group_id = m.group_id{_READS}"
    " WHERE m.group_id = ? AND m.until_pos IS NULL ORDER BY m.user_id LIMIT ?"
)


async def reads_of(reader: Reader, group: str, most: int) -> list[MemberRead]:
    """The members of a small group with their read positions, by id."""
    return [MemberRead(*row) for row in await reader.all(MEMBER_READS, (group, most))]
