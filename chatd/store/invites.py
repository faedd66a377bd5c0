"""Invites and requests in the store: what is looked up before a commit takes its locks, and what lists show.

Who an invite was made by and for which group never changes, so it may be read without a lock; whatever may change is
read again under it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

from chatd.core.facts import Facts
from chatd.core.invite_rows import Invite, Maker
from chatd.core.invites import lead
from chatd.core.needs import Needs
from chatd.core.requests import JoinRequest
from chatd.store import records, schema
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Probe

_LED = ("secret", "invite_id", "group_id", "maker")
BY_SECRET = Probe(schema.invites, ("secret",), _LED)
BY_ID = Probe(schema.invites, ("invite_id",), _LED)
ASKED = Probe(schema.join_requests, ("group_id", "user_id"), ("invite",))
STAFF = Probe(
    schema.memberships,
    ("group_id",),
    ("group_id", "user_id", "role", "joined_at"),
    " AND t.until_pos IS NULL AND t.role IN ('owner', 'admin')",
    most=1000,
)
Find = Callable[[Probe, Iterable[Row]], list[Row]]


def look_ahead(find: Find, need: Needs, facts: Facts) -> None:
    """Add to what is needed what invites, requests and the queues of groups lead to."""
    _lead_on(find, need, facts)
    for (invite,) in find(ASKED, need.asked):
        if invite is not None:
            _lead_to_use(find, need, invite)
    staff: dict[str, list[tuple[bool, int, str]]] = {}
    for group, user, role, since in find(STAFF, ((group,) for group in need.staffed)):
        staff.setdefault(group, []).append((role != "owner", since, user))
    for group, people in staff.items():
        told = [user for *_, user in sorted(people)[: facts.bounds.staff_told]]
        facts.staff[group] = told
        need.users.update(told)
        need.members.update((group, user) for user in told)


def _lead_on(find: Find, need: Needs, facts: Facts) -> None:
    rows = find(BY_SECRET, {(one.secret,) for one in need.sought if one.secret is not None})
    rows += find(BY_ID, {(one.invite,) for one in need.sought if one.invite is not None})
    by_secret = {row[0]: row[1:] for row in rows if row[0] is not None}
    by_id = {row[1]: row[1:] for row in rows}
    facts.invite_of_secret.update((secret, row[0]) for secret, row in by_secret.items())
    for one in need.sought:
        led = by_secret.get(one.secret) if one.secret is not None else by_id.get(one.invite)
        if led is not None:
            lead(need, one, *led)


def _lead_to_use(find: Find, need: Needs, invite: str) -> None:
    need.record(Invite, invite)
    for _, _, group, maker in find(BY_ID, [(invite,)]):
        need.record(Maker, group, maker)


RECEIVED = (
    "SELECT i.invite_id, i.group_id, i.maker, i.created_at, i.expires_at, u.name, g.title FROM invites AS i"
    " JOIN groups AS g ON g.group_id = i.group_id AND g.dissolved_at IS NULL"
    " JOIN users AS u ON u.user_id = i.maker"
    " LEFT JOIN invite_makers AS k ON k.group_id = i.group_id AND k.user_id = i.maker"
    " WHERE i.target = ? AND (i.created_at < ? OR (i.created_at = ? AND i.invite_id < ?))"
    " AND i.declined_at IS NULL AND i.revoked_at IS NULL AND i.made_pos >= coalesce(k.void_pos, 0)"
    " AND (i.expires_at IS NULL OR i.expires_at > ?) AND (i.max_uses IS NULL OR i.uses < i.max_uses)"
    " AND NOT EXISTS (SELECT 1 FROM blocks AS b WHERE (b.user_id = i.maker AND b.target_id = i.target)"
    " OR (b.user_id = i.target AND b.target_id = i.maker))"
    " AND NOT EXISTS (SELECT 1 FROM bans AS z WHERE z.group_id = i.group_id AND z.user_id = i.target)"
    " AND NOT EXISTS (SELECT 1 FROM memberships AS m WHERE m.user_id = i.target AND m.group_id = i.group_id"
    " AND m.until_pos IS NULL)"
    " ORDER BY i.created_at DESC, i.invite_id DESC LIMIT ?"
)


async def received_page(reader: Reader, user: str, after: str | None, now_ms: int, limit: int) -> list[Row]:
    """(invite, group, maker, when made, when over, maker's name, group's title) of invites directed to somebody that
    wait, newest first behind `after`."""
    at, last = await place_of(reader, after)
    return await reader.all(RECEIVED, (user, at, at, last, now_ms, limit))


async def place_of(reader: Reader, invite: str | None) -> tuple[int, str]:
    """Where a page begins that ended with an invite."""
    known = await records.find(reader, Invite, [(invite,)]) if invite is not None else []
    return (known[0].created_at, known[0].invite_id) if known else (_LATEST, "")


INVITES_OF = "group_id = ? AND (maker = ? OR ?) AND (created_at < ? OR (created_at = ? AND invite_id < ?))"
_LATEST = 2**62


async def invites_page(
    reader: Reader, group: str, maker: str | None, after: str | None, limit: int
) -> list[tuple[Invite, int]]:
    """Invites of a group, of one `maker` or of all, newest first behind `after`, each with its maker's `void_pos`."""
    at, last = await place_of(reader, after)
    where = f"{INVITES_OF} ORDER BY created_at DESC, invite_id DESC LIMIT ?"
    params = (group, maker or "", maker is None, at, at, last, limit)
    found = await records.select(reader, Invite, where, params)
    makers = await records.find(reader, Maker, [(group, one) for one in {invite.maker for invite in found}])
    void = {maker.user_id: maker.void_pos for maker in makers}
    return [(invite, void.get(invite.maker, 0)) for invite in found]


