"""Follows that somebody else vouches for: the operator, who imports a graph, or a host that owns it and tells changes.

They are the same edges as those that people make themselves, with the same bound and the same consequences. The edge as
such is written to nobody's own log, whoever makes it; what follows from losing one (a direct chat that becomes
read-only, a group of fans that one has to leave) is told as always, or clients would show what is no longer so.

An edge may come with a `version`, counted by its source: of two that speak of the same edge the higher wins, whatever
order they arrive in. Without one it counts as it comes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Final

import msgspec

from chatd.core.erasure_rows import ErasedSub
from chatd.core.facts import Facts
from chatd.core.gate import need_newcomer
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.pulls import judge_pull
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.relations import need_follow, set_follow
from chatd.core.rights import may
from chatd.core.users import make_user

REFUSED: Final = frozenset({"unknown", "oneself", "limit"})
"""Results of an edge that is not as it was asked for; the others are `added`, `removed`, `same` and `older`."""


class FollowVersion(Record):
    """The newest version that was told of an edge, which is there or not."""

    table: ClassVar[str] = "follow_versions"
    key_fields: ClassVar[int] = 2

    user_id: str
    target_id: str
    version: int


class FollowImport(Record):
    """How far an import has come: every line up to `line` is done, and none above it.

    `counts` by result; `refused`: (line, result) of the newest portion, for whoever did not hear its answer.
    """

    table: ClassVar[str] = "follow_imports"

    import_id: str
    line: int
    at: int
    done: bool
    counts: dict[str, int]
    refused: list[tuple[int, str]]


class Edge(msgspec.Struct, frozen=True, array_like=True):
    """`user` follows `target` (ids), or no longer does. An id is empty if there is no such user."""

    user: str
    target: str
    on: bool
    version: int | None = None


class Step(msgspec.Struct, frozen=True, array_like=True):
    """Which part of an import a portion is: the lines above `after` up to `upto`. `unread` of them say no edge;
    `lines` are those of the edges. `last`: there are no more."""

    import_id: str
    after: int
    upto: int
    unread: int
    lines: list[int]
    last: bool


class MakeUsers(Wish, frozen=True, tag="users"):
    """There is a user for each `sub`. `people`: (fresh id, sub, what it is found by among those of erased people)."""

    people: list[tuple[str, str, str]]

    def needs(self, need: Needs) -> None:
        need.subs.update(sub for _, sub, _ in self.people)
        for _, _, digest in self.people:
            need.record(ErasedSub, digest)

    def decide(self, facts: Facts) -> dict[str, Any]:
        found = {}
        for user_id, sub, digest in self.people:
            user = facts.user_of_sub.get(sub) or make_user(facts, user_id, sub, "", digest)
            found[sub] = user.id
        return {"users": found}


class ChangeFollows(Wish, frozen=True, tag="follows"):
    """Edges come and go, each judged for itself. As a `step` of an import it happens once, however often it is
    proposed: decided on another state of the import than it was made from, it does nothing.

    `act`: what the audit log calls it, if it is an act of the operator on this one edge.
    """

    edges: list[Edge]
    step: Step | None = None
    act: str = ""

    def needs(self, need: Needs) -> None:
        for edge in self.edges:
            if edge.user and edge.target:
                need_follow(need, edge.user, edge.target)
            if edge.version is not None:
                need.record(FollowVersion, edge.user, edge.target)
        if self.step is not None:
            need.record(FollowImport, self.step.import_id)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `conflict` for a step that does not go on where the import stands."""
        if self.step is None:
            results = [_change(facts, edge) for edge in self.edges]
            if self.act and results[0] not in REFUSED:
                edge = self.edges[0]
                facts.audit(self.act, by=None, user=edge.user, target=edge.target, result=results[0])
            return {"results": results}
        before = facts.find(FollowImport, self.step.import_id)
        if (before.line if before is not None else 0) != self.step.after or (before is not None and before.done):
            raise Refused("conflict", "The import stands somewhere else")
        results = [_change(facts, edge) for edge in self.edges]
        self._keep(facts, self.step, before, results)
        return {"results": results}

    def _keep(self, facts: Facts, step: Step, before: FollowImport | None, results: list[str]) -> None:
        counts = Counter(before.counts if before is not None else {})
        counts.update(results)
        counts["unread"] += step.unread
        refused = [(line, result) for line, result in zip(step.lines, results, strict=True) if result in REFUSED]
        told = {result: count for result, count in sorted(counts.items()) if count}
        facts.put(FollowImport(step.import_id, step.upto, facts.now_ms, step.last, told, refused))
        if before is None or step.last:
            facts.audit(
                "follow.import", by=None, import_id=step.import_id, lines=step.upto, done=step.last, counts=told
            )


