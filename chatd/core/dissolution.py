"""The end of a group: read-only for a while, then gone.

A dissolved group can be read until its time is over; then everybody's period ends, in portions, and what it was is
wiped. What remains is its row without content and who was in it when, which their own logs refer to. The rows of its
log are swept afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command, Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.rights import check_writable
from chatd.core.titles import unlist_title
from chatd.core.values import Entry, Group


class GoneGroup(Record):
    """A group that nobody is in any more and whose rows are still to be swept."""

    table: ClassVar[str] = "gone_groups"

    group_id: str
    at: int


class Dissolve(Command, frozen=True, tag="dissolve"):
    """The owner ends the group."""

    group: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only` if it is dissolved already."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if actor.role != "owner":
            raise Refused("forbidden")
        check_writable(group)
        entry = dissolve(facts, group, self.actor)
        facts.audit("group.dissolve", by=self.actor, group=group.id, pos=entry.pos)
        return {"group": group.id, "pos": entry.pos, "until": entry.body["until"]}


class Disband(Wish, frozen=True, tag="disband"):
    """The operator ends a group."""

    group: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat, `read_only` if it is dissolved already."""
        group = facts.groups.get(self.group)
        if group is None:
            raise Refused("not_found")
        if group.direct:
            raise Refused("invalid", "A direct chat is not dissolved")
        check_writable(group)
        entry = dissolve(facts, group, None)
        facts.audit("group.dissolve", by=None, group=group.id, pos=entry.pos)
        return {"group": group.id, "pos": entry.pos, "until": entry.body["until"]}


class EndStay(Wish, frozen=True, tag="end"):
    """The time of a dissolved group is over: these of its people are out; with the last one it is gone."""

    group: str
    users: list[str]

    def needs(self, need: Needs) -> None:
        need_stays(need, self.group, self.users)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `too_late` as long as it may still be read, `not_found`."""
        group = facts.groups.get(self.group)
        if group is None or group.dissolved_at is None:
            raise Refused("not_found")
        if facts.now_ms < gone_at(group):
            raise Refused("too_late")
        end_stays(facts, group, self.users)
        return {"group": group.id, "members": group.members}


def need_stays(need: Needs, group: str, users: Iterable[str]) -> None:
    """What `end_stays` has to know."""
    need.users.update(users)
    need.groups.add(group)
    need.members.update((group, user) for user in users)


def end_stays(facts: Facts, group: Group, users: Iterable[str]) -> None:
    """These people are out of a group that was dissolved; with the last one it is gone."""
    for user in users:
        member = facts.members.get((group.id, user))
        if member is not None and member.present:
            facts.leave(group, member, by=None, why="dissolved")
    end_if_empty(facts, group)


class Sweep(Wish, frozen=True, tag="sweep"):
    """A portion of the rows of a group that is gone can go too."""

    group: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.record(GoneGroup, self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        if facts.find(GoneGroup, self.group) is not None:
            facts.sweeps.add(self.group)
        return {"group": self.group}


def dissolve(facts: Facts, group: Group, by: str | None) -> Entry:
    """Nothing can be written from here on. `by` None: the operator did it, or nobody is left who could own it."""
    unlist_title(facts, group)
    entry = facts.append(group, "dissolved", by, {})
    until = entry.body["until"] = entry.at + facts.bounds.dissolved_keep_ms
    group.dissolved_at = entry.at
    group.settings = group.settings | {"gone_at": until}
    facts.changed_groups.add(group.id)
    return entry


def gone_at(group: Group) -> int:
    """When a dissolved group can no longer be read."""
    time: int = group.settings.get("gone_at", 0)
    return time


def end_if_empty(facts: Facts, group: Group) -> None:
    """A dissolved group that nobody is in any more is gone: what it said of itself is wiped."""
    if group.dissolved_at is None or group.members:
        return
    group.title = group.intro = ""
    group.settings = {}
    facts.changed_groups.add(group.id)
    facts.put(GoneGroup(group.id, facts.now_ms))
    facts.redact("gone", group.id)
