"""What has been received, and whether it is dense: the rules by which a client can prove that it missed nothing.

Every `entries` event says behind which entry it goes on. What begins further back overlaps and is cut; what begins
further on leaves a gap, and the group is opened again from the client's own cursor. No socket, no clock, no await:
frames go in, events and wishes (`wanted`, `mine_gap`) come out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chatd_client.cursors import Cursors, Mark, base_of_mine
from chatd_client.events import EntriesEvent, Event, Expired, MineEvent, Opened, Reset, Truncated
from chatd_protocol.codec import Malformed
from chatd_protocol.groups import GroupLine
from chatd_protocol.log import Entries, Entry, Hidden, Mine, UnknownEntry, read_entry
from chatd_protocol.session import HelloOk
from chatd_protocol.signals import Heads
from chatd_protocol.values import HEADS_MAX


@dataclass
class Position:
    """How far one group was received."""

    received: int | None = None
    """The last entry handed on; None until the server says where its entries begin."""
    mark: Mark | None = None
    """The newest one up to there whose time is known: what a resume names."""
    based: bool = False
    """It begins at the head that the server named, not where this client was."""
    opened: bool = False
    """The caller asked for this group, so it is opened again on every connection."""
    flowing: bool = False
    """This connection has said that the group's entries come by themselves."""
    mending: bool = False
    """It is being opened again: until the answer, what does not fit is dropped."""
    stuck_at: int | None = None
    """`received` when the last `heads` named the group."""


