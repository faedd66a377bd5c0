"""The log of what admins did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, check_still, followed, told_snapshot, user_of
from chatd.service import moderation
from chatd_protocol import moderation as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_audit(session: Session, request: wire.ListAudit) -> dict[str, Any]:
    """`audit.list`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await moderation.list_audit(reader, user_of(session), request)
    check_still(session, follow)
    return page


AWAITED: Final[Awaited] = {"audit.list": list_audit}
