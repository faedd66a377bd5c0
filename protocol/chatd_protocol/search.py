"""Finding messages by their words."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.values import (
    Cursor,
    Data,
    GroupId,
    MessageKind,
    Millis,
    PageSize,
    Pos,
    SearchCursor,
    SearchText,
    SectionNumber,
    UserId,
    View,
)


class SearchMessages(Data):
    """`message.search`: messages that have all the words, the newest first, in one group or in all of the caller's.

    `sender`, `kind`, `after` and `before` (both times included) narrow it, and with `group` a `section`. `cursor`: go
    on behind an earlier page.
    """

    query: SearchText
    group: GroupId | None = None
    sender: UserId | None = None
    kind: MessageKind | None = None
    after: Millis | None = None
    before: Millis | None = None
    limit: PageSize = 20
    cursor: SearchCursor | None = None
    section: SectionNumber | None = None


class SearchHit(View):
    """One message. `text` is a piece of it that begins at `offset` of its `length`; `highlights` are the places found
    in that piece, each from its first code point to the one behind its last."""

    group: GroupId
    pos: Pos
    at: Millis
    sender: UserId
    type: MessageKind
    text: str
    offset: Cursor
    length: Cursor
    highlights: list[tuple[Cursor, Cursor]]
    seq: Cursor = 0
    """Absent for a notice, which has no number."""
    section: SectionNumber = 0


class SearchLag(View):
    """What the index does not have yet: the newest `commits` of the server, the oldest of them for `ms`; while it is
    `rebuilding`, older messages may be missing too."""

    commits: Cursor
    ms: Annotated[int, Meta(ge=0)]
    rebuilding: bool = False


class SearchMessagesOk(View):
    """`more`: the cursor of the next page; a page can have less than `limit` hits, or none, and more behind it.
    `lag`: absent when the index has everything."""

    hits: list[SearchHit]
    more: SearchCursor | None = None
    lag: SearchLag | None = None
