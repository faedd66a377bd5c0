"""What is stored of a person: where it lies, and how a portion of it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec
import orjson

from chatd.core.erasure import Trace
from chatd.core.erasure_rows import Erasure
from chatd.core.values import User
from chatd.store import records, schema
from chatd.store.database import Database, Row
from chatd.store.readers import Reader
from chatd.store.statements import Probe
from chatd.store.users import COLUMNS, user_from

T = TypeVar("T")

PORTION_ROWS: Final = 500
_TABLES: Final = (
    ("chats", "user_id", ("user_id", "group_id")),
    ("drafts", "user_id", ("user_id", "group_id")),
    ("reads", "user_id", ("user_id", "group_id", "section")),
    ("mentions", "user_id", ("user_id", "group_id", "section", "seq")),
    ("revocations", "user_id", ("user_id", "device")),
    ("devices", "user_id", ("user_id",)),
    ("commands", "user_id", ("user_id", "cid")),
    ("fan_groups", "user_id", ("user_id",)),
    ("blocks", "user_id", ("user_id", "target_id")),
    ("blocks", "target_id", ("user_id", "target_id")),
    ("follow_versions", "user_id", ("user_id", "target_id")),
    ("follow_versions", "target_id", ("user_id", "target_id")),
    ("contacts", "user_id", ("user_id", "asker_id")),
    ("contacts", "asker_id", ("user_id", "asker_id")),
)
"""Tables of which every row goes that names the person in this column, with the columns of their keys."""
_DELETE: Final = tuple(
    f"DELETE FROM {table} WHERE ({', '.join(key)}) IN (SELECT {', '.join(key)} FROM {table} WHERE {column} = ? LIMIT ?)"
    for table, column, key in _TABLES
)
COUNTS: Final = tuple((table, f"SELECT count(*) FROM {table} WHERE {column} = ?") for table, column, _ in _TABLES)
_LEFT: Final = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE {column} = ?" for table, column, _ in _TABLES)
ROWS_LEFT: Final = f"SELECT 1 FROM ({_LEFT}) AS x LIMIT 1"
IN_GROUP: Final = (
    "UPDATE memberships SET nickname = '' WHERE group_id = ? AND user_id = ? AND nickname <> ''",
    "UPDATE invites SET note = '' WHERE group_id = ? AND maker = ? AND note <> ''",
    "UPDATE bans SET reason = '' WHERE group_id = ? AND \"by\" = ? AND reason <> ''",
    "UPDATE audit SET reason = '' WHERE group_id = ? AND \"by\" = ? AND reason <> ''",
    "DELETE FROM paces WHERE group_id = ? AND user_id = ?",
)
"""What holds their words beside the log of a group. All take the group and the person."""
ABOUT: Final = (
    "UPDATE bans SET reason = '' WHERE user_id = ? AND reason <> ''",
    "UPDATE audit SET reason = '' WHERE user_id = ? AND reason <> ''",
    "UPDATE audit SET details = '{}' WHERE user_id = ? AND act = 'user.tag' AND details <> '{}'",
)
"""What was written down about them."""
ASKED: Final = "SELECT user_id FROM contacts WHERE asker_id = ? ORDER BY user_id LIMIT ?"
REQUESTS: Final = "SELECT upos, body FROM mine WHERE user_id = ? AND kind IN ('contact', 'removed') ORDER BY upos"
REWRITE_MINE: Final = "UPDATE mine SET body = ? WHERE user_id = ? AND upos = ?"
TOLD: Final = (
    "SELECT DISTINCT user_id FROM audit WHERE group_id = ? AND \"by\" = ? AND act IN ('member.kick', 'member.ban')"
    " AND user_id IS NOT NULL"
)
"""Whom they put out of a group, perhaps with a reason that stands in that person's own log."""


def under_way(database: Database) -> frozenset[str]:
    """Those whose erasure began and is not through."""
    return frozenset(str(user) for (user,) in database.run("SELECT user_id FROM erasures")[0])


def wipe(database: Database, wipes: Iterable[tuple[str, str | None]]) -> None:
    """A portion of what is kept of people in a group, or of them alone."""
    for user, group in wipes:
        if group is None:
            _wipe_rows(database, user)
        else:
            for (told,) in database.run(TOLD, (group, user))[0]:
                _silence(database, told, user)
            for statement in IN_GROUP:
                database.run(statement, (group, user))


