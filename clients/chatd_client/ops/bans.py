"""Bans."""

from __future__ import annotations

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import bans


class BanOps(Asks):
    """Part of `Client`."""

    async def ban_member(self, group: str, user: str, reason: str = "", *, tell: bool = False) -> bans.BanOk:
        """Ban somebody, and put them out if they are in; with `tell` they are told the reason."""
        return await self.ask(bans.BanMember(group, user, self.new_cid(), reason, tell), bans.BanOk)

    async def unban_member(self, group: str, user: str) -> bans.BanOk:
        """Lift a ban."""
        return await self.ask(bans.UnbanMember(group, user, self.new_cid()), bans.BanOk)

    async def list_bans(self, group: str, after: str | None = None, limit: int = PAGE) -> bans.Bans:
        """A page of those who are banned, for admins."""
        return await self.ask(bans.ListBans(group, after, limit), bans.Bans)
