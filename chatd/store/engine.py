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

from chatd.core.facts import Facts
from chatd.core.limits import Bounds
from chatd.core.messages import answer_of
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.values import Entry
from chatd.store import erasing, messages, retention, schema, sweeping
from chatd.store.cards import fill_changes
from chatd.store.database import Database, Row
from chatd.store.failures import Contended, StorageFull, StoreLost
from chatd.store.loading import find, load_facts
from chatd.store.memory import Cache, Known
from chatd.store.outcome import GroupChange, Outcome, Proposed, Verdict
from chatd.store.statements import Delete, Insert, Probe
from chatd.store.writing import rows_of_commit

WRITER = 0
KNOWN_COMMANDS = Probe(schema.commands, ("user_id", "cid"), ("user_id", "cid", "digest", "answer"))
KEEP_COMMANDS = Insert(schema.commands, ("user_id", "cid", "digest", "answer", "at"))
DROP_COMMANDS = Delete(schema.commands, ("user_id", "cid"))
KEEP_COMMIT = Insert(schema.commits, ("writer", "n", "groups", "users"))
OLD_COMMANDS = "SELECT user_id, cid FROM commands WHERE at < ? ORDER BY at LIMIT ?"
OLDEST_COMMIT = "SELECT min(n) FROM commits WHERE writer = ?"
OLD_IMPORTS = "DELETE FROM follow_imports WHERE at < ?"
DROP_COMMITS = "DELETE FROM commits WHERE writer = ? AND n <= ?"
HOUSEKEEPING_ROWS = 500
TRIES = 5
SCRUB_MS = 1000

log = logging.getLogger("chatd.store")


class Fenced(Exception):
    """Another writer has taken over this database."""


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
        self._barred = erasing.under_way(database)
        self._to_scrub = False

    @property
    def database(self) -> Database:
        """What it holds, for a program that reads beside it while nothing is being settled."""
        return self._db

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
            self._db.run(OLD_IMPORTS, (commands_before_ms,))
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
        facts.going.barred = self._barred
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
        self._barred = facts.going.barred
        if self._db.exclusive:
            self._cache.keep(facts)
        if self._to_scrub or facts.going.scrub:
            # Once with patience; then again and again, until nobody happens to read.
            self._to_scrub = not erasing.scrub(self._db, SCRUB_MS if facts.going.scrub else 0)
        return Outcome(self.n, verdicts, changes, facts.new_mine, items, len(facts.new_entries))

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
        if wish.actor in facts.going.barred:
            return Verdict(proposed.pid, None, "disabled")
        entries_before = len(facts.new_entries)
        verdict = _try(proposed.pid, wish.decide, facts)
        if verdict.answer is not None:
            # The entry of a command is the last one that it adds.
            kept_by_entry = len(facts.new_entries) > entries_before and facts.new_entries[-1][0].cid == wish.cid
            known.add(wish, verdict.answer, None if kept_by_entry else facts.now_ms)
        return verdict

    # -- facts

    def _load(self, batch: Sequence[Proposed], facts: Facts) -> Known:
        """Lock and read what the batch needs, then look up which of its commands were there before."""
        need = Needs()
        cids: set[tuple[str, str]] = set()
        for proposed in batch:
            proposed.wish.needs(need)
            if isinstance(proposed.wish, Command):
                cids.add((proposed.wish.actor, proposed.wish.cid))
        load_facts(self._db, self._cache, need, facts, len(batch))
        return self._load_known(cids)

    def _load_known(self, cids: set[tuple[str, str]]) -> Known:
        known = Known()
        for user, cid, digest, answer in find(self._db, KNOWN_COMMANDS, cids):
            known[user, cid] = (bytes(digest), orjson.loads(answer))
        for row in find(self._db, messages.BY_CID, cids):
            entry = messages.entry_from(row)
            known[row[4], row[5]] = (bytes(row[messages.WIDTH]), answer_of(entry, self._bounds.recall_window_ms))
        return known

    # -- writing

    def _write(self, facts: Facts, known: Known) -> bool:
        """Write what changed, parents first. Returns whether anything did."""
        write = self._db.write
        changed = False
        for statement, values in (*rows_of_commit(facts, self._bounds.user_log_keep), (KEEP_COMMANDS, known.rows)):
            if values:
                write(statement, values)
                changed = True
        if facts.sweeps:
            sweeping.sweep(self._db, facts.sweeps)
            changed = True
        if facts.going.wipes:
            erasing.wipe(self._db, facts.going.wipes)
            changed = True
        if facts.going.cuts:
            retention.cut(self._db, facts.going.cuts, self._bounds.recall_window_ms)
            changed = True
        return changed


def _try(pid: int, decide: Callable[[Facts], dict[str, Any]], facts: Facts) -> Verdict:
    try:
        return Verdict(pid, decide(facts))
    except Refused as refusal:
        return Verdict(pid, None, refusal.code, refusal.message, refusal.details)


def _refuse_all(batch: Sequence[Proposed], code: str) -> Outcome:
    return Outcome(0, [Verdict(p.pid, None, code) for p in batch], [], [])


def _group_changes(facts: Facts) -> Iterable[GroupChange]:
    entries: dict[str, list[Entry]] = {}
    targets: dict[str, dict[int, Entry]] = {}
    for entry, _ in facts.new_entries:
        entries.setdefault(entry.group, []).append(entry)
        if entry.target is not None and (target := facts.entries.get((entry.group, entry.target))) is not None:
            targets.setdefault(entry.group, {})[entry.target] = target
    joins: dict[str, list[tuple[str, int, int, int]]] = {}
    for member, pos in facts.joins:
        joins.setdefault(member.group, []).append((member.user, pos, member.from_pos, member.from_seq))
    leaves: dict[str, list[tuple[str, int]]] = {}
    for member, pos in facts.leaves:
        leaves.setdefault(member.group, []).append((member.user, pos))
    for group_id in _touched_groups(facts):
        group = facts.groups[group_id]
        after = facts.moved_groups.get(group_id, group.head)
        redacted = sorted(facts.going.redacted.get(group_id, ()))
        yield GroupChange(
            group=group_id,
            after=after,
            head=group.head,
            at=group.head_at,
            seq=group.seq,
            members=group.members,
            entries=entries.get(group_id, []),
            targets=list(targets.get(group_id, {}).values()),
            joins=joins.get(group_id, []),
            leaves=leaves.get(group_id, []),
            redacted=[facts.entries[group_id, pos] for pos in redacted if (group_id, pos) in facts.entries],
            floor=group.floor,
            gone=sorted(facts.going.cuts[group_id].gone) if group_id in facts.going.cuts else [],
        )


def _touched_groups(facts: Facts) -> list[str]:
    """Those whose log got entries, or lost something."""
    return list(facts.moved_groups | dict.fromkeys([*facts.going.redacted, *facts.going.cuts], 0))


def _commit_row(n: int, facts: Facts) -> Row:
    touched = sorted({m.user for m in facts.new_mine})
    return (WRITER, n, orjson.dumps(_touched_groups(facts)).decode(), orjson.dumps(touched).decode())
