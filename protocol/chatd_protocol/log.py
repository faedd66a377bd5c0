"""The durable entries: of a group's log, and of a user's own log.

Every entry of a group has a `pos`; a reader who may not see one gets `hidden` in its place, so that numbers never have
a hole. What an edit or a reaction shows is the state of its target when it was read, not when it was made: applying
such an entry twice, or after a newer one, is harmless.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from chatd_protocol.chats import ChatState
from chatd_protocol.kinds import Card, Content, ProductCard, TextContent, VideoCard, content_type
from chatd_protocol.users import Tag
from chatd_protocol.values import (
    Cid,
    Cursor,
    EntryGate,
    GroupId,
    GroupKind,
    HistoryRule,
    InviteId,
    ItemKind,
    Millis,
    Pos,
    RequestState,
    Role,
    UserId,
    View,
)

Right = Literal["edit", "pull", "invite", "post", "react", "pin", "feature", "mention_all", "announce", "admit"]


class _Entry(View, tag_field="kind"):
    pos: Pos


class Created(_Entry, tag="created"):
    """The group exists; always entry 1. Its makers are in it from here on."""

    at: Millis
    by: UserId
    group_kind: GroupKind
    members: list[UserId]
    title: str = ""


class Joined(View):
    """Somebody who came. Without `how` they were pulled in by `by`; with `invite` that is who made the invite, with
    `request` who let them in; `open` is by nobody. `role` where it is not `member`."""

    user: UserId
    by: UserId | None = None
    how: Literal["invite", "request", "open"] | None = None
    role: Role | None = None


class Left(View):
    """`by`: who kicked them. `why`: put out by the operator (`removed`), or because a dissolved group is gone
    (`dissolved`). Without both they left by themselves."""

    user: UserId
    by: UserId | None = None
    why: Literal["removed", "dissolved"] | None = None


class MembersChanged(_Entry, tag="members"):
    """People are in, or out, from this entry on. `count` is the number of members after it."""

    at: Millis
    count: int
    joined: list[Joined] = []
    left: list[Left] = []


class RoleChanged(_Entry, tag="role"):
    at: Millis
    by: UserId
    user: UserId
    role: Role


class SettingsChanged(_Entry, tag="settings"):
    """The fields that changed, with their new values."""

    at: Millis
    by: UserId
    title: str | None = None
    intro: str | None = None
    history: HistoryRule | None = None
    limit: int | None = None
    entry: EntryGate | None = None
    question: str | None = None
    invites: Literal["anyone", "mutual_only"] | None = None
    rules: str | None = None
    avatar: str | None = None
    rights: dict[Right, Role] | None = None
    """The whole table: for each right the lowest role that holds it."""


class OwnerChanged(_Entry, tag="owner"):
    """`user` owns the group from here on, and `before`, who owned it, has `role`. Without `by` it was the operator, or
    the owner before was disabled."""

    at: Millis
    user: UserId
    before: UserId
    role: Role
    by: UserId | None = None


class Announced(_Entry, tag="announcement"):
    """The group's announcement reads `text`; without it there is none any more. `version` counts them."""

    at: Millis
    by: UserId
    version: int
    text: str = ""


class Dissolved(_Entry, tag="dissolved"):
    """Nothing can be written any more, and nothing read from `until` on. Without `by` it was the operator, or nobody
    was left who could own the group."""

    at: Millis
    until: Millis
    by: UserId | None = None


class Moderated(_Entry, tag="moderation"):
    """Everybody below admin is `restricted`, `until` a time or without an end, or no longer; or members wait `slow_s`
    seconds between two messages, 0 for no longer."""

    at: Millis
    by: UserId
    restricted: bool | None = None
    until: Millis | None = None
    slow_s: int | None = None


class CardRef(View):
    """Which item of the catalogue a quoted card shows."""

    kind: ItemKind
    id: str


class Quote(View):
    """The start of the message that an entry refers to, as it is now: of its text, or of its `alt`. A card's begins
    with its title; with `card`, drop `text` when that item becomes `unavailable`."""

    pos: Pos
    sender: UserId
    type: str
    text: str = ""
    recalled: bool = False
    card: CardRef | None = None


class Reaction(View):
    emoji: str
    count: int


class Recall(View):
    by: UserId
    at: Millis


class Forwarded(View):
    """That a message was forwarded. It says no more than those may know who are not in the group that it came from:
    for a public group `group` and `title`, for others nothing."""

    group: GroupId | None = None
    title: str = ""


class Message(_Entry, tag="message"):
    """A message. `type` is the kind it was sent with; `alt` is what to show for a kind that a client does not know, and
    stands beside every kind but `text`. A recalled one keeps its number and has no `body`."""

    at: Millis
    seq: Pos
    sender: UserId
    cid: Cid
    type: str
    body: Content = None
    reply_to: Pos | None = None
    quote: Quote | None = None
    version: int = 0
    """How often it was edited."""
    reactions: list[Reaction] = []
    recalled: Recall | None = None
    tags: list[str] = []
    """The verified tags that the sender had when it was sent."""
    alt: str = ""
    """What to show of a `type` that one does not know."""
    forwarded: Forwarded | None = None


class Edited(_Entry, tag="edit"):
    """The message `target` now reads `body`; `version` is the one shown. Without `body` it has since been recalled."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    version: int
    body: Content = None


class Recalled(_Entry, tag="recall"):
    """The message `target` is gone: drop its content, its reactions, quotes of it, and its place among the pins and the
    featured posts."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos


