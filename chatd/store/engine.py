"""The commit: proposals in, verdicts and entries out, and everything in between in one transaction.

A batch is decided in order on facts that were read under the locks of the same transaction; what `core` accepts is
numbered, written and committed together. The engine is synchronous, holds one connection, and needs no event loop.
It must not know sockets, sessions or the other process.

What can go wrong, and what then is true:
  a proposal is refused by a rule            nothing of it happened; the rest of the batch goes on
  a proposal makes the batch fail            found by halves, refused as `internal`; the rest goes on
  another program's locks are in the way     the whole batch is rolled back and tried again
  no room                                    the whole batch is rolled back and refused as `storage_full`
  the connection fails, or COMMIT does       `StoreLost` is raised: the outcome is open until the `cid`s are looked up
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from chatd.core.cards import key_of, keys_of
from chatd.core.catalogue import Item
from chatd.core.facts import Facts, Needs
from chatd.core.limits import Bounds
from chatd.core.messages import answer_of
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.restrictions import Pace
from chatd.core.values import Entry
from chatd.store import audit, groups, invites, messages, ownership, relations, schema, sweeping, users
from chatd.store.cards import fill_changes
from chatd.store.database import Contended, Database, Row, StorageFull, StoreLost
from chatd.store.memory import Cache, Known
from chatd.store.outcome import GroupChange, Outcome, Proposed, Verdict
from chatd.store.records import rows_of
from chatd.store.statements import Delete, Insert, Probe

WRITER = 0
KNOWN_COMMANDS = Probe(schema.commands, ("user_id", "cid"), ("user_id", "cid", "digest", "answer"))
KEEP_COMMANDS = Insert(schema.commands, ("user_id", "cid", "digest", "answer", "at"))
DROP_COMMANDS = Delete(schema.commands, ("user_id", "cid"))
KEEP_COMMIT = Insert(schema.commits, ("writer", "n", "groups", "users"))
OLD_COMMANDS = "SELECT user_id, cid FROM commands WHERE at < ? ORDER BY at LIMIT ?"
OLDEST_COMMIT = "SELECT min(n) FROM commits WHERE writer = ?"
DROP_COMMITS = "DELETE FROM commits WHERE writer = ? AND n <= ?"
HOUSEKEEPING_ROWS = 500
TRIES = 5

log = logging.getLogger("chatd.store")


class Fenced(Exception):
    """Another writer has taken over this database."""


class _Spoilt(Exception):
    """A batch cannot be decided because of something in it; which proposal, is not known."""


class Engine:
    """The one writer of a database.

    `holder` names this writer's term: taking over bumps it, so that one who lost the database can commit no more.
    `now_ms` is the clock, read once per batch.
    """

    def __init__(self, database: Database, bounds: Bounds, now_ms: Callable[[], int], holder: str) -> None:
        self._db = database
        self._bounds = bounds
        self._now_ms = now_ms
        self._holder = holder
        self._cache = Cache()
        self.n = self._take_over()

    # -- the only way in

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        """Decide and commit a batch; usually one outcome, more if it had to be taken apart.

        Raises `StoreLost` and `Fenced`; then the outcome of every proposal is open.
        """
        try:
            return [self._persist(batch)]
        except (StoreLost, Fenced):
            raise
        except StorageFull:
            self._roll_back()
            return [_refuse_all(batch, "storage_full")]
        except Exception as error:  # noqa: BLE001 - one proposal's failure, of whatever type, is not the batch's
            self._roll_back()
            if len(batch) == 1:
                # The text of the error may quote what somebody wrote: only its type is logged.
                log.error("a proposal of type %s failed: %s", type(batch[0].wish).__name__, type(error).__name__)
                return [_refuse_all(batch, "internal")]
            half = len(batch) // 2
            return self.settle(batch[:half]) + self.settle(batch[half:])

    def tidy(self, commands_before_ms: int, commits_keep: int) -> int:
        """Drop rows that have outlived their use, at most `HOUSEKEEPING_ROWS` of a kind. Returns how many.

        Without room for that nothing is dropped: it is no reason to stop. Raises `StoreLost`.
        """
        try:
            self._db.begin()
            dropped = self._drop_commands(commands_before_ms) + self._drop_commits(self.n - commits_keep)
            self._db.commit()
        except StorageFull:
            self._roll_back()
            return 0
        return dropped

    def _drop_commands(self, before_ms: int) -> int:
        old, _ = self._db.run(OLD_COMMANDS, (before_ms, HOUSEKEEPING_ROWS))
        if old:
            self._db.write(DROP_COMMANDS, old)
        return len(old)

    def _drop_commits(self, upto: int) -> int:
        rows, _ = self._db.run(OLDEST_COMMIT, (WRITER,))
        upto = min(upto, (rows[0][0] or 0) + HOUSEKEEPING_ROWS - 1)
        return self._db.run(DROP_COMMITS, (WRITER, upto))[1]

    # -- one transaction

    def _take_over(self) -> int:
        self._db.begin()
        rows, _ = self._db.run(
            "INSERT INTO writers (writer, n, holder) VALUES (?, 0, ?)"
            " ON CONFLICT (writer) DO UPDATE SET holder = excluded.holder RETURNING n",
            (WRITER, self._holder),
        )
        self._db.commit()
        return int(rows[0][0])

    def _persist(self, batch: Sequence[Proposed]) -> Outcome:
        """Commit, again and again if another program's transaction is in the way. Raises `StoreLost` if it stays."""
        for _ in range(TRIES):
            try:
                return self._commit(batch)
            except Contended as contended:
                log.warning("another program's transaction was in the way: %s", type(contended.__cause__).__name__)
                self._roll_back()
        raise StoreLost("another program's transactions keep being in the way")

    def _commit(self, batch: Sequence[Proposed]) -> Outcome:
        facts = Facts(self._bounds, self._now_ms())
        self._db.begin()
        self._advance()
        known = self._load(batch, facts)
        verdicts = [self._judge(proposed, facts, known) for proposed in batch]
        if not self._write(facts, known):
            self._db.rollback()
            return Outcome(0, verdicts, [], [])
        items = fill_changes(facts)
        changes = list(_group_changes(facts))
        self._db.write(KEEP_COMMIT, [_commit_row(self.n + 1, facts)])
        self._db.commit()
        self.n += 1
        if self._db.exclusive:
            self._cache.keep(facts)
        return Outcome(self.n, verdicts, changes, facts.new_mine, items)

    def _roll_back(self) -> None:
        """Nothing of this batch happened; what it changed in the cache is not true either."""
        self._cache.clear()
        self._db.rollback()

    def _advance(self) -> None:
        """Number the commit, and prove that this writer still holds the database: the row lock keeps it so."""
        _, changed = self._db.run(
            "UPDATE writers SET n = n + 1 WHERE writer = ? AND holder = ? AND n = ?", (WRITER, self._holder, self.n)
        )
        if changed != 1:
            raise Fenced

    def _judge(self, proposed: Proposed, facts: Facts, known: Known) -> Verdict:
        wish = proposed.wish
        if not isinstance(wish, Command):
            return _try(proposed.pid, wish.decide, facts)
        before = known.get((wish.actor, wish.cid))
        if before is not None:
            digest, answer = before
            if digest != wish.digest:
                return Verdict(proposed.pid, None, "conflict")
            return Verdict(proposed.pid, answer)
        entries_before = len(facts.new_entries)
        verdict = _try(proposed.pid, wish.decide, facts)
        if verdict.answer is not None:
            # The entry of a command is the last one that it adds.
            kept_by_entry = len(facts.new_entries) > entries_before and facts.new_entries[-1][0].cid == wish.cid
            known.add(wish, verdict.answer, None if kept_by_entry else facts.now_ms)
        return verdict

    # -- facts

    def _load(self, batch: Sequence[Proposed], facts: Facts) -> Known:
        """Lock, then read: users before groups, each by id, and what depends on them after."""
        need = Needs()
        cids: set[tuple[str, str]] = set()
        for proposed in batch:
            proposed.wish.needs(need)
            if isinstance(proposed.wish, Command):
                cids.add((proposed.wish.actor, proposed.wish.cid))
        if need.sought or need.asked or need.staffed:
            invites.look_ahead(self._find, need, facts)
        self._load_users(need, cids, facts)
        ownership.ask_owned(self._db, need)
        self._load_groups(need, facts)
        ownership.load_heirs(self._db, need, facts, len(batch))
        self._load_log(need, facts, len(batch))
        self._load_edges(need, facts)
        _ask_paces(need, facts)
        self._load_records(need, facts)
        return self._load_known(cids)

    def _find(self, what: Probe, keys: Iterable[Row]) -> list[Row]:
        rows = list(keys)
        return self._db.find(what, rows) if rows else []

    def _load_users(self, need: Needs, cids: set[tuple[str, str]], facts: Facts) -> None:
        if need.subs:
            need.users.update(row[0] for row in self._find(users.BY_SUB, ((sub,) for sub in need.subs)))
        if need.users:
            for row in self._db.find(users.LOCK, [(user,) for user in sorted(need.users)]):
                user = users.user_from(row)
                facts.users[user.id] = facts.user_of_sub[user.sub] = user

    def _load_groups(self, need: Needs, facts: Facts) -> None:
        for key, group_id in self._find(groups.BY_DIRECT_KEY, ((key,) for key in need.directs)):
            facts.direct[key] = group_id
            need.groups.add(group_id)
            need.members.update((group_id, user) for user in key.split(":"))
        cached = self._cache.groups
        facts.groups.update((group_id, cached[group_id]) for group_id in need.groups & cached.keys())
        missing = need.groups - facts.groups.keys()
        if missing:
            for row in self._db.find(groups.LOCK, [(group,) for group in sorted(missing)]):
                group = groups.group_from(row)
                facts.groups[group.id] = group

    def _load_log(self, need: Needs, facts: Facts, batch_size: int) -> None:
        for row in self._find(messages.BY_POS, need.entries):
            entry = messages.entry_from(row)
            facts.entries[entry.group, entry.pos] = entry
            if (key := key_of(entry)) is not None:
                need.record(Item, *key)
            if (entry.group, entry.pos) in need.senders and entry.actor is not None:
                need.members.add((entry.group, entry.actor))
        for kind, item in keys_of(facts.entries[key] for key in need.names & facts.entries.keys()):
            need.record(Item, kind, item)
        authors = {facts.entries[key].actor for key in need.names & facts.entries.keys()}
        facts.names.update((user, name) for user, name in self._find(users.NAMES, ((user,) for user in authors)))
        for row in self._find(messages.BY_CID, need.sends):
            if row[3] == "message":
                facts.sends.add((row[4], row[5], row[0]))
        cached = self._cache.members
        facts.members.update((key, cached[key]) for key in need.members & cached.keys())
        for row in self._find(groups.LAST_PERIODS, need.members - facts.members.keys()):
            member = groups.member_from(row)
            facts.members[member.group, member.user] = member
        seqs = {(group, seq) for group in need.newcomers for seq in _floors_of(group, need, facts, batch_size)}
        for group, seq, pos in self._find(messages.POS_OF_SEQ, seqs):
            facts.pos_of_seq[group, seq] = pos

    def _load_edges(self, need: Needs, facts: Facts) -> None:
        facts.follows.update((a, b) for a, b in self._find(relations.FOLLOWS, need.follows))
        facts.blocks.update((a, b) for a, b in self._find(relations.BLOCKS, need.blocks))
        facts.reactions.update((g, p, u, e) for g, p, u, e in self._find(messages.REACTIONS, need.reactions))

    def _load_records(self, need: Needs, facts: Facts) -> None:
        facts.records.expect(need.records)
        for kind, keys in need.records.items():
            rows = rows_of(kind)
            for row in self._find(rows.probe, keys):
                facts.records.load(rows.read(row))

    def _load_known(self, cids: set[tuple[str, str]]) -> Known:
        known = Known()
        for user, cid, digest, answer in self._find(KNOWN_COMMANDS, cids):
            known[user, cid] = (bytes(digest), orjson.loads(answer))
        for row in self._find(messages.BY_CID, cids):
            entry = messages.entry_from(row)
            known[row[4], row[5]] = (bytes(row[12]), answer_of(entry, self._bounds.recall_window_ms))
        return known

    # -- writing

    def _write(self, facts: Facts, known: Known) -> bool:
        """Write what changed, parents first. Returns whether anything did."""
        write = self._db.write
        rows: list[tuple[Any, list[Row]]] = [
            (users.INSERT, [users.row_of_new(u) for u in facts.new_users]),
            (groups.INSERT, [groups.row_of_new(g) for g in facts.new_groups]),
            *self._user_rows(facts),
            *self._group_rows(facts),
            (messages.INSERT, [messages.row_of_new(e, digest) for e, digest in facts.new_entries]),
            (messages.REWRITE, [messages.row_of_rewritten(e) for e in facts.rewritten.values()]),
            *_edge_rows(facts),
            *_record_rows(facts),
            (audit.INSERT, [audit.row_of(audited) for audited in facts.new_audits]),
            (KEEP_COMMANDS, known.rows),
        ]
        changed = False
        for statement, values in rows:
            if values:
                write(statement, values)
                changed = True
        if facts.sweeps:
            sweeping.sweep(self._db, facts.sweeps)
            changed = True
        return changed

    def _user_rows(self, facts: Facts) -> list[tuple[Any, list[Row]]]:
        prune: list[Row] = []
        fresh = {user.id for user in facts.new_users}
        for user_id in facts.changed_users:
            user = facts.users[user_id]
            if user.upos - user.mine_floor > 2 * self._bounds.user_log_keep:
                user.mine_floor = user.upos - self._bounds.user_log_keep
                prune.append((user.id, user.mine_floor))
        return [
            (users.UPDATE, [users.row_of_changed(facts.users[u]) for u in facts.changed_users - fresh]),
            (users.INSERT_MINE, [users.row_of_mine(m) for m in facts.new_mine]),
            (users.PRUNE_MINE, prune),
            (users.REVOKE_DEVICE, [(user, device, before) for (user, device), before in facts.revocations.items()]),
            (users.SAVE_READS, [(user, group, seq) for (group, user), seq in facts.reads.items()]),
        ]

    def _group_rows(self, facts: Facts) -> list[tuple[Any, list[Row]]]:
        fresh = {group.id for group in facts.new_groups}
        new_members = {(m.group, m.user, m.period) for m in facts.new_members}
        changed = [m for key, m in facts.changed_members.items() if key not in new_members]
        moved = facts.moved_groups.keys() - facts.changed_groups - fresh
        return [
            (groups.UPDATE, [groups.row_of_changed(facts.groups[g]) for g in facts.changed_groups - fresh]),
            (groups.MOVE, [groups.row_of_moved(facts.groups[g]) for g in moved]),
            (groups.UPDATE_MEMBERS, [groups.row_of_changed_member(m) for m in changed]),
            (groups.INSERT_MEMBERS, [groups.row_of_new_member(m) for m in facts.new_members]),
        ]


