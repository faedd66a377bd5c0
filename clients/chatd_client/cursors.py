"""Where a reader was: what is said in `session.hello` to go on from there, and where to keep it.

A cursor is kept only for what the handler of events has taken, so after a crash the last events may come again, and
none is missed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from chatd_client.events import Connected, EntriesEvent, Event, MineEvent, Opened, Reset, Truncated
from chatd_protocol.log import MineEntry
from chatd_protocol.session import HelloOk
from chatd_protocol.values import HEADS_MAX

Mark = tuple[int, int]
"""The number of an entry and its time: the pair by which the server sees whether its past is still the client's."""

FLOOR: Mark = (0, 0)
"""The cursor of who has taken nothing yet: the server goes on from the first entry that one may see."""


class Cursors(msgspec.Struct):
    """The database's epoch, the newest entry taken of the user's own log, and of each group."""

    epoch: str | None = None
    mine: Mark | None = None
    heads: dict[str, Mark] = {}


class CursorStore(Protocol):
    """Keeps cursors for the next run of the program. `save` is called from a worker thread, one call at a time."""

    def load(self) -> Cursors: ...

    def save(self, cursors: Cursors) -> None: ...


@dataclass
class MemoryCursors:
    """Keeps them as long as the object lives: for tests, and for several clients one after another."""

    cursors: Cursors = field(default_factory=Cursors)

    def load(self) -> Cursors:
        return self.cursors

    def save(self, cursors: Cursors) -> None:
        self.cursors = cursors


class FileCursors:
    """Keeps them in a JSON file, readable by its owner only, written beside it, synced, and renamed over it."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def load(self) -> Cursors:
        """Raises `ValueError` if the file is not what `save` wrote: to start anew, remove it."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return Cursors()
        try:
            return msgspec.json.decode(raw, type=Cursors)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._path} does not hold cursors: {error}") from error

    def save(self, cursors: Cursors) -> None:
        beside = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(cursors))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Taken:
    """The cursors of what the handler has taken, moved on event by event."""

    def __init__(self, cursors: Cursors) -> None:
        self.cursors = Cursors(cursors.epoch, cursors.mine, dict(cursors.heads))
        self.unsaved = 0

    def snapshot(self) -> Cursors:
        """A copy to save. Of more than `HEADS_MAX` groups the ones that moved last."""
        heads = self.cursors.heads
        newest = sorted(heads, key=lambda group: heads[group][1])[-HEADS_MAX:]
        return Cursors(self.cursors.epoch, self.cursors.mine, {group: heads[group] for group in newest})

    def forget(self, group: str) -> None:
        """Keep nothing of a group: it was closed or left."""
        if self.cursors.heads.pop(group, None) is not None:
            self.unsaved += 1

    def take(self, event: Event) -> None:
        """The handler is done with `event`."""
        match event:
            case EntriesEvent(group=group, mark=mark) if mark is not None:
                self.cursors.heads[group] = mark
            case MineEvent(entries=entries):
                self._take_mine(entries)
            case Reset(group=None):
                self.cursors = Cursors()
            case Reset(group=str() as group):
                self.cursors.heads.pop(group, None)
            case Truncated(group=str() as group):
                self.cursors.heads[group] = FLOOR
            case Connected(hello=hello):
                self._take_hello(hello)
            case Opened(line=line) if line.after == line.head:
                self.cursors.heads.setdefault(line.group, (line.head, line.at))
            case _:
                return
        self.unsaved += 1

    def _take_mine(self, entries: tuple[MineEntry, ...]) -> None:
        for entry in entries:
            if entry.group is None:
                continue
            if entry.kind == "removed":
                self.cursors.heads.pop(entry.group, None)
            elif entry.kind == "added":
                self.cursors.heads.setdefault(entry.group, FLOOR)
        self.cursors.mine = (entries[-1].upos, entries[-1].at)

    def _take_hello(self, hello: HelloOk) -> None:
        """Begin at the heads. But a group that is new to who goes on from somewhere begins where its `added` says, and
        that is to come."""
        self.cursors.epoch = hello.epoch
        if self.cursors.mine is not None and hello.mine_truncated is None:
            return
        self.cursors.mine = base_of_mine(hello)
        for line in hello.groups:
            if line.live and line.after == line.head:
                self.cursors.heads.setdefault(line.group, (line.head, line.at))


def base_of_mine(hello: HelloOk) -> Mark | None:
    """Where a client without a cursor starts in the user's own log."""
    if hello.mine_truncated is not None and hello.mine_truncated < hello.mine:
        return None
    return (hello.mine, hello.mine_at) if hello.mine == 0 or hello.mine_at else None