class Reacted(_Entry, tag="reaction"):
    """The reactions to `target` are now exactly `reactions`; `by` added (`on`) or took back `emoji`."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    emoji: str
    on: bool
    reactions: list[Reaction] = []


class Nicknamed(View):
    user: UserId
    nickname: str
    """What they are called in this group; empty: by their own name again."""


class NicknamesChanged(_Entry, tag="nicknames"):
    """What some members are called in this group from here on."""

    at: Millis
    names: list[Nicknamed]


class CardChanged(_Entry, tag="card"):
    """What a card shows has changed: `card` is the state now, for every message that shows that item. `target` is the
    newest of them. Without `card` the target was recalled since."""

    at: Millis
    target: Pos
    card: Card | None = None


class Pinned(_Entry, tag="pin"):
    """The message `target` is pinned, directly above the pinned message `above`; without `above`, as the last one. If
    it was pinned already it has moved there."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    above: Pos | None = None
    quote: Quote | None = None


class Unpinned(_Entry, tag="unpin"):
    """The message `target` is pinned no more."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos


class Featured(_Entry, tag="feature"):
    """The message `target` is a featured post, with this `note`."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    note: str = ""
    quote: Quote | None = None


class Unfeatured(_Entry, tag="unfeature"):
    """The message `target` is a featured post no more."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos


class Hidden(_Entry, tag="hidden"):
    """The entries from `pos` to `to` are about something this reader may not see. `at` is that of the last one."""

    at: Millis
    to: Pos


Entry = (
    Created
    | MembersChanged
    | RoleChanged
    | SettingsChanged
    | Moderated
    | Message
    | Edited
    | Recalled
    | Reacted
    | NicknamesChanged
    | Pinned
    | Unpinned
    | Featured
    | Unfeatured
    | Hidden
    | CardChanged
    | OwnerChanged
    | Announced
    | Dissolved
)
AnyEntry = Annotated[dict[str, object], Meta(description="An entry: see the schema `Entry`, by `kind`.")]


class Entries(View):
    """The event `entries`: what comes behind the cursor `after`, without a hole."""

    group: GroupId
    after: Cursor
    as_of: Cursor
    entries: list[AnyEntry]


class MineEntry(View):
    """An entry of the user's own log.

    `added`: in the group from `pos` on, `how` as in the entry that says so. `removed`: out of it from `pos` on, `why`
    says how; `reason` is what whoever did it (without `by`, the operator) chose to tell this person. `direct`: the
    direct chat became read-only or writable again. `archived`: the chat was put away or taken out again. `invited`: by
    `by`, to be taken up with `invite.redeem {invite}`. `request`: the request of `user`, one's own or one to decide on,
    is now `state`. `restricted`: this person may not write there, `until` a time or without an end; `unrestricted`:
    they may again. `profile`: what others see of the caller changed, `tags` are the verified ones they have now.
    `contact`: `by` asks for a direct chat, in the words `text`. `chat`: how the group stands in the chat list now.
    """

    upos: Pos
    at: Millis
    kind: str
    group: GroupId | None = None
    pos: Pos | None = None
    by: UserId | None = None
    why: Literal["left", "kicked", "banned", "removed", "dissolved"] | None = None
    read_only: bool | None = None
    archived: bool | None = None
    reason: str | None = None
    until: Millis | None = None
    tags: list[Tag] | None = None
    text: str | None = None
    how: Literal["invite", "request", "open"] | None = None
    invite: InviteId | None = None
    user: UserId | None = None
    number: Pos | None = None
    state: RequestState | None = None
    chat: ChatState | None = None


class Mine(View):
    """The event `mine`. `truncated`: entries up to this one are no longer kept; read the group list anew."""

    after: Cursor
    entries: list[MineEntry]
    truncated: Cursor | None = None


class UnknownEntry(msgspec.Struct, frozen=True):
    """An entry of a kind that this version does not know: skip it and advance."""

    pos: int
    kind: str


def read_entry(raw: dict[str, object]) -> Entry | UnknownEntry:
    """Turn an entry off the wire into its type.

    Raises `msgspec.ValidationError` if a known kind has a field of the wrong type.
    """
    kind, pos = raw.get("kind"), raw.get("pos")
    if type(kind) is str and kind in _KINDS:
        known: Entry = msgspec.convert(raw, Entry)
        return _with_content(known)
    if type(pos) is not int or type(kind) is not str:
        raise msgspec.ValidationError("An entry has no `pos` or no `kind`")
    return UnknownEntry(pos=pos, kind=kind)


_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(Entry))


def _with_content(entry: Entry) -> Entry:
    """The body as its own type; that of a kind that this version does not know stays a map."""
    kind = entry.type if isinstance(entry, Message) else "text" if isinstance(entry, Edited) else ""
    content = content_type(kind)
    if content is None or entry.body is None:  # type: ignore[union-attr]
        return entry
    return msgspec.structs.replace(entry, body=msgspec.convert(entry.body, content))  # type: ignore[union-attr]


_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(Entry))

__all__ = [
    "AnyEntry",
    "Card",
    "Entry",
    "MineEntry",
    "ProductCard",
    "TextContent",
    "UnknownEntry",
    "VideoCard",
    "read_entry",
]
