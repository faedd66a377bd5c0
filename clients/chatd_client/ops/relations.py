"""Following and blocking."""

from __future__ import annotations

from typing import Literal

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import relations


class RelationOps(Asks):
    """Part of `Client`."""

    async def follow(self, user: str) -> relations.FollowOk:
        """Follow somebody."""
        return await self.ask(relations.AddFollow(user, self.new_cid()), relations.FollowOk)

    async def unfollow(self, user: str) -> relations.FollowOk:
        """Follow somebody no more."""
        return await self.ask(relations.RemoveFollow(user, self.new_cid()), relations.FollowOk)

    async def list_follows(
        self,
        which: Literal["following", "followers", "mutual"] = "following",
        after: str | None = None,
        limit: int = PAGE,
    ) -> relations.Relations:
        """A page of people; the next one begins `after` its `more`."""
        return await self.ask(relations.ListFollows(which, after, limit), relations.Relations)

    async def block(self, user: str) -> relations.BlockOk:
        """Block somebody, who cannot notice it."""
        return await self.ask(relations.AddBlock(user, self.new_cid()), relations.BlockOk)

    async def unblock(self, user: str) -> relations.BlockOk:
        """Take a block back."""
        return await self.ask(relations.RemoveBlock(user, self.new_cid()), relations.BlockOk)

    async def list_blocks(self, after: str | None = None, limit: int = PAGE) -> relations.Relations:
        """A page of the people one has blocked."""
        return await self.ask(relations.ListBlocks(after, limit), relations.Relations)

    async def suggest_members(self, group: str, limit: int = 50) -> list[relations.Suggestion]:
        """People one could pull into a group, those with most groups in common first."""
        return (await self.ask(relations.SuggestMembers(group, limit), relations.Suggestions)).users
