"""The job that lets go what is over: group after group, a portion at a time, and what has left a board meanwhile.

One commit at a time and with a pause behind each, so that whoever chats meanwhile hardly waits. How far it is stands in
the store with every portion: a run that was interrupted is only begun again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.core.retention import CutLog
from chatd.hub.catchup import truncated_frame
from chatd.hub.feed import Feed
from chatd.hub.ports import Format
from chatd.service.retention import RetentionSettings, next_portion
from chatd.store import retention as stored
from chatd.store.readers import Reader

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

JOB: Final = "retention"
LOOK_EVERY_S: Final = 60.0
FIRST_S: Final = 3600.0
"""The first run of a server's life comes no later: long enough to think better of a setting."""
GROUPS: Final = 50
"""Groups that are looked at in one go."""


class Run:
    """One time through the groups, or through one. `groups` and `gone` count those that lost something, and how many
    entries."""

    def __init__(self, name: str, only: str | None = None) -> None:
        self.name = name
        self.only = only
        self.after = ""
        self.waiting: list[str] = []
        self.whole = False
        """Every group was looked at."""
        self.looked = self.groups = self.gone = 0


class Retention:
    """`step` is the job; `begin` has it begin now."""

    def __init__(self, hub: Hub, settings: RetentionSettings) -> None:
        self.settings = settings
        self.now_ms = hub.now_ms
        self._hub = hub
        self._run: Run | None = None
        self._next_s = hub.clock_s() + min(FIRST_S, settings.every_hours * 3600)
        self._touched: str | None = None
        self.runs = 0
        self.last: Run | None = None

    def check_free(self) -> None:
        """Raises `Refused`: `overloaded` while a run is under way."""
        if self._run is not None:
            raise Refused("overloaded", "Another run is under way: wait until it is through.")

    def begin(self, only: str | None = None) -> dict[str, Any]:
        """Go through all groups now, or through one. Returns its progress. Raises as `check_free`."""
        self.check_free()
        self._run = Run(self._hub.new_id("r"), only)
        self._hub.jobs.wake(JOB)
        return self.progress()

    def progress(self, name: str = "") -> dict[str, Any]:
        """How far the run of this name is, or how far it came; without one, the present run or the last.

        Raises `Refused`: `not_found` for one that this hub knows nothing of. It is gone with the hub that it began in.
        """
        runs = [run for run in (self._run, self.last) if run is not None and name in ("", run.name)]
        if name and not runs:
            raise Refused("not_found", "That run ended with the server it began in: the rest goes with the next run.")
        if not runs:
            return {"running": False}
        run = runs[0]
        counts = {"looked": run.looked, "groups": run.groups, "gone": run.gone}
        return {"running": run is self._run, "run": run.name} | counts

    async def step(self) -> float | None:
        """One portion, or one look at some groups. Returns when to go on. Raises `Refused`, `ReaderLost`."""
        left = await self._hub.readers.read(partial(stored.leftovers, limit=1))
        if left and (self._run is None or left[0][0] not in self._run.waiting):
            await self._cut(left[0][0])
            return self.settings.pause_s
        if self._run is None:
            if self._hub.clock_s() < self._next_s:
                return min(LOOK_EVERY_S, self._next_s - self._hub.clock_s())
            self._next_s = self._hub.clock_s() + self.settings.every_hours * 3600
            if not self.settings.days and not await self._hub.readers.read(stored.any_chosen):
                return None
            self._run = Run(self._hub.new_id("r"))
        return await self._go_on(self._run)

    async def _go_on(self, run: Run) -> float:
        if run.waiting:
            gone = await self._cut(run.waiting[0])
            if gone is None:
                self._tell(run.waiting.pop(0))
                return 0.0
            run.groups += self._touched != run.waiting[0] and gone > 0
            self._touched = run.waiting[0] if gone else self._touched
            run.gone += gone
            return self.settings.pause_s
        if not run.whole:
            await self._look(run)
            return 0.0
        self._run, self.last, self._touched = None, run, None
        self.runs += 1
        self._hub.log.info("retention", looked=run.looked, groups=run.groups, gone=run.gone)
        return min(LOOK_EVERY_S, max(0.0, self._next_s - self._hub.clock_s()))

    async def _look(self, run: Run) -> None:
        """Find out in which of the next groups something is over."""
        now_ms, settings = self.now_ms(), self.settings

        async def look(reader: Reader) -> tuple[list[str], list[str]]:
            names = [one.group for one in await stored.groups_after(reader, run.after, GROUPS)]
            names = [run.only] if run.only is not None else names
            return names, [one for one in names if await next_portion(reader, one, settings, now_ms) is not None]

        names, run.waiting = await self._hub.readers.read(look)
        run.looked += len(names)
        run.after = names[-1] if names else ""
        run.whole = run.only is not None or len(names) < GROUPS

    async def _cut(self, group: str) -> int | None:
        """The next portion of a group: how many entries went, None if nothing is left to go."""
        hub, now_ms = self._hub, self.now_ms()
        wish: CutLog | None = await hub.readers.read(lambda r: next_portion(r, group, self.settings, now_ms))
        if wish is None:
            return None
        verdict = await hub.link.ask(wish)
        if verdict.answer is None:
            raise Refused(verdict.code, verdict.message, **verdict.details)
        gone = int(verdict.answer["gone"])
        hub.entries_gone += gone
        return gone

    def _tell(self, group: str) -> None:
        """Those who are live and past it hear that there is something to forget; whoever stands below is told where
        they go on. Lost on a socket that is full: the next line of the group says the same."""
        feed = self._hub.feeds.get(group)
        if feed is not None and feed.floor:
            tell_floor(feed)


def tell_floor(feed: Feed) -> None:
    """One frame for all who stand at the same place."""
    frames: dict[tuple[Format, int], bytes] = {}
    for follow in list(feed.live):
        session = follow.session
        if follow.cursor < feed.floor or not session.socket.writable:
            continue
        key = (session.format, follow.cursor)
        if key not in frames:
            frames[key] = truncated_frame(feed, follow.cursor, session.format)
        session.put(frames[key])
