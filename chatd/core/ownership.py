"""Who owns a group: handing it over, and who comes next when the owner vanishes.

An owner who goes by themselves names a successor. One who vanishes in any other way (disabled, put out by the operator)
is followed by the oldest admin, else by the oldest member; silent viewers and bots do not follow, and a group that
nobody can follow in is dissolved. All of it falls in the commit that makes the owner vanish.
"""

from __future__ import annotations

from typing import Any

from chatd.core.dissolution import dissolve
from chatd.core.facts import Facts
from chatd.core.fans import forget_choice
from chatd.core.needs import Needs
from chatd.core.proposal import Command, Wish
from chatd.core.refusal import Refused
from chatd.core.rights import RANK, check_writable, may
from chatd.core.values import Entry, Group, Member


class Transfer(Command, frozen=True, tag="transfer"):
    """The owner hands the group to `user`, and stays as an admin."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.groups.add(self.group)
        need.members.update(((self.group, self.actor), (self.group, self.user)))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `invalid` for oneself."""
        owner = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if owner.role != "owner":
            raise Refused("forbidden")
        check_writable(group)
        heir = find_successor(facts, group, owner, self.user)
        return {"group": group.id, "pos": hand_over(facts, group, owner, heir, self.actor).pos}


class Appoint(Wish, frozen=True, tag="appoint"):
    """The operator gives a group to one of its members. The owner before stays as an admin."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.heirs.add(self.group)
        need.members.add((self.group, self.user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `read_only`, `invalid` for a direct chat or who owns it already."""
        group = facts.groups.get(self.group)
        if group is None:
            raise Refused("not_found")
        owner = owner_of(facts, group)
        check_writable(group)
        if owner is None:
            raise Refused("invalid", "The group has no owner")
        heir = find_successor(facts, group, owner, self.user)
        return {"group": group.id, "pos": hand_over(facts, group, owner, heir, None).pos}


def find_successor(facts: Facts, group: Group, owner: Member, user: str) -> Member:
    """Whom the owner names: somebody in the group who can still come. Raises `not_found`, `invalid` for the owner,
    `not_for_bots`."""
    if user == owner.user:
        raise Refused("invalid", "The owner owns it already", path="$.data.user")
    heir = facts.member(group.id, user)
    if facts.users[user].bot:
        raise Refused("not_for_bots", "A bot owns no group.")
    if facts.users[user].disabled:
        raise Refused("not_found")
    return heir


def hand_over(facts: Facts, group: Group, owner: Member, heir: Member, by: str | None, role: str = "admin") -> Entry:
    """`heir` owns the group from here on; the owner before has `role`."""
    owner.role, heir.role = role, "owner"
    forget_choice(group)
    facts.changed_groups.add(group.id)
    facts.change_member(owner)
    facts.change_member(heir)
    entry = facts.append(group, "owner", by, {"user": heir.user, "before": owner.user, "role": role})
    if not may(group, owner, "invite"):
        facts.void_invites(group, owner.user)
    facts.audit("group.transfer", by=by, group=group.id, user=heir.user, pos=entry.pos, before=owner.user)
    return entry


def need_succession(need: Needs, user: str) -> None:
    """What `succeed_everywhere` has to know."""
    need.users.add(user)
    need.vanishing.add(user)


def succeed_everywhere(facts: Facts, user: str) -> list[str]:
    """Every group that the user owns gets another owner, or is dissolved. Returns the groups."""
    owned = sorted(
        (member.group, member)
        for (_, of), member in facts.members.items()
        if of == user and member.present and member.role == "owner"
    )
    groups = [facts.groups[group] for group, _ in owned]
    for group, (_, owner) in zip(groups, owned, strict=True):
        succeed_owner(facts, group, owner)
    return [group.id for group in groups]


def succeed_owner(facts: Facts, group: Group, owner: Member) -> Entry | None:
    """The owner vanishes: who comes next owns the group, or it is dissolved. Nothing for a dissolved group."""
    if group.dissolved_at is not None:
        return None
    heir = next_owner(facts, group)
    if heir is None:
        entry = dissolve(facts, group, None)
        facts.audit("group.dissolve", by=None, group=group.id, pos=entry.pos, before=owner.user)
        return entry
    return hand_over(facts, group, owner, heir, None, role="member")


def next_owner(facts: Facts, group: Group) -> Member | None:
    """The oldest admin, else the oldest member, of the people who are not disabled."""
    able = [
        member
        for (of, user), member in facts.members.items()
        if of == group.id and member.present and member.role in ("admin", "member") and _is_able(facts, of, user)
    ]
    return min(able, key=lambda m: (-RANK[m.role], m.joined_at, m.joined_pos, m.user), default=None)


def owner_of(facts: Facts, group: Group) -> Member | None:
    """Who owns the group now; it has to be among those whose succession is needed."""
    owners = (m for (of, _), m in facts.members.items() if of == group.id and m.present and m.role == "owner")
    return next(owners, None)


def _is_able(facts: Facts, group: str, user: str) -> bool:
    """Whether somebody could own a group: a person who is not disabled. The store says so of those who come next; who
    came, or was disabled, in this batch is known here. Of whom nothing is known, another proposal brought the row."""
    known = facts.users.get(user)
    if known is None:
        return user in facts.heirs.get(group, ())
    return not (known.bot or known.disabled)
