"""What the operator does in groups, in place of their owner and admins. Each act is audited, by nobody (`by` None).

The operator is in no group and needs no right there; all else holds as for everybody: bans, places, the end of a group.
The entries are by nobody too, which says that it was the operator.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.gate import judge_newcomer, need_newcomer
from chatd.core.groups import CreateGroup, change_settings
from chatd.core.invites import CreateInvite
from chatd.core.moderation import change, end_after
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.refusal import Refused
from chatd.core.requests import JoinRequest, let_in, need_request, settle
from chatd.core.restrictions import end_of
from chatd.core.rights import RANK, check_writable, may
from chatd.core.values import Group, Member


class FoundFor(CreateGroup, frozen=True, tag="found_for"):
    """A group for `actor`, who owns it as if they had made it."""

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, and as `CreateGroup`."""
        facts.user(self.actor)
        answer = super().decide(facts)
        facts.audit("group.create", by=None, group=self.group, user=self.actor)
        return answer


class InviteFor(CreateInvite, frozen=True, tag="invite_for"):
    """An invite in the name of `actor`, who owns the group: it counts and dies as theirs."""

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises as `CreateInvite`."""
        answer = super().decide(facts)
        facts.audit("invite.create", by=None, group=self.group, user=self.actor, invite=self.invite)
        return answer


class Enlist(Wish, frozen=True, tag="enlist"):
    """`user` is in the group from now on, as `role`."""

    group: str
    user: str
    role: str = "member"

    def needs(self, need: Needs) -> None:
        need_newcomer(need, self.group, self.user)
        need_request(need, self.group, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat, `read_only`, `forbidden` for who is banned, `limit`."""
        group = group_of(facts, self.group)
        facts.user(self.user)
        judged = judge_newcomer(facts, group, self.user)
        if judged == "already":
            return {"group": group.id, "user": self.user, "result": "already"}
        check_writable(group)
        if judged == "banned":
            raise Refused("forbidden", "Somebody who is banned is not let in", reason="banned")
        if judged == "full":
            raise Refused("limit", bound="members", max=group.member_limit)
        pos = facts.join(group, self.user, self.role, None, how="operator")
        request = facts.find(JoinRequest, group.id, self.user)
        if request is not None and request.state == "pending":
            settle(facts, group, replace(request, state="approved", decided_at=facts.now_ms))
        facts.audit("member.add", by=None, group=group.id, user=self.user, pos=pos, role=self.role)
        return {"group": group.id, "user": self.user, "result": "added", "pos": pos}