def _wipe_rows(database: Database, user: str) -> None:
    # Before the rows by which they are found: the words of a request stand in the own log of who was asked, too.
    for (asked,) in database.run(ASKED, (user, PORTION_ROWS))[0]:
        _silence(database, asked, user)
    left = PORTION_ROWS
    for statement in _DELETE:
        left -= database.run(statement, (user, left))[1] if left > 0 else 0
    for statement in ABOUT:
        database.run(statement, (user,))


def _silence(database: Database, of: str, user: str) -> None:
    """Nothing that `user` wrote stands in the own log of `of` any more."""
    for upos, text in database.run(REQUESTS, (of,))[0]:
        body = orjson.loads(text)
        if body.get("by") == user and (body.keys() & {"text", "reason"}):
            kept = {key: value for key, value in body.items() if key not in ("text", "reason")}
            database.run(REWRITE_MINE, (orjson.dumps(kept).decode(), of, upos))


def scrub(database: Database, patience_ms: int) -> bool:
    """What was overwritten is not to be found in the files either: on SQLite the log of changes is folded into the file
    of the database, whose free room is overwritten (`secure_delete`), and cut off. Returns whether it was: not while
    somebody reads. On PostgreSQL that is VACUUM's."""
    if database.kind != "sqlite":
        return True
    database.run(f"PRAGMA busy_timeout = {patience_ms}")
    busy = database.run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0][0]
    database.run("PRAGMA busy_timeout = 5000")
    return not busy


# -- where a person's traces are


class Known(msgspec.Struct):
    """Who somebody is, as their erasure has to know."""

    user: User
    login: str | None
    handles: list[str]


async def known_of(reader: Reader, user: str) -> Known | None:
    """What is known of somebody by their id."""
    rows = await reader.all(f"SELECT {', '.join(COLUMNS)} FROM users WHERE user_id = ?", (user,))
    if not rows:
        return None
    logins = await reader.all("SELECT login FROM accounts WHERE user_id = ?", (user,))
    handles = await reader.all("SELECT handle_key FROM handles WHERE user_id = ?", (user,))
    return Known(user_from(rows[0]), logins[0][0] if logins else None, [key for (key,) in handles])


async def erasures(reader: Reader) -> list[Erasure]:
    """Those under way, the oldest first."""
    return await records.select(reader, Erasure, "at >= 0 ORDER BY at, user_id")


async def cursor_of(reader: Reader, user: str) -> str:
    """The last group that is done with."""
    found = await records.find(reader, Erasure, [(user,)])
    return found[0].cursor if found else ""


async def own_log(reader: Reader, user: str) -> tuple[int, int]:
    """(newest entry of somebody's own log that is not kept, the newest one)."""
    rows = await reader.all("SELECT mine_floor, upos FROM users WHERE user_id = ?", (user,))
    return int(rows[0][0]), int(rows[0][1])


_TITLES: Final = Probe(schema.groups, ("group_id",), ("group_id", "title"))
TRACES: Final = (
    "SELECT cid, group_id, pos, kind, target, body FROM entries WHERE actor = ? AND cid IS NOT NULL AND cid > ?"
    " AND kind IN ('message', 'reaction', 'feature') AND NOT recalled ORDER BY cid LIMIT ?"
)
WORDS: Final = (
    "SELECT pos, kind, actor, body FROM entries WHERE group_id = ? AND pos > ?"
    " AND kind IN ('nicknames', 'announcement') ORDER BY pos LIMIT ?"
)
GROUPS_OF: Final = (
    "SELECT x.group_id, g.direct_key FROM (SELECT group_id FROM memberships WHERE user_id = ? AND group_id > ?"
    " UNION SELECT group_id FROM join_requests WHERE user_id = ? AND group_id > ?) AS x"
    " JOIN groups AS g ON g.group_id = x.group_id ORDER BY x.group_id LIMIT ?"
)
LAST: Final = (
    "SELECT group_id, count(*), max(pos) FROM entries WHERE actor = ? AND cid IS NOT NULL AND kind = 'message'"
    " GROUP BY group_id"
)


async def traces_after(reader: Reader, user: str, cid: str, limit: int) -> list[Row]:
    """(cid, group, pos, kind, target, body) of what somebody wrote and did, by cid."""
    return await reader.all(TRACES, (user, cid, limit))


