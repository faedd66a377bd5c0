"""The ledger as a file kept beside the backups: a JSON object a line, ids only, each line synced before it counts.

It is only ever added to. A line that a crash cut short is taken off when the file is opened again; a line that stands
there twice does no harm. `n` is the row's number in the database, by which whoever adds to it goes on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from chatd.backup.trouble import Trouble

LINE_MAX: Final = 1000
_PART_BYTES: Final = 1 << 20
_Id = Annotated[str, Meta(max_length=64)]
_Number = Annotated[int, Meta(ge=0, lt=2**53)]


class Line(msgspec.Struct):
    """A row of the ledger, see `chatd.core.values.Redacted`."""

    n: Annotated[int, Meta(ge=1, lt=2**53)]
    at: _Number
    kind: Literal["recall", "erase", "gone", "floor"]
    group: _Id
    pos: _Number
    user: _Id
    made_at: _Number


_decoder = msgspec.json.Decoder(Line)


class LedgerFile:
    """One file. Its methods block, and raise OSError and `Trouble`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> Line | None:
        """The newest line, None if there is none yet. Makes the file, and takes off what a crash left of a line."""
        opened = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(opened).st_size
            tail = os.pread(opened, 2 * LINE_MAX, max(0, size - 2 * LINE_MAX))
            whole = tail.rfind(b"\n") + 1
            if whole < len(tail):
                os.ftruncate(opened, size - (len(tail) - whole))
                os.fsync(opened)
            lines = tail[:whole].split(b"\n")[:-1]
        finally:
            os.close(opened)
        if not lines:
            if size > LINE_MAX:
                raise Trouble("ledger", file=self.path, line=1 + self._ends())
            return None
        try:
            return self._decode(lines[-1], 0)
        except Trouble:
            raise Trouble("ledger", file=self.path, line=self._ends()) from None

    def check(self) -> None:
        """Makes nothing. Raises OSError or `Trouble` if the file cannot be kept: better said at the start than found
        out too late."""
        folder = self.path.parent
        if not folder.is_dir():
            raise Trouble("ledger_folder", folder=folder)
        if self.path.exists():
            self.last()
        elif not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def _ends(self) -> int:
        """How many lines have an end."""
        with self.path.open("rb") as file:
            return sum(part.count(b"\n") for part in iter(lambda: file.read(_PART_BYTES), b""))

    def add(self, lines: Sequence[Line]) -> None:
        """Add lines behind the last one, and wait until they are on the disk."""
        new = not self.path.exists()
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        opened = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while data:
                data = data[os.write(opened, data) :]
            os.fsync(opened)
        finally:
            os.close(opened)
        if new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def lines(self) -> Iterator[Line]:
        """All whole lines; one that was cut short at the very end is left out."""
        with self.path.open("rb") as file:
            number = 0
            while raw := file.readline(LINE_MAX + 1):
                number += 1
                if not raw.endswith(b"\n"):
                    if len(raw) > LINE_MAX:
                        raise Trouble("ledger", file=self.path, line=number)
                    return
                yield self._decode(raw, number)

    def is_cut_short(self) -> bool:
        """Whether the last line has no end, as where a copy of the file broke off."""
        with self.path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    def _decode(self, raw: bytes, number: int) -> Line:
        try:
            return _decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Trouble("ledger", file=self.path, line=number) from error
