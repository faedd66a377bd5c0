"""The newest entries of one group, encoded at most once per wire format, and the frames that are spliced from them.

A ring is written by the publish path only. When an entry is recalled or edited, its bytes and those of every entry that
shows something of it are dropped and made again from the new state: what was taken back is never served from here.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import msgpack

from chatd.core.cards import fill, key_of
from chatd.core.catalogue import Item as CatalogueItem
from chatd.core.kinds import size_of
from chatd.core.values import Entry
from chatd.core.visibility import view
from chatd.hub.frames import frame_header
from chatd.hub.ports import Format
from chatd_protocol.codec import ENCODERS

_pack: Callable[[object], bytes] = msgpack.Packer(autoreset=True).pack
_ITEM_OVERHEAD_BYTES = 1500
"""Roughly what an item costs beside its text, encoded once."""
_BYTES_PER_CODE_POINT = 8
"""Of a Chinese text: two in the string, three in the UTF-8 that it keeps beside, three in the encoding."""


class Item:
    """One entry with the live row of what it refers to, and its bytes once somebody needed them."""

    __slots__ = ("_blind", "_full", "entry", "size_bytes", "target")

    def __init__(self, entry: Entry, target: Entry | None) -> None:
        self.entry = entry
        self.target = target
        self.size_bytes = _ITEM_OVERHEAD_BYTES + _text_bytes(entry)
        """An estimate of what it costs; fixed, so that what is added is what is taken off again."""
        self._full: dict[Format, bytes] = {}
        self._blind: dict[Format, bytes] | None = None

    def encoded(self, fmt: Format, floor: int) -> bytes:
        """The entry for somebody with this floor: whoever cannot see the target gets it without."""
        target = self.entry.target
        if target is None or target > floor:
            memo = self._full
        else:
            if self._blind is None:
                self._blind = {}
            memo = self._blind
        encoded = memo.get(fmt)
        if encoded is None:
            # A copy: what the encoder of JSON returns keeps the room that it was written into, some 4 KB.
            made = ENCODERS[fmt](view(self.entry, self.target, floor))
            encoded = memo[fmt] = bytes(memoryview(made))
        return encoded

    def forget_bytes(self) -> None:
        """What was encoded no longer holds."""
        self._full.clear()
        self._blind = None


class Segment:
    """Neighbouring items behind one cursor, and the frames made of them, one per visibility class and format."""

    __slots__ = ("_frames", "_targets", "after", "as_of", "full", "group", "items", "lowest_target", "upto")

    def __init__(self, group: str, after: int, items: Sequence[Item], as_of: int) -> None:
        self.group = group
        self.after = after
        self.items = items
        self.as_of = as_of
        self.upto = items[-1].entry.pos
        self._targets = sorted({i.entry.target for i in items if i.entry.target is not None})
        self.lowest_target = self._targets[0] if self._targets else sys.maxsize
        self.full: dict[Format, bytes] = {}
        """The frames made so far for those whose floor is below `lowest_target`: nearly everybody."""
        self._frames: dict[tuple[Format, int], bytes] = {}

    def frame(self, fmt: Format, floor: int) -> bytes:
        """The whole WebSocket frame for somebody with this floor. Readers who see the same targets share it."""
        if floor < self.lowest_target:
            made = self.full.get(fmt)
            if made is None:
                made = self.full[fmt] = self._make(fmt, floor)
            return made
        key = (fmt, bisect_right(self._targets, floor))
        made = self._frames.get(key)
        if made is None:
            made = self._frames[key] = self._make(fmt, floor)
        return made

    def _make(self, fmt: Format, floor: int) -> bytes:
        encoded = [item.encoded(fmt, floor) for item in self.items]
        return entries_frame(self.group, self.after, self.as_of, encoded, fmt)


def entries_frame(group: str, after: int, as_of: int, encoded: Sequence[bytes], fmt: Format) -> bytes:
    """The event `entries`, spliced from entries that are encoded already."""
    if fmt == "json":
        head = f'{{"ev":"entries","data":{{"group":"{group}","after":{after},"as_of":{as_of},"entries":['.encode()
        payload = head + b",".join(encoded) + b"]}}"
    else:
        count = len(encoded)
        size = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
        head = b"\x82\xa2ev\xa7entries\xa4data\x84\xa5group" + _pack(group) + b"\xa5after" + _pack(after)
        payload = b"".join((head, b"\xa5as_of", _pack(as_of), b"\xa7entries", size, *encoded))
    return frame_header(len(payload), fmt) + payload


class Ring:
    """The newest items, bounded in bytes and, but for those still to be handed out, in number; dense: a position is an
    index."""

    __slots__ = ("_bytes", "_bytes_max", "_items", "_items_max", "_showing")

    def __init__(self, items_max: int, bytes_max: int) -> None:
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._items: deque[Item] = deque()
        self._showing: dict[int, list[Item]] = {}
        """By target: the items that show something of it."""
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def share(self, newest: int) -> float:
        """How much of its room so many of the newest take; more than 1 while they are kept beyond their number."""
        if not self._items:
            return 0.0
        return newest * max(1 / self._items_max, self._bytes / len(self._items) / self._bytes_max)

    @property
    def first(self) -> int | None:
        """The oldest position that is here."""
        return self._items[0].entry.pos if self._items else None

    def push(self, item: Item, needed_after: int | None = None) -> None:
        """Add the next item; the oldest go when there is no room. What lies behind `needed_after` goes only for want of
        bytes: fan-out has not got to it yet."""
        if needed_after is None:
            needed_after = item.entry.pos
        self._items.append(item)
        self._bytes += item.size_bytes
        if item.entry.target is not None:
            self._showing.setdefault(item.entry.target, []).append(item)
        while self._has_too_much(needed_after):
            self._drop_oldest()

    def clear(self) -> None:
        """Forget everything: what comes next does not join on."""
        self._items.clear()
        self._showing.clear()
        self._bytes = 0

    def cut(self, floor: int, gone: Iterable[int]) -> None:
        """What lies at or below `floor` is no longer read from here; what shows some of `gone` does so no more."""
        while self._items and self._items[0].entry.pos <= floor:
            self._drop_oldest()
        if not self._showing:
            return
        for pos in gone:
            for item in self._showing.get(pos, ()):
                item.target = None
                item.forget_bytes()

    def refresh(self, target: Entry) -> None:
        """An entry has a new state: everything that shows it is encoded anew from there."""
        first = self.first
        if first is None:
            return
        if first <= target.pos < first + len(self._items):
            item = self._items[target.pos - first]
            item.entry = target
            item.forget_bytes()
        for item in self._showing.get(target.pos, ()):
            item.target = target
            item.forget_bytes()

    def refresh_card(self, item: CatalogueItem) -> None:
        """An item of the catalogue has a new state: everything that shows it is encoded anew from there."""
        for one in self._items:
            for entry in (one.entry, one.target):
                if entry is not None and key_of(entry) == item.key:
                    fill(entry, item)
                    one.forget_bytes()

    def behind(self, after: int, most: int) -> list[Item] | None:
        """Up to `most` items after a cursor; None if the ring does not reach back that far."""
        first = self.first
        if first is None or after < first - 1:
            return None
        start = after - first + 1
        behind = len(self._items) - start
        if behind > start:
            return list(islice(self._items, start, start + most))
        # From the end, which is near: nearly everybody wants the newest, and a deque is walked from one of its ends.
        taken = list(islice(reversed(self._items), max(0, behind - most), max(0, behind)))
        taken.reverse()
        return taken

    def _has_too_much(self, needed_after: int) -> bool:
        count = len(self._items)
        if count > self._items_max and self._items[0].entry.pos <= needed_after:
            return True
        return self._bytes > self._bytes_max and count > 1

    def _drop_oldest(self) -> None:
        item = self._items.popleft()
        self._bytes -= item.size_bytes
        target = item.entry.target
        if target is not None:
            showing = self._showing[target]
            showing.remove(item)
            if not showing:
                del self._showing[target]


def _text_bytes(entry: Entry) -> int:
    """About what an entry's text takes, as it is and encoded."""
    if entry.kind == "message" and not entry.recalled:
        return _BYTES_PER_CODE_POINT * size_of(entry.body["type"], entry.body["body"])
    return 60 * len(entry.body.get("joined", ())) + 60 * len(entry.body.get("left", ()))
