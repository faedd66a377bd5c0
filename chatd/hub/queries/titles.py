"""Finding public groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited
from chatd.service import titles
from chatd_protocol import titles as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def find_groups(session: Session, request: wire.FindGroups) -> dict[str, Any]:
    """`group.find`."""
    async with session.hub.readers.snapshot() as reader:
        return await titles.find_groups(reader, request, session.follows)


AWAITED: Final[Awaited] = {"group.find": find_groups}
