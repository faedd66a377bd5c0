"""Whether a whole database is as the rules leave it: numbers without holes, references, counts, and replay = state.

It reads one snapshot from beginning to end, a page at a time: memory depends on the people of the largest group and on
how much of a user's log is kept, not on the number of entries. It changes nothing. Problems name tables, ids and
positions, never what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec
import orjson

import chatd_migrations
from chatd.core.board import Board, Featured
from chatd.core.section_rows import SectionCount
from chatd.core.values import Group
from chatd.store import attribution, boards, groups, messages, relations
from chatd.store.database import Database
from chatd.store.migrate import revision
from chatd.store.records import read_row
from chatd.store.replay import Replay
from chatd.store.replay_messages import Target
from chatd.store.stream import Stream
from chatd.store.verify_groups import check_beside, check_gone
from chatd.store.verify_items import check_items
from chatd.store.verify_kept import check_kept
from chatd.store.verify_logs import check_users
from chatd.store.verify_people import check_people
from chatd.store.verify_rows import MUST_BE_EMPTY, NAMED_MAX, known

PROBLEMS_MAX: Final = 1000
TELL_EVERY: Final = 1000
"""Entries between two words on how far it is."""
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
    "ledger",
    "invites",
    "join_requests",
    "commands",
    "commits",
    "accounts",
    "handles",
    "name_parts",
    "devices",
    "erasures",
    "erased_subs",
    "catalogue",
    "card_places",
    "card_changes",
    "boards",
    "featured",
    "mentions",
    "sections",
)


class Report(msgspec.Struct):
    """How many rows of what there are, and what is wrong; at most `PROBLEMS_MAX` problems are listed."""

    counts: dict[str, int]
    problems: list[str]


Steps = Callable[[str], Callable[[int, int], None]]
"""Called with the name of each step; gives what is told how much of it is done, and of how much."""


def unseen(_: str) -> Callable[[int, int], None]:
    """Steps that nobody looks at."""
    return lambda done, of: None


class _Enough(Exception):
    """As many problems were found as are listed."""


def verify(database: Database, step: Steps = unseen) -> Report:
    """Check everything. Raises `StoreLost`."""
    report = Report({}, [])
    at = revision(database)
    if at != chatd_migrations.HEAD:
        report.problems.append(f"the tables are at revision {at}, this version expects {chatd_migrations.HEAD}")
        return report
    database.run("BEGIN" if database.kind == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        _Check(database, report, step).run()
    except _Enough:
        report.problems.append(f"more than {PROBLEMS_MAX} problems: the check ended here")
    finally:
        database.rollback()
    return report


class _Check:
    def __init__(self, database: Database, report: Report, step: Steps = unseen) -> None:
        self._db = database
        self._report = report
        self._step = step

    def run(self) -> None:
        for table in _TABLES:
            self._report.counts[table] = self._db.run(f'SELECT count(*) FROM "{table}"')[0][0][0]
        self._step("verify_file")
        self._check_file()
        self._step("verify")
        for problem, sql in MUST_BE_EMPTY.items():
            for row in self._db.run(f"{sql} LIMIT ?", (NAMED_MAX,))[0]:
                self._say(problem.format(*row))
        check_users(self._db, self._say)
        check_people(self._db, self._say)
        self._check_groups()
        self._step("verify")
        check_items(self._db, self._say)
        check_kept(self._db, self._say)

    def _say(self, problem: str) -> None:
        if len(self._report.problems) >= PROBLEMS_MAX:
            raise _Enough
        self._report.problems.append(problem)

    def _check_file(self) -> None:
        """The file of the embedded database as such: pages, indexes, foreign keys (https://sqlite.org/pragma.html)."""
        if self._db.kind != "sqlite":
            return
        for (words,) in self._db.run(f"PRAGMA integrity_check({NAMED_MAX})")[0]:
            if words != "ok":
                self._say(f"file: {words}")
        for table, row, parent, *_ in islice(self._db.run("PRAGMA foreign_key_check")[0], NAMED_MAX):
            self._say(f"{table}: row {row} refers to nothing in {parent}")

    def _check_groups(self) -> None:
        erased = {str(user): bool(going) for user, going in self._db.run(_ERASED)[0]}
        members = Stream(self._db, _MEMBERS, ("", "", -1))
        reactions = Stream(self._db, _REACTIONS, ("", -1, "", ""))
        entries = Stream(self._db, _ENTRIES, ("", -1))
        kept = Stream(self._db, boards.ALL, ("",))
        featured = Stream(self._db, boards.ALL_FEATURED, ("", -1))
        told, done, most = self._step("verify_groups"), 0, self._report.counts["entries"]
        for row in Stream(self._db, _GROUPS, ("",)):
            group = groups.group_from(row)
            if group.direct:
                self._check_direct(group, erased)
            check_beside(self._db, group, self._say)
            board = next((read_row(Board, one) for one in kept.take(group.id)), None)
            if group.dissolved_at is not None and not group.members:
                left = sum(1 for stream in (entries, reactions, featured) for _ in stream.take(group.id))
                left += board is not None
                check_gone(self._db, group, [groups.member_from(m) for m in members.take(group.id)], left, self._say)
                continue
            people = [groups.member_from(m) for m in members.take(group.id)]
            posts = [read_row(Featured, one) for one in featured.take(group.id)]
            rows, _ = self._db.run(_SECTIONS, (group.id,))
            counts = [read_row(SectionCount, one) for one in rows]
            replay = Replay(group, people, board, self._say, erased, featured=posts, sections=counts)
            for one in entries.take(group.id):
                reacted = self._reactions_of(group.id, one[1], reactions)
                digest, *target = one[messages.WIDTH :]
                replay.take(messages.entry_from(one), digest, _target_of(target), reacted)
                done += 1
                if not done % TELL_EVERY:
                    told(done, most)
            replay.finish()
            attribution.check_uses(self._db, group.id, replay.brought, self._say)
            self._reactions_of(group.id, None, reactions)
            for kind, balance in replay.messages.balance.items():
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

    def _check_direct(self, group: Group, erased: Mapping[str, bool]) -> None:
        one, _, other = (group.direct_key or "").partition(":")
        pairs = [(one, other), (other, one)]
        blocked = bool(self._db.find(relations.BLOCKS, pairs))
        mutual = len(self._db.find(relations.FOLLOWS, pairs)) == 2 or bool(group.settings.get("accepted"))
        if not one < other:
            self._say(f"group {group.id}: direct_key is no pair in order")
        if erased.get(one) or erased.get(other):
            return  # It is closed before the edges go.
        if group.read_only == (mutual and not blocked):
            self._say(f"group {group.id}: read_only is {group.read_only}, mutual is {mutual and not blocked}")

    def _name_unbalanced(self, group: str, kind: str) -> None:
        """The slow way to what the sums have shown, for the few groups where they did."""
        rows, _ = self._db.run(_UNBALANCED[kind], (*[group] * _UNBALANCED[kind].count("group_id = ?"), NAMED_MAX))
        for (pos,) in rows:
            self._say(f"group {group}: entry {pos} is not what its {kind} entries lead to")
        if not rows:
            self._say(f"group {group}: {kind} entries do not lead to the messages as they are")


def _target_of(row: Sequence[Any]) -> Target | None:
    kind, actor, recalled, version, body, of_card = row
    if kind is None:
        return None
    type_ = orjson.loads(of_card).get("type", "") if of_card else ""
    return Target(kind, actor, bool(recalled), version, body and orjson.loads(body), type_)


def _columns(names: Iterable[str], prefix: str) -> str:
    return ", ".join(prefix + name for name in names)


_ERASED: Final = (
    "SELECT u.user_id, EXISTS (SELECT 1 FROM erasures AS e WHERE e.user_id = u.user_id) FROM users AS u"
    " WHERE u.erased_at IS NOT NULL"
)
_GROUPS: Final = f"SELECT {_columns(groups.COLUMNS, '')} FROM groups WHERE group_id > ? ORDER BY group_id LIMIT ?"
_SECTIONS: Final = "SELECT group_id, section, seq, head, floor_seq FROM sections WHERE group_id = ?"
_MEMBERS: Final = (
    f"SELECT {_columns(groups.MEMBER_COLUMNS, 'm.')} FROM memberships AS m"
    f" WHERE (m.group_id, m.user_id, m.period) > (?, ?, ?) AND {known('groups', 'group_id', 'm')}"
    " ORDER BY m.group_id, m.user_id, m.period LIMIT ?"
)
_ENTRIES: Final = (
    f"SELECT {_columns(messages.COLUMNS, 'e.')}, e.digest,"
    " t.kind, t.actor, t.recalled, t.version, CASE WHEN e.kind = 'recall' OR t.recalled THEN t.body END,"
    " CASE WHEN e.kind = 'card' THEN t.body END"
    " FROM entries AS e LEFT JOIN entries AS t ON t.group_id = e.group_id AND t.pos = e.target"
    f" WHERE (e.group_id, e.pos) > (?, ?) AND {known('groups', 'group_id', 'e')}"
    " ORDER BY e.group_id, e.pos LIMIT ?"
)
_REACTIONS: Final = (
    "SELECT r.group_id, r.pos, r.user_id, r.emoji FROM reactions AS r"
    f" WHERE (r.group_id, r.pos, r.user_id, r.emoji) > (?, ?, ?, ?) AND {known('groups', 'group_id', 'r')}"
    " ORDER BY r.group_id, r.pos, r.user_id, r.emoji LIMIT ?"
)


def _miscounted(kind: str, has: str, says: str) -> str:
    """Messages whose own row does not agree with the entries of a kind that refer to them."""
    return (
        f"SELECT m.pos FROM entries AS m LEFT JOIN (SELECT e.target, {says} AS n FROM entries AS e"
        f" WHERE e.group_id = ? AND e.kind = '{kind}' GROUP BY e.target) AS x ON x.target = m.pos"
        f" WHERE m.group_id = ? AND m.kind = 'message' AND {has} <> coalesce(x.n, 0) ORDER BY m.pos LIMIT ?"
    )


_UNBALANCED: Final = {
    "edit": _miscounted("edit", "m.version", "count(*)"),
    "recall": _miscounted(
        "recall", "CASE WHEN m.recalled AND m.body NOT LIKE '%%_erased_:true%%' THEN 1 ELSE 0 END", "count(*)"
    ),
    "reaction": _miscounted(
        "reaction",
        "CASE WHEN m.recalled THEN coalesce(x.n, 0) ELSE"
        " (SELECT count(*) FROM reactions AS r WHERE r.group_id = m.group_id AND r.pos = m.pos) END",
        # `_` stands for any character, `%%` for any text: one % for psycopg, two for SQLite, which takes that alike.
        "sum(CASE WHEN e.body LIKE '{_emoji_:_%%_,_on_:true}' THEN 1 ELSE -1 END)",
    ),
}
