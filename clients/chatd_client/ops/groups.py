"""Groups and who is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import groups
from chatd_protocol.values import OnUnfollow


class GroupOps(Asks):
    """Part of `Client`."""

    async def create_group(
        self,
        title: str,
        *,
        kind: Literal["private", "public"] = "private",
        intro: str = "",
        history: str = "none",
        limit: int | None = None,
    ) -> groups.CreateGroupOk:
        """Make a group. `history`: what newcomers see of the past, `none`, `all` or `last:N`."""
        wish = groups.CreateGroup(self.new_cid(), kind, title=title, intro=intro, history=history, limit=limit)
        return await self.ask(wish, groups.CreateGroupOk)

    async def create_direct(self, user: str) -> groups.CreateGroupOk:
        """The direct chat with somebody, made if there is none yet. `not_mutual` if it may not be made."""
        return await self.ask(groups.CreateGroup(self.new_cid(), "direct", user=user), groups.CreateGroupOk)

    async def get_group(self, group: str) -> groups.GroupInfo:
        """What there is to know of a group."""
        return await self.ask(groups.GetGroup(group), groups.GroupInfo)

    async def list_groups(
        self, after: str | None = None, limit: int = PAGE, *, archived: bool | None = None
    ) -> groups.Groups:
        """A page of the caller's groups: pinned ones, then by newest activity, archived ones last; or one sort only."""
        return await self.ask(groups.ListGroups(after, limit, archived), groups.Groups)

    async def update_group(
        self,
        group: str,
        *,
        title: str | None = None,
        intro: str | None = None,
        history: str | None = None,
        limit: int | None = None,
        rules: str | None = None,
        avatar: str | None = None,
        rights: groups.Rights | None = None,
        on_unfollow_owner: OnUnfollow | None = None,
    ) -> groups.Placed:
        """Change what is given. `on_unfollow_owner`: what becomes of members who cease to follow the owner."""
        wish = groups.UpdateGroup(
            group,
            self.new_cid(),
            title=title,
            intro=intro,
            history=history,
            limit=limit,
            rules=rules,
            avatar=avatar,
            rights=rights,
            on_unfollow_owner=on_unfollow_owner,
        )
        return await self.ask(wish, groups.Placed)

    async def list_members(self, group: str, after: str | None = None, limit: int = PAGE) -> groups.Members:
        """A page of the members, by id."""
        return await self.ask(groups.ListMembers(group, after, limit), groups.Members)

    async def add_members(self, group: str, users: Sequence[str]) -> groups.AddMembersOk:
        """Pull people in, 50 at most; says of each what became of it."""
        return await self.ask(groups.AddMembers(group, self.new_cid(), list(users)), groups.AddMembersOk)

    async def leave_group(self, group: str, successor: str | None = None) -> groups.LeaveGroupOk:
        """Leave a group, or put a direct chat away. An owner names a successor."""
        return await self.ask(groups.LeaveGroup(group, self.new_cid(), successor), groups.LeaveGroupOk)

    async def kick_member(self, group: str, user: str, reason: str = "", *, tell: bool = False) -> groups.Placed:
        """Put somebody out; with `tell` they are told the reason."""
        return await self.ask(groups.KickMember(group, user, self.new_cid(), reason, tell), groups.Placed)

    async def set_role(self, group: str, user: str, role: Literal["admin", "member", "silent"]) -> groups.Placed:
        """Make somebody an admin, a member, or a silent viewer."""
        return await self.ask(groups.SetRole(group, user, role, self.new_cid()), groups.Placed)
