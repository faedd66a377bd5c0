"""How much there is. Every row of a few tables is counted, so only who looks now and then asks: the operator."""

from __future__ import annotations

from typing import Final

from chatd.store.readers import Reader

TOTALS: Final = (
    "SELECT (SELECT count(*) FROM users WHERE erased_at IS NULL) - (SELECT count(*) FROM bots) AS people,"
    " (SELECT count(*) FROM bots) AS bots,"
    " (SELECT count(*) FROM groups WHERE direct_key IS NULL AND dissolved_at IS NULL) AS groups_,"
    " (SELECT count(*) FROM groups WHERE direct_key IS NOT NULL) AS directs,"
    " (SELECT coalesce(sum(seq), 0) FROM groups) AS messages"
)


async def count_all(reader: Reader) -> dict[str, int]:
    """How many people, bots, groups and direct chats there are, and messages there ever were."""
    (row,) = await reader.all(TOTALS, ())
    return dict(zip(("people", "bots", "groups", "directs", "messages"), map(int, row), strict=True))
