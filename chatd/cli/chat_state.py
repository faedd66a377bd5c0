"""What the terminal chat knows while it runs: the groups, the open one, how people are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from chatd_client import ChatdError, Client
from chatd_protocol.groups import GroupLine
from chatd_protocol.log import Entry, UnknownEntry
from chatd_protocol.requests import JoinRequest

NAMES_MAX: Final = 20_000
ASK_MAX: Final = 100
HELD_MAX: Final = 2_000
GROUPS_MAX: Final = 2_000
SHOWN_MAX: Final = 2_000


class Names:
    """How people are called: asked for once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}
        self._subs: dict[str, str] = {}

    def of(self, user: str) -> str:
        """The name of somebody, or the id as long as nothing better is known."""
        return self._names.get(user, user)

    async def learn(self, users: Iterable[str]) -> None:
        """Make sure that these can be named. A server that cannot say is forgiven: the ids are shown."""
        missing = sorted(set(users) - self._names.keys())
        for start in range(0, len(missing), ASK_MAX):
            try:
                found = await self._client.get_users(missing[start : start + ASK_MAX])
            except ChatdError:
                return
            if len(self._names) > NAMES_MAX:
                self._names.clear()
            for user in found:
                self._names[user.user] = user.name or user.sub
                self._subs[user.sub] = user.user

    async def find(self, sub: str) -> str | None:
        """The id of the person with this `sub`. Raises `ChatdError`."""
        if sub not in self._subs:
            for user in await self._client.get_users(subs=[sub]):
                self._names[user.user] = user.name or user.sub
                self._subs[user.sub] = user.user
        return self._subs.get(sub)


class State:
    """Shared by what reads events and what reads the keyboard; both run in one loop."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.online = False
        self.lines: dict[str, GroupLine] = {}
        """The groups by id."""
        self.numbers: list[str] = []
        """The groups as they were last listed: number 1 is the first."""
        self.open: str | None = None
        self.printed: dict[str, int] = {}
        """Per group, the last entry that was printed."""
        self.oldest: dict[str, int] = {}
        """Per group, the first entry that was printed."""
        self.held: list[Entry | UnknownEntry] | None = None
        """While a group is being opened: its entries that came meanwhile."""
        self.people: dict[str, str] = {}
        """By name: who can be mentioned in the open group; empty as long as nobody was asked for."""
        self.typing = ""
        """Who is typing in the open group."""
        self.offered = ""
        """A pasted text with an invite in it, and below what `invite.redeem` takes."""
        self.invite = ""
        self.requests: dict[int, JoinRequest] = {}
        """Requests as they were last listed."""
        self.nicknames: dict[str, str] = {}
        """What people are called in the open group who are not called by their names."""
        self.here: dict[str, bool] = {}
        """Who of the open group is here, of those who show it."""
        self.seqs: dict[int, int] = {}
        """The numbers of the messages of the open group that were shown, by position."""
        self.drafts: dict[str, str] = {}
        """Unsent text by group."""

    def called(self, user: str) -> str:
        """The name to show for somebody."""
        return self.nicknames.get(user) or self.names.of(user)

    def turn_to(self, group: str) -> None:
        """Another group is the open one: what was known of the one before goes."""
        self.open = group
        self.nicknames, self.here, self.seqs = {}, {}, {}

    def note_shown(self, pos: int, seq: int) -> None:
        """A message of the open group is on the screen."""
        if len(self.seqs) >= SHOWN_MAX:
            del self.seqs[next(iter(self.seqs))]
        self.seqs[pos] = seq

    def put(self, line: GroupLine) -> None:
        """Take in what the server says of a group."""
        if len(self.lines) < GROUPS_MAX or line.group in self.lines:
            self.lines[line.group] = line

    def drop(self, group: str) -> None:
        """The group is not one's own any more."""
        self.lines.pop(group, None)
        self.printed.pop(group, None)
        self.oldest.pop(group, None)
        self.drafts.pop(group, None)
        if self.open == group:
            self.open = None

    def count_unread(self, group: str, more: int, seq: int) -> None:
        """Messages came into a group that is not open."""
        line = self.lines.get(group)
        if line is not None:
            self.lines[group] = replace(line, unread=line.unread + more, seq=max(line.seq, seq))

    def count_read(self, group: str) -> None:
        """All of it is read."""
        line = self.lines.get(group)
        if line is not None:
            self.lines[group] = replace(line, unread=0, read=line.seq)

    @property
    def unread_elsewhere(self) -> int:
        """Unread messages of the groups that are not open."""
        return sum(line.unread for group, line in self.lines.items() if group != self.open)
