"""The entries about messages, and what stands in them."""

from __future__ import annotations

from chatd_protocol.kinds import Card, Content
from chatd_protocol.log.entry import GroupEntry
from chatd_protocol.values import Cid, Cursor, GroupId, ItemKind, Millis, Pos, SectionNumber, UserId, View


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
    section: SectionNumber = 0


class Reaction(View):
    emoji: str
    count: int


class Recall(View):
    """By whom and when a message was taken back. `erased`: it went with the person who wrote it."""

    by: UserId
    at: Millis
    erased: bool = False


class Forwarded(View):
    """That a message was forwarded. It says no more than those may know who are not in the group that it came from:
    for a public group `group` and `title`, for others nothing."""

    group: GroupId | None = None
    title: str = ""


class Message(GroupEntry, tag="message"):
    """A message, number `seq` of its `section`. `type` is the kind it was sent with; `alt` is what to show for a kind
    that a client does not know, and stands beside every kind but `text`. A recalled one keeps its number and has no
    `body`."""

    at: Millis
    sender: UserId
    cid: Cid
    type: str
    seq: Cursor = 0
    """Its number among the messages of the group; a notice has none."""
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
    section: SectionNumber = 0
    bot: bool = False
    """The sender is a program, and no person."""
    operator: bool = False
    """The operator of the server had it sent; the sender need not be in the group."""


class Edited(GroupEntry, tag="edit"):
    """The message `target` now reads `body`; `version` is the one shown. Without `body` it has since been recalled."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    version: int
    body: Content = None


class Recalled(GroupEntry, tag="recall"):
    """The message `target` is gone: drop its content, its reactions, quotes of it, and its place among the pins and the
    featured posts."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos


class Reacted(GroupEntry, tag="reaction"):
    """The reactions to `target` are now exactly `reactions`; `by` added (`on`) or took back `emoji`."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    emoji: str
    on: bool
    reactions: list[Reaction] = []


class CardChanged(GroupEntry, tag="card"):
    """What a card shows has changed: `card` is the state now, for every message that shows that item. `target` is the
    newest of them. Without `card` the target was recalled since."""

    at: Millis
    target: Pos
    card: Card | None = None


class Pinned(GroupEntry, tag="pin"):
    """The message `target` is pinned, directly above the pinned message `above`; without `above`, as the last one. If
    it was pinned already it has moved there."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    above: Pos | None = None
    quote: Quote | None = None


class Unpinned(GroupEntry, tag="unpin"):
    """The message `target` is pinned no more."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos


class Featured(GroupEntry, tag="feature"):
    """The message `target` is a featured post, with this `note`."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
    note: str = ""
    quote: Quote | None = None


class Unfeatured(GroupEntry, tag="unfeature"):
    """The message `target` is a featured post no more."""

    at: Millis
    by: UserId
    cid: Cid
    target: Pos
