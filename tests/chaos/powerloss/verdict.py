"""The verdict on a record: every image opened as SQLite would after the power is back, and checked.

Must not know what the rows mean: that is the `Check` of the workload.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.powerloss.entries import Record
from tests.chaos.powerloss.replay import Image, cuts

Check = Callable[[Path, Sequence[str]], list[str]]
"""`check(image, acked)`: what is wrong with the database file `image`, given the lines acknowledged before the cut.

It returns [] when all is well, may open (and so recover) and change the file, and may let sqlite3.DatabaseError pass.
The file need not exist and may be empty: with nothing acknowledged, that is right.
"""

FINDINGS_MAX = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one image."""

    cut: int
    survival: str
    acked: int
    problems: list[str]


@dataclass(slots=True)
class Report:
    """Figures over all images of a record. `lost` and `damaged` count cut points with at least one such image."""

    cuts: int = 0
    images: int = 0
    uncertain_images: int = 0  # of them, those where the fate of some change was open
    lost: set[int] = field(default_factory=set)  # the check found something
    damaged: set[int] = field(default_factory=set)  # not a database, or PRAGMA integrity_check found something
    findings: list[Finding] = field(default_factory=list)  # the first FINDINGS_MAX
    duration_s: float = 0

    @property
    def clean(self) -> bool:
        """Whether no image had anything wrong with it."""
        return not self.lost and not self.damaged

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts, {self.images} images ({self.uncertain_images} with an open fate): "
            f"{len(self.lost)} cuts lost something acknowledged, {len(self.damaged)} left a damaged database, "
            f"{self.duration_s:.1f} s"
        )


def judge(record: Record, database: str, check: Check, directory: Path, *, n: int, seed: int) -> Report:
    """Cut `record` in `n` places and judge every image of the database file named `database`.

    Raises:
        ValueError: the record is too short for `n` cuts, or acknowledges nothing (no check could fail).
    """
    if not record.marks:
        raise ValueError("record: nothing in it was acknowledged")
    began = time.monotonic()
    report = Report(cuts=n)
    for image in cuts(record, n, seed, directory):
        _judge_image(image, image.directory / database, check, report)
    report.duration_s = time.monotonic() - began
    return report


def _judge_image(image: Image, path: Path, check: Check, report: Report) -> None:
    damage = find_damage(path)
    wrong = _checked(check, path, image.acked)
    report.images += 1
    report.uncertain_images += image.uncertain > 0
    if damage:
        report.damaged.add(image.cut)
    if wrong:
        report.lost.add(image.cut)
    if (damage or wrong) and len(report.findings) < FINDINGS_MAX:
        report.findings.append(Finding(image.cut, image.survival, len(image.acked), [*damage, *wrong]))


def find_damage(path: Path) -> list[str]:
    """What SQLite itself finds wrong with the file once it has recovered it; a file that is not there is not wrong."""
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA synchronous=OFF")  # of an image nothing needs to last
            answers = [str(row[0]) for row in db.execute("PRAGMA integrity_check(5)")]
    except sqlite3.DatabaseError as error:
        return [f"SQLite cannot open it: {error}"]
    return [] if answers == ["ok"] else answers


def _checked(check: Check, path: Path, acked: Sequence[str]) -> list[str]:
    try:
        return check(path, acked)
    except sqlite3.DatabaseError as error:
        return [f"the check cannot read it: {error}"]
