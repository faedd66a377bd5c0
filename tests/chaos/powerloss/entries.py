"""The record as data: the entries that shim.c appends, read back.

Must not know what an entry does to a disk (disk.py) nor how a record comes about (recorder.py).
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from operator import itemgetter
from pathlib import Path

_HEAD = struct.Struct("=IIQQ")  # struct entry in shim.c: kind, length, inode, at


class Kind(IntEnum):
    """The kinds of entries; the numbers are shared with shim.c (enum kind)."""

    BASE = 1  # what came before was on disk when the recording began; inode: that of the directory
    CREATE = 2  # data: name
    WRITE = 3  # at: offset
    TRUNCATE = 4  # at: size
    SYNC_BEGIN = 5  # at: token, which the SYNC_END of the same call repeats
    SYNC_END = 6
    UNLINK = 7  # data: name
    RENAME = 8  # data: old name, NUL, new name
    MARK = 9  # data: whole lines, one acknowledgement each


_KINDS = frozenset(Kind)


class RecordError(Exception):
    """The record cannot be trusted: damaged, incomplete, or of something the model does not cover."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded act. `inode` names the file (or directory) it was done to, where it was done to one."""

    kind: Kind
    inode: int = 0
    at: int = 0
    data: bytes = b""

    def pack(self) -> bytes:
        """The entry as the bytes of the record file."""
        return _HEAD.pack(self.kind, len(self.data), self.inode, self.at) + self.data


@dataclass(frozen=True)
class Record:
    """A whole recording. Positions count entries: a cut at position p is a power loss after `entries[:p]`."""

    entries: tuple[Entry, ...]

    @cached_property
    def start(self) -> int:
        """The first position that belongs to the workload, after the base."""
        bases = [i for i, entry in enumerate(self.entries) if entry.kind is Kind.BASE]
        if len(bases) != 1:
            raise RecordError(f"a record has one BASE entry, this one has {len(bases)}")
        return bases[0] + 1

    @cached_property
    def marks(self) -> tuple[tuple[int, str], ...]:
        """Every acknowledgement with the first position at which it had been given."""
        return tuple((i + 1, line) for i, entry in enumerate(self.entries) for line in _lines_of(entry))

    def acked(self, position: int) -> list[str]:
        """The acknowledgements given before a cut at `position`, in order."""
        return [line for _, line in self.marks[: bisect_right(self.marks, position, key=itemgetter(0))]]


def _lines_of(entry: Entry) -> list[str]:
    if entry.kind is not Kind.MARK:
        return []
    if not entry.data.endswith(b"\n"):
        raise RecordError(f"a mark is whole lines in one write, this one is cut off: {entry.data[:80]!r}")
    return entry.data.decode().splitlines()


def load_record(path: Path) -> Record:
    """Read a record file.

    Raises:
        RecordError: an entry is cut short or of unknown kind.
    """
    return Record(tuple(_entries_in(path.read_bytes())))


def _entries_in(raw: bytes) -> Iterator[Entry]:
    offset = 0
    while offset < len(raw):
        body = offset + _HEAD.size
        if body > len(raw):
            raise RecordError(f"the record ends inside an entry, at byte {offset}")
        number, length, inode, at = _HEAD.unpack_from(raw, offset)
        offset = body + length
        if offset > len(raw) or number not in _KINDS:
            raise RecordError(f"no whole entry at byte {body - _HEAD.size}: kind {number}, {length} bytes")
        yield Entry(Kind(number), inode, at, raw[body:offset])
