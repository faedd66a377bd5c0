"""Whether a whole database is as the rules leave it: numbers without holes, references, counts, and replay = state.

It reads one snapshot from beginning to end, a page at a time: memory depends on the people of the largest group and on
how much of a user's log is kept, not on the number of entries. It changes nothing. Problems name tables, ids and
positions, never what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import msgspec
import orjson

import chatd_migrations
from chatd.core.board import Board, Featured
from chatd.core.chats import Chat
from chatd.core.restrictions import FOREVER
from chatd.core.values import Group
from chatd.store import attribution, boards, cards, groups, mentions, messages, relations, schema, users
from chatd.store.database import Database, Row
from chatd.store.engine import WRITER
from chatd.store.migrate import revision
from chatd.store.records import read_row
from chatd.store.replay import CID_CHARACTERS, Replay, Target
from chatd.store.statements import Probe
from chatd.store.stream import Stream
from chatd.store.verify_groups import check_beside, check_gone
from chatd.store.verify_people import check_people

PROBLEMS_MAX: Final = 1000
_NAMED_MAX: Final = 20
_TABLES: Final = (
    "users",
    "follows",
    "blocks",
    "contacts",
    "groups",
    "entries",
    "reactions",
    "reads",
    "chats",
    "drafts",
    "mine",
    "audit",
    "invites",
    "join_requests",
    "commands",
    "commits",
    "accounts",
    "handles",
    "name_parts",
    "devices",
    "catalogue",
    "card_places",
    "card_changes",
    "boards",
    "featured",
    "mentions",
)


class Report(msgspec.Struct):
    """How many rows of what there are, and what is wrong; at most `PROBLEMS_MAX` problems are listed."""

    counts: dict[str, int]
    problems: list[str]


class _Enough(Exception):
    """As many problems were found as are listed."""


def verify(database: Database) -> Report:
    """Check everything. Raises `StoreLost`."""
    report = Report({}, [])
    at = revision(database)
    if at != chatd_migrations.HEAD:
        report.problems.append(f"the tables are at revision {at}, this version expects {chatd_migrations.HEAD}")
        return report
    database.run("BEGIN" if database.kind == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        _Check(database, report).run()
    except _Enough:
        report.problems.append(f"more than {PROBLEMS_MAX} problems: the check ended here")
    finally:
        database.rollback()
    return report


class _Check:
    def __init__(self, database: Database, report: Report) -> None:
        self._db = database
        self._report = report

    def run(self) -> None:
        for table in _TABLES:
            self._report.counts[table] = self._db.run(f'SELECT count(*) FROM "{table}"')[0][0][0]
        self._check_file()
        for problem, sql in _MUST_BE_EMPTY.items():
            for row in self._db.run(f"{sql} LIMIT ?", (_NAMED_MAX,))[0]:
                self._say(problem.format(*row))
        self._check_users()
        check_people(self._db, self._say)
        self._check_groups()
        self._check_audit()
        self._check_commands()
        self._check_commits()

    def _say(self, problem: str) -> None:
        if len(self._report.problems) >= PROBLEMS_MAX:
            raise _Enough
        self._report.problems.append(problem)

    def _check_file(self) -> None:
        """The file of the embedded database as such: pages, indexes, foreign keys (https://sqlite.org/pragma.html)."""
        if self._db.kind != "sqlite":
            return
        for (words,) in self._db.run(f"PRAGMA integrity_check({_NAMED_MAX})")[0]:
            if words != "ok":
                self._say(f"file: {words}")
        for table, row, parent, *_ in islice(self._db.run("PRAGMA foreign_key_check")[0], _NAMED_MAX):
            self._say(f"{table}: row {row} refers to nothing in {parent}")

    # -- users

    def _check_users(self) -> None:
        logs = Stream(self._db, _MINE, ("", -1))
        for user, upos, floor, group_count, following_count, in_groups, follows in Stream(self._db, _USERS, ("",)):
            if group_count != in_groups:
                self._say(f"user {user}: group_count is {group_count}, in {in_groups} groups")
            if following_count != follows:
                self._say(f"user {user}: following_count is {following_count}, follows {follows}")
            self._check_log(user, upos, floor, in_groups, logs)

    def _check_log(self, user: str, upos: int, floor: int, in_groups: int, logs: Stream) -> None:
        last, balance = floor, 0
        chats: dict[str, str] = {}
        for _, number, kind, group, pos, fits, body in logs.take(user):
            if number != last + 1:
                self._say(f"user {user}: entry {number} of their log follows {last}")
            last = number
            balance += {"added": 1, "removed": -1}.get(kind, 0)
            if kind == "chat":
                chats[group] = body
            if not fits:
                self._say(f"user {user}: entry {number} of their log ({kind}) fits no membership in {group} at {pos}")
        if last != upos:
            self._say(f"user {user}: upos is {upos}, their log ends at {last}")
        self._check_chats(user, floor, chats)
        if not floor and balance != in_groups:
            self._say(f"user {user}: their log leaves them in {balance} groups, they are in {in_groups}")

    def _check_chats(self, user: str, floor: int, chats: dict[str, str]) -> None:
        """How groups stand in somebody's list is what the last entry about each says, as far as their log reaches."""
        rows, _ = self._db.run(_CHATS, (user,))
        kept = {row[1]: Chat(*row) for row in rows}
        for group in kept.keys() | chats.keys():
            chat, body = kept.get(group), chats.get(group)
            if body is None and floor:
                continue
            if chat is None or body is None or orjson.loads(body) != {"chat": chat.view()}:
                self._say(f"user {user}: {group} does not stand in their list as their log says")

    # -- groups

    def _check_groups(self) -> None:
        members = Stream(self._db, _MEMBERS, ("", "", -1))
        reactions = Stream(self._db, _REACTIONS, ("", -1, "", ""))
        entries = Stream(self._db, _ENTRIES, ("", -1))
        kept = Stream(self._db, boards.ALL, ("",))
        featured = Stream(self._db, boards.ALL_FEATURED, ("", -1))
        for row in Stream(self._db, _GROUPS, ("",)):
            group = groups.group_from(row)
            if group.direct:
                self._check_direct(group)
            check_beside(self._db, group, self._say)
            board = next((read_row(Board, one) for one in kept.take(group.id)), None)
            if group.dissolved_at is not None and not group.members:
                left = sum(1 for stream in (entries, reactions, featured) for _ in stream.take(group.id))
                left += board is not None
                check_gone(self._db, group, [groups.member_from(m) for m in members.take(group.id)], left, self._say)
                continue
            replay = Replay(group, [groups.member_from(m) for m in members.take(group.id)], board, self._say)
            for one in entries.take(group.id):
                reacted = self._reactions_of(group.id, one[1], reactions)
                replay.take(messages.entry_from(one), one[12], _target_of(one[13:]), reacted)
            replay.finish()
            attribution.check_uses(self._db, group.id, replay.brought, self._say)
            replay.board.finish([read_row(Featured, one) for one in featured.take(group.id)])
            self._reactions_of(group.id, None, reactions)
            for kind, balance in replay.balance.items():
                if balance:
                    self._name_unbalanced(group.id, kind)

    def _reactions_of(self, group: str, pos: int | None, reactions: Stream) -> list[tuple[str, str]]:
        """The (user, sign) pairs at a position; those that lie before it, or behind the last one, belong nowhere."""
        found = []
        while (row := reactions.peek()) is not None and row[0] == group and (pos is None or row[1] <= pos):
            reactions.skip()
            if row[1] == pos:
                found.append((row[2], row[3]))
            else:
                self._say(f"group {group}: a reaction is kept for {row[1]}, which is no entry")
        return found

    def _check_direct(self, group: Group) -> None:
        one, _, other = (group.direct_key or "").partition(":")
        pairs = [(one, other), (other, one)]
        blocked = bool(self._db.find(relations.BLOCKS, pairs))
        mutual = len(self._db.find(relations.FOLLOWS, pairs)) == 2 or bool(group.settings.get("accepted"))
        if not one < other:
            self._say(f"group {group.id}: direct_key is no pair in order")
        if group.read_only == (mutual and not blocked):
            self._say(f"group {group.id}: read_only is {group.read_only}, mutual is {mutual and not blocked}")

    def _name_unbalanced(self, group: str, kind: str) -> None:
        """The slow way to what the sums have shown, for the few groups where they did."""
        rows, _ = self._db.run(_UNBALANCED[kind], (*[group] * _UNBALANCED[kind].count("group_id = ?"), _NAMED_MAX))
        for (pos,) in rows:
            self._say(f"group {group}: entry {pos} is not what its {kind} entries lead to")
        if not rows:
            self._say(f"group {group}: {kind} entries do not lead to the messages as they are")

    # -- the audit log, and what only it tells

    def _check_audit(self) -> None:
        """The last act about somebody's restriction says what their newest membership does."""
        ends: dict[tuple[str, str], int] = {}
        for number, act, group, user, details in Stream(self._db, _AUDIT, (0,)):
            if not _is_object(details):
                self._say(f"audit: {number} is no whole row")
            elif act == "member.restrict":
                ends[group, user] = orjson.loads(details).get("until", FOREVER)
            elif act == "member.unrestrict":
                ends.pop((group, user), None)
        for group, user, until in Stream(self._db, _RESTRICTED, ("", "")):
            if ends.pop((group, user), 0) != until:
                self._say(f"group {group}: {user} is restricted until {until}, the audit log says otherwise")
        for group, user in list(ends)[:_NAMED_MAX]:
            self._say(f"group {group}: {user} is not restricted, the audit log says otherwise")

    # -- what the engine keeps for itself

    def _check_commands(self) -> None:
        for user, cid, digest, answer, entry_too in Stream(self._db, _COMMANDS, ("", "")):
            if len(cid) != CID_CHARACTERS or not digest or not _is_object(answer):
                self._say(f"commands: {cid} of {user} is no whole row")
            if entry_too:
                self._say(f"commands: {cid} of {user} is an entry's as well")

    def _check_commits(self) -> None:
        rows, _ = self._db.run("SELECT n FROM writers WHERE writer = ?", (WRITER,))
        n = rows[0][0] if rows else 0
        last: int | None = None
        for _, number, in_groups, of_users in Stream(self._db, _COMMITS, (-1, -1)):
            if last is not None and number != last + 1:
                self._say(f"commits: {number} follows {last}")
            last = number
            self._check_known(number, "group", _GROUP_BY_ID, orjson.loads(in_groups))
            self._check_known(number, "user", users.BY_ID, orjson.loads(of_users))
        if n != (last or 0):
            self._say(f"commits: the last one is {last or 0}, the writer counts {n}")

    def _check_known(self, number: int, noun: str, probe: Probe, ids: Sequence[str]) -> None:
        known = {row[0] for row in self._db.find(probe, [(one,) for one in ids])} if ids else set()
        for unknown in set(ids) - known:
            self._say(f"commits: {number} names {noun} {unknown}, which is not there")


def _target_of(row: Row) -> Target | None:
    kind, actor, recalled, version, body, of_card = row
    if kind is None:
        return None
    type_ = orjson.loads(of_card).get("type", "") if of_card else ""
    return Target(kind, actor, bool(recalled), version, body and orjson.loads(body), type_)


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _columns(names: Iterable[str], prefix: str) -> str:
    return ", ".join(prefix + name for name in names)


def _known(table: str, key: str, of: str) -> str:
    """Rows without a parent are named by `_MUST_BE_EMPTY`; here they would only come at no group's or user's turn."""
    return f"EXISTS (SELECT 1 FROM {table} AS p WHERE p.{key} = {of}.{key})"


_GROUP_BY_ID: Final = Probe(schema.groups, ("group_id",), ("group_id",))
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
    " WHEN 'profile' THEN n.group_id IS NULL"
    " WHEN 'invited' THEN EXISTS (SELECT 1 FROM invites AS i WHERE i.group_id = n.group_id AND i.target = n.user_id)"
    " WHEN 'request' THEN EXISTS (SELECT 1 FROM join_requests AS q WHERE q.group_id = n.group_id"
    " AND (q.user_id = n.user_id OR EXISTS (SELECT 1 FROM memberships AS m"
    " WHERE m.group_id = n.group_id AND m.user_id = n.user_id)))"
    " ELSE EXISTS (SELECT 1 FROM memberships AS m WHERE m.group_id = n.group_id AND m.user_id = n.user_id) END,"
    " CASE WHEN n.kind = 'chat' THEN n.body END"
    f" FROM mine AS n WHERE (n.user_id, n.upos) > (?, ?) AND {_known('users', 'user_id', 'n')}"
    " ORDER BY n.user_id, n.upos LIMIT ?"
)
_CHATS: Final = "SELECT user_id, group_id, period, pinned, level, until, marked FROM chats WHERE user_id = ?"
_GROUPS: Final = f"SELECT {_columns(groups.COLUMNS, '')} FROM groups WHERE group_id > ? ORDER BY group_id LIMIT ?"
_MEMBERS: Final = (
    f"SELECT {_columns(groups.MEMBER_COLUMNS, 'm.')} FROM memberships AS m"
    f" WHERE (m.group_id, m.user_id, m.period) > (?, ?, ?) AND {_known('groups', 'group_id', 'm')}"
    " ORDER BY m.group_id, m.user_id, m.period LIMIT ?"
)
_ENTRIES: Final = (
    f"SELECT {_columns(messages.COLUMNS, 'e.')}, e.digest,"
    " t.kind, t.actor, t.recalled, t.version, CASE WHEN e.kind = 'recall' THEN t.body END,"
    " CASE WHEN e.kind = 'card' THEN t.body END"
    " FROM entries AS e LEFT JOIN entries AS t ON t.group_id = e.group_id AND t.pos = e.target"
    f" WHERE (e.group_id, e.pos) > (?, ?) AND {_known('groups', 'group_id', 'e')}"
    " ORDER BY e.group_id, e.pos LIMIT ?"
)
_REACTIONS: Final = (
    "SELECT r.group_id, r.pos, r.user_id, r.emoji FROM reactions AS r"
    f" WHERE (r.group_id, r.pos, r.user_id, r.emoji) > (?, ?, ?, ?) AND {_known('groups', 'group_id', 'r')}"
    " ORDER BY r.group_id, r.pos, r.user_id, r.emoji LIMIT ?"
)
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


