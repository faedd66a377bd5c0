"""How fast an import may go beside people who chat: how many edges a portion has, and how long it rests behind each.

A portion is a commit that everybody else's messages wait for. So it is kept short: one that took long is followed by
one of half the edges, one that was quick by a few more. The rest behind it keeps the import to a share of the writer:
to a third at most while others write, and to less and less as long as the server's commits take longer than they
usually do; while nobody else writes it hardly rests.

What the server says with each answer is enough for that; it must not know what a portion is made of.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeVar

EDGES_LEAST: Final = 50
EDGES_FIRST: Final = 100
EDGES_MOST: Final = 250
EDGES_MORE: Final = 25
GOAL_S: Final = 0.04
"""A portion that is done within this may be followed by a larger one, one that took twice as long is halved."""
IDLE_REST: Final = 0.25
REST_LEAST: Final = 2.0
REST_MOST: Final = 8.0
"""Rests, in times of what the portion took: so 2 is a third of the writer, and 8 a ninth."""
REST_MAX_S: Final = 5.0
LOOK_S: Final = 1.0
"""How often it is judged whether others write, and how long the server's commits take."""
OTHERS_PER_S: Final = 2.0
"""Fewer proposals of others are the server's own: read positions and the like."""
SLOW: Final = 1.5
WELL: Final = 1.2
"""Commits that take so many times as long as usually are slow, and no longer slow."""
FORGET: Final = 1.03
"""What is usual grows by so much with each look, so that what was quick once does not count for ever."""


class Load(NamedTuple):
    """What a server has done since it started: batches committed, how long they took, and proposals in them."""

    batches: int = 0
    batches_s: float = 0.0
    answered: int = 0


class Done(Protocol):
    """What a portion came to. `load`: None if nobody else can be waiting."""

    @property
    def load(self) -> Load | None: ...

    @property
    def proposals(self) -> int:
        """How many of the proposals were its own."""


D = TypeVar("D", bound=Done)


class Pace:
    """`rest`: whether it rests at all; never above `rate` edges a second. `clock_s` and `sleep` are arguments so that
    tests can turn them. `edges` is how many the next portion may have."""

    def __init__(
        self,
        rest: bool,
        rate: int | None,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.edges = EDGES_FIRST if rest else EDGES_MOST
        self.rest = REST_LEAST
        """In times of what a portion took, while others write."""
        self._rests = rest
        self._rate = rate
        self._clock_s = clock_s
        self._sleep = sleep
        self._others_write = True
        self._usual_s: float | None = None
        self._before: Load | None = None
        self._own = 0
        self._looked_s = clock_s()

    def spend(self, edges: int, work: Callable[[], D]) -> D:
        """Do the work, then wait as long as is due."""
        began_s = self._clock_s()
        done = work()
        took_s = self._clock_s() - began_s
        wait_s = edges / self._rate - took_s if self._rate else 0.0
        if self._rests and done.load is not None:
            self._size(took_s)
            self._look(done.load, done.proposals)
            rest = self.rest if self._others_write else IDLE_REST
            wait_s = max(wait_s, min(took_s * rest, REST_MAX_S))
        if wait_s > 0:
            self._sleep(wait_s)
        return done

    def _size(self, took_s: float) -> None:
        """The next portion."""
        if took_s > 2 * GOAL_S:
            self.edges = max(EDGES_LEAST, self.edges // 2)
        elif took_s < GOAL_S:
            self.edges = min(EDGES_MOST, self.edges + EDGES_MORE)

    def _look(self, load: Load, proposals: int) -> None:
        """Once in a while: whether others write, and whether commits take longer than usually."""
        self._own += proposals
        now_s = self._clock_s()
        elapsed_s = now_s - self._looked_s
        if self._before is None or load.batches < self._before.batches:
            self._begin_look(load, now_s)  # the first one, or the first of another server
        elif elapsed_s >= LOOK_S:
            before, batches = self._before, load.batches - self._before.batches
            self._others_write = load.answered - before.answered - self._own > OTHERS_PER_S * elapsed_s
            if batches:
                self._judge((load.batches_s - before.batches_s) / batches)
            self._begin_look(load, now_s)

    def _begin_look(self, load: Load, now_s: float) -> None:
        self._before, self._own, self._looked_s = load, 0, now_s

    def _judge(self, commit_s: float) -> None:
        usual_s = commit_s if self._usual_s is None else self._usual_s
        if commit_s > SLOW * usual_s:
            self.rest = min(REST_MOST, self.rest * 2)
        elif commit_s <= WELL * usual_s:
            self.rest = max(REST_LEAST, self.rest - 0.5)
        self._usual_s = min(commit_s, usual_s * FORGET)