class ForgetImport(Wish, frozen=True, tag="forget_import"):
    """An import begins anew the next time."""

    import_id: str

    def needs(self, need: Needs) -> None:
        need.record(FollowImport, self.import_id)

    def decide(self, facts: Facts) -> dict[str, Any]:
        before = facts.find(FollowImport, self.import_id)
        if before is not None:
            facts.drop(FollowImport, self.import_id)
            facts.audit("follow.forget", by=None, import_id=self.import_id, lines=before.line)
        return {}


class CheckPull(Wish, frozen=True, tag="check_pull"):
    """Whether `actor` could pull `user` in now, as the gate would judge it, and what it would go by. Changes nothing.

    Without a `group` only the two count.
    """

    actor: str
    user: str
    group: str | None = None

    def needs(self, need: Needs) -> None:
        need.users.update((self.actor, self.user))
        need.pair(self.actor, self.user)
        if self.group is not None:
            need_newcomer(need, self.group, self.user)
            need.members.add((self.group, self.actor))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        actor, user = facts.user(self.actor), facts.user(self.user)
        there, back = (self.actor, self.user), (self.user, self.actor)
        told = {
            "follows": there in facts.follows,
            "followed": back in facts.follows,
            "blocks": there in facts.blocks,
            "blocked": back in facts.blocks,
            "pull": user.settings.get("pull", "mutual"),
            "disabled": [one.id for one in (actor, user) if one.disabled],
        }
        result = self._in_group(facts) if self.group is not None else self._anywhere(facts)
        return told | {"result": result, "may": result in ("added", "asked")}

    def _anywhere(self, facts: Facts) -> str:
        if self.actor == self.user or not facts.mutual(self.actor, self.user):
            return "not_mutual"
        wish = facts.users[self.user].settings.get("pull")
        return {"nobody": "opted_out", "ask": "asked"}.get(wish or "", "added")

    def _in_group(self, facts: Facts) -> str:
        group, member = facts.groups.get(self.group or ""), facts.members.get((self.group or "", self.actor))
        if group is None:
            raise Refused("not_found")
        if member is None or not member.present:
            return "no_member"
        if group.direct or not may(group, member, "pull"):
            return "forbidden"
        if group.read_only or group.dissolved_at is not None:
            return "read_only"
        return judge_pull(facts, group, member, self.user)


def _change(facts: Facts, edge: Edge) -> str:
    """Make an edge so. Returns the result."""
    if not (facts.exists(edge.user) and facts.exists(edge.target)):
        return "unknown"
    if edge.user == edge.target:
        return "oneself"
    if edge.version is not None:
        told = facts.find(FollowVersion, edge.user, edge.target)
        if told is not None and edge.version <= told.version:
            return "older" if edge.version < told.version else "same"
    try:
        changed = set_follow(facts, edge.user, edge.target, edge.on)
    except Refused as refusal:
        return refusal.code
    if edge.version is not None:
        facts.put(FollowVersion(edge.user, edge.target, edge.version))
    return ("added" if edge.on else "removed") if changed else "same"
