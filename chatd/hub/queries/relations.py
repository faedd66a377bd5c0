"""Who follows whom, and who has blocked whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, check_still, followed, told_snapshot, user_of
from chatd.service import relations
from chatd_protocol import relations as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_follows(session: Session, request: wire.ListFollows) -> dict[str, Any]:
    """`follow.list`."""
    async with session.hub.readers.snapshot() as reader:
        return await relations.list_follows(reader, user_of(session), request)


async def list_blocks(session: Session, request: wire.ListBlocks) -> dict[str, Any]:
    """`block.list`."""
    async with session.hub.readers.snapshot() as reader:
        return await relations.list_blocks(reader, user_of(session), request)


async def suggest_members(session: Session, request: wire.SuggestMembers) -> dict[str, Any]:
    """`member.suggest`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await relations.suggest_members(reader, user_of(session), request)
    check_still(session, follow)
    return page


AWAITED: Final[Awaited] = {"member.suggest": suggest_members, "follow.list": list_follows, "block.list": list_blocks}
