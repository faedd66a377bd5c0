"""The gate: what every way into a group asks of a newcomer, whoever or whatever brought them.

Each way in (a pull, an invite, an open door) adds its own conditions and then comes through here, so that a ban or a
full house means the same on all of them.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.values import Group

Judgement = Literal["open", "already", "dissolved", "banned", "full"]


class Ban(Record):
    """Somebody who must not come back by any way, until it is lifted."""

    table: ClassVar[str] = "bans"
    key_fields: ClassVar[int] = 2

    group_id: str
    user_id: str
    by: str | None
    at: int
    reason: str = ""


def need_newcomer(need: Needs, group: str, user: str) -> None:
    """What `judge_newcomer` has to know."""
    need.users.add(user)
    need.groups.add(group)
    need.newcomers.add(group)
    need.members.add((group, user))
    need.record(Ban, group, user)


def check_person(facts: Facts, user: str) -> None:
    """Raises `not_for_bots`: a bot comes in by the right of admin or owner, never by itself."""
    if facts.users[user].bot:
        raise Refused("not_for_bots")


def judge_newcomer(facts: Facts, group: Group, user: str) -> Judgement:
    """Whether there is a place for this person. `full`: in the group or in their own list of groups."""
    member = facts.members.get((group.id, user))
    if member is not None and member.present:
        return "already"
    if group.dissolved_at is not None:
        return "dissolved"
    if facts.find(Ban, group.id, user) is not None or not facts.exists(user):
        return "banned"
    if group.members >= group.member_limit or facts.users[user].groups >= facts.bounds.groups_per_user:
        return "full"
    return "open"
