"""Keeping a group quiet, and the log of what admins did."""

from __future__ import annotations

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import moderation


class ModerationOps(Asks):
    """Part of `Client`. What refuses with `restricted` says in its details until when."""

    async def restrict_member(
        self, group: str, user: str, for_s: int | None = None, *, reason: str = "", tell: bool = False
    ) -> moderation.MemberRestricted:
        """Somebody may not write for so many seconds, or until it is lifted. `tell` them the reason or not."""
        wish = moderation.RestrictMember(group, user, self.new_cid(), for_s, reason, tell)
        return await self.ask(wish, moderation.MemberRestricted)

    async def unrestrict_member(self, group: str, user: str) -> moderation.MemberUnrestricted:
        """They may write again."""
        return await self.ask(moderation.UnrestrictMember(group, user, self.new_cid()), moderation.MemberUnrestricted)

    async def restrict_group(
        self, group: str, for_s: int | None = None, *, reason: str = ""
    ) -> moderation.GroupModerated:
        """Nobody below admin may write for so many seconds, or until it is lifted."""
        return await self.ask(moderation.RestrictGroup(group, self.new_cid(), for_s, reason), moderation.GroupModerated)

    async def unrestrict_group(self, group: str) -> moderation.GroupModerated:
        """They may write again."""
        return await self.ask(moderation.UnrestrictGroup(group, self.new_cid()), moderation.GroupModerated)

    async def slow_down(self, group: str, slow_s: int) -> moderation.GroupModerated:
        """Members wait so many seconds between two of their messages; 0 ends it."""
        return await self.ask(moderation.SlowDown(group, self.new_cid(), slow_s), moderation.GroupModerated)

    async def list_audit(
        self,
        group: str,
        before: int | None = None,
        limit: int = PAGE,
        *,
        user: str | None = None,
        by: str | None = None,
        act: str | None = None,
    ) -> moderation.Audit:
        """A page of what was done in a group by right, the newest first; the next one lies `before` its `more`."""
        return await self.ask(moderation.ListAudit(group, before, limit, user, by, act), moderation.Audit)
