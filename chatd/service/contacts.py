"""Asking for a direct chat."""

from __future__ import annotations

from typing import Any

from chatd.core.contacts import AcceptContact, DeclineContact, RequestContact
from chatd.service.author import Author
from chatd.store import contacts as stored
from chatd.store.readers import Reader
from chatd_protocol import contacts as wire


def request_contact(request: wire.RequestContact, author: Author) -> RequestContact:
    """Ask."""
    return RequestContact(author.user, request.cid, author.digest, request.user, request.text)


def accept_contact(request: wire.AcceptContact, author: Author) -> AcceptContact:
    """Say yes."""
    return AcceptContact(author.user, request.cid, author.digest, author.new_id("g"), request.user)


def decline_contact(request: wire.DeclineContact, author: Author) -> DeclineContact:
    """Say nothing."""
    return DeclineContact(author.user, request.cid, author.digest, request.user)


async def list_contacts(reader: Reader, user: str, request: wire.ListContacts) -> dict[str, Any]:
    """A page of the requests that wait for the user."""
    rows = await stored.waiting_for(reader, user, request.after or "", request.limit + 1)
    requests = []
    for asker, at, text, name in rows[: request.limit]:
        shown: dict[str, Any] = {"user": asker, "at": at}
        requests.append(shown | {key: value for key, value in (("text", text), ("name", name)) if value})
    page: dict[str, Any] = {"requests": requests}
    if len(rows) > request.limit:
        page["more"] = rows[request.limit - 1][0]
    return page
