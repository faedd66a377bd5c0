"""Featured posts."""

from __future__ import annotations

from typing import Any

from chatd.core.featured import Feature, Unfeature
from chatd.core.visibility import view
from chatd.service.author import Author
from chatd.store import boards, messages
from chatd.store.readers import Reader
from chatd_protocol import featured as wire
from chatd_protocol.values import SAFE_INTEGER_MAX


def add_featured(request: wire.AddFeatured, author: Author) -> Feature:
    """Put a message on the list, or change its note."""
    return Feature(author.user, request.cid, author.digest, request.group, request.pos, request.note)


def remove_featured(request: wire.RemoveFeatured, author: Author) -> Unfeature:
    """Take it off."""
    return Unfeature(author.user, request.cid, author.digest, request.group, request.pos)


async def list_featured(reader: Reader, request: wire.ListFeatured, floor: int) -> dict[str, Any]:
    """A page of the featured posts above `floor`, as they are now."""
    group, before = request.group, request.before or SAFE_INTEGER_MAX
    page = await boards.featured_page(reader, group, floor, before, request.limit + 1)
    found = await messages.messages_at(reader, [(group, one.pos) for one in page])
    posts = []
    for one in page[: request.limit]:
        shown = found.get((group, one.pos))
        if shown is not None:
            post = {"entry": view(shown.entry, shown.target, floor), "by": one.by, "at": one.at}
            posts.append(post | ({"note": one.note} if one.note else {}))
    more = {"more": page[request.limit - 1].pos} if len(page) > request.limit else {}
    return {"posts": posts, "as_of": await messages.head_of(reader, group)} | more
