"""Who of a group is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, check_still, followed, told_snapshot, user_of
from chatd.hub.queries.receipts import check_small
from chatd.store.chats import reads_of
from chatd.store.relations import circle_of
from chatd.store.users import last_seen
from chatd_protocol import presence as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def get_presence(session: Session, request: wire.GetPresence) -> dict[str, Any]:
    """`presence.get`. Raises `not_found`, `limit` for a large group."""
    follow, hub, me = followed(session, request.group), session.hub, user_of(session)
    most = hub.settings.presence_group_max
    check_small(follow.feed.members, "presence_group_max", most)
    async with told_snapshot(session) as reader:
        others = [member.user for member in await reads_of(reader, request.group, most) if member.user != me]
        circle = await circle_of(reader, {(user, me) for user in others}, mutual=True)
        shown = [user for user in others if circle.shows_presence(user, me)]
        seen = await last_seen(reader, shown)
    check_still(session, follow)
    return {"group": request.group, "people": [hub.presence.state_of(user, seen.get(user, 0)) for user in shown]}


AWAITED: Final[Awaited] = {"presence.get": get_presence}