async def all_invites(reader: Reader, group: str | None, after: str, limit: int) -> list[tuple[Invite, int]]:
    """Invites by id above `after`, of a group or of all groups, for the operator."""
    where = "invite_id > ? AND (group_id = ? OR ?) ORDER BY invite_id LIMIT ?"
    found = await records.select(reader, Invite, where, (after, group or "", group is None, limit))
    makers = await records.find(reader, Maker, list({(invite.group_id, invite.maker) for invite in found}))
    void = {(maker.group_id, maker.user_id): maker.void_pos for maker in makers}
    return [(invite, void.get((invite.group_id, invite.maker), 0)) for invite in found]


async def requests_page(
    reader: Reader, column: str, of: str, after: tuple[int, str], limit: int
) -> list[tuple[JoinRequest, str]]:
    """Waiting requests of a group (`group_id`) or of a person (`user_id`) behind (time, other id), oldest first, each
    with the name of who asks."""
    other = "user_id" if column == "group_id" else "group_id"
    where = f"{column} = ? AND state = 'pending' AND (at > ? OR (at = ? AND {other} > ?)) ORDER BY at, {other} LIMIT ?"
    found = await records.select(reader, JoinRequest, where, (of, after[0], after[0], after[1], limit))
    users = [request.user_id for request in found]
    rows = await reader.all(f"SELECT user_id, name FROM users WHERE user_id {reader.among}", (reader.array(users),))
    names: dict[str, str] = dict(rows)
    return [(request, str(names.get(request.user_id, ""))) for request in found]


_WAITING: Final = (
    "SELECT group_id, user_id, number, at, answer FROM join_requests WHERE (group_id, user_id) > (?, ?)"
    " AND state = 'pending'{} ORDER BY group_id, user_id LIMIT ?"
)


async def waiting_page(reader: Reader, group: str | None, after: tuple[str, str], limit: int) -> list[Row]:
    """(group, user, sub, name, number, at, answer) of requests that wait, of one group or of all, by group and user."""
    named = () if group is None else (group,)
    sql = _WAITING.format(" AND group_id = ?" if named else "")
    found = await reader.all(sql, (*after, *named, limit))
    users = reader.array(sorted({row[1] for row in found}))
    rows = await reader.all(f"SELECT user_id, sub, name FROM users WHERE user_id {reader.among}", (users,))
    people = {user: (sub, name) for user, sub, name in rows}
    return [(row[0], row[1], *people[row[1]], *row[2:]) for row in found]


async def good_invites(reader: Reader, requests: Sequence[JoinRequest], now_ms: int) -> set[str]:
    """Those of the requests' invites that are still open."""
    found = await records.find(reader, Invite, [(one,) for one in {r.invite for r in requests} if one is not None])
    makers = await records.find(reader, Maker, list({(invite.group_id, invite.maker) for invite in found}))
    void = {(maker.group_id, maker.user_id): maker.void_pos for maker in makers}
    return {i.invite_id for i in found if i.state(void.get((i.group_id, i.maker), 0), now_ms) == "open"}


STAYS = (
    "SELECT m.user_id, m.period, m.joined_at, m.via, m.until_pos, e.at FROM memberships AS m"
    " LEFT JOIN entries AS e ON e.group_id = m.group_id AND e.pos = m.until_pos + 1"
    " WHERE m.group_id = ? ORDER BY m.user_id, m.period LIMIT ?"
)


async def stays_of(reader: Reader, group: str, most: int) -> list[tuple[str, int, dict[str, Any] | None, int | None]]:
    """(user, came at, what brought them, went at) of every stay in a group, by user and time; at most so many."""
    rows = await reader.all(STAYS, (group, most))
    return [
        (user, since, orjson.loads(via) if via is not None else None, None if until is None else went)
        for user, _, since, via, until, went in rows
    ]
