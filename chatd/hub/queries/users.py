"""Looking up and finding people, one's own privacy and devices, and renewing the token of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.opening import check_allowed
from chatd.hub.queries.asked import Awaited, user_of
from chatd.service import users
from chatd.store import users as stored
from chatd_protocol import session as wire_session
from chatd_protocol import users as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def renew(session: Session, request: wire_session.Renew) -> dict[str, Any]:
    """`session.renew`."""
    hub = session.hub
    claims = await hub.tokens.verify(request.token)
    async with hub.readers.snapshot() as reader:
        user = await stored.user_by_sub(reader, claims.sub)
        if user is None or user.id != user_of(session):
            raise Refused("unauthenticated", "The token speaks for somebody else.")
        await check_allowed(reader, user, session.device, claims)
    session.renewed(claims)
    return {} if claims.expires_at is None else {"expires": claims.expires_at}


async def get_users(session: Session, request: wire.GetUsers) -> dict[str, Any]:
    """`user.get`."""
    hub = session.hub
    async with hub.readers.snapshot() as reader:
        return await users.get_users(reader, user_of(session), request, hub.now_ms(), hub.seen_here)


async def find_users(session: Session, request: wire.FindUsers) -> dict[str, Any]:
    """`user.search`, which has a budget of its own. Raises `rate_limited`."""
    hub, user = session.hub, user_of(session)
    hub.rates.check("search", user)
    async with hub.readers.snapshot() as reader:
        return await users.find_users(reader, user, request, hub.now_ms(), hub.seen_here)


async def get_privacy(session: Session, _: wire.GetPrivacy) -> dict[str, Any]:
    """`privacy.get`."""
    async with session.hub.readers.snapshot() as reader:
        return await users.get_privacy(reader, user_of(session))


async def list_devices(session: Session, _: wire.ListDevices) -> dict[str, Any]:
    """`device.list`."""
    hub, person = session.hub, session.person
    assert person is not None
    online = {other.device for other in person.sessions}
    fresh = hub.devices.of(person.user)
    async with hub.readers.snapshot() as reader:
        return await users.list_devices(reader, person.user, session.device, online, fresh)


AWAITED: Final[Awaited] = {
    "session.renew": renew,
    "user.get": get_users,
    "user.search": find_users,
    "privacy.get": get_privacy,
    "device.list": list_devices,
}
