"""The rows of a commit: what proposals changed in the facts, as statements with their parameters, parents first.

It must not decide anything, nor speak to the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatd.core.facts import Facts
from chatd.store import audit, groups, ledger, messages, relations, users
from chatd.store.database import Row
from chatd.store.records import rows_of


def rows_of_commit(facts: Facts, user_log_keep: int) -> list[tuple[Any, list[Row]]]:
    """Every statement that a commit may need, in their order, each with its rows, often none."""
    return [
        (users.INSERT, [users.row_of_new(u) for u in facts.new_users]),
        (groups.INSERT, [groups.row_of_new(g) for g in facts.new_groups]),
        *_user_rows(facts, user_log_keep),
        *_group_rows(facts),
        (messages.INSERT, [messages.row_of_new(e, digest) for e, digest in facts.new_entries]),
        (messages.REWRITE, [messages.row_of_rewritten(e) for e in facts.rewritten.values()]),
        *_edge_rows(facts),
        *_record_rows(facts),
        (audit.INSERT, [audit.row_of(audited) for audited in facts.new_audits]),
        (ledger.INSERT, [ledger.row_of(redacted) for redacted in facts.redacted]),
    ]


def _user_rows(facts: Facts, keep: int) -> list[tuple[Any, list[Row]]]:
    prune: list[Row] = []
    fresh = {user.id for user in facts.new_users}
    for user_id in facts.changed_users:
        user = facts.users[user_id]
        if user.upos - user.mine_floor > 2 * keep:
            user.mine_floor = user.upos - keep
            prune.append((user.id, user.mine_floor))
    return [
        (users.UPDATE, [users.row_of_changed(facts.users[u]) for u in facts.changed_users - fresh]),
        (users.INSERT_MINE, [users.row_of_mine(m) for m in facts.new_mine]),
        (users.PRUNE_MINE, prune + list(facts.going.prunes.items())),
        (users.REVOKE_DEVICE, [(user, device, before) for (user, device), before in facts.revocations.items()]),
        (users.SAVE_READS, [(user, group, section, seq) for (group, user, section), seq in facts.reads.items()]),
    ]


def _group_rows(facts: Facts) -> list[tuple[Any, list[Row]]]:
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
