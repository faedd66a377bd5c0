"""Finding videos and products to share."""

from __future__ import annotations

from typing import Any, Final

from chatd.core.cards import show
from chatd.core.catalogue import Item
from chatd.store.catalogue import items_titled
from chatd.store.readers import Reader
from chatd_protocol import items as wire
from chatd_protocol.runs import parts_asked

KINDS: Final = ("product", "video")


async def find_items(reader: Reader, request: wire.FindItems) -> dict[str, Any]:
    """Cards of what is found, as they would be shared now."""
    parts = parts_asked(request.text)
    if request.text.strip() and not parts:
        return {"items": []}
    found: list[Item] = []
    for kind in [request.kind] if request.kind else KINDS:
        found += await items_titled(reader, kind, parts, request.limit + 1)
    found.sort(key=lambda item: (item.at, item.item_id), reverse=True)
    cards = [show(item.key, {}, item) for item in found[: request.limit]]
    return {"items": cards} | ({"more": True} if len(found) > request.limit else {})
