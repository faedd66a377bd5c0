"""Groups and memberships in the store."""

from __future__ import annotations

import orjson

from chatd.core.restrictions import own_end
from chatd.core.values import Group, Member
from chatd.store import schema
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Insert, Lock, Probe, Update

COLUMNS = (
    "group_id",
    "kind",
    "title",
    "intro",
    "history",
    "member_limit",
    "head",
    "head_at",
    "seq",
    "member_count",
    "read_only",
    "created_at",
    "direct_key",
    "settings",
    "dissolved_at",
    *("floor", "floor_seq", "floor_at", "swept", "keep_days"),
)
MEMBER_COLUMNS = (
    "group_id",
    "user_id",
    "period",
    "role",
    "from_pos",
    "from_seq",
    "joined_pos",
    "joined_at",
    "added_by",
    "until_pos",
    "until_seq",
    "why",
    "archived",
    "restricted_until",
    "via",
    "nickname",
    "unfollowed_pos",
)

LOCK = Lock(schema.groups, "group_id", COLUMNS)
BY_DIRECT_KEY = Probe(schema.groups, ("direct_key",), ("direct_key", "group_id"))
INSERT = Insert(schema.groups, COLUMNS)
UPDATE = Update(
    schema.groups,
    (
        *("title", "intro", "history", "member_limit", "head", "head_at", "seq", "member_count", "read_only"),
        *("settings", "dissolved_at", "floor", "floor_seq", "floor_at", "swept", "keep_days"),
    ),
    ("group_id",),
)
MOVE = Update(schema.groups, ("head", "head_at", "seq"), ("group_id",))
LAST_PERIODS = Probe(
    schema.memberships,
    ("group_id", "user_id"),
    MEMBER_COLUMNS,
    " AND t.period = (SELECT max(m.period) FROM memberships AS m WHERE m.group_id = {0} AND m.user_id = {1})",
)
INSERT_MEMBERS = Insert(schema.memberships, MEMBER_COLUMNS)
UPDATE_MEMBERS = Update(
    schema.memberships,
    ("role", "until_pos", "until_seq", "why", "archived", "restricted_until", "nickname", "unfollowed_pos"),
    ("group_id", "user_id", "period"),
)


def group_from(row: Row) -> Group:
    """A row of `COLUMNS` as a value."""
    *plain, settings, dissolved_at, floor, floor_seq, floor_at, swept, keep_days = row
    values = (*plain, orjson.loads(settings), dissolved_at, floor, floor_seq, floor_at, swept, keep_days)
    group = Group(*values)
    group.read_only = bool(group.read_only)
    return group


def row_of_new(group: Group) -> Row:
    """Parameters for `INSERT`."""
    return (
        group.id,
        group.kind,
        group.title,
        group.intro,
        group.history,
        group.member_limit,
        group.head,
        group.head_at,
        group.seq,
        group.members,
        group.read_only,
        group.created_at,
        group.direct_key,
        orjson.dumps(group.settings).decode(),
        group.dissolved_at,
        *_of_retention(group),
    )


def row_of_changed(group: Group) -> Row:
    """Parameters for `UPDATE`."""
    return (
        group.title,
        group.intro,
        group.history,
        group.member_limit,
        group.head,
        group.head_at,
        group.seq,
        group.members,
        group.read_only,
        orjson.dumps(group.settings).decode(),
        group.dissolved_at,
        *_of_retention(group),
        group.id,
    )


def _of_retention(group: Group) -> Row:
    return (group.floor, group.floor_seq, group.floor_at, group.swept, group.keep_days)


def row_of_moved(group: Group) -> Row:
    """Parameters for `MOVE`."""
    return (group.head, group.head_at, group.seq, group.id)


def member_from(row: Row) -> Member:
    """A row of `MEMBER_COLUMNS` as a value."""
    *plain, via, nickname, unfollowed_pos = row
    values = (*plain, orjson.loads(via) if via is not None else None, nickname, unfollowed_pos)
    member = Member(*values)
    member.archived = bool(member.archived)
    return member


def row_of_new_member(member: Member) -> Row:
    """Parameters for `INSERT_MEMBERS`."""
    return (
        member.group,
        member.user,
        member.period,
        member.role,
        member.from_pos,
        member.from_seq,
        member.joined_pos,
        member.joined_at,
        member.by,
        member.until_pos,
        member.until_seq,
        member.why,
        member.archived,
        member.restricted_until,
        orjson.dumps(member.via).decode() if member.via is not None else None,
        member.nickname,
        member.unfollowed_pos,
    )


def row_of_changed_member(member: Member) -> Row:
    """Parameters for `UPDATE_MEMBERS`."""
    return (
        member.role,
        member.until_pos,
        member.until_seq,
        member.why,
        member.archived,
        member.restricted_until,
        member.nickname,
        member.unfollowed_pos,
        member.group,
        member.user,
        member.period,
    )


MEMBERS = (
    "SELECT m.user_id, m.role, m.joined_at, u.name, m.added_by, m.restricted_until, u.profile, m.nickname,"
    " m.unfollowed_pos, u.sub"
    " FROM memberships AS m"
    " JOIN users AS u ON u.user_id = m.user_id"
    " WHERE m.group_id = ? AND m.until_pos IS NULL AND m.user_id > ? ORDER BY m.user_id LIMIT ?"
)


async def members_page(reader: Reader, group: str, after: str, limit: int) -> list[Row]:
    """(user, role, since, name, added by, restricted until, profile, nickname, unfollowed_pos, sub) of present members,
    above `after`."""
    return await reader.all(MEMBERS, (group, after, limit))


async def restricted_until(reader: Reader, group: Group, user: str) -> int:
    """The time before which somebody who is in the group may not write."""
    columns = "role, restricted_until, unfollowed_pos"
    sql = f"SELECT {columns} FROM memberships WHERE group_id = ? AND user_id = ? AND until_pos IS NULL"
    rows = await reader.all(sql, (group.id, user))
    return own_end(group.settings, *rows[0]) if rows else 0


async def owner_of(reader: Reader, group: str) -> str | None:
    """Who owns the group; a direct chat has no owner."""
    sql = "SELECT user_id FROM memberships WHERE group_id = ? AND until_pos IS NULL AND role = 'owner'"
    rows = await reader.all(sql, (group,))
    return str(rows[0][0]) if rows else None


async def group_by_id(reader: Reader, group: str) -> Group | None:
    """One group, whoever asks."""
    rows = await reader.all(f"SELECT {', '.join(COLUMNS)} FROM groups WHERE group_id = ?", (group,))
    return group_from(rows[0]) if rows else None


OF_USER = (
    "SELECT g.group_id, g.title, g.kind, m.role FROM memberships AS m JOIN groups AS g ON g.group_id = m.group_id"
    " WHERE m.user_id = ? AND m.until_pos IS NULL ORDER BY m.group_id LIMIT ?"
)


async def groups_of_user(reader: Reader, user: str, limit: int) -> list[Row]:
    """(group, title, kind, role) of what somebody is in, by id."""
    return await reader.all(OF_USER, (user, limit))


async def groups_page(reader: Reader, after: str, limit: int) -> list[Group]:
    """All groups, by id above `after`."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM groups WHERE group_id > ? ORDER BY group_id LIMIT ?"
    return [group_from(row) for row in await reader.all(sql, (after, limit))]
