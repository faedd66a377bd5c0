"""Bans: who must not come back into a group."""

from __future__ import annotations

from chatd_protocol.values import Cid, Data, GroupId, Millis, PageSize, Pos, Reason, UserId, View


class BanMember(Data):
    """`member.ban`: owner over everybody, admins over members and people who are not in.

    The `reason` is for admins; with `tell` also for the person's own log. Banning again changes it.
    """

    group: GroupId
    user: UserId
    cid: Cid
    reason: Reason = ""
    tell: bool = False


class UnbanMember(Data):
    """`member.unban`: by an admin, but for what the operator banned."""

    group: GroupId
    user: UserId
    cid: Cid


class BanOk(View):
    """`pos`: the entry from which the banned one is out; absent if they were not in."""

    group: GroupId
    user: UserId
    banned: bool
    pos: Pos | None = None


class ListBans(Data):
    """`member.bans`: who is banned, by id, for admins."""

    group: GroupId
    after: UserId | None = None
    limit: PageSize = 100


class Banned(View):
    """Without `by`, by the operator."""

    user: UserId
    at: Millis
    name: str = ""
    by: UserId | None = None
    reason: str = ""
    bot: bool = False


class Bans(View):
    bans: list[Banned]
    more: UserId | None = None
