"""Acts of admins that keep a group quiet: restricting one person or everybody, and slow mode. Judged in the commit.

That one person is restricted is nobody else's business: they learn it through their own log, the admins through the
list of members and the audit log. What holds for everybody is an entry of the group.
"""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.restrictions import FOREVER, end_of
from chatd.core.rights import RANK, check_writable, outranks
from chatd.core.values import Group, Member


class RestrictMember(Command, frozen=True, tag="restrict"):
    """`user` may not write for `for_s` seconds, or (None) until that is lifted. With `tell` they learn the reason."""

    group: str
    user: str
    for_s: int | None
    reason: str
    tell: bool

    def needs(self, need: Needs) -> None:
        _needs_of_act(need, self.group, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`."""
        member = _check_over(facts, self.group, self.actor, self.user)
        member.restricted_until = end_after(facts, self.for_s)
        facts.change_member(member)
        end = end_of(member.restricted_until)
        told = self.reason if self.tell and self.reason else None
        facts.log(self.user, "restricted", self.group, None, by=self.actor, reason=told, **end)
        facts.audit("member.restrict", by=self.actor, group=self.group, user=self.user, reason=self.reason, **end)
        return {"group": self.group, "user": self.user} | end


class UnrestrictMember(Command, frozen=True, tag="unrestrict"):
    """`user` may write again. Nothing happens if they may already."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        _needs_of_act(need, self.group, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`."""
        member = _check_over(facts, self.group, self.actor, self.user)
        if member.restricted_until > facts.now_ms:
            member.restricted_until = 0
            facts.change_member(member)
            facts.log(self.user, "unrestricted", self.group, None, by=self.actor)
            facts.audit("member.unrestrict", by=self.actor, group=self.group, user=self.user)
        return {"group": self.group, "user": self.user}


class RestrictGroup(Command, frozen=True, tag="quiet"):
    """Nobody below admin may write for `for_s` seconds, or (None) until that is lifted; with `on` false that is."""

    group: str
    on: bool
    for_s: int | None
    reason: str

    def needs(self, need: Needs) -> None:
        _needs_of_act(need, self.group, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`."""
        group = _check_admin(facts, self.group, self.actor)[0]
        if not self.on and group.settings.get("restricted_until", 0) <= facts.now_ms:
            return {"group": group.id}
        until = end_after(facts, self.for_s) if self.on else 0
        end = end_of(until) if self.on else {}
        pos = change(facts, group, self.actor, {"restricted": self.on} | end, restricted_until=until)
        act = "group.restrict" if self.on else "group.unrestrict"
        facts.audit(act, by=self.actor, group=group.id, reason=self.reason, pos=pos, **end)
        return {"group": group.id, "pos": pos} | end


class SlowDown(Command, frozen=True, tag="slow"):
    """Members wait `slow_s` seconds between two of their messages; with 0 no longer."""

    group: str
    slow_s: int

    def needs(self, need: Needs) -> None:
        _needs_of_act(need, self.group, self.actor)
        need.slowed.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`."""
        group = _check_admin(facts, self.group, self.actor)[0]
        if group.settings.get("slow_s", 0) == self.slow_s:
            return {"group": group.id}
        pos = change(facts, group, self.actor, {"slow_s": self.slow_s}, slow_s=self.slow_s)
        facts.audit("group.slow", by=self.actor, group=group.id, pos=pos, slow_s=self.slow_s)
        return {"group": group.id, "pos": pos}


def _needs_of_act(need: Needs, group: str, actor: str, user: str | None = None) -> None:
    need.groups.add(group)
    need.members.add((group, actor))
    if user is not None:
        need.users.add(user)
        need.members.add((group, user))


def end_after(facts: Facts, for_s: int | None) -> int:
    """When a restriction of so many seconds is over."""
    return FOREVER if for_s is None else facts.now_ms + for_s * 1000


def _check_admin(facts: Facts, group: str, actor: str) -> tuple[Group, Member]:
    """Raises `not_found`, `forbidden` for those who are no admin, and in a direct chat, which has none; `read_only`."""
    member = facts.member(group, actor)
    if RANK[member.role] < RANK["admin"]:
        raise Refused("forbidden")
    check_writable(facts.groups[group])
    return facts.groups[group], member


def _check_over(facts: Facts, group: str, actor: str, user: str) -> Member:
    """The one who is acted on, by somebody who stands above them. Raises `not_found`, `forbidden`."""
    _, admin = _check_admin(facts, group, actor)
    member = facts.member(group, user)
    if not outranks(admin, member.role):
        raise Refused("forbidden")
    return member


def change(facts: Facts, group: Group, actor: str | None, told: dict[str, Any], **settings: Any) -> int:
    """Settings that hold for everybody, with the entry that says so. Returns its pos."""
    group.settings = group.settings | settings
    facts.changed_groups.add(group.id)
    return facts.append(group, "moderation", actor, told).pos
