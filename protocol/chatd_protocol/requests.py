"""The door of a group: how strangers come in, and the requests that wait for a decision."""

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
    PageSize,
    Pos,
    RequestState,
    UserId,
    View,
)


class SetEntry(Data):
    """`group.entry`: who may come in, for owner and admins; at least one field. `open`: everybody who knows the group.
    `invite`: by invite and by being pulled in. `approval` and `question`: as an admin decides, of whoever has an invite
    or knows the group. With `mutual_only` an invite is good for those only who follow its maker and are followed."""

    group: GroupId
    cid: Cid
    entry: EntryGate | None = None
    question: Answer | None = None
    invites: Literal["anyone", "mutual_only"] | None = None


class JoinGroup(Data):
    """`group.join`: into a group whose door is open; where admins decide this is a request."""

    group: GroupId
    cid: Cid
    answer: Answer = ""


class CreateRequest(Data):
    """`request.create`: ask to come in. Where the door is open one is in at once."""

    group: GroupId
    cid: Cid
    answer: Answer = ""


class Entered(View):
    """`added`: in from `pos` on. `already`: was in before. `pending`: an admin decides, and one's own log says how."""

    group: GroupId
    result: Literal["added", "already", "pending"]
    pos: Pos | None = None


class ListRequests(Data):
    """`request.list`: those that wait, of a group for its admins, or without `group` the caller's own; oldest first."""

    group: GroupId | None = None
    after: Annotated[str, Meta(max_length=100)] | None = None
    limit: PageSize = 100


class JoinRequest(View):
    """`number` tells the requests of one person apart. `flagged`: the invite they came by is no longer good."""

    group: GroupId
    user: UserId
    number: Pos
    at: Millis
    name: str = ""
    answer: str = ""
    invite: InviteId | None = None
    inviter: UserId | None = None
    flagged: bool = False


class Requests(View):
    """A page. `more` is the `after` of the next one, absent on the last."""

    requests: list[JoinRequest]
    more: str | None = None


class ApproveRequest(Data):
    """`request.approve`. What the group allows now counts, not what it allowed when they asked."""

    group: GroupId
    user: UserId
    number: Pos
    cid: Cid


class RefuseRequest(Data):
    """`request.refuse`."""

    group: GroupId
    user: UserId
    number: Pos
    cid: Cid


class WithdrawRequest(Data):
    """`request.withdraw`: one's own."""

    group: GroupId
    cid: Cid


class Decided(View):
    """`pos`: the entry from which the person is in, if this let them in."""

    group: GroupId
    user: UserId
    state: RequestState
    pos: Pos | None = None
