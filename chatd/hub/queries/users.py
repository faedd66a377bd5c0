"""Looking up people, and renewing the token of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.opening import check_not_revoked
from chatd.hub.queries.asked import Awaited, user_of
from chatd.service import users
from chatd.store import users as stored
from chatd_protocol import session as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def renew(session: Session, request: wire.Renew) -> dict[str, Any]:
    """`session.renew`."""
    hub = session.hub
    claims = hub.tokens.verify(request.token)
    async with hub.readers.snapshot() as reader:
        user = await stored.user_by_sub(reader, claims.sub)
        if user is None or user.id != user_of(session):
            raise Refused("unauthenticated", "The token speaks for somebody else.")
        await check_not_revoked(reader, user, session.device, claims)
    session.renewed(claims.expires_at / 1000)
    return {"expires": claims.expires_at}


async def get_users(session: Session, request: wire.GetUsers) -> dict[str, Any]:
    """`user.get`."""
    async with session.hub.readers.snapshot() as reader:
        return await users.get_users(reader, request)


AWAITED: Final[Awaited] = {"session.renew": renew, "user.get": get_users}
