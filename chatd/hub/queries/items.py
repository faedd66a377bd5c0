"""Finding videos and products to share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited
from chatd.service import items
from chatd_protocol import items as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def find_items(session: Session, request: wire.FindItems) -> dict[str, Any]:
    """`item.find`."""
    async with session.hub.readers.snapshot() as reader:
        return await items.find_items(reader, request)


AWAITED: Final[Awaited] = {"item.find": find_items}
