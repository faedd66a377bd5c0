"""Reading on, for sessions that are behind: from the ring, else from the store, at the pace their socket takes.

What a page showed could have been taken back while it was awaited; then it is read again. Sessions that wait for the
same page share one read and its frames. Nothing is sent beyond `published`, and the person's own log comes before any
group's.
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from chatd.core.cards import keys_of
from chatd.core.refusal import Refused
from chatd.core.visibility import view_mine
from chatd.hub.feed import Feed, Follow
from chatd.hub.frames import frame
from chatd.hub.ports import Format
from chatd.hub.ring import Item, Segment
from chatd.hub.settings import HubSettings
from chatd.hub.shelf import Shelf
from chatd.store import messages, users
from chatd.store.commits import last_commit
from chatd.store.engine import WRITER
from chatd.store.readers import ReaderLost, Readers
from chatd_protocol.codec import encode

if TYPE_CHECKING:
    from chatd.hub.receiver import Receiver

_MINE_PAGE = 100
_READ_AGAIN_MAX = 5
_TURN_S = 0.001
_WRITE_SHARE = 8
"""What is ready is written once it is such a part of what a socket takes, or when nothing more is ready."""
_KEPT_BYTES = 20 << 20
"""So many bytes of segments are kept for those who come for the same."""


class _Place(NamedTuple):
    """Where somebody is behind. `state`: of the feed, a number that changes when what is there may look otherwise."""

    feed: Feed
    state: int
    after: int
    published: int = -1


class CatchUps:
    """The line of those who have something to read on with. A turn of the loop serves it for `_TURN_S`, a portion for
    each, so that a crowd that comes back at once holds up nobody else."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._line: deque[Receiver] = deque()
        self._scheduled = False

    def add(self, session: Receiver) -> None:
        """This session reads on when it is its turn."""
        self._line.append(session)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        until_s = self._clock_s() + _TURN_S
        while self._line:
            self._line.popleft().read_on()
            if self._clock_s() >= until_s:
                break
        self._scheduled = bool(self._line)
        if self._scheduled:
            asyncio.get_running_loop().call_soon(self._turn)


class Next(enum.Enum):
    """How it goes on after a portion: not at all, in the line, with the person's own log out of the store, or once a
    page of a group has come."""

    DONE = "done"
    LINE = "line"
    MINE = "mine"
    PAGE = "page"


def send_at_hand(session: Receiver) -> Next:
    """Send of what is behind whatever is in memory, up to a portion."""
    enough = session.hub.settings.write_high_bytes // _WRITE_SHARE
    after = Next.DONE
    while session.socket.writable and after is Next.DONE:
        if session.mine_cursor != session.mine_head:
            after = Next.MINE
        elif not session.behind:
            break
        elif not _send_entries(session, next(iter(session.behind))):
            after = Next.PAGE
        elif len(session.outbox) >= enough:
            after = Next.LINE
    session.flush()
    return after


async def send_mine(session: Receiver) -> None:
    """Send a page of the person's own log. Raises `ReaderLost`."""
    assert session.person is not None
    after = session.mine_cursor
    user = session.person.user
    async with session.hub.readers.snapshot() as reader:
        page = await reader.run(lambda r: users.mine_page(r, user, after, _MINE_PAGE))
    # What is committed and not published yet comes in its turn: `removed` not before the group's last entries.
    page = [entry for entry in page if entry.upos <= session.mine_head]
    if not page:
        session.mine_cursor = session.mine_head
        return
    data: dict[str, object] = {"after": after, "entries": [view_mine(entry) for entry in page]}
    if page[0].upos > after + 1:
        # The log was cut above the cursor meanwhile: the gap is told.
        data["truncated"] = page[0].upos - 1
    session.mine_cursor = page[-1].upos
    session.mine_head = max(session.mine_head, session.mine_cursor)
    session.write({"ev": "mine", "data": data})


def _send_entries(session: Receiver, follow: Follow) -> bool:
    """Some of what is behind in one group. False: it has to be read from the store; the session is called for it."""
    feed, hub = follow.feed, session.hub
    if follow.cursor < feed.floor:
        tell_truncated(session, follow)
    if follow.cursor < feed.published:
        segment = hub.pages.at_hand(feed, follow.cursor)
        if segment is None:
            hub.pages.want(feed, follow.cursor, session)
            return False
        session.put(segment.frame(session.format, follow.floor))
        follow.cursor = segment.upto
    if follow.cursor >= feed.published:
        session.go_live_from(follow, follow.cursor)
    else:
        # To the end of the line: several groups take turns.
        session.behind[follow] = session.behind.pop(follow)
    return True


