"""Reading on, for sessions that are behind: from the ring, else from the store, at the pace their socket takes.

What a page showed could have been taken back while it was awaited; then it is read again. Sessions that wait for the
same page share one read. Nothing is sent beyond `published`, and the person's own log comes before any group's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from chatd.core.cards import keys_of
from chatd.core.refusal import Refused
from chatd.core.visibility import view_mine
from chatd.hub.feed import Feed, Follow, State
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
_WRITE_SHARE = 8
"""What is ready is written once it is such a part of what a socket takes, or when nothing more is ready."""
_SHARED_BYTES = 8 << 20
"""So many bytes of segments are kept for those who come for the same."""


async def catch_up(session: Receiver) -> None:
    """Until nothing is behind any more or the socket is full. Raises `ReaderLost`."""
    enough = session.hub.settings.write_high_bytes // _WRITE_SHARE
    while session.socket.writable:
        if session.mine_cursor != session.mine_head:
            await _send_mine(session)
        elif session.behind:
            follow = next(iter(session.behind))
            # To the end of the line: several groups take turns.
            session.behind[follow] = session.behind.pop(follow)
            await _send_entries(session, follow)
        else:
            break
        if len(session.outbox) >= enough:
            session.flush()
    session.flush()


async def _send_mine(session: Receiver) -> None:
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


async def _send_entries(session: Receiver, follow: Follow) -> None:
    """One step for one group: a segment out of the ring, or a page out of the store."""
    feed, hub = follow.feed, session.hub
    if follow.cursor < feed.floor:
        tell_truncated(session, follow)
    most, after = hub.settings.page_entries, follow.cursor
    segment = hub.pages.recent(feed, after, most) if after < feed.published else None
    if segment is None and after < feed.published:
        redactions = feed.redactions
        segment = await hub.pages.read(hub.readers, feed, after, most)
        if follow.state is not State.BEHIND or follow.cursor != after or redactions != feed.redactions:
            return
        if segment is None:
            raise ReaderLost("the store ends before what was published")
    if segment is not None:
        session.put(segment.frame(session.format, follow.floor))
        follow.cursor = segment.upto
    if follow.cursor >= feed.published:
        session.go_live_from(follow, follow.cursor)


def tell_truncated(session: Receiver, follow: Follow) -> None:
    """What came next has gone by age: the client is told so, in its place among the entries, and goes on behind it."""
    session.put(truncated_frame(follow.feed, follow.cursor, session.format))
    follow.cursor = follow.feed.floor


def truncated_frame(feed: Feed, after: int, fmt: Format) -> bytes:
    """The event for somebody who stands behind `after`."""
    data = {"group": feed.group, "after": after, "as_of": feed.published, "entries": [], "truncated": feed.floor}
    return frame(encode({"ev": "entries", "data": data}, fmt), fmt)


class Pages:
    """Pages being read, by what is being read: whoever wants the same one waits for the same read."""

    def __init__(self, shelf: Shelf, settings: HubSettings, caught_up: Callable[[int], Awaitable[None]]) -> None:
        self._shelf = shelf
        self._settings = settings
        self._caught_up = caught_up
        self._reading: dict[tuple[str, int, int, int], asyncio.Task[Segment | None]] = {}
        self._shared: dict[tuple[int, int, int, int], Segment] = {}
        self._shared_bytes = 0
        self.reads = 0
        """Pages read from the store, since the start."""

    def recent(self, feed: Feed, after: int, most: int) -> Segment | None:
        """What the ring has behind a cursor. Those who were away from the same moment on share one segment and the
        frames that are made of it: after a restart that is nearly everybody."""
        key = (feed.version, after, feed.published, most)
        segment = self._shared.get(key)
        if segment is None:
            segment = feed.recent(after, feed.published, most)
            if segment is not None:
                if self._shared_bytes >= _SHARED_BYTES:
                    self._shared.clear()
                    self._shared_bytes = 0
                self._shared[key] = segment
                self._shared_bytes += sum(item.size_bytes for item in segment.items)
        return segment

    async def read(self, readers: Readers, feed: Feed, after: int, most: int) -> Segment | None:
        """Up to `most` entries behind `after`. Raises `ReaderLost`."""
        key = (feed.group, after, feed.published, feed.redactions)
        task = self._reading.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._read(readers, feed, after, feed.published, most))
            self._reading[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[str, int, int, int], done: asyncio.Task[Segment | None]) -> None:
        del self._reading[key]
        if not done.cancelled():
            done.exception()  # looked at, so that a failure nobody waits for any more is not reported as forgotten

    async def _read(self, readers: Readers, feed: Feed, after: int, upto: int, most: int) -> Segment | None:
        for _ in range(_READ_AGAIN_MAX):
            self.reads += 1
            mark, redactions = self._shelf.mark(), feed.redactions
            async with readers.snapshot() as reader:
                page = await reader.run(lambda r: messages.page_up(r, feed.group, after, upto, most))
                as_of = await reader.run(lambda r: messages.head_of(r, feed.group))
                n = await reader.run(lambda r: last_commit(r, WRITER))
            await self._published(n)
            if not self._shelf.changed(keys_of(page.shown), mark):
                break
        else:
            raise ReaderLost("what it shows keeps changing")
        if not page.entries:
            return None
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
