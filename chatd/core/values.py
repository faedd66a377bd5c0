"""The nouns as the rules see them: rows with names. No rule and no SQL here.

Times are ms since 1970 UTC. They are mutable on purpose: inside one commit they are the working state that the next
proposal of the batch is decided on. `array_like` keeps them small on the way from the writer to the hub.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec


class User(msgspec.Struct, array_like=True):
    """A person. `upos` is the head of their own log, `mine_floor` the newest entry of it that is no longer kept."""

    id: str
    sub: str
    name: str
    created_at: int
    upos: int = 0
    mine_floor: int = 0
    groups: int = 0
    following: int = 0
    valid_after: int = 0
    """Tokens issued before this are refused."""
    disabled: bool = False
    profile: dict[str, Any] = {}
    """What others see beside the name."""
    settings: dict[str, Any] = {}
    """What this person chose for themselves; what is missing is as by default."""
    erased_at: int | None = None
    """When their erasure began; for every rule there is nobody by this id any more."""

    @property
    def bot(self) -> bool:
        """A program, made by the operator."""
        return is_bot(self.sub)


class Group(msgspec.Struct, array_like=True):
    """A group. `head` is the newest entry, `seq` the number of messages in its main section, `members` how many are in
    it now."""

    id: str
    kind: str
    title: str
    intro: str
    history: str
    member_limit: int
    head: int
    head_at: int
    seq: int
    members: int
    read_only: bool
    created_at: int
    direct_key: str | None = None
    settings: dict[str, Any] = {}
    """What owner and admins chose beyond the columns; what is missing is as by default."""
    dissolved_at: int | None = None
    floor: int = 0
    """No message at or below is kept, unless it stands on the board (`retention`). `floor_at` is when the entry there
    was made, `floor_seq` the number of the last message of the main section that has gone."""
    floor_seq: int = 0
    floor_at: int = 0
    swept: int = 0
    """At or below, nothing is left that is not to be kept. Below `floor` only while something that left the board since
    is still to go."""
    keep_days: int | None = None
    """How long messages are kept, 0 for ever; None: as the server says."""

    @property
    def direct(self) -> bool:
        return self.kind == "direct"


class Member(msgspec.Struct, array_like=True):
    """One period of one person in one group: they see entries above `from_pos`, up to `until_pos` once it is over.

    `joined_pos` is the entry that says they came; with a history rule it lies above `from_pos + 1`.
    """

    group: str
    user: str
    period: int
    role: str
    from_pos: int
    from_seq: int
    joined_pos: int
    joined_at: int
    by: str | None = None
    until_pos: int | None = None
    until_seq: int | None = None
    why: str | None = None
    archived: bool = False
    restricted_until: int = 0
    """May not write before this time."""
    via: dict[str, Any] | None = None
    """By which invite they first came: `invite`, `inviter`, `parent`."""
    nickname: str = ""
    """What they are called in this group; empty: by their own name."""
    unfollowed_pos: int = 0
    """The group's head when they ceased to follow its owner, where that has consequences (`fans`)."""

    @property
    def present(self) -> bool:
        return self.until_pos is None


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One row of a group's log.

    `target` is the entry it refers to: what a reply answers, what an edit, recall or reaction changes. `reactions`
    (sign -> count) and `recalled` are the present state of a message, the rest is as it was written, or rewritten.
    `card`, which is not stored with it, is what the catalogue says now of the item that it shows.
    """

    group: str
    pos: int
    at: int
    kind: str
    actor: str | None
    cid: str | None
    seq: int | None
    target: int | None
    version: int
    recalled: bool
    reactions: dict[str, int]
    body: dict[str, Any]
    section: int = 0
    """Where a message stands; 0 is the main section. `seq` counts the messages of its section."""
    card: dict[str, Any] | None = None


class Mine(msgspec.Struct, array_like=True, gc=False):
    """One entry of a user's own log."""

    user: str
    upos: int
    at: int
    kind: str
    group: str | None
    pos: int | None
    body: dict[str, Any]


class Audited(msgspec.Struct, array_like=True, gc=False):
    """One row of the audit log: who (`by`; None: the operator) did what, where, on whom and why. No message text."""

    at: int
    by: str | None
    act: str
    group: str | None
    user: str | None
    reason: str
    details: dict[str, Any]


class Redacted(msgspec.Struct, array_like=True, gc=False):
    """One row of the ledger: what is to stay gone, whatever older state of the database comes back. Ids only.

    `kind`: `recall` (the message at `pos` of `group`, by `user`), `erase` (the person `user`), `gone` (`group`) or
    `floor` (the entries of `group` up to `pos`). `made_at` is when the entry at `pos` was made: after a restore another
    one may have its position.
    """

    at: int
    kind: str
    group: str
    pos: int
    user: str
    made_at: int


BOT_SUB: Final = "bot:"
"""What the `sub` of every bot begins with; neither the host's tokens nor our accounts speak for them."""


def is_bot(sub: str) -> bool:
    """Whether a `sub` is a bot's."""
    return sub.startswith(BOT_SUB)


def direct_key(one: str, other: str) -> str:
    """What two people's direct chat is found by, the same whoever asks."""
    return f"{min(one, other)}:{max(one, other)}"
