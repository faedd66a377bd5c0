"""Pinned messages of a group."""

from __future__ import annotations

from chatd_protocol.log import AnyEntry
from chatd_protocol.values import Cid, Cursor, Data, GroupId, Millis, Pos, UserId, View


class AddPin(Data):
    """`pin.add`: pin a message above the pinned message `above`, without it above all; needs the right `pin`. What is
    pinned already moves there. In a direct chat both may."""

    group: GroupId
    pos: Pos
    cid: Cid
    above: Pos | None = None


class RemovePin(Data):
    """`pin.remove`."""

    group: GroupId
    pos: Pos
    cid: Cid


class PinOk(View):
    """`pos`: the entry that says so; absent if nothing changed."""

    group: GroupId
    target: Pos
    pos: Pos | None = None


class ListPins(Data):
    """`pin.list`: the pinned messages that the caller may see, in their order."""

    group: GroupId


class Pin(View):
    """A pinned message, as it is now."""

    entry: AnyEntry
    by: UserId
    at: Millis


class Pins(View):
    """`as_of`: the state after this entry."""

    pins: list[Pin]
    as_of: Cursor
