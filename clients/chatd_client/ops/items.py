"""Finding videos and products to share."""

from __future__ import annotations

from chatd_client.ops.asks import Asks
from chatd_protocol import items
from chatd_protocol.values import ItemKind


class ItemOps(Asks):
    """Part of `Client`."""

    async def find_items(self, text: str = "", kind: ItemKind | None = None, limit: int = 20) -> items.FoundItems:
        """Videos and products that can be shared and whose title has all words of a text; without words the newest."""
        return await self.ask(items.FindItems(text, kind, limit), items.FoundItems)
