"""Invites, requests to come in, and the door of a group. To find an invite in pasted text: `chatd_protocol.pasted`."""

from __future__ import annotations

from typing import Literal

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import groups, invites, requests
from chatd_protocol.codes import LENGTH
from chatd_protocol.values import EntryGate


class InviteOps(Asks):
    """Part of `Client`. Where an `invite` is asked for, it is a link's token, a code without dashes, or the id of an
    invite that is directed to oneself."""

    async def create_invite(
        self,
        group: str,
        kind: Literal["link", "code", "directed"] = "link",
        *,
        user: str | None = None,
        role: Literal["admin", "member", "silent"] = "member",
        expires_in: int | None = None,
        max_uses: int | None = None,
        approval: bool = False,
        note: str = "",
    ) -> invites.InviteMade:
        """Make one, that ends `expires_in` seconds from now. The secret in the answer is told to nobody else."""
        wish = invites.CreateInvite(group, self.new_cid(), kind, user, role, expires_in, max_uses, approval, note)
        return await self.ask(wish, invites.InviteMade)

    async def list_invites(
        self, group: str, *, everybody: bool = False, after: str | None = None, limit: int = PAGE
    ) -> invites.Invites:
        """A page of one's own, or as an admin of everybody's, newest first."""
        return await self.ask(invites.ListInvites(group, everybody, after, limit), invites.Invites)

    async def revoke_invite(self, invite: str) -> invites.InviteRevoked:
        """Take the invite with this id back."""
        return await self.ask(invites.RevokeInvite(invite, self.new_cid()), invites.InviteRevoked)

    async def list_received_invites(self, after: str | None = None, limit: int = PAGE) -> invites.ReceivedInvites:
        """A page of invites directed to oneself that wait, newest first; `redeem_invite` takes one up."""
        return await self.ask(invites.ListReceived(after, limit), invites.ReceivedInvites)

    async def decline_invite(self, invite: str) -> invites.InviteDeclined:
        """Do not take up the invite with this id; nobody else is told."""
        return await self.ask(invites.DeclineInvite(invite, self.new_cid()), invites.InviteDeclined)

    async def preview_invite(self, invite: str) -> invites.InvitePreview:
        """What it leads to. `invite_invalid` if it is not good for oneself."""
        return await self.ask(invites.PreviewInvite(*_named(invite)), invites.InvitePreview)

    async def redeem_invite(self, invite: str, *, answer: str = "") -> requests.Entered:
        """Come in by it, or ask to where an admin decides."""
        return await self.ask(invites.RedeemInvite(self.new_cid(), *_named(invite), answer), requests.Entered)

    async def read_tree(
        self,
        group: str,
        user: str | None = None,
        *,
        days: int | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> invites.Tree:
        """Whom somebody brought (None: whom nobody brought), each with their branch."""
        return await self.ask(invites.ReadTree(group, user, days, after, limit), invites.Tree)

    async def set_entry(
        self,
        group: str,
        entry: EntryGate | None = None,
        *,
        question: str | None = None,
        invites: Literal["anyone", "mutual_only"] | None = None,
    ) -> groups.Placed:
        """Say who may come in."""
        return await self.ask(requests.SetEntry(group, self.new_cid(), entry, question, invites), groups.Placed)

    async def join_group(self, group: str, *, answer: str = "") -> requests.Entered:
        """Come into a group whose door is open, or ask to."""
        return await self.ask(requests.JoinGroup(group, self.new_cid(), answer), requests.Entered)

    async def create_request(self, group: str, *, answer: str = "") -> requests.Entered:
        """Ask to come in."""
        return await self.ask(requests.CreateRequest(group, self.new_cid(), answer), requests.Entered)

    async def list_requests(
        self, group: str | None = None, after: str | None = None, limit: int = PAGE
    ) -> requests.Requests:
        """A page of those that wait: of a group, or one's own."""
        return await self.ask(requests.ListRequests(group, after, limit), requests.Requests)

    async def approve_request(self, group: str, user: str, number: int) -> requests.Decided:
        """Let somebody in. `already_decided` if another admin was faster."""
        return await self.ask(requests.ApproveRequest(group, user, number, self.new_cid()), requests.Decided)

    async def refuse_request(self, group: str, user: str, number: int) -> requests.Decided:
        """Do not let somebody in."""
        return await self.ask(requests.RefuseRequest(group, user, number, self.new_cid()), requests.Decided)

    async def withdraw_request(self, group: str) -> requests.Decided:
        """Ask no more."""
        return await self.ask(requests.WithdrawRequest(group, self.new_cid()), requests.Decided)


_TOKEN_LENGTH = 22


def _named(invite: str) -> tuple[str | None, str | None]:
    """(secret, id). An id is longer than a token, and a token longer than a code."""
    return (invite, None) if len(invite) in (_TOKEN_LENGTH, LENGTH) else (None, invite)
