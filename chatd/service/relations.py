"""Following and blocking."""

from __future__ import annotations

from typing import Any

from chatd.core.relations import Block, Follow
from chatd.core.values import is_bot
from chatd.service.author import Author
from chatd.store import relations as stored
from chatd.store.readers import Reader
from chatd_protocol import relations as wire


def add_follow(request: wire.AddFollow, author: Author) -> Follow:
    """Follow somebody."""
    return Follow(author.user, request.cid, author.digest, request.user, True)


def remove_follow(request: wire.RemoveFollow, author: Author) -> Follow:
    """Follow somebody no longer."""
    return Follow(author.user, request.cid, author.digest, request.user, False)


def add_block(request: wire.AddBlock, author: Author) -> Block:
    """Block somebody."""
    return Block(author.user, request.cid, author.digest, request.user, True)


def remove_block(request: wire.RemoveBlock, author: Author) -> Block:
    """Block somebody no longer."""
    return Block(author.user, request.cid, author.digest, request.user, False)


async def list_follows(reader: Reader, user: str, request: wire.ListFollows) -> dict[str, Any]:
    """A page of the people the user follows, is followed by, or both."""
    return await _page(reader, user, request.which, request.after, request.limit)


async def list_blocks(reader: Reader, user: str, request: wire.ListBlocks) -> dict[str, Any]:
    """A page of the people the user has blocked."""
    return await _page(reader, user, "blocked", request.after, request.limit)


async def _page(reader: Reader, user: str, which: str, after: str | None, limit: int) -> dict[str, Any]:
    rows = await stored.relations_of(reader, user, which, after or "", limit + 1)
    people = []
    for other, at, name, sub in rows[:limit]:
        optional = {"name": name, "bot": is_bot(sub)}
        people.append({"user": other, "at": at} | {key: value for key, value in optional.items() if value})
    page: dict[str, Any] = {"users": people}
    if len(rows) > limit:
        page["more"] = rows[limit - 1][0]
    return page


async def suggest_members(reader: Reader, user: str, request: wire.SuggestMembers) -> dict[str, Any]:
    """Whom the user could pull into a group."""
    rows = await stored.suggested(reader, user, request.group, request.limit)
    return {
        "users": [{"user": other, "common": common} | ({"name": name} if name else {}) for other, name, common in rows]
    }
