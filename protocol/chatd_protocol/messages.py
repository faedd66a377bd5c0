"""Sending, changing and reading messages."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from chatd_protocol.log import AnyEntry
from chatd_protocol.values import (
    Cid,
    Cursor,
    Data,
    Emoji,
    GroupId,
    ItemId,
    Millis,
    PageSize,
    Pos,
    SendKind,
    Text,
    UserId,
    View,
)


class TextBody(Data):
    """The body of a `text` message."""

    text: Text


class VideoCardBody(Data):
    """The body of a `video_card` message: a video of the catalogue, and what to say about it."""

    video: ItemId
    text: Text | None = None


class ProductCardBody(Data):
    """The body of a `product_card` message: a product of the catalogue, and what to say about it."""

    product: ItemId
    text: Text | None = None


BODIES: Final[dict[str, type[Data]]] = {
    "text": TextBody,
    "video_card": VideoCardBody,
    "product_card": ProductCardBody,
}
"""By kind of message: what its body is."""
AnyBody = Annotated[Any, Meta(description="A body: `TextBody`, `VideoCardBody` or `ProductCardBody`, by `kind`.")]


class SendMessage(Data):
    """`message.send`. With `after`, it is accepted only if the caller's send of that `cid` was.

    A card names its item; what it shows comes from the catalogue. An item that is not there, or cannot be shared now,
    is refused with `no_item`.
    """

    varies: ClassVar[tuple[str, str, dict[str, type[Data]]]] = ("body", "kind", BODIES)

    group: GroupId
    cid: Cid
    kind: SendKind
    body: AnyBody
    reply_to: Pos | None = None
    after: Cid | None = None


class SendMessageOk(View):
    """The message is stored for good, at `pos`, as number `seq` of the group's messages."""

    group: GroupId
    pos: Pos
    seq: Pos
    cid: Cid
    at: Millis
    recall_until: Millis


class RecallMessage(Data):
    """`message.recall`: one's own within the window; admins and owner those of lower roles at any time."""

    group: GroupId
    pos: Pos
    cid: Cid


class EditMessage(Data):
    """`message.edit`: the text of one's own message, within the window."""

    group: GroupId
    pos: Pos
    cid: Cid
    text: Text


class EditMessageOk(View):
    group: GroupId
    pos: Pos
    target: Pos
    version: int


class AddReaction(Data):
    """`reaction.add`: one per person and sign. Adding it again changes nothing."""

    group: GroupId
    pos: Pos
    emoji: Emoji
    cid: Cid


class RemoveReaction(Data):
    """`reaction.remove`."""

    group: GroupId
    pos: Pos
    emoji: Emoji
    cid: Cid


class ReactionOk(View):
    """`pos`: the entry that says so; absent if nothing changed."""

    group: GroupId
    target: Pos
    pos: Pos | None = None


class ListReactions(Data):
    """`reaction.list`: who reacted to a message, ordered by person."""

    group: GroupId
    pos: Pos
    after: UserId | None = None
    limit: PageSize = 100


class ReactionBy(View):
    user: UserId
    emoji: list[str]


class Reactions(View):
    reactions: list[ReactionBy]
    more: UserId | None = None


class ReadHistory(Data):
    """`message.history`: a page of the log, backwards from `before` (without it, from the head) or on from `after`.

    Entries come in ascending order either way.
    """

    group: GroupId
    before: Pos | None = None
    after: Cursor | None = None
    limit: PageSize = 50


class History(View):
    """`as_of`: what the page shows of older messages is their state after this entry. `floor`: nothing visible is
    at or below it. `more`: there is more in the direction of reading."""

    group: GroupId
    entries: list[AnyEntry]
    as_of: Cursor
    floor: Cursor
    more: bool


class MarkRead(Data):
    """`read.mark`: read up to this message number; never backwards. Not durable at once."""

    group: GroupId
    seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]


class MarkReadOk(View):
    group: GroupId
    read: Cursor


class Typing(Data):
    """`typing.start`: tell the others, at most once per interval, in small groups."""

    group: GroupId
