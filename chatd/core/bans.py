"""Bans: who must not come back into a group by any way, until an admin lifts it. `gate` asks for them.

A ban is no entry of the group's log: it is told to the admins who ask for the list, and to whom it put out, in their
own log.
"""

from __future__ import annotations

from typing import Any

from chatd.core.dissolution import end_if_empty
from chatd.core.facts import Facts
from chatd.core.gate import Ban
from chatd.core.needs import Needs
from chatd.core.ownership import succeed_owner
from chatd.core.proposal import Command, Wish
from chatd.core.refusal import Refused
from chatd.core.rights import check_admin, check_writable, outranks
from chatd.core.values import Group


class BanMember(Command, frozen=True, tag="ban"):
    """`actor` bans `user`, and puts them out if they are in, with `tell` saying why. Again: another reason."""

    group: str
    user: str
    reason: str
    tell: bool = False

    def needs(self, need: Needs) -> None:
        need.users.update((self.actor, self.user))
        need.groups.add(self.group)
        need.members.update(((self.group, self.actor), (self.group, self.user)))
        need.record(Ban, self.group, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `limit`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_admin(group, actor)
        check_writable(group)
        if not facts.exists(self.user):
            raise Refused("not_found")
        member = facts.members.get((group.id, self.user))
        present = member is not None and member.present
        if self.user == self.actor or (member is not None and present and not outranks(actor, member.role)):
            raise Refused("forbidden")
        keep_ban(facts, group, self.user, self.actor, self.reason)
        answer = {"group": group.id, "user": self.user, "banned": True}
        if member is not None and present:
            told = self.reason if self.tell and self.reason else None
            answer["pos"] = facts.leave(group, member, by=self.actor, why="banned", reason=told)
        pos = answer.get("pos")
        facts.audit("member.ban", by=self.actor, group=group.id, user=self.user, reason=self.reason, pos=pos)
        return answer


class Unban(Command, frozen=True, tag="unban"):
    """`actor` lifts a ban. Lifting one that there is not changes nothing."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        need.record(Ban, self.group, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden` (also for a ban by the operator), `read_only`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_admin(group, actor)
        check_writable(group)
        ban = facts.find(Ban, group.id, self.user)
        if ban is not None and ban.by is None:
            raise Refused("forbidden")
        lift_ban(facts, group, self.user)
        facts.audit("member.unban", by=self.actor, group=group.id, user=self.user)
        return {"group": group.id, "user": self.user, "banned": False}


class Expel(Wish, frozen=True, tag="expel"):
    """The operator puts `user` out, whatever their role, with `tell` saying why, and bans them if `ban`."""

    group: str
    user: str
    reason: str
    ban: bool
    tell: bool = False

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.heirs.add(self.group)
        need.members.add((self.group, self.user))
        need.record(Ban, self.group, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat, `read_only` for a ban in a dissolved group."""
        group = facts.groups.get(self.group)
        member = facts.members.get((self.group, self.user))
        present = member is not None and member.present
        if group is None:
            raise Refused("not_found", "There is no such group")
        if not facts.exists(self.user) or not (present or self.ban):
            raise Refused("not_found", "This person is not in the group")
        if group.direct:
            raise Refused("invalid", "Nobody is put out of a direct chat")
        if self.ban:
            check_writable(group)
            keep_ban(facts, group, self.user, None, self.reason)
        if member is not None and present:
            if member.role == "owner":
                succeed_owner(facts, group, member)
            told = self.reason if self.tell and self.reason else None
            facts.leave(group, member, by=None, why="banned" if self.ban else "removed", reason=told)
            end_if_empty(facts, group)
        act = "member.ban" if self.ban else "member.kick"
        facts.audit(act, by=None, group=group.id, user=self.user, reason=self.reason)
        return {"group": group.id, "user": self.user, "banned": self.ban, "members": group.members}


class Pardon(Wish, frozen=True, tag="pardon"):
    """The operator lifts a ban, whoever made it."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.record(Ban, self.group, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `read_only`."""
        group = facts.groups.get(self.group)
        if group is None:
            raise Refused("not_found", "There is no such group")
        if facts.find(Ban, self.group, self.user) is None:
            raise Refused("not_found", "This person is not banned there")
        check_writable(group)
        lift_ban(facts, group, self.user)
        facts.audit("member.unban", by=None, group=group.id, user=self.user)
        return {"group": group.id, "user": self.user, "banned": False}


def keep_ban(facts: Facts, group: Group, user: str, by: str | None, reason: str) -> None:
    """There is a ban. The operator's stays the operator's; without a reason, the one before stays. Raises `limit`."""
    ban = facts.find(Ban, group.id, user)
    if ban is not None:
        facts.put(Ban(group.id, user, by if ban.by is not None else None, ban.at, reason or ban.reason))
        return
    count, most = group.settings.get("bans", 0), facts.bounds.bans_per_group
    if count >= most and by is not None:
        raise Refused("limit", bound="bans_per_group", max=most)
    facts.put(Ban(group.id, user, by, facts.now_ms, reason))
    facts.void_invites(group, user)
    _count(facts, group, count + 1)


def lift_ban(facts: Facts, group: Group, user: str) -> None:
    """There is no ban."""
    if facts.find(Ban, group.id, user) is not None:
        facts.drop(Ban, group.id, user)
        _count(facts, group, group.settings.get("bans", 0) - 1)


def _count(facts: Facts, group: Group, count: int) -> None:
    group.settings = group.settings | {"bans": count}
    facts.changed_groups.add(group.id)
