"""Where somebody was mentioned, over all their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.queries.asked import READ_AGAIN_MAX, Awaited, told_snapshot, user_of
from chatd.service import mentions
from chatd_protocol import mentions as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_mentions(session: Session, request: wire.ListMentions) -> dict[str, Any]:
    """`mention.list`. A page is read again if something of its groups was taken back meanwhile, or the person went."""

    def floor_of(group: str) -> int | None:
        follow = session.follows.get(group)
        return None if follow is None else follow.least

    for _ in range(READ_AGAIN_MAX):
        before = {group: (follow, follow.feed.redactions) for group, follow in session.follows.items()}
        async with told_snapshot(session) as reader:
            page = await mentions.list_mentions(reader, user_of(session), request, floor_of)
        groups = {one["group"] for one in page["mentions"]}
        now = {
            group: (session.follows.get(group), before[group][0].feed.redactions) for group in groups & before.keys()
        }
        if groups <= before.keys() and all(now[group] == before[group] for group in groups):
            return page
    raise Refused("overloaded")


AWAITED: Final[Awaited] = {"mention.list": list_mentions}