def _orphans(table: str, column: str, parent: str, key: str) -> str:
    return (
        f"SELECT DISTINCT o.{column} FROM {table} AS o"
        f" WHERE NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE p.{key} = o.{column})"
    )


_MUST_BE_EMPTY: Final = {
    "entries: {0} is no group": _orphans("entries", "group_id", "groups", "group_id"),
    "bans: {0} is no group": _orphans("bans", "group_id", "groups", "group_id"),
    "group_terms: {0} is no group": _orphans("group_terms", "group_id", "groups", "group_id"),
    "gone_groups: {0} is no group": _orphans("gone_groups", "group_id", "groups", "group_id"),
    "reactions: {0} is no group": _orphans("reactions", "group_id", "groups", "group_id"),
    "memberships: {0} is no group": _orphans("memberships", "group_id", "groups", "group_id"),
    "memberships: {0} is no user": _orphans("memberships", "user_id", "users", "user_id"),
    "mine: {0} is no user": _orphans("mine", "user_id", "users", "user_id"),
    "commands: {0} is no user": _orphans("commands", "user_id", "users", "user_id"),
    "reactions: {0} is no user": _orphans("reactions", "user_id", "users", "user_id"),
    **{
        f"{table}: {{0}} is no user": _orphans(table, column, "users", "user_id")
        for table in ("follows", "blocks")
        for column in ("user_id", "target_id")
    },
    "boards: {0} is no group": _orphans("boards", "group_id", "groups", "group_id"),
    "featured: {0} is no group": _orphans("featured", "group_id", "groups", "group_id"),
    "mentions: {0} is no user": _orphans("mentions", "user_id", "users", "user_id"),
    "mentions: {0} is mentioned at {2} of {1}, which does not name them": mentions.BASELESS,
    "follows: {0} follows themselves": "SELECT user_id FROM follows WHERE user_id = target_id",
    **{
        f"contacts: {{0}} ({column}) is no user": _orphans("contacts", column, "users", "user_id")
        for column in ("user_id", "asker_id")
    },
    "contacts: {0} has answered a request whose words are still kept": (
        "SELECT user_id FROM contacts WHERE state IN ('accepted', 'declined') AND text <> ''"
    ),
    "blocks: {0} blocks themselves": "SELECT user_id FROM blocks WHERE user_id = target_id",
    "reads: {0} has read {2} of the messages of {1}, which has fewer or not them": (
        "SELECT r.user_id, r.group_id, r.seq FROM reads AS r LEFT JOIN groups AS g ON g.group_id = r.group_id"
        " WHERE g.group_id IS NULL OR r.seq > g.seq OR r.seq < 0 OR NOT EXISTS"
        " (SELECT 1 FROM memberships AS m WHERE m.group_id = r.group_id AND m.user_id = r.user_id)"
    ),
    "paces: {1} wrote in {0}, where they never were": (
        "SELECT p.group_id, p.user_id FROM paces AS p WHERE NOT EXISTS"
        " (SELECT 1 FROM memberships AS m WHERE m.group_id = p.group_id AND m.user_id = p.user_id)"
    ),
    "audit: {0} is no group": _orphans("audit", "group_id", "groups", "group_id") + " AND o.group_id IS NOT NULL",
    "audit: {0} is no user": _orphans("audit", "user_id", "users", "user_id") + " AND o.user_id IS NOT NULL",
    "audit: {0} acted and is no user": _orphans("audit", "by", "users", "user_id") + " AND o.by IS NOT NULL",
    **{
        f"{table}: {{0}} keeps something of {{1}}, which they were never in": (
            f"SELECT o.user_id, o.group_id FROM {table} AS o WHERE NOT EXISTS (SELECT 1 FROM memberships AS m"
            f" WHERE m.group_id = o.group_id AND m.user_id = o.user_id{same})"
        )
        for table, same in (("chats", " AND m.period = o.period"), ("drafts", ""))
    },
    "users: {0} has a log that ends before it begins": "SELECT user_id FROM users WHERE mine_floor > upos",
    **attribution.MUST_BE_EMPTY,
    **cards.MUST_BE_EMPTY,
    "groups: {0} is direct exactly if it has no direct_key": (
        "SELECT group_id FROM groups WHERE (kind = 'direct') <> (direct_key IS NOT NULL)"
    ),
}


