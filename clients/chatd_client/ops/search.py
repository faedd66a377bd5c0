"""Finding messages by their words."""

from __future__ import annotations

from collections.abc import AsyncIterator

from chatd_client.ops.asks import Asks
from chatd_protocol.search import SearchHit, SearchMessages, SearchMessagesOk

PAGE = 20


class SearchOps(Asks):
    """Part of `Client`."""

    async def search(
        self,
        query: str,
        *,
        group: str | None = None,
        sender: str | None = None,
        kind: str | None = None,
        after: int | None = None,
        before: int | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
        section: int | None = None,
    ) -> SearchMessagesOk:
        """A page of messages that have all the words, the newest first; the next one begins at its `more`.

        Without `group` in all of one's groups; with it, in a `section` of it or in all. `after` and `before` are
        times in ms, both included.
        """
        wish = SearchMessages(query, group, sender, kind, after, before, limit, cursor, section)
        return await self.ask(wish, SearchMessagesOk)

    async def search_all(self, query: str, *, group: str | None = None) -> AsyncIterator[SearchHit]:
        """Every hit, the newest first, read page by page as they are asked for."""
        cursor: str | None = None
        while True:
            page = await self.search(query, group=group, cursor=cursor)
            for hit in page.hits:
                yield hit
            cursor = page.more
            if cursor is None:
                return
