"""One method per op: typed arguments in, the typed answer out.

Every method raises `ChatdError` if the server refuses, with the codes of the op, and `ClientClosed`. What is lost with
a connection or refused with a code that says "again" is repeated, a command under the `cid` it was first given, so it
happens once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, TypeVar

from chatd_client.feed import last_pos
from chatd_protocol import groups, messages, relations, session
from chatd_protocol.log import Entry, UnknownEntry, read_entry
from chatd_protocol.values import Data, View

V = TypeVar("V", bound=View)
PAGE = 100


class Commands(ABC):
    """The ops that carry no state of the client. Sends and open groups are the client's own."""

    @abstractmethod
    async def ask(self, request: Data, kind: type[V]) -> V:
        """Send any request of `chatd_protocol` and get the answer of its op."""

    @abstractmethod
    def new_cid(self) -> str:
        """A fresh name for one command."""

    # --- people

    async def get_users(self, users: Sequence[str] = (), subs: Sequence[str] = ()) -> list[session.User]:
        """People by id, or by the `sub` of their tokens, 100 each at most. Unknown ones are left out."""
        return (await self.ask(session.GetUsers(list(users), list(subs)), session.GetUsersOk)).users

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

    # --- groups

    async def create_group(
        self, title: str, *, intro: str = "", history: str = "none", limit: int | None = None
    ) -> groups.CreateGroupOk:
        """Make a private group. `history`: what newcomers see of the past, `none`, `all` or `last:N`."""
        wish = groups.CreateGroup(self.new_cid(), "private", title=title, intro=intro, history=history, limit=limit)
        return await self.ask(wish, groups.CreateGroupOk)

    async def create_direct(self, user: str) -> groups.CreateGroupOk:
        """The direct chat with somebody, made if there is none yet. `not_mutual` if it may not be made."""
        return await self.ask(groups.CreateGroup(self.new_cid(), "direct", user=user), groups.CreateGroupOk)

    async def get_group(self, group: str) -> groups.GroupInfo:
        """What there is to know of a group."""
        return await self.ask(groups.GetGroup(group), groups.GroupInfo)

    async def list_groups(self, after: str | None = None, limit: int = PAGE) -> groups.Groups:
        """A page of the caller's groups, newest activity first."""
        return await self.ask(groups.ListGroups(after, limit), groups.Groups)

    async def update_group(
        self,
        group: str,
        *,
        title: str | None = None,
        intro: str | None = None,
        history: str | None = None,
        limit: int | None = None,
    ) -> groups.Placed:
        """Change what is given."""
        wish = groups.UpdateGroup(group, self.new_cid(), title=title, intro=intro, history=history, limit=limit)
        return await self.ask(wish, groups.Placed)

    async def list_members(self, group: str, after: str | None = None, limit: int = PAGE) -> groups.Members:
        """A page of the members, by id."""
        return await self.ask(groups.ListMembers(group, after, limit), groups.Members)

    async def add_members(self, group: str, users: Sequence[str]) -> groups.AddMembersOk:
        """Pull people in, 50 at most; says of each what became of it."""
        return await self.ask(groups.AddMembers(group, self.new_cid(), list(users)), groups.AddMembersOk)

    async def leave_group(self, group: str) -> groups.LeaveGroupOk:
        """Leave a group, or put a direct chat away."""
        return await self.ask(groups.LeaveGroup(group, self.new_cid()), groups.LeaveGroupOk)

    async def kick_member(self, group: str, user: str) -> groups.Placed:
        """Put somebody out."""
        return await self.ask(groups.KickMember(group, user, self.new_cid()), groups.Placed)

    async def set_role(self, group: str, user: str, role: Literal["admin", "member"]) -> groups.Placed:
        """Make an admin of a member, or the reverse."""
        return await self.ask(groups.SetRole(group, user, role, self.new_cid()), groups.Placed)

    # --- messages

    async def recall(self, group: str, pos: int) -> groups.Placed:
        """Take a message back."""
        return await self.ask(messages.RecallMessage(group, pos, self.new_cid()), groups.Placed)

    async def edit(self, group: str, pos: int, text: str) -> messages.EditMessageOk:
        """Rewrite one's own message."""
        return await self.ask(messages.EditMessage(group, pos, self.new_cid(), text), messages.EditMessageOk)

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
        self, group: str, *, before: int | None = None, after: int | None = None, limit: int = PAGE
    ) -> messages.History:
        """A page of the log, ascending: the newest, or those `before` or `after` a number."""
        return await self.ask(messages.ReadHistory(group, before, after, limit), messages.History)

    async def history(
        self, group: str, *, newest_first: bool = True, page: int = PAGE
    ) -> AsyncIterator[Entry | UnknownEntry]:
        """Every visible entry, read page by page as they are asked for."""
        cursor: dict[str, Any] = {} if newest_first else {"after": 0}
        while True:
            got = await self.read_history(group, limit=page, **cursor)
            entries = [read_entry(raw) for raw in got.entries]
            for entry in reversed(entries) if newest_first else entries:
                yield entry
            if not got.more or not entries:
                return
            cursor = {"before": entries[0].pos} if newest_first else {"after": last_pos(entries[-1])}

    async def mark_read(self, group: str, seq: int) -> messages.MarkReadOk:
        """Read up to the message with this `seq`."""
        return await self.ask(messages.MarkRead(group, seq), messages.MarkReadOk)

    async def typing(self, group: str) -> None:
        """Tell the others that one is typing."""
        await self.ask(messages.Typing(group), session.Unnamed)
