"""Fan-out: from what was committed to one write per session.

Groups with something new stand in one of two lines. A turn hands out what is new in small groups and writes once to
every session it has something for, answers included. Then come the large ones, a portion at a time and each portion
written at once, for `_TURN_S` or `slice_deliveries` deliveries, whichever is first; then the loop sees to everything
else. So a group of thousands holds up nobody for longer than that, however much there is to be written to each. One
that still has sessions to serve goes back to the end of its line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from chatd.hub.delivery import flush, hand_out
from chatd.hub.feed import Feed, Follow, State
from chatd.hub.ring import Segment

if TYPE_CHECKING:
    from chatd.hub.receiver import Receiver

_PORTION: Final = 32
"""Deliveries between two looks at the clock; a group with no more sessions than that is a small one."""
_SMALL_TURN: Final = 1000
"""Deliveries in small groups after which the large ones get their share of the turn."""
_TURN_S: Final = 0.0005
_LONG_TURN_S: Final = 0.03
_BACKLOG: Final = 0.5
_LARGE_BACKLOG: Final = 0.75
"""Of a ring. The more of it waits for the next pass, from the first to the second, the longer turns are: whoever writes
there gets answers more slowly, long before the ring loses what somebody has not got yet."""


def _turn_s(backlog: float) -> float:
    """How long a turn of large groups is while this share of a ring waits."""
    grown = (backlog - _BACKLOG) / (_LARGE_BACKLOG - _BACKLOG)
    return _TURN_S + min(1.0, max(0.0, grown)) * (_LONG_TURN_S - _TURN_S)


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
    """The lines of groups, and the sessions that have something to be written."""

    def __init__(
        self,
        slice_deliveries: int,
        *,
        clock_s: Callable[[], float],
        before_large: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """`before_large` does what must not wait for a turn of large groups; `failed` is told what went wrong."""
        self._clock_s = clock_s
        self._before_large = before_large
        self._failed = failed
        self._slice = slice_deliveries
        self._portion = min(_PORTION, slice_deliveries)
        self._small: deque[Feed | _Run] = deque()
        self._large: deque[Feed | _Run] = deque()
        self._touched: list[Receiver] = []
        self._scheduled = False
        self.deliveries = 0
        """Entries frames handed to sockets, since the start."""

    def add(self, feed: Feed) -> None:
        """This group has something new."""
        if not feed.queued:
            feed.queued = True
            (self._small if len(feed.live) <= self._portion else self._large).append(feed)
            self._schedule()

    def touch(self, session: Receiver) -> None:
        """This session has something in its outbox."""
        self._touched.append(session)
        self._schedule()

    @property
    def busy(self) -> bool:
        """Whether groups stand in line."""
        return bool(self._small or self._large)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        try:
            self._serve_small()
            if self._large:
                self._flush()
                self._before_large()
                self._serve_large()
        except Exception as error:  # noqa: BLE001 - whatever it is: somebody may have missed an entry
            self._failed(error)
        self._flush()
        if self.busy:
            self._schedule()

    def _serve_small(self) -> None:
        left = min(_SMALL_TURN, self._slice)
        while self._small and left > 0:
            left -= self._serve(self._small.popleft(), left)

    def _serve_large(self) -> None:
        left, began_s, turn_s = self._slice, self._clock_s(), _TURN_S
        while self._large and left > 0:
            waiting = self._large.popleft()
            if isinstance(waiting, _Run):
                turn_s = max(turn_s, _turn_s(waiting.feed.backlog(waiting.upto)))
            left -= self._serve(waiting, min(left, self._portion))
            self._flush()
            if self._clock_s() - began_s >= turn_s:
                break

    def _serve(self, waiting: Feed | _Run, most: int) -> int:
        """Hand out up to `most` deliveries of one group. Returns how many turns of work that was."""
        run = waiting if isinstance(waiting, _Run) else _Run(waiting)
        done = hand_out(run, self._touched, most, State.LIVE)
        self.deliveries += done
        if done >= most:
            self._large.append(run)
            return done
        feed = run.feed
        feed.queued = False
        if feed.head > run.upto:
            self.add(feed)
        return done + 1

    def _flush(self) -> None:
        touched, self._touched = self._touched, []
        flush(touched)
