"""What the hub knows of one group that connected people are in, and of each session's place in it.

`head` is the last entry that is known to be committed, `published` the last one handed to fan-out. A session follows a
group in one of three states:

    SUMMARY   it is told of new heads now and then
    LIVE      its cursor follows `published`
    BEHIND    it reads on from its cursor, at the pace its socket takes, never beyond `published`; when the cursor has
              reached `published` it becomes LIVE in the same step, with nothing awaited in between
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from chatd.core.catalogue import Item as CatalogueItem
from chatd.core.visibility import CHANGES
from chatd.hub.ring import Item, Ring, Segment
from chatd.store.outcome import GroupChange

if TYPE_CHECKING:
    from chatd.hub.receiver import Receiver


class State(enum.Enum):
    """How a session follows a group. GONE: it no longer does, and nothing of the group reaches it."""

    SUMMARY = "summary"
    LIVE = "live"
    BEHIND = "behind"
    GONE = "gone"


class Follow:
    """One session's place in one group.

    `told` is the newest head it knows of, `read` its person's read position, `marked` whether they marked it as unread,
    `opened` whether the client asked for it by name: only then it is told who comes and goes. `floor` is that of its
    person's stay; what has gone of the log since is the feed's to say (`least`).
    """

    __slots__ = ("cursor", "feed", "floor", "marked", "opened", "read", "session", "state", "told")

    def __init__(self, session: Receiver, feed: Feed, floor: int, read: int) -> None:
        self.session = session
        self.feed = feed
        self.floor = floor
        self.read = read
        self.cursor = 0
        self.told = 0
        self.marked = False
        self.opened = False
        self.state = State.SUMMARY

    @property
    def least(self) -> int:
        """Nothing at or below is to be read here."""
        return max(self.floor, self.feed.floor)

    def set(self, state: State) -> None:
        """Change the state; the feed keeps track of who is live and who listens at all."""
        if state is self.state:
            return
        feed = self.feed
        if self.state is State.LIVE:
            del feed.live[self]
        if state is State.LIVE:
            feed.live[self] = None
        feed.listening += (state in _LISTENING) - (self.state in _LISTENING)
        self.state = state
        if state is State.GONE:
            feed.follows.discard(self)
            self.open(False)
        if not feed.listening and feed.ring is not None:
            feed.ring = None

    def open(self, on: bool) -> None:
        """The client opened the group, or closed it."""
        self.feed.watched += on - self.opened
        self.opened = on


_versions = itertools.count()
_LISTENING = frozenset({State.LIVE, State.BEHIND})


class Feed:
    """One group. `redactions` counts recalls, edits, changed cards and what goes by age, so that a page read meanwhile
    is known to be stale; `version` is another one, never used before, whenever anything of the ring may have changed.
    `floor`: no message at or below is kept, but what stands on the board."""

    __slots__ = (
        "__weakref__",
        "at",
        "floor",
        "follows",
        "group",
        "head",
        "listening",
        "live",
        "members",
        "published",
        "queued",
        "read_only",
        "redactions",
        "ring",
        "seq",
        "typed_at_s",
        "version",
        "watched",
    )

    def __init__(self, group: str, head: int, at: int, seq: int, members: int, floor: int = 0) -> None:
        self.group = group
        self.head = self.published = head
        self.at = at
        self.seq = seq
        self.members = members
        self.floor = floor
        self.redactions = 0
        self.version = next(_versions)
        self.read_only = False
        """A direct chat in which nothing can be written for now."""
        self.ring: Ring | None = None
        self.follows: set[Follow] = set()
        self.live: dict[Follow, None] = {}
        self.watched = 0
        """How many sessions have it opened."""
        self.listening = 0
        self.queued = False
        """Whether fan-out has it on its list."""
        self.typed_at_s: dict[str, float] | None = None

    def backlog(self, after: int) -> float:
        """How much of the ring's room what lies behind a position takes."""
        return self.ring.share(self.head - after) if self.ring is not None else 0.0

    def take(self, change: GroupChange, joining: bool, ring_items: int, ring_bytes: int) -> bool:
        """Take note of a commit. Returns whether there is something to fan out.

        `joining`: somebody connected comes in by this very commit.
        """
        self.version = next(_versions)
        if change.gone or change.floor > self.floor:
            self.cut(change.floor, change.gone)
        targets = {target.pos: target for target in change.targets}
        if change.redacts:
            self.redactions += 1
        if self.ring is not None:
            for changed in (*targets.values(), *change.redacted):
                self.ring.refresh(changed)
        if not change.entries:
            return False
        self.head, self.at, self.seq, self.members = change.head, change.at, change.seq, change.members
        if not self.listening and not joining:
            self.published = self.head
            self.ring = None  # it may have been made for somebody who came while opening: it must not get a hole
            return False
        if self.ring is None:
            self.ring = Ring(ring_items, ring_bytes)
        for entry in change.entries:
            target = targets.get(entry.target) if entry.target is not None else None
            self.ring.push(Item(entry, target), self.published)
        return True

    def warm(self, items: Sequence[Item], redactions: int, ring_items: int, ring_bytes: int) -> None:
        """Keep what was read from the store up to the head, for those who come for the same: after a restart nobody has
        a ring, and everybody comes at once. `redactions`: as they were before it was read."""
        if self.ring is not None or not self.listening or redactions != self.redactions:
            return
        first, last = items[0].entry.pos, items[-1].entry.pos
        if last == self.head and last - first == len(items) - 1 and first > self.floor:
            self.version = next(_versions)
            self.ring = Ring(ring_items, ring_bytes)
            for item in items:
                self.ring.push(item)

    def cut(self, floor: int, gone: Sequence[int]) -> None:
        """The log begins behind `floor` from here on; of `gone`, nothing is shown any more."""
        self.version = next(_versions)
        self.floor = max(self.floor, floor)
        if self.ring is not None:
            self.ring.cut(self.floor, gone)

    def refresh_card(self, item: CatalogueItem) -> None:
        """An item that something here shows has changed."""
        self.version = next(_versions)
        self.redactions += 1
        if self.ring is not None:
            self.ring.refresh_card(item)

    def drop_ring(self) -> None:
        """What is kept here may no longer be true: it is read from the store instead."""
        self.version = next(_versions)
        self.redactions += 1
        self.ring = None

    def jump(self, head: int, at: int, seq: int, members: int, floor: int = 0) -> None:
        """The group moved on without us: whoever listens reads the store from where they were."""
        self.floor = max(self.floor, floor)
        self.head = self.published = head
        self.at, self.seq, self.members = at, seq, members
        self.version = next(_versions)
        self.redactions += 1
        self.ring = None

    def recent(self, after: int, upto: int, most: int) -> Segment | None:
        """What lies behind a cursor and not above `upto`, out of the ring; None if it is not there any more."""
        if self.ring is None:
            return None
        items = self.ring.behind(after, min(most, upto - after))
        return Segment(self.group, after, items, self.head) if items else None

    def rest(self, after: int, upto: int) -> Segment | None:
        """What somebody who goes at the entry behind `upto` still gets: only up to where something would show what was
        changed after they had gone, for an entry shows its state at the end of the commit."""
        whole = self.recent(after, upto, upto - after)
        if whole is None or self.ring is None:
            return None
        later = self.ring.behind(upto, self.head - upto) or []
        changed = {item.entry.target for item in later if item.entry.kind in CHANGES}
        items = list(takewhile(lambda item: not changed & {item.entry.pos, item.entry.target}, whole.items))
        return Segment(self.group, after, items, items[-1].entry.pos) if items else None
