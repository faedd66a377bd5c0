"""Who owns a group, what they announce, and its end."""

from __future__ import annotations

from chatd_client.ops.asks import Asks
from chatd_protocol import groups, ownership


class OwnershipOps(Asks):
    """Part of `Client`."""

    async def transfer_group(self, group: str, user: str) -> groups.Placed:
        """Hand one's own group to one of its members."""
        return await self.ask(ownership.TransferGroup(group, user, self.new_cid()), groups.Placed)

    async def dissolve_group(self, group: str) -> ownership.DissolveGroupOk:
        """End one's own group: it can be read for a while, and is gone then."""
        return await self.ask(ownership.DissolveGroup(group, self.new_cid()), ownership.DissolveGroupOk)

    async def announce(self, group: str, text: str) -> ownership.AnnounceInGroupOk:
        """Replace the announcement of a group; an empty text takes it away."""
        return await self.ask(ownership.AnnounceInGroup(group, self.new_cid(), text), ownership.AnnounceInGroupOk)
