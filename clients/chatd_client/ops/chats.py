"""One's own chat list, unsent text, what one is called, and who of a group has read and is here."""

from __future__ import annotations

from typing import Literal

from chatd_client.ops.asks import Asks
from chatd_protocol import chats, nicknames, presence, receipts


class ChatOps(Asks):
    """Part of `Client`."""

    async def update_chat(
        self,
        group: str,
        *,
        pinned: bool | None = None,
        order: int | None = None,
        level: Literal["all", "mentions", "none"] | None = None,
        until: int | None = None,
        marked: bool | None = None,
        archived: bool | None = None,
    ) -> chats.ChatOk:
        """Change how a group stands in one's own list: what is given."""
        wish = chats.UpdateChat(
            group,
            self.new_cid(),
            pinned=pinned,
            order=order,
            level=level,
            until=until,
            marked=marked,
            archived=archived,
        )
        return await self.ask(wish, chats.ChatOk)

    async def save_draft(self, group: str, text: str, *, reply_to: int | None = None) -> chats.SaveDraftOk:
        """Keep unsent text for one's other devices; an empty one is removed."""
        return await self.ask(chats.SaveDraft(group, text, reply_to), chats.SaveDraftOk)

    async def set_nickname(self, group: str, nickname: str) -> nicknames.NicknameOk:
        """What one is called in a group; empty: by one's own name."""
        return await self.ask(nicknames.SetNickname(group, self.new_cid(), nickname), nicknames.NicknameOk)

    async def get_receipts(self, group: str, seq: int, section: int = 0) -> receipts.Receipts:
        """Who has read up to the message of a section with this `seq`, of those who show it to people who do."""
        return await self.ask(receipts.GetReceipts(group, seq, section), receipts.Receipts)

    async def get_presence(self, group: str) -> presence.Presence:
        """Who of a small group is here, as far as they show it."""
        return await self.ask(presence.GetPresence(group), presence.Presence)
