"""The bounded queue between the connection and the handler of events.

A slow handler must neither cost memory without bound nor stop the reading of the socket, for the answer that the
handler itself waits for may be on its way. So when the queue is full, what can be had again from the log is refused
here (and asked for again once there is room), and only what cannot be asked for is kept aside, one per key.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable

from chatd_client.events import EntriesEvent, Event, MineEvent


class Inbox:
    """Holds events with up to `size` entries together. `on_room` is called when a full one has half emptied."""

    def __init__(self, size: int, on_room: Callable[[], None]) -> None:
        self._size = size
        self._on_room = on_room
        self._queue: deque[Event] = deque()
        self._aside: dict[Hashable, Event] = {}
        self._load = 0
        self._full = False
        self._closed = False
        self._changed = asyncio.Event()

    def offer(self, event: Event) -> bool:
        """Queue what the log can repeat. False if there is no room: then nothing more goes in until there is."""
        self._full = self._full or self._load >= self._size
        if not self._full:
            self._append(event)
        return not self._full

    def hint(self, event: Event) -> None:
        """Queue a signal, or drop it."""
        if not self._full and self._load < self._size:
            self._append(event)

    def keep(self, key: Hashable, event: Event) -> None:
        """Queue what nobody can repeat. If there is no room it waits aside, in the place of an older one of its key."""
        if self.offer(event):
            return
        self._aside.pop(key, None)
        self._aside[key] = event

    async def first(self) -> Event | None:
        """The oldest event, which stays until `drop_first`; None once the inbox is closed and empty."""
        while not self._queue and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        return self._queue[0] if self._queue else None

    def drop_first(self) -> None:
        """The oldest event has been taken."""
        self._load -= weight(self._queue.popleft())
        if self._full and self._load <= self._size // 2:
            self._full = False
            for event in self._aside.values():
                self._append(event)
            self._aside.clear()
            self._on_room()

    @property
    def empty(self) -> bool:
        return not self._queue

    def close(self) -> None:
        """Nothing more will come; what is queued can still be taken."""
        for event in self._aside.values():
            self._append(event)
        self._aside.clear()
        self._closed = True
        self._changed.set()

    def _append(self, event: Event) -> None:
        self._queue.append(event)
        self._load += weight(event)
        self._changed.set()


def weight(event: Event) -> int:
    """How much of the room an event takes: one for each entry."""
    return len(event.entries) if isinstance(event, EntriesEvent | MineEvent) else 1