async def words_in(reader: Reader, user: str, group: str, after: int, limit: int) -> tuple[list[Trace], int | None]:
    """Other entries of a group with words of somebody or about them, and where the page ended if there are more."""
    rows = await reader.all(WORDS, (group, after, limit))
    found = [
        Trace(group, pos, kind)
        for pos, kind, actor, body in rows
        if (actor == user if kind == "announcement" else _names(body, user))
    ]
    return found, rows[-1][0] if len(rows) == limit else None


def _names(body: str, user: str) -> bool:
    return any(one["user"] == user and one["nickname"] for one in orjson.loads(body)["names"])


async def groups_of(reader: Reader, user: str, after: str, limit: int) -> list[tuple[str, str | None]]:
    """(group, key of a direct chat) of all groups that somebody ever was in, or asked to come into, by id."""
    return [(str(group), key) for group, key in await reader.all(GROUPS_OF, (user, after, user, after, limit))]


async def messages_by_group(reader: Reader, user: str) -> dict[str, tuple[int, int]]:
    """(how many, the last one) of somebody's messages, those that were taken back too."""
    return {str(group): (int(count), int(last)) for group, count, last in await reader.all(LAST, (user,))}


async def kinds_of(reader: Reader, user: str) -> dict[str, int]:
    """How many entries somebody made by a command and did not take back, by kind."""
    sql = "SELECT kind, count(*) FROM entries WHERE actor = ? AND cid IS NOT NULL AND NOT recalled GROUP BY kind"
    return {str(kind): int(count) for kind, count in await reader.all(f"{sql} ORDER BY kind", (user,))}


async def titles_of(reader: Reader, groups: Sequence[str]) -> dict[str, str]:
    """What these groups are called; a direct chat is called nothing."""
    rows = await reader.find(_TITLES, [(group,) for group in groups])
    return {str(group): str(title) for group, title in rows}


async def follows_of(reader: Reader, user: str, limit: int) -> tuple[list[str], list[str]]:
    """Some of those whom somebody follows, and of those who follow them."""
    follows = await reader.all("SELECT target_id FROM follows WHERE user_id = ? LIMIT ?", (user, limit))
    followers = await reader.all("SELECT user_id FROM follows WHERE target_id = ? LIMIT ?", (user, limit))
    return [str(one) for (one,) in follows], [str(one) for (one,) in followers]


async def size_of(reader: Reader, user: str) -> int:
    """How many entries somebody made by a command: about as many steps as their erasure takes."""
    return int((await reader.all("SELECT count(*) FROM entries WHERE actor = ? AND cid IS NOT NULL", (user,)))[0][0])


async def rows_left(reader: Reader, user: str) -> bool:
    """Whether something is kept of somebody beside the logs."""
    return bool(await reader.all(ROWS_LEFT, (user,) * len(_TABLES)))


async def counts_of(reader: Reader, user: str) -> dict[str, int]:
    """How many rows are kept of somebody beside the logs, by table."""
    counts: dict[str, int] = {}
    for table, sql in (*COUNTS, *_MORE_COUNTS):
        counts[table] = counts.get(table, 0) + int((await reader.all(sql, (user,)))[0][0])
    return {table: count for table, count in counts.items() if count}


_MORE_COUNTS: Final = (
    ("own log", "SELECT count(*) FROM mine WHERE user_id = ?"),
    ("follows", "SELECT count(*) FROM follows WHERE user_id = ?"),
    ("follows", "SELECT count(*) FROM follows WHERE target_id = ?"),
    ("handles", "SELECT count(*) FROM handles WHERE user_id = ?"),
    ("accounts", "SELECT count(*) FROM accounts WHERE user_id = ?"),
    ("groups", "SELECT count(*) FROM memberships WHERE user_id = ? AND until_pos IS NULL"),
)


class FromDatabase:
    """A `Reader` over the engine's own kind of connection, for when no server runs. Never waits."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.among = "IN (SELECT value FROM json_each(?))" if database.kind == "sqlite" else "= ANY(?::text[])"

    def array(self, values: Sequence[str]) -> object:
        return orjson.dumps(values).decode() if self._db.kind == "sqlite" else list(values)

    async def all(self, sql: str, params: Row = ()) -> list[Row]:
        return self._db.run(sql, params)[0]

    async def find(self, what: Probe, keys: Sequence[Row]) -> list[Row]:
        return self._db.find(what, keys) if keys else []

    async def run(self, work: Callable[[Reader], Coroutine[Any, Any, T]], *, last: bool = False) -> T:
        return await work(self)
