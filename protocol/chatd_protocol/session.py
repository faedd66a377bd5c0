"""Opening a session and renewing its token."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.bots import BotSelf
from chatd_protocol.groups import GroupLine
from chatd_protocol.users import ProfileField
from chatd_protocol.values import (
    HEADS_MAX,
    Client,
    Cursor,
    Data,
    Device,
    GroupId,
    Millis,
    Name,
    SectionNumber,
    Token,
    UserId,
    View,
)


class Hello(Data):
    """`session.hello`, the first request. With `epoch` and cursors it is a resume.

    `mine` is the last entry of the user's own log that the client keeps, `heads` the last entry of each group it
    keeps, both as `[number, at]`; `at` lets the server notice that its own past changed under the client.
    """

    token: Token
    device: Device
    client: Client | None = None
    epoch: Annotated[str, Meta(max_length=64)] | None = None
    mine: tuple[Cursor, Millis] | None = None
    heads: Annotated[dict[GroupId, tuple[Cursor, Millis]], Meta(max_length=HEADS_MAX)] | None = None


class Bounds(View):
    """The limits a client has to know to stay inside them."""

    message_bytes: int
    text_code_points: int
    add_users: int
    page_entries: int
    requests_per_s: float
    recall_window_s: float
    typing_group_members: int
    stall_timeout_s: float
    heads_interval_s: float
    receipt_group_members: int = 0
    presence_group_members: int = 0


class SectionRead(View):
    """Where the person has read to in a section."""

    group: GroupId
    section: SectionNumber
    read: Cursor


class HelloOk(View):
    """`mine` is the head of the user's log and `mine_at` the time of that entry, 0 if there is none: entries after the
    client's cursor follow as `mine` events; a client without one starts at `[mine, mine_at]`.

    `groups` holds one page, in the order of `group.list`, of the groups that changed since the cursors (all, without
    cursors); the rest is read with `group.list` from `more`. `reset`: the cursors are of another life of the database,
    and everything kept must be read anew.
    """

    user: UserId
    device: Device
    epoch: str
    at: Millis
    ops: list[str]
    bounds: Bounds
    mine: Cursor
    groups: list[GroupLine]
    protocol: int = 1
    name: str = ""
    more: str | None = None
    reset: bool = False
    mine_at: Millis = 0
    reads: dict[GroupId, Cursor] = {}
    """Where the person has read to, in groups of `heads` that have nothing new: it may have moved on another device."""
    mine_truncated: Cursor | None = None
    """Entries of the user's log up to this number are no longer kept: read the group list anew."""
    expires: Millis | None = None
    profile_fields: list[ProfileField] = []
    """What profiles have beside name, avatar and bio on this server."""
    section_reads: list[SectionRead] = []
    """The same for sections other than the main one."""
    drafts: dict[GroupId, Millis] = {}
    """When unsent text was saved, in groups of `heads` that have nothing new; those that are missing have none."""
    bot: BotSelf | None = None
    """Only for bots."""


class Renew(Data):
    """`session.renew`: a fresh token of the same subject before the old one runs out."""

    token: Token


class RenewOk(View):
    expires: Millis | None = None


class Unnamed(View):
    """The answer of ops that have nothing to say but that it is done."""


__all__ = ["Bounds", "Hello", "HelloOk", "Name", "Renew", "RenewOk", "Unnamed"]
