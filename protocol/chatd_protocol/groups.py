"""Groups and who is in them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chatd_protocol.chats import ChatState, Draft
from chatd_protocol.log import AnyEntry, Right
from chatd_protocol.values import (
    ADD_MAX,
    PUBLIC_MEMBERS_MAX,
    Cid,
    Cursor,
    Data,
    EntryGate,
    GroupId,
    GroupKind,
    HistoryRule,
    Intro,
    Millis,
    OnUnfollow,
    PageSize,
    Pos,
    Reason,
    Role,
    Rules,
    SectionKind,
    SectionNumber,
    Title,
    UserId,
    View,
    WebAddress,
)

MemberLimit = Annotated[int, Meta(ge=2, le=PUBLIC_MEMBERS_MAX)]
MembersAndAbove = Literal["member", "admin", "owner"]
AdminsAndAbove = Literal["admin", "owner"]


class CreateGroup(Data):
    """`group.create`. `private` and `public` need `title`; `direct` needs `user`, with whom the caller must be mutual.

    A public group is found by its title and open to everybody. There is one direct chat per pair: creating it again
    answers with the one that exists.
    """

    cid: Cid
    kind: GroupKind
    title: Title | None = None
    user: UserId | None = None
    intro: Intro = ""
    history: HistoryRule = "none"
    limit: MemberLimit | None = None


class CreateGroupOk(View):
    group: GroupId
    pos: Pos
    created: bool


class Rights(Data):
    """What one may do in the group, by the lowest role that may: change settings, pull people in, invite, post, react,
    pin, feature, mention everybody, announce, let in who asks, change the sections. Those that are not named stay."""

    edit: AdminsAndAbove | None = None
    pull: MembersAndAbove | None = None
    invite: MembersAndAbove | None = None
    post: MembersAndAbove | None = None
    react: MembersAndAbove | None = None
    pin: MembersAndAbove | None = None
    feature: AdminsAndAbove | None = None
    mention_all: MembersAndAbove | None = None
    announce: AdminsAndAbove | None = None
    admit: AdminsAndAbove | None = None
    sections: AdminsAndAbove | None = None


class UpdateGroup(Data):
    """`group.update`: who has the right `edit` changes what is named; at least one field. A lower limit removes nobody.

    `rules` is text for newcomers, `avatar` the address of a picture. Only the owner changes `rights`, and
    `on_unfollow_owner`: what becomes of members who cease to follow them.
    """

    group: GroupId
    cid: Cid
    title: Title | None = None
    intro: Intro | None = None
    history: HistoryRule | None = None
    limit: MemberLimit | None = None
    rules: Rules | None = None
    avatar: WebAddress | None = None
    rights: Rights | None = None
    on_unfollow_owner: OnUnfollow | None = None


class Placed(View):
    """The answer of a command that added an entry: where it stands."""

    group: GroupId
    pos: Pos


class GetGroup(Data):
    """`group.get`."""

    group: GroupId


class SectionLine(View):
    """A section as the caller sees it: what it is, its newest message (`head`, 0 if there is none that they see), and
    `read`, `seq`, `unread` and `mentions` as those of a group without sections."""

    section: SectionNumber
    kind: SectionKind
    title: str = ""
    intro: str = ""
    closed: bool = False
    head: Cursor = 0
    seq: Cursor = 0
    read: Cursor = 0
    unread: int = 0
    mentions: int = 0
    mention: Pos | None = None


class GroupLine(View):
    """One line of the chat list, as the caller sees the group.

    `floor`: entries up to it are from before the caller's time. `read` and `seq` count messages of the main section,
    and `unread = seq - read -` the recalled ones between; in a group with `sections`, those that are open, `unread`
    and `mentions` are the sums over them, and each has its own. `live`: entries of this group are pushed to this
    session. `after`: the cursor that pushed entries go on from. `truncated`: the client's cursor lay below the floor,
    entries up to this one will not come. `reset`: what the client keeps of this group is not this group's past.
    `gone_at`: the group is dissolved, it can be read until then.
    """

    group: GroupId
    kind: GroupKind
    head: Pos
    at: Millis
    seq: Cursor
    read: Cursor
    unread: int
    floor: Cursor
    role: Role
    members: int
    title: str = ""
    peer: UserId | None = None
    read_only: bool = False
    archived: bool = False
    last: AnyEntry | None = None
    live: bool = False
    after: Cursor | None = None
    truncated: Cursor | None = None
    reset: bool = False
    chat: ChatState | None = None
    """How it stands in the caller's chat list; absent as long as they changed nothing."""
    nickname: str = ""
    """What the caller is called in this group, if not by their name."""
    draft: Draft | None = None
    """The beginning of the caller's unsent text."""
    mentions: int = 0
    """How many unread messages mention the caller or everybody."""
    mention: Pos | None = None
    """The first of them."""
    avatar: str = ""
    gone_at: Millis | None = None
    sections: list[SectionLine] = []


