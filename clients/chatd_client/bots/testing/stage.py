"""Where a bot can be tried without a server: groups with their logs, people, a catalogue, all in memory.

It keeps to the words of the protocol in what a bot can notice: one ordered log per group, what a newcomer sees,
commands that happen once under their `cid`, cards that show the item as it is now, items found by their titles, menus
and their presses. It knows no rates, no bans, no moderation and no search of messages; what it cannot do it refuses
with `unavailable_here`, never silently.
The same dialogue played against a real server (`ServerPlace`) shows whether the two agree.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from chatd_client.bots.clock import WallClock
from chatd_client.bots.ops import derive_cid
from chatd_client.bots.testing.shelf import Shelf
from chatd_client.bots.testing.stage_group import StageGroup
from chatd_client.errors import ChatdError
from chatd_protocol.bots import CommandLine
from chatd_protocol.catalogue import Deletion, Item
from chatd_protocol.log import MineEntry

NOT_HERE: Final = "unavailable_here"
"""The code for what the stage cannot do; no server answers it."""


class StageUser:
    """Somebody on the stage."""

    def __init__(self, name: str, shown: str, bot: bool) -> None:
        self.sub = name
        self.id = "u" + derive_cid("stage user", name)
        self.name = shown
        self.bot = bot
        self.mine: list[MineEntry] = []
        self.follows: set[str] = set()
        self.commands: list[CommandLine] = []
        self.sessions: list[Any] = []
        """`StageClient`s that are connected."""


class Stage:
    """What is there. `clock` gives the times of entries."""

    def __init__(self, clock: WallClock) -> None:
        self.clock = clock
        self.epoch = "stage"
        self.users: dict[str, StageUser] = {}
        self.groups: dict[str, StageGroup] = {}
        self.invites: dict[str, tuple[str, str]] = {}
        """By secret: whose, and into which group."""
        self.answers: dict[tuple[str, str], tuple[bytes, Any]] = {}
        """By user and `cid`: what was asked, and the first answer."""
        self.shelf = Shelf()

    def add_user(self, name: str, shown: str = "", *, bot: bool = False) -> StageUser:
        """Somebody; the same one if they are there."""
        for user in self.users.values():
            if user.sub == name:
                return user
        user = StageUser(name, shown or name.title(), bot)
        self.users[user.id] = user
        return user

    def new_group(self, kind: Any, title: str, maker: str) -> StageGroup:
        """A group of nobody yet."""
        group = StageGroup("g" + derive_cid("stage group", len(self.groups) + 1), kind, title, maker)
        self.groups[group.id] = group
        return group

    def group_of(self, group: str, user: str) -> StageGroup:
        """A group that somebody is in. Raises `ChatdError` (`not_found`) for all others, whether they exist or not."""
        found = self.groups.get(group)
        if found is None or user not in found.members:
            raise ChatdError("not_found")
        return found

    # --- telling

    def add_entry(self, group: StageGroup, entry: Any) -> int:
        """Write into a group's log and tell those who are there. Returns the entry's number."""
        group.log.append(entry)
        for user in list(group.members):
            for session in self.users[user].sessions:
                session.tell_entry(group, entry)
        return len(group.log)

    def add_mine(self, user: str, kind: str, **more: Any) -> None:
        """Write into somebody's own log."""
        one = self.users[user]
        one.mine.append(MineEntry(len(one.mine) + 1, self.clock.now_ms(), kind, **more))
        for session in one.sessions:
            session.tell_mine(one.mine[-1])

    # --- the catalogue

    def change(self, item: Item | Deletion) -> None:
        """Change the catalogue, and what the cards of this item show."""
        before = self.shelf.put(item)
        after = self.shelf.card(*self.shelf.key_of(item))
        if before is None or after is None or _looks(before) == _looks(after):
            return
        for group in self.groups.values():
            changed = group.change_card(after, self.clock.now_ms())
            if changed is not None:
                self.add_entry(group, changed)


def _looks(card: Any) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(card, rev=0))
