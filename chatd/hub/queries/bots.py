"""The bots of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, check_still, followed, told_snapshot
from chatd.service import bots
from chatd_protocol import bots as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_bots(session: Session, request: wire.ListBots) -> dict[str, Any]:
    """`group.bots`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await bots.list_bots(reader, request)
    check_still(session, follow)
    return page


AWAITED: Final[Awaited] = {"group.bots": list_bots}
