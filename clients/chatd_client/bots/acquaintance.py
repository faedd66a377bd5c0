"""Whom and what a bot knows: names of people, kinds of groups, and who talks with it alone. Asked once, then kept."""

from __future__ import annotations

from typing import Final

from chatd_client.bots.words import Lang, language_of_title
from chatd_client.errors import ChatdError
from chatd_client.port import Port
from chatd_protocol.groups import GroupLine
from chatd_protocol.values import GroupKind

KNOWN_MAX: Final = 10_000


class Acquaintance:
    """Bounded: who is met when it is full is met again later."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._kinds: dict[str, GroupKind] = {}
        self._langs: dict[str, Lang | None] = {}
        self._names: dict[str, str] = {}
        self._chats: dict[str, str] = {}

    def meet(self, line: GroupLine) -> None:
        """A line of the chat list came by."""
        for known in (self._kinds, self._chats, self._langs):
            if len(known) > KNOWN_MAX:
                known.clear()
        self._kinds[line.group] = line.kind
        self._langs[line.group] = language_of_title(line.title)
        if line.kind == "direct" and line.peer is not None:
            self._chats[line.peer] = line.group

    async def name_of(self, user: str) -> str:
        """What somebody is called; their id, if nobody knows them."""
        if user not in self._names:
            if len(self._names) > KNOWN_MAX:
                self._names.clear()
            found = await self._port.get_users([user])
            self._names[user] = found[0].name if found and found[0].name else user
        return self._names[user]

    async def kind_of(self, group: str) -> GroupKind:
        """Private, public or direct; private for one that cannot be asked about."""
        if group not in self._kinds:
            try:
                self.meet((await self._port.get_group(group)).line)
            except ChatdError:  # out of it, or it is gone: then it hardly matters
                return "private"
        return self._kinds[group]

    def lang_of(self, group: str) -> Lang | None:
        """The language that its title shows, if it shows one."""
        return self._langs.get(group)

    async def chat_with(self, user: str) -> str | None:
        """The direct chat with somebody, if there is one."""
        return self._chats.get(user)
