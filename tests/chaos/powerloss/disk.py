"""A disk and the changes it has been told of but need not hold yet.

Each file, and the directory (one, flat), has a durable state and a list of pending changes. A sync that succeeded makes
durable what had been changed before it *began*; nothing else does. In particular a synced file is not there after a
power loss unless its name was synced too, through its directory (POSIX fsync; SQLite relies on no more than that).
fdatasync counts as fsync: it too must bring the size of the file to disk.

Must not know which pending changes survive: that is for replay.py to choose.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.powerloss.entries import Entry, Kind, RecordError


@dataclass(frozen=True, slots=True)
class Write:
    """`data` at `offset` (bytes); a gap before it reads as zeros."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        """Make the change in `content`."""
        gap = self.offset - len(content)
        if gap > 0:
            content.extend(bytes(gap))
        content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file is `size` bytes long from here on."""

    size: int

    def apply(self, content: bytearray) -> None:
        """Make the change in `content`."""
        del content[self.size :]
        content.extend(bytes(self.size - len(content)))


Change = Write | Truncate


@dataclass(eq=False, slots=True)
class File:
    """An inode: what is surely on disk, and the changes since, each with the position of its entry."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Change]] = field(default_factory=list)
    flushes: int = 0  # syncs that had something to make durable

    def settle(self, before: int) -> None:
        """Make durable what was changed before position `before`."""
        ripe = [change for position, change in self.pending if position < before]
        self.pending = self.pending[len(ripe) :]
        self.flushes += bool(ripe)
        for change in ripe:
            change.apply(self.durable)

    def content(self) -> bytes:
        """The file as processes see it."""
        content = bytearray(self.durable)
        for _, change in self.pending:
            change.apply(content)
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Naming:
    """A change of the directory: `removed` no longer names anything, `added` names `file`. Both: a rename, atomic."""

    removed: str | None = None
    added: str | None = None
    file: File | None = None

    def apply(self, names: dict[str, File]) -> None:
        """Make the change in `names`."""
        if self.removed is not None:
            names.pop(self.removed, None)
        if self.added is not None and self.file is not None:
            names[self.added] = self.file


def name_all(names: dict[str, File], changes: Iterable[Naming]) -> dict[str, File]:
    """The names after `changes`, which are left out of `names` itself."""
    after = dict(names)
    for change in changes:
        change.apply(after)
    return after


class Disk:
    """The state after a prefix of a record; `apply` moves it one entry on.

    `apply` raises RecordError for an entry that does not fit the ones before it.
    """

    def __init__(self) -> None:
        self.position = 0
        self.names: dict[str, File] = {}  # as processes see them
        self.durable_names: dict[str, File] = {}
        self.pending_names: list[tuple[int, Naming]] = []
        self._directory_inode: int | None = None
        self._files: dict[int, File] = {}  # by inode number, which a file system gives again after an unlink
        self._syncs: dict[int, tuple[File | None, int]] = {}  # running: what (None: the directory), since when

    def apply(self, entry: Entry) -> None:
        """Take the next entry of the record."""
        match entry.kind:
            case Kind.CREATE:
                self._create(_name(entry.data), entry.inode)
            case Kind.WRITE:
                self._file(entry).pending.append((self.position, Write(entry.at, entry.data)))
            case Kind.TRUNCATE:
                self._file(entry).pending.append((self.position, Truncate(entry.at)))
            case Kind.SYNC_BEGIN:
                target = None if entry.inode == self._directory_inode else self._file(entry)
                self._syncs[entry.at] = (target, self.position)
            case Kind.SYNC_END:
                self._end_sync(entry.at)
            case Kind.UNLINK:
                self._rename_or_unlink(_name(entry.data), None)
            case Kind.RENAME:
                old, _, new = entry.data.partition(b"\0")
                self._rename_or_unlink(_name(old), _name(new))
            case Kind.BASE:
                self._settle_base(entry.inode)
            case Kind.MARK:
                pass
        self.position += 1

    def _file(self, entry: Entry) -> File:
        if entry.inode not in self._files:
            raise RecordError(f"entry {self.position}: {entry.kind.name} on a file whose creation was not recorded")
        return self._files[entry.inode]

    def _create(self, name: str, inode: int) -> None:
        # Two processes that open one new file at once may both believe to have created it.
        if name in self.names and self.names[name] is self._files.get(inode):
            return
        self._files[inode] = File()
        self._change_names(Naming(added=name, file=self._files[inode]))

    def _rename_or_unlink(self, old: str, new: str | None) -> None:
        if old not in self.names:
            raise RecordError(f"entry {self.position}: {old!r} was removed, but its creation was not recorded")
        self._change_names(Naming(removed=old, added=new, file=self.names[old]))

    def _change_names(self, change: Naming) -> None:
        change.apply(self.names)
        self.pending_names.append((self.position, change))

    def _end_sync(self, token: int) -> None:
        if token not in self._syncs:
            raise RecordError(f"entry {self.position}: the end of a sync that never began")
        target, began = self._syncs.pop(token)
        if target is None:
            self._settle_names(began)
        else:
            target.settle(began)

    def _settle_names(self, before: int) -> None:
        ripe = [change for position, change in self.pending_names if position < before]
        self.pending_names = self.pending_names[len(ripe) :]
        self.durable_names = name_all(self.durable_names, ripe)

    def _settle_base(self, directory_inode: int) -> None:
        self._directory_inode = directory_inode
        self._settle_names(self.position)
        for file in self._files.values():
            file.settle(self.position)
            file.flushes = 0


def _name(raw: bytes) -> str:
    name = raw.decode()
    if not name or "/" in name:
        raise RecordError(f"only files directly in the recorded directory are modelled, not {name!r}")
    return name


def replay_whole(entries: Iterable[Entry]) -> Disk:
    """The disk after all of `entries`."""
    disk = Disk()
    for entry in entries:
        disk.apply(entry)
    return disk
