"""What `verify` asks of people's own logs: numbers without holes, and that counts and chat lists are what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson

from chatd.core.chats import Chat
from chatd.store.database import Database
from chatd.store.stream import Stream
from chatd.store.verify_rows import known

_USERS: Final = (
    "SELECT u.user_id, u.upos, u.mine_floor, u.group_count, u.following_count,"
    " (SELECT count(*) FROM memberships AS m WHERE m.user_id = u.user_id AND m.until_pos IS NULL),"
    " (SELECT count(*) FROM follows AS f WHERE f.user_id = u.user_id)"
    " FROM users AS u WHERE u.user_id > ? ORDER BY u.user_id LIMIT ?"
)
_MINE: Final = (
    "SELECT n.user_id, n.upos, n.kind, n.group_id, n.pos, CASE n.kind"
    " WHEN 'added' THEN EXISTS (SELECT 1 FROM memberships AS m"
    " WHERE m.group_id = n.group_id AND m.user_id = n.user_id AND m.joined_pos = n.pos)"
    " WHEN 'removed' THEN EXISTS (SELECT 1 FROM memberships AS m"
    " WHERE m.group_id = n.group_id AND m.user_id = n.user_id AND m.until_pos = n.pos - 1)"
    " WHEN 'profile' THEN n.group_id IS NULL WHEN 'contact' THEN n.group_id IS NULL"
    " WHEN 'declined' THEN EXISTS (SELECT 1 FROM invites AS i WHERE i.group_id = n.group_id AND i.target = n.user_id"
    " AND i.declined_at IS NOT NULL)"
    " WHEN 'invited' THEN EXISTS (SELECT 1 FROM invites AS i WHERE i.group_id = n.group_id AND i.target = n.user_id)"
    " WHEN 'request' THEN EXISTS (SELECT 1 FROM join_requests AS q WHERE q.group_id = n.group_id"
    " AND (q.user_id = n.user_id OR EXISTS (SELECT 1 FROM memberships AS m"
    " WHERE m.group_id = n.group_id AND m.user_id = n.user_id)))"
    " ELSE EXISTS (SELECT 1 FROM memberships AS m WHERE m.group_id = n.group_id AND m.user_id = n.user_id) END,"
    " CASE WHEN n.kind = 'chat' THEN n.body END"
    f" FROM mine AS n WHERE (n.user_id, n.upos) > (?, ?) AND {known('users', 'user_id', 'n')}"
    " ORDER BY n.user_id, n.upos LIMIT ?"
)
_CHATS: Final = "SELECT user_id, group_id, period, pinned, level, until, marked FROM chats WHERE user_id = ?"


def check_users(database: Database, say: Callable[[str], None]) -> None:
    """Calls `say` with each problem. Raises `StoreLost`."""
    logs = Stream(database, _MINE, ("", -1))
    for user, upos, floor, group_count, following_count, in_groups, follows in Stream(database, _USERS, ("",)):
        if group_count != in_groups:
            say(f"user {user}: group_count is {group_count}, in {in_groups} groups")
        if following_count != follows:
            say(f"user {user}: following_count is {following_count}, follows {follows}")
        _check_log(database, say, user, upos, floor, in_groups, logs)


def _check_log(
    database: Database, say: Callable[[str], None], user: str, upos: int, floor: int, in_groups: int, logs: Stream
) -> None:
    last, balance = floor, 0
    chats: dict[str, str] = {}
    for _, number, kind, group, pos, fits, body in logs.take(user):
        if number != last + 1:
            say(f"user {user}: entry {number} of their log follows {last}")
        last = number
        balance += {"added": 1, "removed": -1}.get(kind, 0)
        if kind == "chat":
            chats[group] = body
        if not fits:
            say(f"user {user}: entry {number} of their log ({kind}) fits no membership in {group} at {pos}")
    if last != upos:
        say(f"user {user}: upos is {upos}, their log ends at {last}")
    _check_chats(database, say, user, floor, chats)
    if not floor and balance != in_groups:
        say(f"user {user}: their log leaves them in {balance} groups, they are in {in_groups}")


def _check_chats(database: Database, say: Callable[[str], None], user: str, floor: int, chats: dict[str, str]) -> None:
    """How groups stand in somebody's list is what the last entry about each says, as far as their log reaches."""
    rows, _ = database.run(_CHATS, (user,))
    kept = {row[1]: Chat(*row) for row in rows}
    for group in kept.keys() | chats.keys():
        chat, body = kept.get(group), chats.get(group)
        if body is None and floor:
            continue
        if chat is None or body is None or orjson.loads(body) != {"chat": chat.view()}:
            say(f"user {user}: {group} does not stand in their list as their log says")
