"""People by id or by name, and what one shows of oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatd_client.ops.asks import Asks
from chatd_protocol import users


class UserOps(Asks):
    """Part of `Client`."""

    async def get_users(self, ids: Sequence[str] = (), subs: Sequence[str] = ()) -> list[users.User]:
        """People by id, or by the `sub` of their tokens, 100 each at most. Unknown ones are left out."""
        return (await self.ask(users.GetUsers(list(ids), list(subs)), users.GetUsersOk)).users

    async def find_users(self, query: str, limit: int = 20) -> users.FoundUsers:
        """The person with a handle (`@handle`), or those whose name contains the query."""
        return await self.ask(users.FindUsers(query, limit), users.FoundUsers)

    async def update_profile(
        self,
        *,
        name: str | None = None,
        avatar: str | None = None,
        bio: str | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> users.ProfileOk:
        """Change what is given; `fields` that are not named stay."""
        named = dict(fields) if fields is not None else None
        return await self.ask(users.UpdateProfile(self.new_cid(), name, avatar, bio, named), users.ProfileOk)

    async def set_handle(self, handle: str) -> users.HandleOk:
        """Take a handle. Refused with `taken`, or `too_soon` after the last change."""
        return await self.ask(users.SetHandle(self.new_cid(), handle), users.HandleOk)

    async def get_privacy(self) -> users.Privacy:
        """Who may find one, learn when one was here, pull one into groups, ask for a chat."""
        return await self.ask(users.GetPrivacy(), users.Privacy)

    async def set_privacy(
        self,
        *,
        findable: bool | None = None,
        last_seen: users.LastSeen | None = None,
        receipts: bool | None = None,
        pull: users.MayPull | None = None,
        requests: bool | None = None,
    ) -> users.Privacy:
        """Change what is given. `pull`: whether friends may pull one into groups, must ask first, or may not."""
        wish = users.SetPrivacy(self.new_cid(), findable, last_seen, receipts, pull, requests)
        return await self.ask(wish, users.Privacy)

    async def list_devices(self) -> users.Devices:
        """The devices one has used, the newest first."""
        return await self.ask(users.ListDevices(), users.Devices)

    async def revoke_device(self, device: str | None = None) -> users.RevokeDeviceOk:
        """Refuse the tokens issued so far on a device of one's own, or on all, this one included."""
        return await self.ask(users.RevokeDevice(self.new_cid(), device), users.RevokeDeviceOk)
