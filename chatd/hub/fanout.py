"""Fan-out: from what was committed to one write per session.

Groups with something new stand in line. A turn hands out at most `slice_deliveries` deliveries, so that a group of
thousands does not hold up the others, then writes once to every session it has something for, answers included, and
goes on in the loop's next turn. A group that still has sessions to serve goes back to the end of the line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chatd.hub.delivery import flush, hand_out
from chatd.hub.feed import Feed, Follow, State
from chatd.hub.ring import Segment

if TYPE_CHECKING:
    from chatd.hub.receiver import Receiver


class _Run:
    """One pass over those who were live when it began; what is committed meanwhile goes into the next pass."""

    __slots__ = ("feed", "left", "redactions", "segments", "upto")

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.upto = feed.published = feed.head
        self.left: Iterator[Follow] = iter(list(feed.live))
        self.segments: dict[int, Segment | None] = {}
        self.redactions = feed.redactions

    def segment_after(self, cursor: int) -> Segment | None:
        """What those with this cursor get; nearly always everybody has the same one."""
        if self.redactions != self.feed.redactions:
            # Something was taken back since the last slice: the frames made before it still show it.
            self.segments.clear()
            self.redactions = self.feed.redactions
        if cursor not in self.segments:
            self.segments[cursor] = self.feed.recent(cursor, self.upto, self.upto - cursor)
        return self.segments[cursor]


class Fanout:
    """The line of groups, and the sessions that have something to be written."""

    def __init__(self, slice_deliveries: int, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._slice = slice_deliveries
        self._line: deque[Feed | _Run] = deque()
        self._touched: list[Receiver] = []
        self._scheduled = False
        self.deliveries = 0
        """Entries frames handed to sockets, since the start."""

    def add(self, feed: Feed) -> None:
        """This group has something new."""
        if not feed.queued:
            feed.queued = True
            self._line.append(feed)
            self._schedule()

    def touch(self, session: Receiver) -> None:
        """This session has something in its outbox."""
        self._touched.append(session)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if self._line and self._has_crowd():
            # Others must not wait for their answers until a whole slice is handed out.
            self._flush()
        left = self._slice
        try:
            while self._line and left > 0:
                left -= self._serve(self._line.popleft(), left)
        except Exception as error:  # noqa: BLE001 - whatever it is: somebody may have missed an entry
            self._failed(error)
        self._flush()
        if self._line:
            self._schedule()

    def _has_crowd(self) -> bool:
        """Whether one group alone takes much of a slice. Where all are small, an answer and the entry behind it are
        better written together."""
        return any(
            4 * len((waiting.feed if isinstance(waiting, _Run) else waiting).live) > self._slice
            for waiting in self._line
        )

    def _serve(self, waiting: Feed | _Run, most: int) -> int:
        """Hand out up to `most` deliveries of one group. Returns how many turns of work that was."""
        run = waiting if isinstance(waiting, _Run) else _Run(waiting)
        done = hand_out(run, self._touched, most, State.LIVE)
        self.deliveries += done
        if done >= most:
            self._line.append(run)
            return done
        feed = run.feed
        feed.queued = False
        if feed.head > run.upto:
            self.add(feed)
        return done + 1

    def _flush(self) -> None:
        touched, self._touched = self._touched, []
        flush(touched)
