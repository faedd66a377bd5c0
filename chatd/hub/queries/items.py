"""Finding videos and products to share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.queries.asked import READ_AGAIN_MAX, Awaited
from chatd.service import items
from chatd_protocol import items as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def find_items(session: Session, request: wire.FindItems) -> dict[str, Any]:
    """`item.find`. What was withdrawn while it was read is not shown."""
    shelf = session.hub.shelf
    for _ in range(READ_AGAIN_MAX):
        mark = shelf.mark()
        async with session.hub.readers.snapshot() as reader:
            page = await items.find_items(reader, request)
        if not shelf.changed(((card["kind"], card["id"]) for card in page["items"]), mark):
            return page
    raise Refused("overloaded")


AWAITED: Final[Awaited] = {"item.find": find_items}
