"""Invites: the rules of making, looking at, taking up and taking back.

An invite is found by the keyed hash of its secret or by its id; the group and the maker it names never change, so the
engine can look them up before it locks anything (`lead`). Whatever makes an invite useless for somebody is one and the
same refusal, so that nobody learns whether they were blocked, banned or late.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.gate import Ban, check_person, judge_newcomer, need_newcomer
from chatd.core.invite_rows import Invite, Maker
from chatd.core.needs import Needs, Sought
from chatd.core.proposal import Command, Wish
from chatd.core.refusal import Refused
from chatd.core.requests import ask_to_enter, entry_of, need_request
from chatd.core.rights import RANK, may, outranks, require
from chatd.core.uses import count_use, end_invite
from chatd.core.values import Group, Member


def lead(need: Needs, asked: Sought, invite: str, group: str, maker: str) -> None:
    """What has to be known of an invite that exists, for somebody to do something with it."""
    user = asked.user
    need.record(Invite, invite)
    need.record(Maker, group, maker)
    need.users.update((maker, user))
    need.members.add((group, maker))
    need.record(Ban, group, maker)
    need.pair(user, maker)
    need_newcomer(need, group, user)
    if asked.asks:
        need_request(need, group, user)


class CreateInvite(Command, frozen=True, tag="invite"):
    """`invite` is a fresh id, `secret` the keyed hash of what was derived for this command."""

    group: str
    invite: str
    kind: str
    secret: str | None
    target: str | None
    role: str
    expires_in_ms: int | None
    max_uses: int | None
    approval: bool
    note: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        need.record(Maker, self.group, self.actor)
        need.record(Invite, self.invite)
        if self.target is not None:
            need.users.add(self.target)
            need.pair(self.actor, self.target)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `invalid` for oneself, `not_for_bots`, `limit`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_may_invite(group, actor, self.role)
        if self.target is not None and not facts.exists(self.target):
            raise Refused("not_found")
        if self.target is not None:
            check_person(facts, self.target)
        if self.target == self.actor:
            raise Refused("invalid", "Nobody invites themselves", path="$.data.user")
        maker = facts.find(Maker, group.id, self.actor) or Maker(group.id, self.actor, {})
        quota = facts.bounds.invites_open_per_maker
        if maker.count_open(facts.now_ms) >= quota:
            raise Refused("limit", bound="open_per_maker", max=quota)
        expires_at = None if self.expires_in_ms is None else facts.now_ms + self.expires_in_ms
        facts.put(maker.opened(self.invite, expires_at, facts.now_ms))
        facts.put(self._invite(group, expires_at, facts.now_ms))
        facts.part_members(group)
        if self.secret is not None:
            facts.invite_of_secret[self.secret] = self.invite
        if self.target is not None and not facts.blocked(self.actor, self.target):
            facts.log(self.target, "invited", group.id, None, invite=self.invite, by=self.actor)
        answer = {"invite": self.invite, "group": group.id, "kind": self.kind}
        return answer if expires_at is None else answer | {"expires": expires_at}

    def _invite(self, group: Group, expires_at: int | None, now_ms: int) -> Invite:
        return Invite(
            invite_id=self.invite,
            secret=self.secret,
            group_id=group.id,
            maker=self.actor,
            kind=self.kind,
            role=self.role,
            target=self.target,
            approval=self.approval,
            note=self.note,
            created_at=now_ms,
            made_pos=group.head,
            expires_at=expires_at,
            max_uses=self.max_uses,
        )


class RevokeInvite(Command, frozen=True, tag="uninvite"):
    """It lets nobody in any more. Requests that came by it stay."""

    invite: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        _need_named(need, None, self.invite, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found` also for who sees only their own invites, `forbidden`."""
        invite = facts.find(Invite, self.invite)
        if invite is None:
            raise Refused("not_found")
        if invite.maker != self.actor:
            actor = facts.member(invite.group_id, self.actor)
            if RANK[actor.role] < RANK["admin"]:
                raise Refused("not_found")
            maker = facts.members[invite.group_id, invite.maker]
            if maker.present and not outranks(actor, maker.role):
                raise Refused("forbidden")
            where, whose = invite.group_id, invite.maker
            facts.audit("invite.revoke", by=self.actor, group=where, user=whose, invite=invite.invite_id)
        end_invite(facts, invite)
        return {"invite": invite.invite_id}


class DeclineInvite(Command, frozen=True, tag="uninvited"):
    """`actor` does not take up an invite that is directed to them; nobody else is told."""

    invite: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.record(Invite, self.invite)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, also for who is not meant."""
        invite = facts.find(Invite, self.invite)
        if invite is None or invite.target != self.actor:
            raise Refused("not_found")
        if invite.declined_at is None and not invite.used_up:
            facts.put(replace(invite, declined_at=facts.now_ms))
            facts.log(self.actor, "declined", invite.group_id, None, invite=invite.invite_id)
        return {"invite": invite.invite_id}


class EndInvite(Wish, frozen=True, tag="end_invite"):
    """The operator takes an invite back."""

    invite: str

    def needs(self, need: Needs) -> None:
        _need_named(need, None, self.invite, "")

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        invite = facts.find(Invite, self.invite)
        if invite is None:
            raise Refused("not_found")
        end_invite(facts, invite)
        where, whose = invite.group_id, invite.maker
        facts.audit("invite.revoke", by=None, group=where, user=whose, invite=invite.invite_id)
        return {"invite": invite.invite_id, "group": invite.group_id}


class PreviewInvite(Wish, frozen=True, tag="preview"):
    """What an invite would lead `user` to ("" for somebody who is not known). By the rules of taking it up, on facts of
    one moment; it changes nothing."""

    user: str
    secret: str | None
    invite: str | None

    def needs(self, need: Needs) -> None:
        _need_named(need, self.secret, self.invite, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `invite_invalid`."""
        invite = named(facts, self.secret, self.invite, self.user)
        group = facts.groups[invite.group_id]
        inside = is_inside(facts, group.id, self.user)
        if not inside:
            check_admits(facts, invite, group, self.user)
        maker = facts.users[invite.maker]
        shown = {
            "title": group.title,
            "members": group.members,
            "inviter": maker.id,
            "entry": door_of(group, invite),
        }
        if shown["entry"] == "question":
            shown["question"] = group.settings.get("question", "")
        more = {"name": maker.name, "intro": group.intro, "avatar": group.settings.get("avatar")}
        shown |= {name: value for name, value in more.items() if value}
        return shown | {"group": group.id} if inside else shown


