"""Pinned messages."""

from __future__ import annotations

from typing import Any

from chatd.core.pins import Pin, Unpin
from chatd.core.visibility import view
from chatd.service.author import Author
from chatd.store import boards, messages
from chatd.store.readers import Reader
from chatd_protocol import pins as wire


def add_pin(request: wire.AddPin, author: Author) -> Pin:
    """Pin, or move."""
    return Pin(author.user, request.cid, author.digest, request.group, request.pos, request.above)


def remove_pin(request: wire.RemovePin, author: Author) -> Unpin:
    """Pin no more."""
    return Unpin(author.user, request.cid, author.digest, request.group, request.pos)


async def list_pins(reader: Reader, group: str, floor: int) -> dict[str, Any]:
    """The pinned messages above `floor`, as they are now."""
    pins = [pin for pin in (await boards.board_of(reader, group)).pins if pin[0] > floor]
    found = await messages.messages_at(reader, [(group, pin[0]) for pin in pins])
    shown = []
    for pos, by, at in pins:
        one = found.get((group, pos))
        if one is not None:
            shown.append({"entry": view(one.entry, one.target, floor), "by": by, "at": at})
    return {"pins": shown, "as_of": await messages.head_of(reader, group)}
