"""The durable entries: of a group's log, and of a user's own log.

Every entry of a group has a `pos`; a reader who may not see one gets `hidden` in its place, so that numbers never have
a hole. What an edit or a reaction shows is the state of its target when it was read, not when it was made: applying
such an entry twice, or after a newer one, is harmless.
"""

from __future__ import annotations

from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from chatd_protocol.kinds import content_type
from chatd_protocol.log.entry import GroupEntry
from chatd_protocol.log.groups import (
    Announced,
    Created,
    Dissolved,
    Erased,
    Joined,
    Left,
    MembersChanged,
    Moderated,
    Nicknamed,
    NicknamesChanged,
    OwnerChanged,
    Right,
    RoleChanged,
    Section,
    SectionsChanged,
    SettingsChanged,
)
from chatd_protocol.log.messages import (
    CardChanged,
    CardRef,
    Edited,
    Featured,
    Forwarded,
    Message,
    Pinned,
    Quote,
    Reacted,
    Reaction,
    Recall,
    Recalled,
    Unfeatured,
    Unpinned,
)
from chatd_protocol.log.mine import Mine, MineEntry
from chatd_protocol.values import Cursor, GroupId, Millis, Pos, View

__all__ = [
    "Announced",
    "AnyEntry",
    "CardChanged",
    "CardRef",
    "Created",
    "Dissolved",
    "Edited",
    "Entries",
    "Entry",
    "Erased",
    "Featured",
    "Forwarded",
    "Hidden",
    "Joined",
    "Left",
    "MembersChanged",
    "Message",
    "Mine",
    "MineEntry",
    "Moderated",
    "Nicknamed",
    "NicknamesChanged",
    "OwnerChanged",
    "Pinned",
    "Quote",
    "Reacted",
    "Reaction",
    "Recall",
    "Recalled",
    "Right",
    "RoleChanged",
    "Section",
    "SectionsChanged",
    "SettingsChanged",
    "Unfeatured",
    "UnknownEntry",
    "Unpinned",
    "read_entry",
]


class Hidden(GroupEntry, tag="hidden"):
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
    | SectionsChanged
    | Erased
)
AnyEntry = Annotated[dict[str, object], Meta(description="An entry: see the schema `Entry`, by `kind`.")]
_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(Entry))


class Entries(View):
    """The event `entries`: what comes behind the cursor `after`, without a hole. `truncated`: messages up to this entry
    are no longer kept. To somebody who stood below, the entries up to there will not come, and the next ones go on
    behind it; everybody forgets what is shown of them, except what is pinned or featured."""

    group: GroupId
    after: Cursor
    as_of: Cursor
    entries: list[AnyEntry]
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


def _with_content(entry: Entry) -> Entry:
    """The body as its own type; that of a kind that this version does not know stays a map."""
    kind = entry.type if isinstance(entry, Message) else "text" if isinstance(entry, Edited) else ""
    content = content_type(kind)
    if content is None or entry.body is None:  # type: ignore[union-attr]
        return entry
    return msgspec.structs.replace(entry, body=msgspec.convert(entry.body, content))  # type: ignore[union-attr]