def _ask_paces(need: Needs, facts: Facts) -> None:
    """Where slow mode is on, or comes on in this batch, when each of those who write last did."""
    slow = {group.id for group in facts.groups.values() if group.settings.get("slow_s")} | need.slowed
    if slow:
        for group, user in need.paces:
            if group in slow:
                need.record(Pace, group, user)


def _floors_of(group_id: str, need: Needs, facts: Facts, batch_size: int) -> Iterable[int]:
    """The message numbers that may turn out to be the newest one that a newcomer of this batch does not see.

    Each proposal of the batch may add one message and so move the floor up by one.
    """
    group = facts.groups.get(group_id)
    if group is None:
        return
    for rule in {group.history} | need.histories.get(group_id, set()):
        if rule.startswith("last:"):
            first = group.seq - int(rule.removeprefix("last:"))
            yield from range(max(first, 1), min(first + batch_size, group.seq) + 1)


def _try(pid: int, decide: Callable[[Facts], dict[str, Any]], facts: Facts) -> Verdict:
    try:
        return Verdict(pid, decide(facts))
    except Refused as refusal:
        return Verdict(pid, None, refusal.code, refusal.message, refusal.details)


def _refuse_all(batch: Sequence[Proposed], code: str) -> Outcome:
    return Outcome(0, [Verdict(p.pid, None, code) for p in batch], [], [])


