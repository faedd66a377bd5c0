"""The facts of a batch: what its proposals ask for, locked and read in the one order that all batches keep to.

Users before groups, each by id, and what depends on them after. It must not decide anything, nor change a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from chatd.core.cards import key_of, keys_of
from chatd.core.catalogue import Item
from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.restrictions import Pace
from chatd.core.values import Group
from chatd.store import bots, fans, groups, invites, messages, ownership, relations, retention, schema, users
from chatd.store.database import Database, Row
from chatd.store.memory import Cache
from chatd.store.records import rows_of
from chatd.store.statements import Probe

_ANSWERS: Final = Probe(schema.commands, ("user_id", "cid"), ("user_id", "cid", "answer"))


def load_facts(database: Database, cache: Cache, need: Needs, facts: Facts, batch_size: int) -> None:
    """Lock, then read all that a batch of so many proposals needs. Raises what the database raises."""
    if need.sought or need.asked or need.staffed:
        invites.look_ahead(lambda what, keys: find(database, what, keys), need, facts)
    if need.pressed:
        bots.look_ahead(lambda what, keys: find(database, what, keys), need)
    _load_users(database, need, facts)
    ownership.ask_owned(database, need)
    if need.fans or need.fan_groups:
        fans.ask_fans(lambda what, keys: find(database, what, keys), need)
    _load_groups(database, cache, need, facts)
    ownership.load_heirs(database, need, facts, batch_size)
    _load_log(database, need, facts)
    _load_members(database, cache, need, facts)
    _load_floors(database, need, facts, batch_size)
    _load_edges(database, need, facts)
    _ask_paces(need, facts)
    _load_records(database, need, facts)


def find(database: Database, what: Probe, keys: Iterable[Row]) -> list[Row]:
    """The rows with these keys; no statement is run for no keys."""
    rows = list(keys)
    return database.find(what, rows) if rows else []


def _load_users(database: Database, need: Needs, facts: Facts) -> None:
    if need.subs:
        need.users.update(row[0] for row in find(database, users.BY_SUB, ((sub,) for sub in need.subs)))
    if need.users:
        for row in database.find(users.LOCK, [(user,) for user in sorted(need.users)]):
            user = users.user_from(row)
            facts.users[user.id] = facts.user_of_sub[user.sub] = user


def _load_groups(database: Database, cache: Cache, need: Needs, facts: Facts) -> None:
    for key, group_id in find(database, groups.BY_DIRECT_KEY, ((key,) for key in need.directs)):
        facts.direct[key] = group_id
        need.groups.add(group_id)
        need.members.update((group_id, user) for user in key.split(":"))
    cached = cache.groups
    facts.groups.update((group_id, cached[group_id]) for group_id in need.groups & cached.keys())
    missing = need.groups - facts.groups.keys()
    if missing:
        for row in database.find(groups.LOCK, [(group,) for group in sorted(missing)]):
            group = groups.group_from(row)
            facts.groups[group.id] = group


def _load_log(database: Database, need: Needs, facts: Facts) -> None:
    for row in find(database, messages.BY_POS, need.entries):
        entry = messages.entry_from(row)
        facts.entries[entry.group, entry.pos] = entry
        if (key := key_of(entry)) is not None:
            need.record(Item, *key)
        if (entry.group, entry.pos) in need.senders and entry.actor is not None:
            need.members.add((entry.group, entry.actor))
    for kind, item in keys_of(facts.entries[key] for key in need.names & facts.entries.keys()):
        need.record(Item, kind, item)
    authors = {facts.entries[key].actor for key in need.names & facts.entries.keys()}
    facts.names.update((user, name) for user, name in find(database, users.NAMES, ((user,) for user in authors)))
    if need.sends:
        _load_sends(database, need, facts)
    if need.ranges:
        retention.load_ranges(database, need, facts)


def _load_sends(database: Database, need: Needs, facts: Facts) -> None:
    """Messages by their cid. Of one that went by age its answer is left."""
    rows = find(database, messages.BY_CID, need.sends)
    facts.sends.update((row[4], row[5], row[0]) for row in rows if row[3] == "message")
    for user, cid, text in find(database, _ANSWERS, need.sends - {(row[4], row[5]) for row in rows}):
        answer = orjson.loads(text)
        if "recall_until" in answer:
            facts.sends.add((user, cid, answer["group"]))


def _load_members(database: Database, cache: Cache, need: Needs, facts: Facts) -> None:
    cached = cache.members
    facts.members.update((key, cached[key]) for key in need.members & cached.keys())
    for row in find(database, groups.LAST_PERIODS, need.members - facts.members.keys()):
        member = groups.member_from(row)
        facts.members[member.group, member.user] = member


def _load_floors(database: Database, need: Needs, facts: Facts, batch_size: int) -> None:
    seqs = {(group, seq) for group in need.newcomers for seq in _floors_of(group, need, facts, batch_size)}
    for group, seq, pos in find(database, messages.POS_OF_SEQ, ((group, 0, seq) for group, seq in seqs)):
        facts.pos_of_seq[group, seq] = pos
    for group in sorted(need.newcomers):
        _load_newest(database, group, need, facts)


def _load_newest(database: Database, group_id: str, need: Needs, facts: Facts) -> None:
    """What counting messages over several sections has to know."""
    group = facts.groups.get(group_id)
    if group is None or not (group_id in need.sectioned or "sections" in group.settings):
        return
    most = max(map(_counted, _rules_of(group, need)))
    if most:
        rows, _ = database.run(messages.NEWEST, (group_id, group.floor, most + 1))
        facts.newest[group_id] = [(pos, section) for pos, section in reversed(rows)]


def _floors_of(group_id: str, need: Needs, facts: Facts, batch_size: int) -> Iterable[int]:
    """The message numbers that may turn out to be the newest one that a newcomer of this batch does not see.

    Each proposal of the batch may add one message and so move the floor up by one.
    """
    group = facts.groups.get(group_id)
    if group is None:
        return
    for rule in _rules_of(group, need):
        if newest := _counted(rule):
            first = group.seq - newest
            yield from range(max(first, 1), min(first + batch_size, group.seq) + 1)


def _rules_of(group: Group, need: Needs) -> set[str]:
    """The history rules that the group may have in this batch."""
    return {group.history} | need.histories.get(group.id, set())


def _counted(rule: str) -> int:
    """How many messages a history rule counts, 0 for one that counts none."""
    return int(rule.removeprefix("last:")) if rule.startswith("last:") else 0


def _load_edges(database: Database, need: Needs, facts: Facts) -> None:
    facts.follows.update((a, b) for a, b in find(database, relations.FOLLOWS, need.follows))
    facts.blocks.update((a, b) for a, b in find(database, relations.BLOCKS, need.blocks))
    facts.reactions.update((g, p, u, e) for g, p, u, e in find(database, messages.REACTIONS, need.reactions))


def _ask_paces(need: Needs, facts: Facts) -> None:
    """Where slow mode is on, or comes on in this batch, when each of those who write last did."""
    slow = {group.id for group in facts.groups.values() if group.settings.get("slow_s")} | need.slowed
    if slow:
        for group, user in need.paces:
            if group in slow:
                need.record(Pace, group, user)


def _load_records(database: Database, need: Needs, facts: Facts) -> None:
    facts.records.expect(need.records)
    for kind, keys in need.records.items():
        rows = rows_of(kind)
        for row in find(database, rows.probe, keys):
            facts.records.load(rows.read(row))
