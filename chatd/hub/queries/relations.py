"""Who follows whom, and who has blocked whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, user_of
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


AWAITED: Final[Awaited] = {"follow.list": list_follows, "block.list": list_blocks}