def _edge_rows(facts: Facts) -> list[tuple[Any, list[Row]]]:
    def edges(changes: dict[tuple[str, str], bool], on: bool) -> list[tuple[str, str]]:
        return [edge for edge, is_on in changes.items() if is_on == on]

    def reactions(on: bool) -> list[Row]:
        return [key for key, is_on in facts.reaction_changes.items() if is_on == on]

    return [
        (relations.DROP_FOLLOWS, edges(facts.follow_changes, False)),
        (relations.ADD_FOLLOWS, [(*e, facts.now_ms) for e in edges(facts.follow_changes, True)]),
        (relations.DROP_BLOCKS, edges(facts.block_changes, False)),
        (relations.ADD_BLOCKS, [(*e, facts.now_ms) for e in edges(facts.block_changes, True)]),
        (messages.DROP_REACTIONS, reactions(False)),
        (messages.ADD_REACTIONS, [key for key in reactions(True) if key[:2] not in facts.reactions_dropped]),
        (messages.DROP_ALL_REACTIONS, list(facts.reactions_dropped)),
    ]


def _record_rows(facts: Facts) -> Iterable[tuple[Any, list[Row]]]:
    for kind, kept, dropped in facts.records.changes():
        rows = rows_of(kind)
        yield rows.write, [rows.row(record) for record in kept]
        yield rows.drop, list(dropped)


