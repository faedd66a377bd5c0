"""What the terminal chat knows while it runs: the groups, the open one, how people are called."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from chatd.cli.chat_items import Items
from chatd_client import ChatdError, Client
from chatd_protocol.groups import GroupLine, SectionLine
from chatd_protocol.log import Entry, Nicknamed, Section, UnknownEntry
from chatd_protocol.presence import PersonPresence
from chatd_protocol.requests import JoinRequest
from chatd_protocol.users import ERASED_SUB, User

OPERATOR_SUB: Final = "chatd:operator"
OPERATOR_NAME: Final = "Operator 运营方"
"""Who posts for the operator, and what they are called by nobody's choice."""
NAMES_MAX: Final = 20_000
ASK_MAX: Final = 100
FRESH_S: Final = 300.0
"""A name is taken to be right for so long."""
ASK_S: Final = 3.0
"""What is asked for in the midst of showing waits no longer: a client whose connection is gone would wait for the next
one, and what comes after, that it is gone, would not be shown before."""
HELD_MAX: Final = 2_000
GROUPS_MAX: Final = 2_000
SHOWN_MAX: Final = 2_000
MADE_MAX: Final = 200
END_SHOWN: Final = 7
"""So many characters of a code tell it from others, and let nobody in."""


class Names:
    """How people are called: asked for, and again after a while, for nobody tells that somebody took another name.

    `version` counts the times that somebody was called otherwise than before. `operator`: what the operator
    is called who took no name of their own; the one they have is written in two languages."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic, operator: str = "") -> None:
        self._operator = operator
        self._client = client
        self._clock = clock
        self.version = 0
        self._names: dict[str, str] = {}
        self._asked_s: dict[str, float] = {}
        self._subs: dict[str, str] = {}

    def of(self, user: str) -> str:
        """The name of somebody, or the id as long as nothing better is known; empty for who was erased."""
        return self._names.get(user, user)

    async def learn(self, users: Iterable[str]) -> None:
        """Make sure that these can be named. A server that cannot say, or not soon, is forgiven: the ids are shown."""
        now_s = self._clock()
        missing = sorted(user for user in set(users) if now_s - self._asked_s.get(user, -math.inf) > FRESH_S)
        for start in range(0, len(missing), ASK_MAX):
            try:
                async with asyncio.timeout(ASK_S):
                    found = await self._client.get_users(missing[start : start + ASK_MAX])
            except (ChatdError, TimeoutError):
                return
            if len(self._names) > NAMES_MAX:
                self._names.clear()
                self._asked_s.clear()
            for user in found:
                self._take(user)

    async def learn_anew(self, user: str | None) -> None:
        """Something has become of somebody: ask how they are called now."""
        if user is not None:
            self._asked_s.pop(user, None)
            await self.learn([user])

    async def find(self, sub: str) -> str | None:
        """The id of the person with this `sub`. Raises `ChatdError`."""
        if sub not in self._subs:
            for user in await self._client.get_users(subs=[sub]):
                self._take(user)
        return self._subs.get(sub)

    def forget(self, user: str) -> None:
        """Somebody was erased: nobody is called by that name any more."""
        self._call(user, "")
        self._subs = {sub: of for sub, of in self._subs.items() if of != user}

    def _take(self, user: User) -> None:
        if user.sub == ERASED_SUB + user.user:
            self.forget(user.user)
        else:
            unnamed = user.sub == OPERATOR_SUB and user.name == OPERATOR_NAME
            self._call(user.user, (unnamed and self._operator) or user.name or user.sub)
            self._subs[user.sub] = user.user

    def _call(self, user: str, name: str) -> None:
        self.version += self._names.get(user, name) != name
        self._names[user] = name
        self._asked_s[user] = self._clock()


class State:
    """Shared by what reads events and what reads the keyboard; both run in one loop."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.is_online = asyncio.Event()
        self.is_offline = asyncio.Event()
        self.is_offline.set()
        self.lost_why = ""
        """Why there was no session when one was tried for last, in words."""
        self.retry_at_s = 0.0
        """When the next attempt is made, by the clock that never goes back."""
        self.ahead_ms = 0
        """How far the server's clock is ahead of this one's."""
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
        self.made: dict[str, str] = {}
        """How the codes and links end that were made here, by invite: the server does not tell them again."""
        self.requests: dict[int, JoinRequest] = {}
        """Requests as they were last listed."""
        self.nicknames: dict[str, str] = {}
        """What people are called in the open group who are not called by their names."""
        self.renamed = 0
        self.here: dict[str, bool] = {}
        """Who of the open group is here, of those who show it, oneself included; empty as long as nobody was asked
        for, as in a large group."""
        self.moved: dict[str, bool] | None = None
        """Who came or went while is asked who is here: that is newer than the answer."""
        self.seqs: dict[int, tuple[int, int]] = {}
        """The numbers of the messages of the open group that were shown, with their sections, by position."""
        self.section = 0
        """The section of the open group that is written in."""
        self.items = Items()
        """What was shared in chats."""
        self.drafts: dict[str, str] = {}
        """Unsent text by group."""

    @property
    def online(self) -> bool:
        """A session is open."""
        return self.is_online.is_set()

    def go(self, *, online: bool) -> None:
        """A session is open, or is no more."""
        came, went = (self.is_online, self.is_offline) if online else (self.is_offline, self.is_online)
        came.set()
        went.clear()
        if not online:
            self.here = {}  # Nobody tells who comes and goes.

    @property
    def retry_in_s(self) -> int:
        """Whole seconds until the next attempt; 0 while one is under way."""
        return max(math.ceil(self.retry_at_s - time.monotonic()), 0)

    def server_ms(self) -> int:
        """What time it is for the server."""
        return int(time.time() * 1000) + self.ahead_ms

    def note_made(self, invite: str, secret: str) -> None:
        """An invite was made here."""
        if len(self.made) >= MADE_MAX:
            del self.made[next(iter(self.made))]
        self.made[invite] = secret[-END_SHOWN:]

    def others(self, me: str) -> list[str]:
        """Who can be mentioned, but for oneself."""
        return [name for name, user in self.people.items() if user != me]

    def called(self, user: str) -> str:
        """The name to show for somebody."""
        return self.nicknames.get(user) or self.names.of(user)

    def call(self, names: Iterable[Nicknamed]) -> None:
        """Some people of the open group are called so in it now."""
        self.nicknames |= {one.user: one.nickname for one in names}
        self.renamed += 1

    def erase(self, user: str) -> None:
        """Somebody is no more."""
        self.names.forget(user)
        self.nicknames.pop(user, None)
        self.here.pop(user, None)
        self.renamed += 1

    @property
    def naming(self) -> tuple[int, int]:
        """Another one whenever somebody may be called otherwise than before."""
        return self.names.version, self.renamed

    def take_presence(self, people: Iterable[PersonPresence]) -> None:
        """Some people came or went: what is told of one group is as true for another, and nothing without a state."""
        told = {person.user: person.online for person in people}
        if self.moved is not None:
            self.moved |= told
        if self.here:
            self.here |= told

    def turn_to(self, group: str) -> None:
        """Another group is the open one: what was known of the one before goes."""
        self.open = group
        self.nicknames, self.here, self.seqs, self.section = {}, {}, {}, 0

    def note_shown(self, pos: int, seq: int, section: int = 0) -> None:
        """A message of the open group is on the screen."""
        if len(self.seqs) >= SHOWN_MAX:
            del self.seqs[next(iter(self.seqs))]
        self.seqs[pos] = seq, section

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

    def count_unread(self, group: str, seq: int, section: int = 0) -> None:
        """A message of somebody else came that is not read. One that the line has counted already changes nothing: what
        was missed comes once more behind the lines of a new session."""
        line = self.lines.get(group)
        if line is None or seq <= self.newest_in(group, section):
            return
        main = {} if section else {"seq": max(line.seq, seq)}
        sections = [
            replace(one, unread=one.unread + 1, seq=seq) if one.section == section else one for one in line.sections
        ]
        self.lines[group] = replace(line, unread=line.unread + 1, sections=sections, **main)

    def count_read(self, group: str, section: int = 0, left: int = 0, read: int | None = None) -> None:
        """All of a section is read; or up to the number `read`, with so many `left`."""
        line = self.lines.get(group)
        if line is None:
            return
        main = {} if section else {"read": line.seq if read is None else read}
        sections = [
            replace(one, unread=left, mentions=one.mentions if left else 0, read=one.seq if read is None else read)
            if one.section == section
            else one
            for one in line.sections
        ]
        unread = sum(one.unread for one in sections) if sections else left
        mentions = sum(one.mentions for one in sections) if sections else line.mentions if left else 0
        self.lines[group] = replace(line, unread=unread, mentions=mentions, sections=sections, **main)

    def count_mention(self, group: str, pos: int, section: int = 0) -> None:
        """An unread message is addressed to the reader."""
        line = self.lines.get(group)
        if line is None:
            return
        sections = [replace(one, mentions=one.mentions + 1) if one.section == section else one for one in line.sections]
        self.lines[group] = replace(line, mentions=line.mentions + 1, mention=line.mention or pos, sections=sections)

    def move(self, group: str, head: int, at: int) -> None:
        """Something happened in a group: its newest entry is this one."""
        line = self.lines.get(group)
        if line is not None and head > line.head:
            self.lines[group] = replace(line, head=head, at=max(at, line.at))

    def newest_in(self, group: str, section: int) -> int:
        """The number of the newest message of a section, as far as it is known."""
        line = self.lines.get(group)
        if line is None or not section:
            return line.seq if line is not None else 0
        return next((one.seq for one in line.sections if one.section == section), 0)

    def section_title(self, section: int) -> str:
        """What a section of the open group is called; empty for the main one as long as it has no title."""
        line = self.lines.get(self.open or "")
        found = (one.title for one in line.sections if one.section == section) if line is not None else iter(())
        return next(found, f"#{section}" if section else "")

    def take_sections(self, group: str, sections: Sequence[Section]) -> None:
        """The sections of a group are these now: closed ones are not listed, what was counted of the others stays."""
        line = self.lines.get(group)
        if line is None:
            return
        known = {one.section: one for one in line.sections or [SectionLine(0, "chat", seq=line.seq, read=line.read)]}
        told = [
            replace(
                known.get(one.section, SectionLine(one.section, one.kind)),
                kind=one.kind,
                title=one.title,
                intro=one.intro,
            )
            for one in sections
            if not one.closed
        ]
        self.lines[group] = replace(line, sections=told)
        if group == self.open and self.section not in {one.section for one in told}:
            self.section = 0

    @property
    def unread_elsewhere(self) -> int:
        """Unread messages of the groups that are not open."""
        return sum(line.unread for group, line in self.lines.items() if group != self.open)