class Feed:
    """The positions in the logs of all groups that come to this client, and in the user's own log."""

    def __init__(self, cursors: Cursors) -> None:
        self.epoch = cursors.epoch
        self.mine = cursors.mine[0] if cursors.mine else None
        self._mine_mark: Mark | None = cursors.mine
        self.mine_gap = False
        """The user's own log has a hole, which only a new `session.hello` can mend."""
        self.positions = {group: Position(mark[0], mark) for group, mark in cursors.heads.items()}
        self.wanted: set[str] = set()
        """Groups to open from where they were received."""

    # --- sessions

    def resume(self) -> Cursors:
        """What to say in `session.hello`."""
        marks = {group: at.mark for group, at in self.positions.items() if at.mark is not None}
        newest = sorted(marks, key=lambda group: marks[group][1])[-HEADS_MAX:]
        return Cursors(self.epoch, self._mine_mark, {group: marks[group] for group in newest})

    def greet(self, hello: HelloOk) -> tuple[list[Event], int]:
        """A session is open. Returns what the handler must know first, and how many entries are on their way."""
        events: list[Event] = [Reset(None)] if hello.reset else []
        if hello.reset:
            self.positions = {group: Position(opened=True) for group, at in self.positions.items() if at.opened}
            self.mine = self._mine_mark = None
        self.epoch = hello.epoch
        events += self._greet_mine(hello)
        self.wanted.clear()
        for position in self.positions.values():
            position.flowing = position.mending = False
            position.stuck_at = None
        known = ((line, self._received(line.group)) for line in hello.groups)
        missed = sum(max(0, line.head - max(at, line.truncated or 0)) for line, at in known if at is not None)
        for line in hello.groups:
            events += self._place(line, line.live)
        told = {line.group for line in hello.groups}
        for group, position in self.positions.items():
            unsure = position.opened or (hello.more is not None and group not in told)
            if unsure and not position.flowing:
                self._want(group)
        return events, missed

    def _greet_mine(self, hello: HelloOk) -> list[Event]:
        self.mine_gap = False
        known = self.mine
        if hello.mine_truncated is not None:
            self.mine = hello.mine_truncated
        elif known is None or self._mine_mark is None:
            self.mine = hello.mine
        if self.mine != known:
            self._mine_mark = base_of_mine(hello) if self.mine == hello.mine else None
        lost = known is not None and self.mine is not None and self.mine > known
        return [Truncated(None, self.mine or 0)] if lost else []

    def opened(self, line: GroupLine) -> list[Event]:
        """`group.open` was answered. Returns what the handler must know."""
        position = self.positions.setdefault(line.group, Position())
        position.mending = False
        self.wanted.discard(line.group)
        before = position.received
        events = self._place(line, live=True)
        if position.mending:  # The server goes on further up and did not say why: told, not asked for again and again.
            position.mending = False
            self.wanted.discard(line.group)
            position.received, position.mark = line.after, None
            events.append(Truncated(line.group, line.after or before or 0))
        return [*events, Opened(line)]

    def _place(self, line: GroupLine, live: bool) -> list[Event]:
        """Take in what the server says of a group: where its entries go on, or that what came before is void."""
        position = self.positions.get(line.group)
        if position is None:
            if not live:
                return []
            position = self.positions[line.group] = Position()
        events: list[Event] = []
        if line.reset:
            position.received = position.mark = None
            events.append(Reset(line.group))
        if line.truncated is not None and line.truncated > (position.received or 0):
            position.received, position.mark = line.truncated, None
            events.append(Truncated(line.group, line.truncated))
        position.flowing = live
        if position.received is None:
            self._begin(position, line)
        elif line.head > position.received and not (live and (line.after or 0) <= position.received):
            self._want(line.group)
        return events

    @staticmethod
    def _begin(position: Position, line: GroupLine) -> None:
        position.received = line.after
        position.based = True
        if line.after == line.head:
            position.mark = (line.head, line.at)

    # --- what comes

    def take_entries(self, raw: Entries) -> EntriesEvent | None:
        """What is new in an `entries` event, or None: nothing is, or it does not follow on what was received.

        Raises `msgspec.ValidationError` if a known kind of entry has a field of the wrong type, and `Malformed` if
        there is a hole in the event itself.
        """
        position = self.positions.setdefault(raw.group, Position())
        if position.received is None:
            position.received = raw.after
        if raw.after > position.received:
            self._want(raw.group)
            return None
        received = position.received
        all_entries = tuple(read_entry(one) for one in raw.entries)
        check_dense(raw.after, all_entries)
        entries = tuple(entry for entry in all_entries if last_pos(entry) > received)
        if not entries:
            return None
        return EntriesEvent(raw.group, received, raw.as_of, entries, mark_of(entries))

    def cut_entries(self, raw: Entries) -> Truncated | Expired | None:
        """What the handler must know before an `entries` event, if older ones are no longer kept. Nothing between two
        answers: a group that is being opened again is told by its line."""
        floor, position = raw.truncated, self.positions.get(raw.group)
        if floor is None or position is None or position.received is None or position.mending:
            return None
        if raw.after > position.received:
            return None  # something is missing before it: the line of the group will say the same
        if floor <= position.received:
            return Expired(raw.group, floor)
        position.received, position.mark = floor, None
        return Truncated(raw.group, floor)

    def accept_entries(self, event: EntriesEvent) -> None:
        """The event is in the inbox."""
        position = self.positions[event.group]
        position.received = last_pos(event.entries[-1])
        position.mark = event.mark or position.mark
        position.flowing = True

    def refuse_entries(self, event: EntriesEvent) -> bool:
        """The inbox was full: the group stays behind until `catch_up`. True if it was not behind already."""
        position = self.positions[event.group]
        first, position.mending = not position.mending, True
        return first

    def catch_up(self) -> None:
        """There is room again: what was refused is wanted."""
        for group, position in self.positions.items():
            if position.mending:
                self.wanted.add(group)

    def take_mine(self, raw: Mine) -> MineEvent | None:
        """What is new of the user's own log; None if nothing is, or if something is missing (`mine_gap`).

        Entries that the server says it keeps no longer (`truncated`) are not missing: `mine_cut` tells.
        """
        received = max(self.mine or 0, raw.truncated or 0)
        if raw.after > received:
            self.mine_gap = True
        entries = tuple(entry for entry in raw.entries if entry.upos > received)
        if self.mine_gap or not entries:
            return None
        return MineEvent(received, entries)

    def mine_cut(self, raw: Mine) -> Truncated | None:
        """What the handler must know before the event, if the user's own log was cut above what was received."""
        if raw.truncated is None or raw.truncated <= (self.mine or 0):
            return None
        return Truncated(None, raw.truncated)

    def accept_mine(self, event: MineEvent) -> None:
        """The event is in the inbox."""
        self.mine, self._mine_mark = event.entries[-1].upos, (event.entries[-1].upos, event.entries[-1].at)
        for entry in event.entries:
            if entry.group is None:
                continue
            if entry.kind == "added":
                self._begin_period(entry.group, entry.pos or 1)
            elif entry.kind == "removed":
                self._end_period(entry.group, entry.pos or 0)

    def _begin_period(self, group: str, pos: int) -> None:
        """In a group from `pos` on: so its entries are wanted from there, also those from before this session,
        where the server, knowing no cursor, begins at the head."""
        position = self.positions.setdefault(group, Position())
        start = pos - 1
        if position.received is None or position.received < start:
            position.received, position.mark = start, None
        elif position.based and position.received > start:
            position.received, position.mark = start, None
            self._want(group)
        position.based = False
        if position.opened and not position.flowing:
            self._want(group)

    def _end_period(self, group: str, pos: int) -> None:
        position = self.positions.get(group)
        if position is None or (position.received or 0) > pos:
            return
        if position.opened:
            position.received = position.mark = None
        else:
            self.forget(group)

    def take_heads(self, heads: Heads) -> None:
        """Groups that moved. One that is followed and does not get on by itself is opened again."""
        for group, (head, _) in heads.heads.items():
            position = self.positions.get(group)
            if position is None or position.received is None or head <= position.received:
                continue
            if not position.flowing or position.stuck_at == position.received:
                self._want(group)
            position.stuck_at = position.received

    # --- wishes

    def follow(self, group: str, from_start: bool) -> None:
        """The caller opens a group: from its first visible entry, or from where it was received, or from its head."""
        position = self.positions.setdefault(group, Position())
        position.opened = True
        if from_start:
            position.received, position.mark = 0, None

    def forget(self, group: str) -> None:
        """Follow a group no more."""
        self.positions.pop(group, None)
        self.wanted.discard(group)

    def cursor(self, group: str) -> tuple[int | None, int | None]:
        """`after` and `at` for `group.open`: the newest entry whose time is known. A reader who has seen none names 0,
        which is answered with the floor, and one who never followed the group names nothing."""
        position = self.positions.get(group, Position())
        return position.mark or (None if position.received is None else 0, None)

    def unmarked(self, group: str) -> int | None:
        """Where a group was received up to, if no entry with a time is known there to name in `group.open`."""
        position = self.positions.get(group, Position())
        return position.received if position.mark is None else None

    def set_mark(self, group: str, entries: Iterable[Entry | UnknownEntry]) -> None:
        """Entries that end where the group was received: the newest with a time can be named."""
        position = self.positions.get(group)
        mark = mark_of(tuple(entries))
        if position is not None and position.mark is None and mark is not None and mark[0] <= (position.received or 0):
            position.mark = mark

    def _want(self, group: str) -> None:
        position = self.positions[group]
        if not position.mending:
            position.mending = True
            self.wanted.add(group)

    def _received(self, group: str) -> int | None:
        position = self.positions.get(group)
        return position.received if position else None


def last_pos(entry: Entry | UnknownEntry) -> int:
    """The last number that an entry stands for."""
    return entry.to if isinstance(entry, Hidden) else entry.pos


def check_dense(after: int, entries: tuple[Entry | UnknownEntry, ...]) -> None:
    """Raises `Malformed` unless the entries stand for all the numbers that follow `after`."""
    for entry in entries:
        if entry.pos != after + 1:
            raise Malformed(f"entry {after + 1} is missing")
        after = last_pos(entry)


def mark_of(entries: tuple[Entry | UnknownEntry, ...]) -> Mark | None:
    """Number and time of the last entry that has a time."""
    for entry in reversed(entries):
        if not isinstance(entry, UnknownEntry):
            return (last_pos(entry), entry.at)
    return None