def _group_changes(facts: Facts) -> Iterable[GroupChange]:
    entries: dict[str, list[Entry]] = {}
    targets: dict[str, dict[int, Entry]] = {}
    for entry, _ in facts.new_entries:
        entries.setdefault(entry.group, []).append(entry)
        if entry.target is not None:
            targets.setdefault(entry.group, {})[entry.target] = facts.entries[entry.group, entry.target]
    joins: dict[str, list[tuple[str, int, int, int]]] = {}
    for member, pos in facts.joins:
        joins.setdefault(member.group, []).append((member.user, pos, member.from_pos, member.from_seq))
    leaves: dict[str, list[tuple[str, int]]] = {}
    for member, pos in facts.leaves:
        leaves.setdefault(member.group, []).append((member.user, pos))
    for group_id, after in facts.moved_groups.items():
        group = facts.groups[group_id]
        yield GroupChange(
            group=group_id,
            after=after,
            head=group.head,
            at=group.head_at,
            seq=group.seq,
            members=group.members,
            entries=entries[group_id],
            targets=list(targets.get(group_id, {}).values()),
            joins=joins.get(group_id, []),
            leaves=leaves.get(group_id, []),
        )


def _commit_row(n: int, facts: Facts) -> Row:
    touched = sorted({m.user for m in facts.new_mine})
    return (WRITER, n, orjson.dumps(list(facts.moved_groups)).decode(), orjson.dumps(touched).decode())
