"""Requests for a direct chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries.asked import Awaited, user_of
from chatd.service import contacts
from chatd_protocol import contacts as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_contacts(session: Session, request: wire.ListContacts) -> dict[str, Any]:
    """`contact.list`."""
    async with session.hub.readers.snapshot() as reader:
        return await contacts.list_contacts(reader, user_of(session), request)


AWAITED: Final[Awaited] = {"contact.list": list_contacts}
