"""What a group does with those who cease to follow its owner: nothing, silence them, or put them out.

The owner chooses (`on_unfollow_owner`), for a bounded number of groups, which a record of the owner names, so that the
commit of an unfollow knows them all. Blocking the owner counts as not following for as long as it lasts. Being blocked
by the owner does not: nobody notices that. Admins stay as they are, and whoever never followed has ceased nothing.

Whom it silenced is a mark on the membership, `unfollowed_pos`: where the log stood. It counts only while the group
chooses so without a break since then (`fans_since`), so that no choice has to touch anybody's row. A new owner begins
with `keep`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.restrictions import is_estranged
from chatd.core.values import Group, Member

KEEP = "keep"


class FanGroups(Record):
    """The groups of an owner that do something; those that are theirs no more may still be named."""

    table: ClassVar[str] = "fan_groups"

    user_id: str
    groups: list[str]


def need_fan(need: Needs, fan: str, owner: str) -> None:
    """What `settle_fan` has to know."""
    need.fans.add((owner, fan))
    need.record(FanGroups, owner)


def need_choice(need: Needs, owner: str, group: str) -> None:
    """What `check_choice` and `choose` have to know."""
    need.users.add(owner)
    need.fan_groups.add((owner, group))
    need.record(FanGroups, owner)


def choice_of(group: Group) -> str:
    """What the group does: `keep`, `restrict` or `remove`."""
    choice: str = group.settings.get("on_unfollow_owner", KEEP)
    return choice


def check_choice(facts: Facts, group: Group, actor: Member, choice: str) -> None:
    """Raises `forbidden` for anybody but the owner, `limit` for one group too many."""
    if actor.role != "owner":
        raise Refused("forbidden", right="on_unfollow_owner")
    others = [one for one in _groups_of(facts, actor.user) if one.id != group.id]
    most = facts.bounds.fan_groups_per_owner
    if choice != KEEP and len(others) >= most:
        raise Refused("limit", bound="fan_groups_per_owner", max=most)


def choose(facts: Facts, group: Group, owner: str, choice: str, pos: int) -> None:
    """The group does so from its entry `pos` on."""
    since = group.settings.get("fans_since", 0) or pos
    group.settings = group.settings | {"on_unfollow_owner": choice, "fans_since": 0 if choice == KEEP else since}
    named = [one.id for one in _groups_of(facts, owner) if one.id != group.id]
    facts.put(FanGroups(owner, named if choice == KEEP else [*named, group.id]))


def forget_choice(group: Group) -> None:
    """Somebody else owns the group from here on."""
    gone = ("on_unfollow_owner", "fans_since")
    group.settings = {name: value for name, value in group.settings.items() if name not in gone}


def follows(facts: Facts, fan: str, owner: str) -> bool:
    """Whether somebody follows, as their fellows in the owner's groups count it."""
    return (fan, owner) in facts.follows and (fan, owner) not in facts.blocks


def settle_fan(facts: Facts, fan: str, owner: str, before: bool) -> None:
    """The groups of the owner do what they do, if `fan` has ceased to follow, or follows again. `before`: as it was."""
    now = follows(facts, fan, owner)
    if now == before:
        return
    for group in list(_groups_of(facts, owner)):
        member = facts.members.get((group.id, fan))
        if member is not None and now:
            _welcome_back(facts, group, member)
        elif member is not None and member.present and member.role in ("member", "silent"):
            _let_go(facts, group, member)


def _let_go(facts: Facts, group: Group, member: Member) -> None:
    if choice_of(group) == "remove":
        facts.leave(group, member, by=None, why="unfollowed")
        return
    member.unfollowed_pos = group.head
    facts.change_member(member)
    facts.log(member.user, "restricted", group.id, None, why="unfollowed")


def _welcome_back(facts: Facts, group: Group, member: Member) -> None:
    """The mark goes, also from a stay that is over: the next one would begin with it."""
    if not member.unfollowed_pos:
        return
    told = member.present and is_estranged(group.settings, member.unfollowed_pos)
    member.unfollowed_pos = 0
    facts.change_member(member)
    if told:
        facts.log(member.user, "unrestricted", group.id, None, why="unfollowed")


def _groups_of(facts: Facts, owner: str) -> Iterator[Group]:
    """The groups that do something and are still this owner's."""
    record = facts.find(FanGroups, owner)
    for group_id in record.groups if record is not None else ():
        group, member = facts.groups.get(group_id), facts.members.get((group_id, owner))
        if group is None or member is None or group.dissolved_at is not None or choice_of(group) == KEEP:
            continue
        if member.present and member.role == "owner":
            yield group