class Announcement(View):
    """What stands on top of the group; `version` counts the announcements that there were."""

    text: str
    version: int
    by: UserId
    at: Millis


class Restriction(View):
    """Writing is not possible for now. `until`: when it ends by itself; absent if it does not."""

    until: Millis | None = None


class GroupInfo(View):
    """`group.get`: the line and what else there is to know.

    `rights`: for each the lowest role that holds it. `slow_s`: seconds between two messages of a member. `restricted`:
    everybody below admin; `restricted_self`: the caller.
    """

    line: GroupLine
    intro: str
    history: HistoryRule
    limit: int
    owner: UserId | None
    created: Millis
    slow_s: int = 0
    restricted: Restriction | None = None
    restricted_self: Restriction | None = None
    entry: EntryGate = "invite"
    question: str = ""
    invites: Literal["anyone", "mutual_only"] = "anyone"
    draft: Draft | None = None
    """The caller's unsent text, whole."""
    rules: str = ""
    announcement: Announcement | None = None
    rights: dict[Right, Role] = {}
    on_unfollow_owner: OnUnfollow = "keep"


class ListGroups(Data):
    """`group.list`: the caller's groups: pinned ones by their order, then by newest activity, archived ones last.
    `archived`: only those that are, or only those that are not. `after` is the `more` of the page before."""

    after: Annotated[str, Meta(max_length=80)] | None = None
    limit: PageSize = 50
    archived: bool | None = None


class Groups(View):
    groups: list[GroupLine]
    more: str | None = None


class OpenGroup(Data):
    """`group.open`: from now on entries of this group are pushed to this session, from `after` on if it is given.

    `at` is the time of the entry `after`, as in `session.hello`.
    """

    group: GroupId
    after: Cursor | None = None
    at: Millis | None = None


class CloseGroup(Data):
    """`group.close`: this session goes back to `heads` for this group."""

    group: GroupId


class ListMembers(Data):
    """`group.members`: by id, ascending."""

    group: GroupId
    after: UserId | None = None
    limit: PageSize = 100


class Member(View):
    """`restricted`: shown to admins, the owner and the person alone."""

    user: UserId
    role: Role
    since: Millis
    name: str = ""
    by: UserId | None = None
    restricted: Restriction | None = None
    tags: list[str] = []
    """The verified tags that they have now."""
    nickname: str = ""
    """What they are called in this group."""
    bot: bool = False
    """A program, and no person."""


class Members(View):
    members: list[Member]
    more: UserId | None = None


class AddMembers(Data):
    """`member.add`: pull in people who follow the caller and are followed by the caller, or ask those who want to be
    asked first. Bots come in by the right of an admin or the owner, and follow nobody."""

    group: GroupId
    cid: Cid
    users: Annotated[list[UserId], Meta(min_length=1, max_length=ADD_MAX)]


class Added(View):
    """What became of one of the users. `full`: no place, in the group or in that person's list of groups. `kicked`: was
    put out before, so that only an admin can pull them in. `banned`: must not come back by any way. `opted_out`: lets
    nobody pull them in. `asked`: wants to be asked first, and has a directed invite from the caller now; asking again
    while it is open changes nothing."""

    user: UserId
    result: Literal["added", "already", "not_mutual", "full", "kicked", "banned", "opted_out", "asked"]


class AddMembersOk(View):
    """`pos`: the entry from which the added ones are in; absent if nobody was added."""

    group: GroupId
    results: list[Added]
    pos: Pos | None = None


class LeaveGroup(Data):
    """`member.leave`. Leaving a direct chat puts it away (`archived`) and ends nothing.

    The owner names a `successor`, who is in the group, or dissolves it first.
    """

    group: GroupId
    cid: Cid
    successor: UserId | None = None


class LeaveGroupOk(View):
    """`pos`: the entry from which the caller is out; absent for a direct chat."""

    group: GroupId
    pos: Pos | None = None
    archived: bool = False


class KickMember(Data):
    """`member.kick`: owner over everybody, admins over members. A kicked person may be pulled in again by an admin.

    `reason` goes to the audit log; with `tell` also to the person's own log. The group never sees it.
    """

    group: GroupId
    user: UserId
    cid: Cid
    reason: Reason = ""
    tell: bool = False


class SetRole(Data):
    """`member.role`: the owner gives everybody else any of these; admins make `silent` of `member`, or the reverse.

    A silent viewer sees everything, writes nothing and does not react. Leaving and coming back does not end it.
    """

    group: GroupId
    user: UserId
    role: Literal["admin", "member", "silent"]
    cid: Cid
