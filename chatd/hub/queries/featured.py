"""The featured posts of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, followed, read_settled
from chatd.service import featured
from chatd_protocol import featured as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_featured(session: Session, request: wire.ListFeatured) -> dict[str, Any]:
    """`feature.list`."""
    follow = followed(session, request.group)
    return await read_settled(session, follow, lambda reader: featured.list_featured(reader, request, follow.floor))


AWAITED: Final[Awaited] = {"feature.list": list_featured}
