"""One line per group, so that what happens in a group is handled in its order, while groups do not wait for each other.

A line that grows too long is cut: the group is then *behind* and is read from its history, page by page, at the pace of
its handlers, until it has reached what was cut. So a group that talks faster than the bot answers costs bounded memory,
loses nothing, and holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from chatd_client.bots.happenings import Unit
from chatd_client.feed import last_pos
from chatd_protocol.log import Entry, UnknownEntry

LINE_MAX: Final = 500
Entries = Sequence[Entry | UnknownEntry]


class Lane:
    """What waits in one place."""

    def __init__(self) -> None:
        self.waiting: deque[Unit] = deque()
        self.cursor: int | None = None
        """The last entry that was handled."""
        self.cut_at: int | None = None
        """Entries up to here were cut; None if the lane is not behind."""
        self.task: asyncio.Task[None] | None = None


class Lanes:
    """`handle` handles one unit; `read` gives entries of a group behind a number, none if there are none any more."""

    def __init__(
        self,
        handle: Callable[[Unit], Awaitable[None]],
        read: Callable[[str, int], Awaitable[Entries]],
        on_cut: Callable[[], None],
        line_max: int = LINE_MAX,
    ) -> None:
        self._handle = handle
        self._read = read
        self._on_cut = on_cut
        self._line_max = line_max
        self._lanes: dict[str, Lane] = {}
        self._closing = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when handling itself failed: nothing can go on then."""
        self._changed = asyncio.Event()
        self.changes = 0
        """Grows whenever something was put in or handled."""

    def put_entries(self, group: str, after: int, entries: Entries) -> None:
        """Entries that follow on what was put before."""
        lane = self._lanes.setdefault(group, Lane())
        if lane.cursor is None:
            lane.cursor = after
        if lane.cut_at is not None or len(lane.waiting) + len(entries) > self._line_max:
            if lane.cut_at is None:
                self._on_cut()
            lane.cut_at = last_pos(entries[-1])
        else:
            lane.waiting.extend(Unit(group, entry=entry) for entry in entries)
        self._go(group, lane)

    def put(self, unit: Unit) -> None:
        """Something that is no entry of a group's log; it is never cut."""
        lane = self._lanes.setdefault(unit.place, Lane())
        lane.waiting.append(unit)
        self._go(unit.place, lane)

    def begin_anew(self, group: str, floor: int | None) -> None:
        """What waits is not the group's past (`floor` None), or will not come up to there."""
        lane = self._lanes.setdefault(group, Lane())
        if floor is None:
            lane.waiting = deque(unit for unit in lane.waiting if unit.entry is None)
            lane.cut_at = None
        lane.waiting.append(Unit(group, floor=-1 if floor is None else floor))
        self._go(group, lane)

    def drop_all(self) -> None:
        """Let go of what waits, everywhere."""
        for lane in self._lanes.values():
            lane.waiting.clear()
            lane.cut_at = lane.cursor = None

    @property
    def load(self) -> int:
        """How much waits."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    @property
    def idle(self) -> bool:
        return all(lane.task is None for lane in self._lanes.values())

    async def wait_idle(self) -> None:
        """Until nothing waits and nothing runs."""
        while not self.idle:
            await self.move()

    async def move(self) -> None:
        """Until something has changed. Raises what ended the handling."""
        self._changed.clear()
        changed = asyncio.ensure_future(self._changed.wait())
        waits: set[asyncio.Future[Any]] = {changed, self.failed}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        if self.failed.done():
            self.failed.result()

    def tell(self) -> None:
        """Something has changed: whoever waits looks again."""
        self.changes += 1
        self._changed.set()

    async def close(self, within_s: float) -> None:
        """Begin nothing more, let what runs end; what has not ended within this time is cancelled."""
        self._closing = True
        running = [lane.task for lane in self._lanes.values() if lane.task is not None]
        if running:
            _, late = await asyncio.wait(running, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if not self.failed.done():
            self.failed.cancel()

    # --- one lane

    def _go(self, place: str, lane: Lane) -> None:
        self.tell()
        if lane.task is None and not self._closing:
            lane.task = asyncio.create_task(self._run(place, lane), name=f"bot lane {place}")

    async def _run(self, place: str, lane: Lane) -> None:
        try:
            while not self._closing and (lane.waiting or lane.cut_at is not None):
                if lane.waiting:
                    await self._one(lane, lane.waiting.popleft())
                else:
                    await self._catch_up(place, lane)
                self.tell()
        except Exception as error:  # noqa: BLE001  told to whoever runs the bot, which ends then
            if not self.failed.done():
                self.failed.set_exception(error)
        finally:
            lane.task = None
            self.tell()

    async def _one(self, lane: Lane, unit: Unit) -> None:
        if unit.entry is not None and lane.cursor is not None and last_pos(unit.entry) <= lane.cursor:
            return
        await self._handle(unit)
        if unit.entry is not None:
            lane.cursor = last_pos(unit.entry)
        elif unit.floor is not None:
            lane.cursor = unit.floor if unit.floor >= 0 else None

    async def _catch_up(self, place: str, lane: Lane) -> None:
        entries = await self._read(place, lane.cursor or 0)
        for entry in entries:
            if self._closing:
                return
            await self._one(lane, Unit(place, entry=entry))
            while lane.waiting and lane.waiting[0].entry is None:
                await self._one(lane, lane.waiting.popleft())
        if not entries or lane.cut_at is None or (lane.cursor or 0) >= lane.cut_at:
            lane.cursor = max(lane.cursor or 0, lane.cut_at or 0)
            lane.cut_at = None
