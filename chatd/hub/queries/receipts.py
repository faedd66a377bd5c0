"""Who has read up to where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.core.sharing import shows_receipts
from chatd.hub.queries.asked import READ_AGAIN_MAX, Awaited, check_still, followed, told_snapshot, user_of
from chatd.store.chats import MemberRead, reads_of
from chatd.store.readers import Reader
from chatd.store.relations import circle_of
from chatd.store.sections import member_reads, place_in
from chatd_protocol import receipts as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def get_receipts(session: Session, request: wire.GetReceipts) -> dict[str, Any]:
    """`receipt.get`. Raises `not_found`, `limit` for a large group, `forbidden` for who does not show their own."""
    follow, hub, me = followed(session, request.group), session.hub, user_of(session)
    check_small(follow.feed.members, "receipt_group_max", hub.settings.receipt_group_max)
    if not request.section and request.seq > follow.feed.seq:
        raise Refused("not_found")
    for _ in range(READ_AGAIN_MAX):
        stored = hub.reads.stored
        async with told_snapshot(session) as reader:
            members = await _reads_of(reader, request, me, hub.settings.receipt_group_max)
            pairs = {(member.user, me) for member in members if member.user != me}
            circle = await circle_of(reader, pairs | {(me, me)}, mutual=False)
        if hub.reads.stored == stored:  # else what was stored meanwhile is neither in what was read nor in the hub
            break
    else:
        raise Refused("overloaded")
    check_still(session, follow)
    own = next((member for member in members if member.user == me), None)
    if own is None or request.seq <= own.from_seq:
        raise Refused("not_found")
    if not shows_receipts(circle.settings[me]):
        raise Refused("forbidden", setting="receipts")
    users = [
        member.user
        for member in members
        if member.user != me
        and member.from_seq < request.seq <= max(member.read, hub.reads.of(request.group, member.user, request.section))
        and circle.shows_reads(member.user, me)
    ]
    section = {"section": request.section} if request.section else {}
    return {"group": request.group, "seq": request.seq, "users": users} | section


async def _reads_of(reader: Reader, request: wire.GetReceipts, me: str, most: int) -> list[MemberRead]:
    """Where the members of a small group stand in a section. Raises `no_section`, `not_found` for a number that no
    message has yet."""
    if not request.section:
        return await reads_of(reader, request.group, most)
    place = await place_in(reader, me, request.group, request.section)
    if place is None:
        raise Refused("no_section", section=request.section)
    if request.seq > place.seq:
        raise Refused("not_found")
    return [MemberRead(*one) for one in await member_reads(reader, request.group, request.section, most)]


def check_small(members: int, bound: str, most: int) -> None:
    """Raises `limit` for a group that is too large for its members to be told of each other."""
    if members > most:
        raise Refused("limit", bound=bound, max=most)


AWAITED: Final[Awaited] = {"receipt.get": get_receipts}
