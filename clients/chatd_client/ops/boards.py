"""What stands beside a group's log: pins, featured posts; and where one was mentioned, over all groups."""

from __future__ import annotations

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import featured, mentions, pins


class BoardOps(Asks):
    """Part of `Client`."""

    async def pin(self, group: str, pos: int, *, above: int | None = None) -> pins.PinOk:
        """Pin a message above another pinned one, or above all; what is pinned moves there."""
        return await self.ask(pins.AddPin(group, pos, self.new_cid(), above), pins.PinOk)

    async def unpin(self, group: str, pos: int) -> pins.PinOk:
        """Pin a message no more."""
        return await self.ask(pins.RemovePin(group, pos, self.new_cid()), pins.PinOk)

    async def list_pins(self, group: str) -> pins.Pins:
        """The pinned messages, in their order."""
        return await self.ask(pins.ListPins(group), pins.Pins)

    async def feature(self, group: str, pos: int, note: str = "") -> featured.FeatureOk:
        """Make a message a featured post, or change its note."""
        return await self.ask(featured.AddFeatured(group, pos, self.new_cid(), note), featured.FeatureOk)

    async def unfeature(self, group: str, pos: int) -> featured.FeatureOk:
        """Take a message off the list of featured posts."""
        return await self.ask(featured.RemoveFeatured(group, pos, self.new_cid()), featured.FeatureOk)

    async def list_featured(self, group: str, before: int | None = None, limit: int = PAGE) -> featured.FeaturedPosts:
        """A page of featured posts, the newest first; the next one begins `before` its `more`."""
        return await self.ask(featured.ListFeatured(group, before, limit), featured.FeaturedPosts)

    async def list_mentions(self, after: str | None = None, limit: int = PAGE) -> mentions.Mentions:
        """A page of the messages that mention the caller or everybody, over all groups, the newest first."""
        return await self.ask(mentions.ListMentions(after, limit), mentions.Mentions)
