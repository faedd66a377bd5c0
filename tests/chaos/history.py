"""What a run leaves behind, as plain values: what every client asked and saw, and what the database says at the end.

Must not know sockets, processes or databases: a hand-made history is as good as a real one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson


class Shown:
    """One entry as it was shown to somebody; the same for everybody who was shown the same."""

    __slots__ = ("pos", "raw", "upto")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.pos: int = raw["pos"]
        self.upto: int = raw["to"] if raw["kind"] == "hidden" else raw["pos"]


class Entries(NamedTuple):
    """The event `entries`."""

    group: str
    after: int
    as_of: int
    entries: tuple[Shown, ...]


class Mine(NamedTuple):
    """The event `mine`."""

    after: int
    entries: tuple[dict[str, Any], ...]
    truncated: int | None


@dataclass(slots=True)
class Attempt:
    """One request on one connection. `sent` and `answered` are moments: numbers that grow over the whole run."""

    op: str
    data: dict[str, Any]
    sent: int
    answered: int | None = None
    ok: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        return self.error["code"] if self.error is not None else None


Event = Entries | Mine | Attempt
"""An attempt stands among the events where its answer came."""


@dataclass(slots=True)
class Connection:
    """One connection of one device, from its hello to its end."""

    user: str
    device: str
    cursors: dict[str, Any]
    """What hello said: any of `epoch`, `mine`, `heads`."""
    hello: dict[str, Any] | None = None
    events: list[Event] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    early: int = 0
    """Events before the answer to hello."""
    open_at_end: bool = False
    """It stayed open until all was quiet, and was given time to receive what was still on its way."""
    asked: int = 0
    """The moment of its hello."""
    fresh: bool = False
    """It came at the end without cursors, and read every group it is in from floor to head."""


class Row(NamedTuple):
    """A row of a group's log."""

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


class MineRow(NamedTuple):
    """A row of a user's own log."""

    upos: int
    at: int
    kind: str
    group: str
    pos: int | None
    body: dict[str, Any]


class Period(NamedTuple):
    """One membership, as the database keeps it."""

    user: str
    floor: int
    joined: int
    until: int | None


@dataclass(slots=True)
class GroupTruth:
    """One group in the database."""

    head: int
    seq: int
    rows: list[Row]
    periods: list[Period] = field(default_factory=list)
    sections: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of each section but the main one: how many messages stand in it, and where the newest does."""


class InviteRow(NamedTuple):
    """An invite."""

    group: str
    maker: str
    max_uses: int | None
    uses: int
    revoked: bool
    target: str | None = None
    """Whom it is for. One that `pull`s asks somebody who wants to be asked first."""
    pull: bool = False
    declined: bool = False


class ItemRow(NamedTuple):
    """A product of the catalogue."""

    rev: int
    version: int
    at: int
    price: int


class PlaceRow(NamedTuple):
    """A message that shows a product."""

    group: str
    pos: int
    item: str
    at: int


@dataclass(slots=True)
class Kept:
    """What stands beside the logs."""

    invites: dict[str, InviteRow] = field(default_factory=dict)
    bans: set[tuple[str, str]] = field(default_factory=set)
    """(group, user)."""
    restricted: set[tuple[str, str]] = field(default_factory=set)
    calls: dict[str, list[int]] = field(default_factory=dict)
    """Where each group's messages stand that call everybody."""
    mentions: set[tuple[str, str, int]] = field(default_factory=set)
    """(user, group, pos)."""
    chats: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """(user, group) -> how it stands in the list."""
    drafts: dict[tuple[str, str], str] = field(default_factory=dict)
    follows: set[tuple[str, str]] = field(default_factory=set)
    """(who, whom)."""
    pulls: dict[str, str] = field(default_factory=dict)
    """user -> whether they may be pulled in, of those who chose."""
    items: dict[str, ItemRow] = field(default_factory=dict)
    places: list[PlaceRow] = field(default_factory=list)
    untold: int = 0
    """Changes of the catalogue that some group has not been told of."""


@dataclass(slots=True)
class Truth:
    """The database, read when all was quiet."""

    epoch: str
    groups: dict[str, GroupTruth] = field(default_factory=dict)
    mine: dict[str, list[MineRow]] = field(default_factory=dict)
    mine_floor: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    """The head of each user's own log."""
    kept: Kept = field(default_factory=Kept)


@dataclass(slots=True)
class Change:
    """A change of the catalogue."""

    item: str
    rev: int
    accepted: bool = False


class Found(NamedTuple):
    """All that somebody found in a group when the index had everything."""

    user: str
    group: str
    words: str
    positions: frozenset[int]


@dataclass(slots=True)
class History:
    """Everything, to be judged by `checker.check`."""

    truth: Truth
    connections: list[Connection] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    """The moments at which the hub was killed."""
    clock: list[float] = field(default_factory=list)
    """By moment: what the clock said, in seconds."""
    recall_window_ms: int = 120_000


class Recorder:
    """Hands out moments, and one `Shown` for all that were shown the same."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.clock: list[float] = [time.monotonic()]
        self._shown: dict[tuple[str, bytes], Shown] = {}

    def moment(self) -> int:
        """The next moment."""
        self.clock.append(time.monotonic())
        return len(self.clock) - 1

    def shown(self, group: str, raw: dict[str, Any]) -> Shown:
        """The entry, without regard to the encoding it came in."""
        key = (group, orjson.dumps(raw, option=orjson.OPT_SORT_KEYS))
        known = self._shown.get(key)
        if known is None:
            known = self._shown[key] = Shown(raw)
        return known
