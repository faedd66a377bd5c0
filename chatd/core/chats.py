"""What a person keeps for themselves about a group they are in: pinned, how loud, marked as unread, unsent text.

None of it concerns anybody else. It belongs to one stay in the group: whoever comes back begins anew.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.groups import archive
from chatd.core.needs import Needs
from chatd.core.proposal import Command, Wish
from chatd.core.records import Record
from chatd.core.values import Member


class Chat(Record):
    """How a group stands in somebody's chat list, during the stay `period`.

    `pinned`: 0, or the order among the pinned ones. `until`: when `level` ends, 0 for never.
    """

    table: ClassVar[str] = "chats"
    key_fields: ClassVar[int] = 2

    user_id: str
    group_id: str
    period: int
    pinned: int = 0
    level: str = "all"
    until: int = 0
    marked: bool = False

    def view(self) -> dict[str, Any]:
        """As it goes on the wire, whole."""
        shown = {"pinned": self.pinned, "level": self.level, "marked": self.marked}
        return shown | ({"until": self.until} if self.until else {})


class Draft(Record):
    """Unsent text. Kept by the hub first and written now and then: a crash may take back the last second of it.

    `floor`: that of the stay in the group in which it was written. Each stay has another; no clock tells them apart.
    """

    table: ClassVar[str] = "drafts"
    key_fields: ClassVar[int] = 2

    user_id: str
    group_id: str
    at: int
    text: str
    reply_to: int | None = None
    floor: int = 0


class UpdateChat(Command, frozen=True, tag="chat"):
    """Change what is not None."""

    group: str
    pinned: bool | None
    order: int | None
    level: str | None
    until: int | None
    marked: bool | None
    archived: bool | None

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        need.record(Chat, self.actor, self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        member = facts.member(self.group, self.actor)
        before = chat_of(facts, member)
        after = self._changed(before, facts.now_ms)
        if after != before:
            change_chat(facts, after)
        archived = False if self.pinned else self.archived
        if archived is not None:
            archive(facts, member, archived=archived)
        return {"group": self.group, "chat": after.view(), "archived": member.archived}

    def _changed(self, before: Chat, now_ms: int) -> Chat:
        pinned = before.pinned
        if self.pinned:
            pinned = self.order or pinned or now_ms
        elif self.pinned is False or self.archived:
            pinned = 0
        level, until = before.level, before.until
        if self.level is not None:
            level, until = self.level, self.until or 0
        marked = before.marked if self.marked is None else self.marked
        return replace(before, pinned=pinned, level=level, until=until, marked=marked)


class ClearMark(Wish, frozen=True, tag="unmark"):
    """The person has read in a group that they had marked as unread."""

    user: str
    group: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.groups.add(self.group)
        need.members.add((self.group, self.user))
        need.record(Chat, self.user, self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        member = facts.members.get((self.group, self.user))
        if member is not None and member.present:
            chat = chat_of(facts, member)
            if chat.marked:
                change_chat(facts, replace(chat, marked=False))
        return {}


class SaveDrafts(Wish, frozen=True, tag="drafts"):
    """Unsent texts that changed; an empty one goes. Nothing else depends on them."""

    drafts: list[Draft]

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        for draft in self.drafts:
            if draft.text and draft.user_id not in facts.going.barred:
                facts.put(draft)
            else:
                facts.drop(Draft, draft.user_id, draft.group_id)
        return {}


def chat_of(facts: Facts, member: Member) -> Chat:
    """How the group stands in the member's list."""
    chat = facts.find(Chat, member.user, member.group)
    if chat is None or chat.period != member.period:
        return Chat(member.user, member.group, member.period)
    return chat


def change_chat(facts: Facts, chat: Chat) -> None:
    """Change it; the person's devices learn all of it as it is now."""
    facts.put(chat)
    facts.log(chat.user_id, "chat", chat.group_id, None, chat=chat.view())
