"""What a disk may hold after a power loss: cut points, and for each of them images of the files.

At a cut everything synced is there. Of the changes since, anything between none and all may be: the cache of the kernel
and that of the drive write back when and in what order they like, and a write is atomic only per sector. Names
(creation, unlink, rename) that were not synced may be there or not, independently of the files' contents. Beyond the
last durable byte a file may have grown before its data arrived: zeros or noise.

Changes that survive are applied in recorded order, which covers every other order too: of several writes to one sector
the last survivor wins, and every subset is tried. What was synced is never touched; that a write does no harm to its
neighbours in a sector is what SQLite calls powersafe overwrite and assumes by default.

Must not know what is in the files.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tests.chaos.powerloss.disk import Change, Disk, File, Naming, Write, name_all
from tests.chaos.powerloss.entries import Kind, Record

T = TypeVar("T")

SECTOR_BYTES = 512
_CHANCES = (0.1, 0.5, 0.9)  # of surviving: nearly nothing, half, nearly everything
_NOISE_CHANCE = 0.25  # of a lost sector past the durable end to hold noise


class Survival(StrEnum):
    """Which of the changes that were never synced are on disk."""

    NONE = "none"
    ALL = "all"
    PREFIX = "prefix"  # per file the first few, the next one torn
    SUBSET = "subset"  # any of them, whole
    TORN = "torn"  # any sectors of any of them


EXTREMES = (Survival.NONE, Survival.ALL)
MIDDLES = (Survival.PREFIX, Survival.SUBSET, Survival.TORN)


@dataclass(frozen=True)
class Image:
    """The files after a power loss, in `directory` until the next image is asked for.

    `acked` holds the lines marked before the cut, in order; `uncertain` counts the changes whose fate was open.
    """

    cut: int
    survival: Survival
    acked: Sequence[str]
    uncertain: int
    directory: Path


def cuts(record: Record, n: int, seed: int, directory: Path) -> Iterator[Image]:
    """Images of `n` different cut points in order, for each: nothing, everything, and a chance choice of what survives.

    `directory` is emptied and filled anew for every image. The same record and seed give the same images.

    Raises:
        ValueError: the record has fewer than `n` positions to cut at.
        RecordError: the record contradicts itself.
    """
    disk = Disk()
    directory.mkdir(exist_ok=True)
    for cut in choose_cuts(record, n, seed):
        while disk.position < cut:
            disk.apply(record.entries[disk.position])
        rng = random.Random(f"{seed}:{cut}")
        acked = record.acked(cut)
        for survival in (*EXTREMES, rng.choice(MIDDLES)):
            uncertain = _write_image(disk, survival, rng, directory)
            yield Image(cut, survival, acked, uncertain, directory)


def choose_cuts(record: Record, n: int, seed: int) -> list[int]:
    """`n` positions, half of them right after a sync or an acknowledgement, where a broken promise shows best.

    Raises:
        ValueError: the record has fewer than `n` positions.
    """
    positions = range(record.start, len(record.entries) + 1)
    if n > len(positions):
        raise ValueError(f"n: {n} cuts asked of a record with {len(positions)} positions")
    telling = {Kind.MARK, Kind.SYNC_BEGIN, Kind.SYNC_END}
    edges = [p for p in positions if p > record.start and record.entries[p - 1].kind in telling]
    rng = random.Random(seed)
    chosen = set(rng.sample(edges, min(n // 2, len(edges))))
    others = [p for p in positions if p not in chosen]
    return sorted(chosen.union(rng.sample(others, n - len(chosen))))


def _write_image(disk: Disk, survival: Survival, rng: random.Random, directory: Path) -> int:
    for old in directory.iterdir():
        old.unlink()
    namings = [change for _, change in disk.pending_names]
    uncertain = len(namings)
    for name, file in name_all(disk.durable_names, _surviving_names(namings, survival, rng)).items():
        uncertain += len(file.pending)
        (directory / name).write_bytes(render(file, survival, rng))
    return uncertain


def render(file: File, survival: Survival, rng: random.Random) -> bytearray:
    """The bytes of one file after a power loss."""
    content = bytearray(file.durable)
    for change in _surviving_changes([change for _, change in file.pending], len(content), survival, rng):
        change.apply(content)
    return content


def _surviving_names(pending: list[Naming], survival: Survival, rng: random.Random) -> list[Naming]:
    match survival:
        case Survival.NONE:
            return []
        case Survival.ALL:
            return pending
        case Survival.PREFIX:
            return pending[: rng.randint(0, len(pending))]
        case Survival.SUBSET | Survival.TORN:
            return _some(pending, rng)


def _surviving_changes(
    pending: list[Change], durable_end: int, survival: Survival, rng: random.Random
) -> Iterable[Change]:
    match survival:
        case Survival.NONE:
            return []
        case Survival.ALL:
            return pending
        case Survival.PREFIX:
            return _prefix(pending, rng)
        case Survival.SUBSET:
            return _some(pending, rng)
        case Survival.TORN:
            return _torn(pending, durable_end, rng)


def _some(items: list[T], rng: random.Random) -> list[T]:
    chance = rng.choice(_CHANCES)
    return [item for item in items if rng.random() < chance]


def _prefix(pending: list[Change], rng: random.Random) -> Iterator[Change]:
    whole = rng.randint(0, len(pending))
    yield from pending[:whole]
    for change in pending[whole : whole + 1]:
        sectors = list(_sectors(change))
        yield from sectors[: rng.randint(0, len(sectors) - 1)]


def _torn(pending: list[Change], durable_end: int, rng: random.Random) -> Iterator[Change]:
    chance = rng.choice(_CHANCES)
    for sector in (sector for change in pending for sector in _sectors(change)):
        if rng.random() < chance:
            yield sector
        elif isinstance(sector, Write) and sector.offset >= durable_end and rng.random() < _NOISE_CHANCE:
            yield Write(sector.offset, rng.choice((bytes, rng.randbytes))(len(sector.data)))


def _sectors(change: Change) -> Iterator[Change]:
    """A write in the pieces that reach the disk each as a whole; a truncation is one piece."""
    if not isinstance(change, Write):
        yield change
        return
    done, end = change.offset, change.offset + len(change.data)
    while done < end:
        stop = min(end, (done // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield Write(done, change.data[done - change.offset : stop - change.offset])
        done = stop