class RedeemInvite(Command, frozen=True, tag="redeem"):
    """Come in by an invite, or ask to where admins decide."""

    secret: str | None
    invite: str | None
    answer: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        _need_named(need, self.secret, self.invite, self.actor, asks=True)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `invite_invalid`, `limit`, `invalid` for a question left open, `rate_limited`."""
        check_person(facts, self.actor)
        invite = named(facts, self.secret, self.invite, self.actor)
        group = facts.groups[invite.group_id]
        if is_inside(facts, group.id, self.actor):
            return {"group": group.id, "result": "already"}
        check_admits(facts, invite, group, self.actor)
        maker = facts.members[group.id, invite.maker]
        via = {"invite": invite.invite_id, "inviter": maker.user, "parent": (maker.via or {}).get("invite")}
        door = door_of(group, invite)
        if door != "invite":
            return ask_to_enter(facts, group, self.actor, self.answer, via, invite.role, door)
        check_place(facts, group, self.actor)
        pos = facts.join(group, self.actor, invite.role, maker.user, how="invite", via=via)
        count_use(facts, invite)
        return {"group": group.id, "result": "added", "pos": pos}


def _need_named(need: Needs, secret: str | None, invite: str | None, user: str, *, asks: bool = False) -> None:
    if invite is not None:
        need.record(Invite, invite)
    need.sought.add(Sought(secret, invite, user, asks))


def named(facts: Facts, secret: str | None, invite: str | None, user: str) -> Invite:
    """The invite that somebody means. A directed one is nobody else's. Raises `invite_invalid`."""
    known = facts.invite_of_secret.get(secret) if secret is not None else invite
    found = facts.find(Invite, known) if known is not None else None
    if found is None or (secret is None and found.target != user):
        raise Refused("invite_invalid")
    return found


def is_inside(facts: Facts, group: str, user: str) -> bool:
    """Whether somebody is in the group."""
    member = facts.members.get((group, user))
    return member is not None and member.present


def door_of(group: Group, invite: Invite) -> str:
    """How one comes in by this invite. Who was asked instead of being pulled in finds no door."""
    entry = entry_of(group, invite.approval)
    return "invite" if invite.pull or entry == "open" else entry


def check_may_invite(group: Group, actor: Member, role: str) -> None:
    """Raises `forbidden`, `read_only` where a member makes no invite, or none to this role."""
    if group.direct or RANK[role] > RANK[actor.role]:
        raise Refused("forbidden")
    if group.read_only or group.dissolved_at is not None:
        raise Refused("read_only")
    require(group, actor, "invite")


def may_still_invite(facts: Facts, group: Group, invite: Invite) -> bool:
    """Whether the maker's word still counts. Who left by themselves leaves plain invites behind, and nobody asked."""
    member, user = facts.members.get((group.id, invite.maker)), facts.users.get(invite.maker)
    if member is None or user is None or user.disabled or facts.find(Ban, group.id, invite.maker) is not None:
        return False
    if not member.present:
        return member.why == "left" and RANK[invite.role] <= RANK["member"] and not invite.pull
    return may(group, member, "pull" if invite.pull else "invite") and RANK[invite.role] <= RANK[member.role]


def check_admits(facts: Facts, invite: Invite, group: Group, user: str) -> None:
    """Raises `invite_invalid` unless the invite lets this person in, who is not in the group."""
    maker = facts.find(Maker, group.id, invite.maker)
    void_pos = 0 if maker is None else maker.void_pos
    closed = group.direct or group.read_only or group.dissolved_at is not None
    if closed or invite.state(void_pos, facts.now_ms) != "open" or not may_still_invite(facts, group, invite):
        raise Refused("invite_invalid")
    if user and not _is_welcome(facts, invite, group, user):
        raise Refused("invite_invalid")


def _is_welcome(facts: Facts, invite: Invite, group: Group, user: str) -> bool:
    if user == invite.maker or facts.blocked(user, invite.maker) or facts.find(Ban, group.id, user) is not None:
        return False
    if invite.declined_at is not None:
        return False
    if (invite.pull or group.settings.get("invites") == "mutual_only") and not facts.mutual(user, invite.maker):
        return False
    before = facts.members.get((group.id, user))
    if before is None or before.why != "kicked":
        return True
    maker = facts.members[group.id, invite.maker]
    is_new = invite.made_pos > (before.until_pos or 0)
    return is_new and maker.present and RANK[maker.role] >= RANK["admin"]


def check_place(facts: Facts, group: Group, user: str) -> None:
    """Raises `limit`, naming whose: the group's members, or the groups of this person."""
    if judge_newcomer(facts, group, user) != "full":
        return
    if group.members >= group.member_limit:
        raise Refused("limit", bound="members", max=group.member_limit)
    raise Refused("limit", bound="groups_per_user", max=facts.bounds.groups_per_user)