class Assign(Wish, frozen=True, tag="assign"):
    """A member who does not own the group has `role` from now on."""

    group: str
    user: str
    role: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.groups.add(self.group)
        need.members.add((self.group, self.user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat and for the owner, `read_only`."""
        group, member = _member_below_owner(facts, self.group, self.user)
        if member.role == self.role:
            return {"group": group.id, "user": self.user, "role": self.role}
        lowered = RANK[self.role] < RANK[member.role]
        member.role = self.role
        facts.change_member(member)
        entry = facts.append(group, "role", None, {"user": self.user, "role": self.role})
        facts.audit("member.role", by=None, group=group.id, user=self.user, pos=entry.pos, role=self.role)
        if lowered and not may(group, member, "invite"):
            facts.void_invites(group, self.user)
        return {"group": group.id, "user": self.user, "role": self.role, "pos": entry.pos}


class Adjust(Wish, frozen=True, tag="adjust"):
    """Change what is not None."""

    group: str
    title: str | None
    intro: str | None
    history: str | None
    limit: int | None
    rules: str | None

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        if self.history is not None:
            need.histories.setdefault(self.group, set()).add(self.history)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat, `read_only`, `limit`."""
        group = group_of(facts, self.group)
        check_writable(group)
        plain = {"title": self.title, "intro": self.intro, "history": self.history, "limit": self.limit}
        changed = change_settings(facts, group, plain, {"rules": self.rules})
        entry = facts.append(group, "settings", None, changed)
        facts.audit("group.update", by=None, group=group.id, pos=entry.pos, changed=list(changed))
        return {"group": group.id, "pos": entry.pos}


class Hush(Wish, frozen=True, tag="hush"):
    """Nobody below admin may write (`on`) for `for_s` seconds, or until that is lifted; or they may again."""

    group: str
    on: bool
    for_s: int | None
    reason: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat, `read_only`."""
        group = group_of(facts, self.group)
        check_writable(group)
        if not self.on and group.settings.get("restricted_until", 0) <= facts.now_ms:
            return {"group": group.id, "restricted": False}
        until = end_after(facts, self.for_s) if self.on else 0
        end = end_of(until) if self.on else {}
        pos = change(facts, group, None, {"restricted": self.on} | end, restricted_until=until)
        act = "group.restrict" if self.on else "group.unrestrict"
        facts.audit(act, by=None, group=group.id, reason=self.reason, pos=pos, **end)
        return {"group": group.id, "restricted": self.on, "pos": pos} | end


class Silence(Wish, frozen=True, tag="silence"):
    """A member who does not own the group may not write (`on`) for `for_s` seconds, or until that is lifted; or they
    may again. With `tell` they learn the reason."""

    group: str
    user: str
    on: bool
    for_s: int | None
    reason: str
    tell: bool

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.groups.add(self.group)
        need.members.add((self.group, self.user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat and for the owner, `read_only`."""
        group, member = _member_below_owner(facts, self.group, self.user)
        answer = {"group": group.id, "user": self.user, "restricted": self.on}
        if not self.on and member.restricted_until <= facts.now_ms:
            return answer
        member.restricted_until = end_after(facts, self.for_s) if self.on else 0
        facts.change_member(member)
        end = end_of(member.restricted_until) if self.on else {}
        told = self.reason if self.on and self.tell and self.reason else None
        facts.log(self.user, "restricted" if self.on else "unrestricted", group.id, None, reason=told, **end)
        act = "member.restrict" if self.on else "member.unrestrict"
        facts.audit(act, by=None, group=group.id, user=self.user, reason=self.reason, **end)
        return answer | end


class Admit(Wish, frozen=True, tag="admit"):
    """The request of `user` that waits is decided."""

    group: str
    user: str
    approved: bool

    def needs(self, need: Needs) -> None:
        need_newcomer(need, self.group, self.user)
        need_request(need, self.group, self.user)
        need.asked.add((self.group, self.user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `already_decided`, `read_only`, `forbidden` for who is banned, `limit`."""
        group = group_of(facts, self.group)
        request = facts.find(JoinRequest, self.group, self.user)
        if request is None or not facts.exists(self.user):
            raise Refused("not_found")
        if request.state != "pending":
            raise Refused("already_decided")
        pos = let_in(facts, group, request, "owner", None) if self.approved else None
        state = "approved" if self.approved else "refused"
        settle(facts, group, replace(request, state=state, decided_at=facts.now_ms))
        act = "request.approve" if self.approved else "request.refuse"
        facts.audit(act, by=None, group=group.id, user=self.user, pos=pos, number=request.number)
        answer = {"group": group.id, "user": self.user, "state": state}
        return answer if pos is None else answer | {"pos": pos}


def group_of(facts: Facts, group_id: str) -> Group:
    """A group that the operator may act on. Raises `not_found`, `invalid` for a direct chat."""
    group = facts.groups.get(group_id)
    if group is None:
        raise Refused("not_found")
    if group.direct:
        raise Refused("invalid", "This is not done in a direct chat")
    return group


def _member_below_owner(facts: Facts, group_id: str, user: str) -> tuple[Group, Member]:
    group = group_of(facts, group_id)
    check_writable(group)
    facts.user(user)
    member = facts.member(group_id, user)
    if member.role == "owner":
        raise Refused("invalid", "This is not done to the owner: give the group to somebody else first")
    return group, member
