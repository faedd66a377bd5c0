"""What a person keeps for themselves about a group they are in: how it stands in their chat list, and unsent text."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.values import (
    SAFE_INTEGER_MAX,
    TEXT_MAX,
    Cid,
    CleanText,
    Cursor,
    Data,
    GroupId,
    Level,
    Millis,
    Pos,
    View,
)

PinOrder = Annotated[int, Meta(ge=1, le=SAFE_INTEGER_MAX)]


class ChatState(View):
    """How a group stands in its reader's chat list.

    `pinned`: 0, or its order among the pinned ones, greater stands higher. `level`: what to be notified of, up to
    `until` if that is given, then of everything. `marked`: marked as unread by hand; reading ends it.
    """

    pinned: Cursor
    level: Level
    marked: bool
    until: Millis | None = None


class UpdateChat(Data):
    """`chat.update`: change what is named, for the caller alone; at least one field.

    `pinned` with `order` places the group among the pinned ones, without it the one pinned last stands highest.
    `until` belongs to a `level` other than `all`. Archiving takes a pin away, and pinning takes a group out of the
    archive. All devices of the caller learn it through the own log.
    """

    group: GroupId
    cid: Cid
    pinned: bool | None = None
    order: PinOrder | None = None
    level: Level | None = None
    until: Millis | None = None
    marked: bool | None = None
    archived: bool | None = None


class ChatOk(View):
    group: GroupId
    chat: ChatState
    archived: bool = False


class SaveDraft(Data):
    """`draft.save`: keep unsent text of a group for the caller's other devices; empty, it is removed. The last one
    saved counts. Not durable at once."""

    group: GroupId
    text: Annotated[CleanText, Meta(max_length=TEXT_MAX)]
    reply_to: Pos | None = None


class SaveDraftOk(View):
    group: GroupId
    at: Millis


class Draft(View):
    """Unsent text. In lines of the chat list `text` is the beginning of it, `cut` if there is more."""

    at: Millis
    text: str
    reply_to: Pos | None = None
    cut: bool = False


class DraftSignal(View):
    """Another device of the same user saved unsent text; empty: it is gone."""

    group: GroupId
    at: Millis
    text: str
    reply_to: Pos | None = None
