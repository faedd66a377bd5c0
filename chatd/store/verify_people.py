"""What `verify` looks at beside the logs: that people are found by exactly what their rows say, and handles by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import orjson

from chatd.core.accounts import SUB_PREFIX
from chatd.core.handles import Handle, key_of
from chatd.core.profiles import name_parts
from chatd.core.values import BOT_SUB, User
from chatd.store import users
from chatd.store.database import Database
from chatd.store.records import rows_of

PAGE_ROWS: Final = 1000
_USERS: Final = f"SELECT {', '.join(users.COLUMNS)} FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?"
_PARTS: Final = "SELECT user_id, part FROM name_parts WHERE user_id > ? AND user_id <= ?"
_NOT_OWN: Final = (
    "SELECT a.user_id FROM accounts AS a JOIN users AS u ON u.user_id = a.user_id"
    f" WHERE u.sub <> '{SUB_PREFIX}' || a.user_id ORDER BY a.user_id LIMIT ?"
)
_NO_BOT: Final = (
    "SELECT u.user_id FROM users AS u LEFT JOIN bots AS b ON b.user_id = u.user_id"
    f" WHERE (substr(u.sub, 1, {len(BOT_SUB)}) = '{BOT_SUB}') <> (b.user_id IS NOT NULL)"
    f" OR u.sub <> '{BOT_SUB}' || b.name ORDER BY u.user_id LIMIT ?"
)
_TOKENS: Final = "SELECT user_id, digest FROM bot_tokens ORDER BY user_id, digest"
_BOTS: Final = "SELECT user_id, tokens FROM bots ORDER BY user_id"
_HELD: Final = "SELECT count(*) FROM handles WHERE until IS NULL"


def check_people(database: Database, say: Callable[[str], None]) -> None:
    """Calls `say` with each problem. Raises `StoreLost`."""
    with_handle = 0
    after = ""
    for page in _pages(database):
        _check_parts(database, page, after, say)
        _check_handles(database, [user for user in page if user.profile.get("handle")], say)
        with_handle += sum(1 for user in page if user.profile.get("handle"))
        after = page[-1].id
    for (user,) in database.run(_NOT_OWN, (PAGE_ROWS,))[0]:
        say(f"user {user}: has an account, and a sub that is not of our own")
    for (user,) in database.run(_NO_BOT, (PAGE_ROWS,))[0]:
        say(f"user {user}: is a bot by their sub or by its row, and not by both")
    _check_tokens(database, say)
    held = database.run(_HELD)[0][0][0]
    if held != with_handle:
        say(f"handles: {held} belong to somebody, {with_handle} users have one")


def _check_tokens(database: Database, say: Callable[[str], None]) -> None:
    stored: dict[str, set[str]] = {}
    for user, digest in database.run(_TOKENS)[0]:
        stored.setdefault(user, set()).add(digest)
    named = {user: set(orjson.loads(tokens)) for user, tokens in database.run(_BOTS)[0]}
    for user in sorted(stored.keys() | named.keys()):
        if stored.get(user, set()) != named.get(user, set()):
            say(f"user {user}: is a bot with other tokens than its row names")


def _pages(database: Database) -> Iterator[list[User]]:
    after = ""
    while rows := database.run(_USERS, (after, PAGE_ROWS))[0]:
        yield [users.user_from(row) for row in rows]
        after = rows[-1][0]


def _check_parts(database: Database, page: list[User], after: str, say: Callable[[str], None]) -> None:
    found: dict[str, set[bytes]] = {}
    for user_id, part in database.run(_PARTS, (after, page[-1].id))[0]:
        found.setdefault(user_id, set()).add(bytes(part))
    for user in page:
        if found.get(user.id, set()) != name_parts(user):
            say(f"user {user.id}: is found by other parts of a name than theirs")


def _check_handles(database: Database, page: list[User], say: Callable[[str], None]) -> None:
    keys = [(key_of(user.profile["handle"]),) for user in page]
    rows = rows_of(Handle)
    held = [rows.read(row) for row in (database.find(rows.probe, keys) if keys else [])]
    owners = {row.handle_key: row for row in held if isinstance(row, Handle)}
    for user in page:
        row = owners.get(key_of(user.profile["handle"]))
        if row is None or (row.user_id, row.handle, row.until) != (user.id, user.profile["handle"], None):
            say(f"user {user.id}: the handle in their profile is not theirs")
