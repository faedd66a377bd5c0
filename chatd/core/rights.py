"""Who may do what in a group: roles in their order, and the table of rights that a group can change.

A right is held by everybody of a role and above. What a group has not chosen is as in `DEFAULT_RIGHTS`.
"""

from __future__ import annotations

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
}
"""What one may do, and the lowest role that may unless the group says otherwise."""


def may(group: Group, member: Member, right: str) -> bool:
    """Whether the member's role holds a right in this group."""
    return may_as(group, member.role, right)


def may_as(group: Group, role: str, right: str) -> bool:
    """Whether a role holds a right in this group."""
    chosen: dict[str, str] = group.settings.get("rights", {})
    return RANK[role] >= RANK[chosen.get(right, DEFAULT_RIGHTS[right])]


def require(group: Group, member: Member, right: str) -> None:
    """Raises `forbidden` for a member without the right."""
    if not may(group, member, right):
        raise Refused("forbidden", right=right)


def outranks(actor: Member, role: str) -> bool:
    """Whether an admin or owner stands above a role. Admins stand above those below them only."""
    return RANK[actor.role] >= RANK["admin"] and RANK[actor.role] > RANK[role]