def _miscounted(kind: str, has: str, says: str) -> str:
    """Messages whose own row does not agree with the entries of a kind that refer to them."""
    return (
        f"SELECT m.pos FROM entries AS m LEFT JOIN (SELECT e.target, {says} AS n FROM entries AS e"
        f" WHERE e.group_id = ? AND e.kind = '{kind}' GROUP BY e.target) AS x ON x.target = m.pos"
        f" WHERE m.group_id = ? AND m.kind = 'message' AND {has} <> coalesce(x.n, 0) ORDER BY m.pos LIMIT ?"
    )


_UNBALANCED: Final = {
    "edit": _miscounted("edit", "m.version", "count(*)"),
    "recall": _miscounted("recall", "CASE WHEN m.recalled THEN 1 ELSE 0 END", "count(*)"),
    "reaction": _miscounted(
        "reaction",
        "CASE WHEN m.recalled THEN coalesce(x.n, 0) ELSE"
        " (SELECT count(*) FROM reactions AS r WHERE r.group_id = m.group_id AND r.pos = m.pos) END",
        # `_` stands for any character, `%%` for any text: one % for psycopg, two for SQLite, which takes that alike.
        "sum(CASE WHEN e.body LIKE '{_emoji_:_%%_,_on_:true}' THEN 1 ELSE -1 END)",
    ),
}
