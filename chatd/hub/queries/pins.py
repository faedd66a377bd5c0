"""The pinned messages of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, followed, read_settled
from chatd.service import pins
from chatd_protocol import pins as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_pins(session: Session, request: wire.ListPins) -> dict[str, Any]:
    """`pin.list`."""
    follow = followed(session, request.group)
    return await read_settled(session, follow, lambda reader: pins.list_pins(reader, request.group, follow.floor))


AWAITED: Final[Awaited] = {"pin.list": list_pins}
