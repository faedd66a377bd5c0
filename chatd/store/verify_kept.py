"""What `verify` asks of the server's own books: the audit log, answered commands, numbered commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import orjson

from chatd.core.restrictions import FOREVER
from chatd.store import schema, users
from chatd.store.database import Database
from chatd.store.engine import WRITER
from chatd.store.replay import CID_CHARACTERS
from chatd.store.statements import Probe
from chatd.store.stream import Stream
from chatd.store.verify_rows import NAMED_MAX

_GROUP_BY_ID: Final = Probe(schema.groups, ("group_id",), ("group_id",))
_AUDIT: Final = (
    "SELECT audit_id, act, group_id, user_id, details FROM audit WHERE audit_id > ? ORDER BY audit_id LIMIT ?"
)
_RESTRICTED: Final = (
    "SELECT m.group_id, m.user_id, m.restricted_until FROM memberships AS m"
    " WHERE (m.group_id, m.user_id) > (?, ?) AND m.restricted_until <> 0 AND m.period ="
    " (SELECT max(n.period) FROM memberships AS n WHERE n.group_id = m.group_id AND n.user_id = m.user_id)"
    " ORDER BY m.group_id, m.user_id LIMIT ?"
)
_COMMANDS: Final = (
    "SELECT c.user_id, c.cid, c.digest, c.answer,"
    " EXISTS (SELECT 1 FROM entries AS e WHERE e.actor = c.user_id AND e.cid = c.cid)"
    " FROM commands AS c WHERE (c.user_id, c.cid) > (?, ?) ORDER BY c.user_id, c.cid LIMIT ?"
)
_COMMITS: Final = "SELECT writer, n, groups, users FROM commits WHERE (writer, n) > (?, ?) ORDER BY writer, n LIMIT ?"


def check_kept(database: Database, say: Callable[[str], None]) -> None:
    """Calls `say` with each problem. Raises `StoreLost`."""
    _check_audit(database, say)
    _check_commands(database, say)
    _check_commits(database, say)


def _check_audit(database: Database, say: Callable[[str], None]) -> None:
    """The last act about somebody's restriction says what their newest membership does."""
    ends: dict[tuple[str, str], int] = {}
    for number, act, group, user, details in Stream(database, _AUDIT, (0,)):
        if not _is_object(details):
            say(f"audit: {number} is no whole row")
        elif act == "member.restrict":
            ends[group, user] = orjson.loads(details).get("until", FOREVER)
        elif act == "member.unrestrict":
            ends.pop((group, user), None)
    for group, user, until in Stream(database, _RESTRICTED, ("", "")):
        if ends.pop((group, user), 0) != until:
            say(f"group {group}: {user} is restricted until {until}, the audit log says otherwise")
    for group, user in list(ends)[:NAMED_MAX]:
        say(f"group {group}: {user} is not restricted, the audit log says otherwise")


def _check_commands(database: Database, say: Callable[[str], None]) -> None:
    for user, cid, digest, answer, entry_too in Stream(database, _COMMANDS, ("", "")):
        if len(cid) != CID_CHARACTERS or not digest or not _is_object(answer):
            say(f"commands: {cid} of {user} is no whole row")
        if entry_too:
            say(f"commands: {cid} of {user} is an entry's as well")


def _check_commits(database: Database, say: Callable[[str], None]) -> None:
    rows, _ = database.run("SELECT n FROM writers WHERE writer = ?", (WRITER,))
    n = rows[0][0] if rows else 0
    last: int | None = None
    for _, number, in_groups, of_users in Stream(database, _COMMITS, (-1, -1)):
        if last is not None and number != last + 1:
            say(f"commits: {number} follows {last}")
        last = number
        _check_known(database, say, number, "group", _GROUP_BY_ID, orjson.loads(in_groups))
        _check_known(database, say, number, "user", users.BY_ID, orjson.loads(of_users))
    if n != (last or 0):
        say(f"commits: the last one is {last or 0}, the writer counts {n}")


def _check_known(
    database: Database, say: Callable[[str], None], number: int, noun: str, probe: Probe, ids: Sequence[str]
) -> None:
    known = {row[0] for row in database.find(probe, [(one,) for one in ids])} if ids else set()
    for unknown in set(ids) - known:
        say(f"commits: {number} names {noun} {unknown}, which is not there")


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
