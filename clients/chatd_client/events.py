"""What `Client.events()` yields: typed, in the order in which it happened. Plain values; nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass

from chatd_protocol.chats import DraftSignal
from chatd_protocol.groups import GroupLine
from chatd_protocol.log import Entry, MineEntry, UnknownEntry
from chatd_protocol.presence import PresenceSignal
from chatd_protocol.receipts import ReceiptsSignal
from chatd_protocol.session import HelloOk
from chatd_protocol.signals import GoingAway, Heads, ReadSignal, TokenExpiring, TypingSignal


@dataclass(frozen=True, slots=True)
class EntriesEvent:
    """Entries of a group's log, ascending, going on without a hole from `after`.

    `as_of`: what they show of older messages is the state after this entry. `mark`: number and time of the last one
    that has a time; the client resumes from it.
    """

    group: str
    after: int
    as_of: int
    entries: tuple[Entry | UnknownEntry, ...]
    mark: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class MineEvent:
    """Entries of the user's own log: in a group, out of a group, a direct chat that became read-only."""

    after: int
    entries: tuple[MineEntry, ...]


@dataclass(frozen=True, slots=True)
class Truncated:
    """Entries up to `floor` will not come, they are no longer there for this reader. `group` None: the user's own log,
    and the list of groups is to be read anew."""

    group: str | None
    floor: int


@dataclass(frozen=True, slots=True)
class Expired:
    """Messages up to `floor` are no longer kept, by age: what is shown of them can be forgotten, except what is pinned
    or featured. Nothing was missed."""

    group: str
    floor: int


@dataclass(frozen=True, slots=True)
class Reset:
    """What was received of this group (None: of everything) is not the server's past: throw it away, read it anew."""

    group: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A group was opened; its entries come from here on."""

    line: GroupLine


@dataclass(frozen=True, slots=True)
class Connected:
    """A session is open. `resumed`: the server goes on from the cursors; `missed`: entries that are on their way, of
    the groups that were being followed."""

    hello: HelloOk
    resumed: bool
    missed: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended with this close code; the next attempt is made in `retry_in_s` seconds."""

    code: int
    reason: str
    retry_in_s: float


Event = (
    EntriesEvent
    | MineEvent
    | Truncated
    | Expired
    | Reset
    | Opened
    | Connected
    | Disconnected
    | Heads
    | TypingSignal
    | ReadSignal
    | TokenExpiring
    | GoingAway
    | DraftSignal
    | ReceiptsSignal
    | PresenceSignal
)
