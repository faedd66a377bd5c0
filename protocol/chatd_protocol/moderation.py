"""Keeping a group quiet, and the log of what admins did."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.values import (
    SAFE_INTEGER_MAX,
    Cid,
    Data,
    GroupId,
    Millis,
    PageSize,
    Pos,
    Reason,
    UserId,
    View,
)

RESTRICTION_MAX_S = 366 * 86_400
SLOW_MAX_S = 86_400

ForSeconds = Annotated[int, Meta(ge=1, le=RESTRICTION_MAX_S)]
AuditNumber = Annotated[int, Meta(ge=1, le=SAFE_INTEGER_MAX)]


class RestrictMember(Data):
    """`member.restrict`: admins over members, the owner over everybody. They may not send, forward, edit or react.

    Without `for_s` it holds until it is lifted. `reason` goes to the audit log; with `tell` also to the person's own
    log. The group never sees any of it. Leaving and coming back does not end it.
    """

    group: GroupId
    user: UserId
    cid: Cid
    for_s: ForSeconds | None = None
    reason: Reason = ""
    tell: bool = False


class MemberRestricted(View):
    """`until`: when it ends by itself; absent if it does not."""

    group: GroupId
    user: UserId
    until: Millis | None = None


class UnrestrictMember(Data):
    """`member.unrestrict`: it ends now. Whoever is not restricted stays so."""

    group: GroupId
    user: UserId
    cid: Cid


class MemberUnrestricted(View):
    group: GroupId
    user: UserId


class RestrictGroup(Data):
    """`group.restrict`: nobody below admin may send, forward, edit or react. An entry `moderation` says so.

    Without `for_s` it holds until it is lifted.
    """

    group: GroupId
    cid: Cid
    for_s: ForSeconds | None = None
    reason: Reason = ""


class UnrestrictGroup(Data):
    """`group.unrestrict`: it ends now."""

    group: GroupId
    cid: Cid


class SlowDown(Data):
    """`group.slow`: members wait so many seconds between two of their messages, 0 for slow mode off. Admins do not."""

    group: GroupId
    cid: Cid
    slow_s: Annotated[int, Meta(ge=0, le=SLOW_MAX_S)]


class GroupModerated(View):
    """`pos`: the entry that says so; absent if it was so already. `until`: when it ends by itself."""

    group: GroupId
    pos: Pos | None = None
    until: Millis | None = None


class ListAudit(Data):
    """`audit.list`: what admins, the owner and the operator did in a group, newest first; for admins and the owner.

    `before` is the `more` of the page before. `user`: on whom; `by`: by whom; `act`: the
    name of the op.
    """

    group: GroupId
    before: AuditNumber | None = None
    limit: PageSize = 50
    user: UserId | None = None
    by: UserId | None = None
    act: Annotated[str, Meta(max_length=40)] | None = None


class AuditRow(View):
    """Who (`by`, absent: the operator) did what, when, on whom and why. `details`: numbers and names of settings."""

    number: AuditNumber
    at: Millis
    act: str
    by: UserId | None = None
    group: GroupId | None = None
    user: UserId | None = None
    reason: str = ""
    details: Annotated[dict[str, object], Meta(description="What was done, by name.")] = {}


class Audit(View):
    rows: list[AuditRow]
    more: AuditNumber | None = None
