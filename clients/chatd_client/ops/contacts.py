"""Asking somebody who is not mutual for a direct chat."""

from __future__ import annotations

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import contacts, session


class ContactOps(Asks):
    """Part of `Client`."""

    async def request_contact(self, user: str, text: str = "") -> contacts.ContactOk:
        """Ask somebody for a direct chat, once. `not_mutual` if they want no requests."""
        return await self.ask(contacts.RequestContact(user, self.new_cid(), text), contacts.ContactOk)

    async def accept_contact(self, user: str) -> contacts.AcceptContactOk:
        """Say yes to somebody who asked; answers with the direct chat."""
        return await self.ask(contacts.AcceptContact(user, self.new_cid()), contacts.AcceptContactOk)

    async def decline_contact(self, user: str) -> None:
        """Say no to somebody who asked; they are not told."""
        await self.ask(contacts.DeclineContact(user, self.new_cid()), session.Unnamed)

    async def list_contacts(self, after: str | None = None, limit: int = PAGE) -> contacts.ContactRequests:
        """A page of the requests that wait for an answer."""
        return await self.ask(contacts.ListContacts(after, limit), contacts.ContactRequests)
