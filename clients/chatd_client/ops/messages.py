"""Changing and reading messages. Sends are the client's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from chatd_client.feed import last_pos
from chatd_client.ops.asks import PAGE, Asks
from chatd_client.ops.bots import Menu, rows_of
from chatd_protocol import forwards, groups, messages, session
from chatd_protocol.kinds import Entity
from chatd_protocol.log import Entry, UnknownEntry, read_entry


class MessageOps(Asks):
    """Part of `Client`."""

    async def recall(self, group: str, pos: int) -> groups.Placed:
        """Take a message back."""
        return await self.ask(messages.RecallMessage(group, pos, self.new_cid()), groups.Placed)

    async def edit(
        self,
        group: str,
        pos: int,
        text: str | None = None,
        *,
        entities: Sequence[Entity] = (),
        menu: Menu | None = None,
    ) -> messages.EditMessageOk:
        """Rewrite one's own text; its mentions and links are those given here. A bot may change the `menu`, alone or
        with it; an empty one takes the buttons away."""
        wish = messages.EditMessage(group, pos, self.new_cid(), text, list(entities), rows_of(menu))
        return await self.ask(wish, messages.EditMessageOk)

    async def forward(
        self, group: str, source: str, positions: Sequence[int], *, section: int = 0
    ) -> messages.SendMessageOk:
        """Send messages of the group `source` to a section of `group`: one as it is, several as a bundle."""
        wish = forwards.ForwardMessages(group, self.new_cid(), source, list(positions), section)
        return await self.ask(wish, messages.SendMessageOk)

    async def react(self, group: str, pos: int, emoji: str) -> messages.ReactionOk:
        """Add a sign to a message."""
        return await self.ask(messages.AddReaction(group, pos, emoji, self.new_cid()), messages.ReactionOk)

    async def unreact(self, group: str, pos: int, emoji: str) -> messages.ReactionOk:
        """Take one's own sign back."""
        return await self.ask(messages.RemoveReaction(group, pos, emoji, self.new_cid()), messages.ReactionOk)

    async def list_reactions(
        self, group: str, pos: int, after: str | None = None, limit: int = PAGE
    ) -> messages.Reactions:
        """A page of who reacted to a message."""
        return await self.ask(messages.ListReactions(group, pos, after, limit), messages.Reactions)

    async def read_history(
        self,
        group: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = PAGE,
        section: int | None = None,
    ) -> messages.History:
        """A page of the log, ascending: the newest, or those `before`, `after` or `around` a number. With `section`
        the messages of that one and nothing else."""
        return await self.ask(messages.ReadHistory(group, before, after, limit, around, section), messages.History)

    async def find_pos(self, group: str, at: int) -> int | None:
        """The first entry that was made at a time (ms since 1970 UTC) or later; None if there is none yet."""
        return (await self.ask(messages.FindPos(group, at), messages.FindPosOk)).pos

    async def history(
        self, group: str, *, newest_first: bool = True, page: int = PAGE, section: int | None = None
    ) -> AsyncIterator[Entry | UnknownEntry]:
        """Every visible entry, or every message of a section, read page by page as they are asked for."""
        cursor: dict[str, Any] = {} if newest_first else {"after": 0}
        while True:
            got = await self.read_history(group, limit=page, section=section, **cursor)
            entries = [read_entry(raw) for raw in got.entries]
            for entry in reversed(entries) if newest_first else entries:
                yield entry
            if not got.more or not entries:
                return
            cursor = {"before": entries[0].pos} if newest_first else {"after": last_pos(entries[-1])}

    async def mark_read(self, group: str, seq: int, section: int = 0) -> messages.MarkReadOk:
        """Read up to the message of a section with this `seq`."""
        return await self.ask(messages.MarkRead(group, seq, section), messages.MarkReadOk)

    async def typing(self, group: str) -> None:
        """Tell the others that one is typing."""
        await self.ask(messages.Typing(group), session.Unnamed)
