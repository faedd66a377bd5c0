"""Groups, and the ways in and out of them. Everything here is judged inside the commit that makes it true."""

from __future__ import annotations

from typing import Any

from chatd.core.dissolution import end_if_empty
from chatd.core.facts import Facts
from chatd.core.fans import check_choice, choose, need_choice
from chatd.core.needs import Needs
from chatd.core.ownership import find_successor, hand_over
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.relations import settle_direct_chat
from chatd.core.rights import RANK, check_admin, check_rights, check_writable, may, outranks, require, rights_of
from chatd.core.titles import list_title, unlist_title
from chatd.core.values import Group, Member, direct_key


class CreateGroup(Command, frozen=True, tag="create"):
    """A private or public group of one. `group` is a fresh id."""

    group: str
    title: str
    intro: str
    history: str
    limit: int | None
    kind: str = "private"

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `limit`, `forbidden` where people may make no public groups."""
        bounds = facts.bounds
        public = self.kind == "public"
        if public and not bounds.public_groups:
            raise Refused("forbidden")
        check_place_in_list(facts, self.actor)
        default = bounds.public_group_limit_default if public else bounds.group_limit_default
        limit = default if self.limit is None else self.limit
        check_member_limit(facts, self.kind, limit)
        group = Group(
            id=self.group,
            kind=self.kind,
            title=self.title,
            intro=self.intro,
            history=self.history,
            member_limit=limit,
            head=0,
            head_at=0,
            seq=0,
            members=0,
            read_only=False,
            created_at=facts.now_ms,
            settings={"entry": "open"} if public else {},
        )
        found_group(facts, group, self.actor, {self.actor: "owner"})
        list_title(facts, group)
        return {"group": group.id, "pos": 1, "created": True}


class CreateDirect(Command, frozen=True, tag="direct"):
    """The direct chat of `actor` and `user`; there is one per pair. `group` is a fresh id, unused if it exists."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        need.users.update((self.actor, self.user))
        need.pair(self.actor, self.user)
        need.directs.add(direct_key(self.actor, self.user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_mutual` (also for somebody who does not exist), `invalid` for oneself, `limit`."""
        if self.user == self.actor:
            raise Refused("invalid", "A direct chat has two people", path="$.data.user")
        existing = facts.direct.get(direct_key(self.actor, self.user))
        writable = existing is not None and not facts.groups[existing].read_only
        open_bot = talks_to_anybody(facts, self.actor, self.user)
        if not (writable or open_bot) and (not facts.exists(self.user) or not facts.mutual(self.actor, self.user)):
            raise Refused("not_mutual")
        if existing is not None:
            member = facts.members[existing, self.actor]
            archive(facts, member, archived=False)
            if open_bot:
                accept_all(facts, facts.groups[existing])
                settle_direct_chat(facts, self.actor, self.user)
            return {"group": existing, "pos": 1, "created": False}
        check_place_in_list(facts, self.actor)
        if facts.users[self.user].groups >= facts.bounds.groups_per_user:
            raise Refused("limit", bound="groups_per_user of the other", max=facts.bounds.groups_per_user)
        group = make_direct(facts, self.group, self.actor, self.user)
        if open_bot:
            accept_all(facts, group)
        return {"group": self.group, "pos": 1, "created": True}


class UpdateGroup(Command, frozen=True, tag="update"):
    """Change what is not None."""

    group: str
    title: str | None
    intro: str | None
    history: str | None
    limit: int | None
    rules: str | None = None
    avatar: str | None = None
    rights: dict[str, str] | None = None
    on_unfollow_owner: str | None = None

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        if self.on_unfollow_owner is not None:
            need_choice(need, self.actor, self.group)
        if self.history is not None:
            need.histories.setdefault(self.group, set()).add(self.history)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `limit`, `invalid` for a right below its lowest role."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        require(group, actor, "edit")
        check_writable(group)
        if self.rights is not None:
            check_rights(actor, self.rights)
        if self.on_unfollow_owner is not None:
            check_choice(facts, group, actor, self.on_unfollow_owner)
        rights = None if self.rights is None else rights_of(group) | self.rights
        plain = {"title": self.title, "intro": self.intro, "history": self.history, "limit": self.limit}
        chosen = {"rules": self.rules, "avatar": self.avatar, "rights": rights}
        changed = change_settings(facts, group, plain, chosen) | _named({"on_unfollow_owner": self.on_unfollow_owner})
        entry = facts.append(group, "settings", self.actor, changed)
        if self.on_unfollow_owner is not None:
            choose(facts, group, self.actor, self.on_unfollow_owner, entry.pos)
        facts.audit("group.update", by=self.actor, group=group.id, pos=entry.pos, changed=list(changed))
        return {"group": group.id, "pos": entry.pos}


def change_settings(facts: Facts, group: Group, plain: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """Change what is not None: `plain` are title, intro, history and limit, `chosen` what is kept as it is. Returns
    what was changed. Raises `limit`."""
    plain, chosen = _named(plain), _named(chosen)
    if "limit" in plain:
        check_member_limit(facts, group.kind, plain["limit"])
    if "title" in plain:
        unlist_title(facts, group)
        group.title = plain["title"]
        list_title(facts, group)
    group.intro = plain.get("intro", group.intro)
    group.history = plain.get("history", group.history)
    group.member_limit = plain.get("limit", group.member_limit)
    group.settings = group.settings | chosen
    facts.changed_groups.add(group.id)
    return plain | chosen


def _named(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not None}


class Leave(Command, frozen=True, tag="leave"):
    """`actor` goes. A direct chat is only put away. An owner hands the group to `successor` first."""

    group: str
    successor: str | None = None

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        if self.successor is not None:
            need.users.add(self.successor)
            need.members.add((self.group, self.successor))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found` (also for a successor who is not in), `owner_must_stay`, `forbidden` to name a successor
        of somebody else, `invalid` for oneself."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if group.direct:
            archive(facts, member, archived=True)
            return {"group": group.id, "archived": True}
        if self.successor is not None and member.role != "owner":
            raise Refused("forbidden")
        if member.role == "owner" and group.dissolved_at is None:
            if self.successor is None:
                raise Refused("owner_must_stay")
            hand_over(facts, group, member, find_successor(facts, group, member, self.successor), self.actor)
        pos = facts.leave(group, member, by=None)
        end_if_empty(facts, group)
        return {"group": group.id, "pos": pos}


class Kick(Command, frozen=True, tag="kick"):
    """`actor` puts `user` out. With `tell` the one who goes is told the reason; the others never are."""

    group: str
    user: str
    reason: str = ""
    tell: bool = False

    def needs(self, need: Needs) -> None:
        need.users.update((self.actor, self.user))
        need.groups.add(self.group)
        need.members.update(((self.group, self.actor), (self.group, self.user)))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_admin(group, actor)
        check_writable(group)
        member = facts.member(self.group, self.user)
        if not outranks(actor, member.role):
            raise Refused("forbidden")
        told = self.reason if self.tell and self.reason else None
        pos = facts.leave(group, member, by=self.actor, reason=told)
        facts.audit("member.kick", by=self.actor, group=group.id, user=self.user, reason=self.reason, pos=pos)
        return {"group": group.id, "pos": pos}


class SetRole(Command, frozen=True, tag="role"):
    """The owner gives any role but their own; admins make silent viewers of members, or the reverse."""

    group: str
    user: str
    role: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.update(((self.group, self.actor), (self.group, self.user)))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_admin(group, actor)
        check_writable(group)
        if not outranks(actor, self.role):
            raise Refused("forbidden")
        member = facts.member(self.group, self.user)
        if not outranks(actor, member.role):
            raise Refused("forbidden")
        lowered = RANK[self.role] < RANK[member.role]
        member.role = self.role
        facts.change_member(member)
        entry = facts.append(group, "role", self.actor, {"user": self.user, "role": self.role})
        facts.audit("member.role", by=self.actor, group=group.id, user=self.user, pos=entry.pos, role=self.role)
        if lowered and not may(group, member, "invite"):
            facts.void_invites(group, self.user)
        return {"group": group.id, "pos": entry.pos}


def found_group(facts: Facts, group: Group, actor: str, roles: dict[str, str]) -> None:
    """Create a group with its first entry and its first members."""
    facts.groups[group.id] = group
    facts.new_groups.append(group)
    body = {"group_kind": group.kind, "title": group.title, "members": list(roles)}
    entry = facts.append(group, "created", actor, body)
    for user, role in roles.items():
        facts.enter(group, user, role, None if user == actor else actor, entry.pos)


def make_direct(facts: Facts, group_id: str, actor: str, user: str) -> Group:
    """The direct chat of two people who have none."""
    group = Group(
        id=group_id,
        kind="direct",
        title="",
        intro="",
        history="all",
        member_limit=2,
        head=0,
        head_at=0,
        seq=0,
        members=0,
        read_only=False,
        created_at=facts.now_ms,
        direct_key=direct_key(actor, user),
    )
    found_group(facts, group, actor, {actor: "member", user: "member"})
    facts.direct[direct_key(actor, user)] = group.id
    return group


def talks_to_anybody(facts: Facts, user: str, other: str) -> bool:
    """Whether `other` is a bot whom anybody may begin a direct chat with, and neither has blocked the other."""
    bot = facts.users.get(other)
    if bot is None or not bot.bot or bot.disabled or facts.blocked(user, other):
        return False
    return bool(bot.settings.get("direct"))


def accept_all(facts: Facts, group: Group) -> None:
    """A direct chat of two who need not be mutual to write there."""
    if not group.settings.get("accepted"):
        group.settings = group.settings | {"accepted": True}
        facts.changed_groups.add(group.id)


def archive(facts: Facts, member: Member, *, archived: bool) -> None:
    """Put a chat away, or take it out again; the person's other devices learn it."""
    if member.archived == archived:
        return
    member.archived = archived
    facts.change_member(member)
    facts.log(member.user, "archived", member.group, None, archived=archived)


def check_place_in_list(facts: Facts, user: str) -> None:
    """Raises `limit` if the user is in as many groups as one may be in."""
    if facts.users[user].groups >= facts.bounds.groups_per_user:
        raise Refused("limit", bound="groups_per_user", max=facts.bounds.groups_per_user)


def check_member_limit(facts: Facts, kind: str, limit: int) -> None:
    """Raises `limit` if a group of this kind may not be that large here."""
    bound = "public_group_limit_max" if kind == "public" else "group_limit_max"
    most: int = getattr(facts.bounds, bound)
    if limit > most:
        raise Refused("limit", bound=bound, max=most)
