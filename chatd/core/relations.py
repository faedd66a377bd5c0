"""Following and blocking: the edges that the gate is made of."""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts
from chatd.core.fans import follows, need_fan, settle_fan
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.values import direct_key


class Follow(Command, frozen=True, tag="follow"):
    """`actor` follows `user`, or no longer does."""

    user: str
    on: bool

    def needs(self, need: Needs) -> None:
        need_follow(need, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `host_owns_follows`, `invalid` for oneself, `not_found`, `limit`."""
        if facts.bounds.host_owns_follows:
            raise Refused("host_owns_follows")
        actor = self.actor
        if not facts.exists(self.user):
            raise Refused("not_found")
        if self.user == actor:
            raise Refused("invalid", "Nobody follows themselves", path="$.data.user")
        set_follow(facts, actor, self.user, self.on)
        mutual = self.on and (self.user, actor) in facts.follows
        return {"user": self.user, "following": self.on, "mutual": mutual}


class Block(Command, frozen=True, tag="block"):
    """`actor` blocks `user`, or no longer does."""

    user: str
    on: bool

    def needs(self, need: Needs) -> None:
        need_pair(need, self.actor, self.user)
        need_fan(need, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `invalid` for oneself, `not_found`."""
        edge = (self.actor, self.user)
        if not facts.exists(self.user):
            raise Refused("not_found")
        if self.user == self.actor:
            raise Refused("invalid", "Nobody blocks themselves", path="$.data.user")
        if self.on != (edge in facts.blocks):
            followed = follows(facts, *edge)
            set_edge(facts.blocks, edge, self.on)
            facts.block_changes[edge] = self.on
            settle_direct_chat(facts, self.actor, self.user)
            settle_fan(facts, self.actor, self.user, followed)
        return {"user": self.user, "blocked": self.on}


def need_follow(need: Needs, one: str, other: str) -> None:
    """What `set_follow` has to know."""
    need_pair(need, one, other)
    need_fan(need, one, other)


def set_follow(facts: Facts, one: str, other: str, on: bool) -> bool:
    """`one` follows `other`, or no longer does, with what follows from it for their direct chat and for the groups of
    the other. Returns whether that is new. Raises `limit`. Both exist and are two."""
    edge = (one, other)
    if on == (edge in facts.follows):
        return False
    user = facts.users[one]
    if on and user.following >= facts.bounds.following_max:
        raise Refused("limit", bound="following_max", max=facts.bounds.following_max)
    user.following += 1 if on else -1
    followed = follows(facts, *edge)
    facts.changed_users.add(one)
    set_edge(facts.follows, edge, on)
    facts.follow_changes[edge] = on
    settle_direct_chat(facts, one, other)
    settle_fan(facts, one, other, followed)
    return True


def need_pair(need: Needs, one: str, other: str) -> None:
    """Two people, how they stand to each other, and their direct chat."""
    need.users.update((one, other))
    need.pair(one, other)
    need.directs.add(direct_key(one, other))


def set_edge(edges: set[tuple[str, str]], edge: tuple[str, str], on: bool) -> None:
    """Add or drop an edge."""
    if on:
        edges.add(edge)
    else:
        edges.discard(edge)


def settle_direct_chat(facts: Facts, one: str, other: str) -> None:
    """The direct chat of two people can be written exactly while they are mutual, or neither has blocked the other if
    one has said yes to the other's request. Both learn when that changes."""
    group_id = facts.direct.get(direct_key(one, other))
    if group_id is None:
        return
    group = facts.groups[group_id]
    accepted = group.settings.get("accepted", False) and not {(one, other), (other, one)} & facts.blocks
    read_only = not (accepted or facts.mutual(one, other))
    if group.read_only == read_only:
        return
    group.read_only = read_only
    facts.changed_groups.add(group_id)
    for user_id in sorted((one, other)):
        facts.log(user_id, "direct", group_id, None, read_only=read_only)
