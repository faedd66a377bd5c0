"""Finding videos and products to share."""

from __future__ import annotations

from typing import Any, Final

from chatd.core.cards import show
from chatd.core.catalogue import Item
from chatd.core.titles import parts_asked
from chatd.store.catalogue import items_titled
from chatd.store.readers import Reader
from chatd_protocol import items as wire

KINDS: Final = ("product", "video")
PARTS_MAX: Final = 10
"""Words of a query that count."""


async def find_items(reader: Reader, request: wire.FindItems) -> dict[str, Any]:
    """Cards of what is found, as they would be shared now."""
    parts = list(dict.fromkeys(parts_asked(request.text)))[:PARTS_MAX]
    if request.text.strip() and not parts:
        return {"items": []}
    found: list[Item] = []
    for kind in [request.kind] if request.kind else KINDS:
        found += await items_titled(reader, kind, parts, request.limit + 1)
    found.sort(key=lambda item: (item.at, item.item_id), reverse=True)
    cards = [show(item.key, {}, item) for item in found[: request.limit]]
    return {"items": cards} | ({"more": True} if len(found) > request.limit else {})
