"""Who may do what in a group: roles in their order, and the table of rights that a group can change.

A right is held by everybody of a role and above. What a group has not chosen is as in `DEFAULT_RIGHTS`; none can be
given to a role below the one in `LOWEST`, and `silent` holds none: it sees everything, and may take back what it once
wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chatd.core.refusal import Refused
from chatd.core.values import Group, Member

RANK: Final = {"silent": -1, "member": 0, "admin": 1, "owner": 2}

DEFAULT_RIGHTS: Final = {
    "edit": "admin",
    "pull": "member",
    "invite": "member",
    "post": "member",
    "pin": "admin",
    "feature": "admin",
    "mention_all": "admin",
    "admit": "admin",
    "react": "member",
    "announce": "admin",
    "sections": "admin",
}
"""What one may do, and the lowest role that may unless the group says otherwise."""

_ADMINS: Final = ("edit", "feature", "announce", "admit", "sections")
LOWEST: Final = dict.fromkeys(DEFAULT_RIGHTS, "member") | dict.fromkeys(_ADMINS, "admin")
"""The lowest role that a right may be given to."""


def rights_of(group: Group) -> dict[str, str]:
    """The whole table of a group: for each right the lowest role that holds it."""
    chosen: dict[str, str] = group.settings.get("rights", {})
    return DEFAULT_RIGHTS | chosen


def may(group: Group, member: Member, right: str) -> bool:
    """Whether the member's role holds a right in this group."""
    return may_as(group, member.role, right)


def may_as(group: Group, role: str, right: str) -> bool:
    """Whether a role holds a right in this group."""
    lowest = DEFAULT_RIGHTS[right]
    if group.settings:  # most groups have none, and this is asked for every message
        lowest = group.settings.get("rights", DEFAULT_RIGHTS).get(right, lowest)
    return RANK[role] >= RANK[lowest]


def require(group: Group, member: Member, right: str) -> None:
    """Raises `forbidden` for a member without the right."""
    if not may_as(group, member.role, right):
        raise Refused("forbidden", right=right)


def check_rights(actor: Member, chosen: Mapping[str, str]) -> None:
    """Raises `forbidden` for anybody but the owner, `invalid` for a right that is given below its lowest role."""
    if actor.role != "owner":
        raise Refused("forbidden", right="rights")
    for right, role in chosen.items():
        if right not in LOWEST or RANK[role] < RANK[LOWEST[right]]:
            raise Refused("invalid", f"`{right}` is for `{LOWEST.get(right)}` and above", path=f"$.data.rights.{right}")


def outranks(actor: Member, role: str) -> bool:
    """Whether an admin or owner stands above a role. Admins stand above those below them only."""
    return RANK[actor.role] >= RANK["admin"] and RANK[actor.role] > RANK[role]


def check_admin(group: Group, actor: Member) -> None:
    """Raises `forbidden` for those who are neither admin nor owner; a direct chat has neither."""
    if group.direct or RANK[actor.role] < RANK["admin"]:
        raise Refused("forbidden")


def check_writable(group: Group) -> None:
    """Raises `read_only` for a direct chat of two who are not mutual, and for a group that is dissolved."""
    if group.read_only or group.dissolved_at is not None:
        raise Refused("read_only")


def check_may_post(group: Group, member: Member) -> None:
    """Raises `read_only`, `forbidden`: whether somebody may write, or rewrite what they wrote, here and now."""
    check_writable(group)
    require(group, member, "post")
