"""What has to be locked and loaded before a batch of proposals can be decided."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatd.core.records import Keys, Record


class Sought(NamedTuple):
    """An invite that a proposal names by its secret (hashed) or its id, for `user`, who `asks` to come in by it."""

    secret: str | None
    invite: str | None
    user: str
    asks: bool


class Needs:
    """What has to be locked and loaded before a batch can be decided. Sets, so that a fact is loaded once."""

    def __init__(self) -> None:
        self.users: set[str] = set()
        self.subs: set[str] = set()
        self.directs: set[str] = set()
        self.groups: set[str] = set()
        self.entries: set[tuple[str, int]] = set()
        self.senders: set[tuple[str, int]] = set()
        """Entries whose actor's membership is needed too."""
        self.names: set[tuple[str, int]] = set()
        """Entries whose actor's name is needed too."""
        self.members: set[tuple[str, str]] = set()
        self.follows: set[tuple[str, str]] = set()
        self.blocks: set[tuple[str, str]] = set()
        self.reactions: set[tuple[str, int, str, str]] = set()
        self.sends: set[tuple[str, str]] = set()
        """Sends, as (sender, cid), that a later one is only valid behind."""
        self.newcomers: set[str] = set()
        """Groups that somebody may join: how far back they see has to be known."""
        self.histories: dict[str, set[str]] = {}
        """History rules that groups may get in this batch, beside the one they have."""
        self.sectioned: set[str] = set()
        """Groups that may get their first sections in this batch."""

        self.paces: set[tuple[str, str]] = set()
        """(group, user) of those who write: when they last did has to be known where slow mode is on."""
        self.slowed: set[str] = set()
        """Groups in which slow mode may come on in this batch."""
        self.sought: set[Sought] = set()
        """Invites: what they lead to is looked up before anything is locked."""
        self.asked: set[tuple[str, str]] = set()
        """Requests to come in, as (group, user), whose invites are needed too."""
        self.staffed: set[str] = set()
        """Groups whose admins will be told something."""
        self.pressed: set[tuple[str, int]] = set()
        """Messages whose sender, who never changes, is told something."""

        self.fans: set[tuple[str, str]] = set()
        """(owner, fan) of those who may cease to follow, or follow again."""
        self.fan_groups: set[tuple[str, str]] = set()
        """(owner, group) where the owner chooses what becomes of them."""

        self.ranges: set[tuple[str, int, int]] = set()
        """Pieces of logs, as (group, position before the first one, last one), of which messages may go."""
        self.records: Keys = {}
        self.heirs: set[str] = set()
        """Groups whose owner may vanish: who owns them and who would come next."""
        self.vanishing: set[str] = set()
        """Users who may vanish: `heirs` of every group that they own."""

    def record(self, kind: type[Record], *key: Any) -> None:
        """A record by its key, whether it exists or not."""
        self.records.setdefault(kind, set()).add(key)

    def pair(self, one: str, other: str) -> None:
        """Everything about how two people stand to each other."""
        self.follows.update(((one, other), (other, one)))
        self.blocks.update(((one, other), (other, one)))