def tell_truncated(session: Receiver, follow: Follow) -> None:
    """What came next has gone by age: the client is told so, in its place among the entries, and goes on behind it."""
    session.put(truncated_frame(follow.feed, follow.cursor, session.format))
    follow.cursor = follow.feed.floor


def truncated_frame(feed: Feed, after: int, fmt: Format) -> bytes:
    """The event for somebody who stands behind `after`."""
    data = {"group": feed.group, "after": after, "as_of": feed.published, "entries": [], "truncated": feed.floor}
    return frame(encode({"ev": "entries", "data": data}, fmt), fmt)


class Pages:
    """What those who are behind get: whoever is at the same place gets the same segment."""

    def __init__(
        self, readers: Readers, shelf: Shelf, settings: HubSettings, caught_up: Callable[[int], Awaitable[None]]
    ) -> None:
        self._readers = readers
        self._shelf = shelf
        self._settings = settings
        self._caught_up = caught_up
        self._waiting: dict[_Place, list[Receiver]] = {}
        """For a page that is being read."""
        self._reading: set[asyncio.Task[None]] = set()
        self._kept: dict[_Place, Segment] = {}
        self._kept_bytes = 0
        self.reads = 0
        """Pages read from the store, since the start."""

    def at_hand(self, feed: Feed, after: int) -> Segment | None:
        """What lies behind a position, out of the ring or a page that was read; None if it has to be read. Those who
        were away from the same moment on share one segment and the frames that are made of it: after a restart that
        is nearly everybody."""
        recent = _Place(feed, feed.version, after, feed.published)
        segment = self._kept.get(recent) or self._kept.get(_Place(feed, feed.redactions, after))
        if segment is None:
            segment = feed.recent(after, feed.published, self._settings.page_entries)
            if segment is not None:
                self._keep(recent, segment)
        return segment

    def want(self, feed: Feed, after: int, session: Receiver) -> None:
        """Read a page behind a position, unless it is being read, and have the session go on when it is there."""
        place = _Place(feed, feed.redactions, after)
        waiting = self._waiting.get(place)
        if waiting is not None:
            waiting.append(session)
            return
        self._waiting[place] = [session]
        task = asyncio.get_running_loop().create_task(self._fetch(place))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _fetch(self, place: _Place) -> None:
        failure: Exception | None = None
        try:
            segment = await self._read(place.feed, place.after, place.feed.published, self._settings.page_entries)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait for the page
            failure = error
        else:
            self._keep(place, segment)
        for session in self._waiting.pop(place):
            session.page_came(failure)

    def _keep(self, place: _Place, segment: Segment) -> None:
        if self._kept_bytes >= _KEPT_BYTES:
            self._kept.clear()
            self._kept_bytes = 0
        self._kept[place] = segment
        self._kept_bytes += sum(item.size_bytes for item in segment.items)

    async def _read(self, feed: Feed, after: int, upto: int, most: int) -> Segment:
        for _ in range(_READ_AGAIN_MAX):
            self.reads += 1
            mark, redactions = self._shelf.mark(), feed.redactions
            async with self._readers.snapshot() as reader:
                page = await reader.run(lambda r: messages.page_up(r, feed.group, after, upto, most))
                as_of = await reader.run(lambda r: messages.head_of(r, feed.group))
                n = await reader.run(lambda r: last_commit(r, WRITER))
            await self._published(n)
            if not self._shelf.changed(keys_of(page.shown), mark):
                break
        else:
            raise ReaderLost("what it shows keeps changing")
        if not page.entries:
            raise ReaderLost("the store ends before what was published")
        self._shelf.watch(feed, page.shown)
        items = [Item(entry, page.targets.get(entry.target or 0)) for entry in page.entries]
        feed.warm(items, redactions, self._settings.ring_entries, self._settings.ring_bytes)
        return Segment(feed.group, after, items, as_of)

    async def _published(self, n: int) -> None:
        """Wait until all is published that a page shows: who was put out by then does not get it."""
        try:
            await self._caught_up(n)
        except Refused:
            raise ReaderLost("the store is ahead of what was published") from None
