"""Sending, changing and reading messages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.codec import Invalid
from chatd_protocol.kinds import (
    AnyBody,
    Entities,
    Entity,
    NoticeBody,
    ProductCardBody,
    TextBody,
    VideoCardBody,
    check_body,
    check_entities,
)
from chatd_protocol.log import AnyEntry
from chatd_protocol.menus import ChangedMenu, check_menu
from chatd_protocol.values import (
    Cid,
    Cursor,
    Data,
    Emoji,
    GroupId,
    MessageKind,
    Millis,
    PageSize,
    Pos,
    SectionNumber,
    Text,
    UserId,
    View,
)


class SendMessage(Data):
    """`message.send`. With `after`, it is accepted only if the caller's send of that `cid` was.

    A card names its item; what it shows comes from the catalogue. An item that is not there, or cannot be shared now,
    is refused with `no_item`. `section` is where it stands: `no_section` if there is none of that number, `read_only`
    if it is closed.
    """

    group: GroupId
    cid: Cid
    kind: MessageKind
    body: AnyBody
    reply_to: Pos | None = None
    after: Cid | None = None
    section: SectionNumber = 0

    def checked(self, where: str) -> SendMessage:
        body = check_body(self.kind, self.body, f"{where}.body")
        return SendMessage(self.group, self.cid, self.kind, body, self.reply_to, self.after, self.section)


class SendMessageOk(View):
    """The message is stored for good, at `pos`, as message number `seq` of its section; a notice has no number."""

    group: GroupId
    pos: Pos
    cid: Cid
    at: Millis
    recall_until: Millis
    seq: Cursor = 0
    section: SectionNumber = 0


class RecallMessage(Data):
    """`message.recall`: one's own within the window; admins and owner those of lower roles at any time."""

    group: GroupId
    pos: Pos
    cid: Cid


class EditMessage(Data):
    """`message.edit`: the text of one's own `text` message that was not forwarded, within the window. Its parts are
    those given here: who is mentioned no more is not mentioned any more.

    A bot may edit its cards too, at any time, and change the `menu`: without `text` the words stay as they are, without
    `menu` the buttons; an empty `menu` takes them away.
    """

    group: GroupId
    pos: Pos
    cid: Cid
    text: Text | None = None
    entities: Entities = []
    menu: ChangedMenu | None = None

    def checked(self, where: str) -> EditMessage:
        if self.text is None and self.menu is None:
            raise Invalid(f"{where}.text", "This field is required")
        check_entities(self.text or "", self.entities, where)
        check_menu(self.menu, f"{where}.menu")
        return self


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
    """`message.history`: a page of the log, backwards from `before` (without it, from the head), on from `after`, or
    `around` a position. Entries come in ascending order in any case.

    With `section`, numbered messages of that section and nothing else, so that positions between them are left out: to
    look through one section, not to follow the log.
    """

    group: GroupId
    before: Pos | None = None
    after: Cursor | None = None
    limit: PageSize = 50
    around: Pos | None = None
    section: SectionNumber | None = None


class History(View):
    """`as_of`: what the page shows of older messages is their state after this entry. `floor`: nothing visible is
    at or below it. `more`: there is more in the direction of reading; with `around`, there is more that is newer, and
    `older` says whether there is more that is older."""

    group: GroupId
    entries: list[AnyEntry]
    as_of: Cursor
    floor: Cursor
    more: bool
    older: bool = False


class FindPos(Data):
    """`message.at`: the first entry that one may see, made at the time `at` or later: where to jump for a date."""

    group: GroupId
    at: Millis


class FindPosOk(View):
    """Without `pos` there is none yet."""

    group: GroupId
    pos: Pos | None = None
    at: Millis | None = None


class MarkRead(Data):
    """`read.mark`: read up to this message number of the section; never backwards. Not durable at once."""

    group: GroupId
    seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    section: SectionNumber = 0


class MarkReadOk(View):
    group: GroupId
    read: Cursor
    section: SectionNumber = 0


class Typing(Data):
    """`typing.start`: tell the others, at most once per interval, in small groups."""

    group: GroupId


__all__ = [
    "AddReaction",
    "EditMessage",
    "EditMessageOk",
    "Entity",
    "FindPos",
    "FindPosOk",
    "History",
    "ListReactions",
    "MarkRead",
    "MarkReadOk",
    "NoticeBody",
    "ProductCardBody",
    "ReactionBy",
    "ReactionOk",
    "Reactions",
    "ReadHistory",
    "RecallMessage",
    "RemoveReaction",
    "SendMessage",
    "SendMessageOk",
    "TextBody",
    "Typing",
    "VideoCardBody",
]
