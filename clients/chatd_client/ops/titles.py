"""Finding public groups."""

from __future__ import annotations

from chatd_client.ops.asks import Asks
from chatd_protocol import titles


class TitleOps(Asks):
    """Part of `Client`."""

    async def find_groups(self, text: str, after: str | None = None, limit: int = 20) -> titles.FoundGroups:
        """A page of public groups whose title has all words of a text, the largest first."""
        return await self.ask(titles.FindGroups(text, after, limit), titles.FoundGroups)
