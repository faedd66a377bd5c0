"""Invites: made, listed, looked at, taken up, taken back; and who brought whom.

A link's token and a code are secrets. They are told once, to who made the invite, and again if the same command is
repeated; no list shows them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chatd_protocol.values import (
    Answer,
    Cid,
    Data,
    EntryGate,
    GroupId,
    InviteId,
    Millis,
    Note,
    PageSize,
    Role,
    Secret,
    UserId,
    View,
)

INVITE_DAYS_MAX = 3650
InviteKind = Literal["link", "code", "directed"]
Seconds = Annotated[int, Meta(ge=1, le=INVITE_DAYS_MAX * 86_400)]


class CreateInvite(Data):
    """`invite.create`. `link` answers with a token, `code` with a code for share texts; `directed` is for `user`, who
    learns of it through their own log.

    `role` is what a newcomer becomes, never above the maker's own. With `approval` an admin decides on each. `note` is
    for those who list invites: a campaign, a place where it hangs.
    """

    group: GroupId
    cid: Cid
    kind: InviteKind
    user: UserId | None = None
    role: Literal["admin", "member", "silent"] = "member"
    expires_in: Seconds | None = None
    max_uses: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    approval: bool = False
    note: Note = ""


class InviteMade(View):
    """`token` for a link, with the whole `link` if the server knows its own address, else its path; `code` as it is
    redeemed, without dashes."""

    invite: InviteId
    group: GroupId
    kind: InviteKind
    token: str = ""
    link: str = ""
    code: str = ""
    expires: Millis | None = None


class ListInvites(Data):
    """`invite.list`: the caller's own of a group, or with `all` everybody's, for owner and admins; newest first."""

    group: GroupId
    all: bool = False
    after: InviteId | None = None
    limit: PageSize = 100


class Invite(View):
    """`state`: `open`, `revoked`, `expired`, `used_up`, or `void` when its maker lost the right to invite.
    `pull`: made by `member.add` for somebody who wants to be asked first."""

    invite: InviteId
    kind: InviteKind
    maker: UserId
    role: Role
    created: Millis
    uses: int
    state: Literal["open", "revoked", "expired", "used_up", "void"]
    max_uses: int | None = None
    expires: Millis | None = None
    user: UserId | None = None
    approval: bool = False
    note: str = ""
    pull: bool = False


class Invites(View):
    """A page. `more` is the `after` of the next one, absent on the last."""

    invites: list[Invite]
    more: InviteId | None = None


class RevokeInvite(Data):
    """`invite.revoke`: one's own, or by an admin that of somebody below. Requests that wait because of it stay."""

    invite: InviteId
    cid: Cid


class InviteRevoked(View):
    invite: InviteId


class ListReceived(Data):
    """`invite.received`: invites directed to the caller that wait, newest first."""

    after: InviteId | None = None
    limit: PageSize = 100


class ReceivedInvite(View):
    """`by` invites into a group with this `title`. Whether it lets one in now, `invite.preview` tells."""

    invite: InviteId
    group: GroupId
    by: UserId
    at: Millis
    title: str = ""
    name: str = ""
    """What the inviter is called."""
    expires: Millis | None = None


class ReceivedInvites(View):
    """A page. `more` is the `after` of the next one, absent on the last."""

    invites: list[ReceivedInvite]
    more: InviteId | None = None


class DeclineInvite(Data):
    """`invite.decline`: not to take up an invite that is directed to the caller. Nobody else is told; it lets them
    in no more."""

    invite: InviteId
    cid: Cid


class InviteDeclined(View):
    invite: InviteId


class PreviewInvite(Data):
    """`invite.preview`: what an invite leads to, by its `secret`, or by its id for one directed to the caller."""

    secret: Secret | None = None
    invite: InviteId | None = None


class InvitePreview(View):
    """`entry` is how one comes in with it: `invite` at once, `approval` after an admin's word, `question` the same with
    an answer to `question`. `group` only for those who are in already."""

    title: str
    members: int
    inviter: UserId
    entry: EntryGate
    name: str = ""
    """What the inviter is called."""
    intro: str = ""
    avatar: str = ""
    question: str = ""
    group: GroupId | None = None


class RedeemInvite(Data):
    """`invite.redeem`. `answer` where the group asks a question of newcomers."""

    cid: Cid
    secret: Secret | None = None
    invite: InviteId | None = None
    answer: Answer = ""


class ReadTree(Data):
    """`invite.tree`, for owner and admins: the people whom `user` brought, or without it those whom nobody brought; by
    id. With `days`, how many of a branch were still there so many days after they came."""

    group: GroupId
    user: UserId | None = None
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    after: UserId | None = None
    limit: PageSize = 100


class Brought(View):
    """Somebody with their branch: themselves and everybody who came through them. `brought`: directly by them.
    `eligible`: those of the branch who came at least `days` ago, `stayed`: those of them who were still there then."""

    user: UserId
    since: Millis
    present: bool
    brought: int
    branch: int
    invite: InviteId | None = None
    eligible: int = 0
    stayed: int = 0


class Tree(View):
    """A page. `total`: everybody who was ever in the group."""

    people: list[Brought]
    total: int
    more: UserId | None = None
