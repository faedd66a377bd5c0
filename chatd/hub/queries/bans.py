"""The list of bans, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, check_still, followed, told_snapshot, user_of
from chatd.service import bans
from chatd_protocol import bans as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_bans(session: Session, request: wire.ListBans) -> dict[str, Any]:
    """`member.bans`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await bans.list_bans(reader, user_of(session), request)
    check_still(session, follow)
    return page


AWAITED: Final[Awaited] = {"member.bans": list_bans}
