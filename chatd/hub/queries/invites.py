"""Invites and requests: lists, previews, who brought whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub import invites as resolving
from chatd.hub.queries.asked import Awaited, check_still, followed, told_snapshot, user_of
from chatd.service import invites, requests
from chatd_protocol import invites as wire
from chatd_protocol import requests as wire_requests

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def preview_invite(session: Session, request: wire.PreviewInvite) -> dict[str, Any]:
    """`invite.preview`."""
    hub, user = session.hub, user_of(session)
    wish = invites.preview_invite(request, user, hub.secrets)
    if request.secret is not None:
        resolving.pay(hub, user, session.socket.peer)
    return await resolving.resolve(hub, wish)


async def list_invites(session: Session, request: wire.ListInvites) -> dict[str, Any]:
    """`invite.list`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await invites.list_invites(reader, user_of(session), request, session.hub.now_ms())
    check_still(session, follow)
    return page


async def list_received(session: Session, request: wire.ListReceived) -> dict[str, Any]:
    """`invite.received`."""
    async with session.hub.readers.snapshot() as reader:
        return await invites.list_received(reader, user_of(session), request, session.hub.now_ms())


async def read_tree(session: Session, request: wire.ReadTree) -> dict[str, Any]:
    """`invite.tree`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await invites.read_tree(reader, user_of(session), request, session.hub.now_ms())
    check_still(session, follow)
    return page


async def list_requests(session: Session, request: wire_requests.ListRequests) -> dict[str, Any]:
    """`request.list`."""
    follow = followed(session, request.group) if request.group is not None else None
    async with told_snapshot(session) as reader:
        page = await requests.list_requests(reader, user_of(session), request, session.hub.now_ms())
    if follow is not None:
        check_still(session, follow)
    return page


AWAITED: Final[Awaited] = {
    "invite.preview": preview_invite,
    "invite.list": list_invites,
    "invite.tree": read_tree,
    "invite.received": list_received,
    "request.list": list_requests,
}
"""Those that have to read the store."""
