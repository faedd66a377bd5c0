"""Making backups and bringing them back, in this process or in one that is killed in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from chatd.backup.making import Limits, Made, Progress, make_backup
from chatd.backup.placing import Restored, Target, restore
from chatd.backup.restoring import Asked
from chatd.core.limits import Bounds
from chatd.store.database import Database, Row, connect, path_of
from chatd.store.verify import verify
from tests.store.kit import START_MS, TABLES

PATIENCE_S: Final = 60
BACKED_UP_MS: Final = START_MS + 5_000
RESTORED_MS: Final = START_MS + 60_000
_BOOKS: Final = {"writers", "commits", "audit"}
"""Where a restore itself is written down."""
TEXTS: Final = "SELECT pos, body FROM entries WHERE group_id = ? AND kind = 'message' AND NOT recalled ORDER BY pos"


def quiet(step: str) -> Progress:
    """Tells nobody how far it is."""
    del step
    return lambda done, of: None


class Desk:
    """A folder for backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "a.backup"

    def back_up(self, url: str, to: Path | None = None, **limits: int) -> Made:
        return make_backup(url, to or self.file, Limits(**limits), BACKED_UP_MS)

    def bring_back(
        self,
        url: str,
        source: Path | None = None,
        *,
        ledger: Path | None = None,
        force: bool = False,
        also: Sequence[str] = (),
        dry_run: bool = False,
    ) -> Restored:
        asked = Asked(source or self.file, ledger, Bounds(), Limits(), RESTORED_MS)
        path = path_of(url)
        search = path.with_suffix(".search.db") if path is not None else None
        return restore(asked, Target(url, force, self.folder, search, also), quiet, dry_run=dry_run)

    def die_making(self, url: str, at: int) -> None:
        """Have another process make the backup; it is killed when it is asked for the free disk for the `at`th time."""
        self._die(
            "from chatd.backup.making import Limits, make_backup\n"
            "asked = 0\n"
            "def free(folder):\n"
            "    global asked\n"
            "    asked += 1\n"
            f"    if asked == {at}: os.kill(os.getpid(), signal.SIGKILL)\n"
            "    return 2**62\n"
            f"make_backup({url!r}, Path({str(self.file)!r}), Limits(), {BACKED_UP_MS}, disk_free=free)\n"
        )

    def die_restoring(self, url: str, step: str) -> None:
        """Have another process bring the backup back; it is killed at the beginning of this step."""
        self._die(
            "from chatd.backup.making import Limits\n"
            "from chatd.backup.placing import Target, restore\n"
            "from chatd.backup.restoring import Asked\n"
            "from chatd.core.limits import Bounds\n"
            "def step(name):\n"
            f"    if name == {step!r}: os.kill(os.getpid(), signal.SIGKILL)\n"
            "    return lambda done, of: None\n"
            f"asked = Asked(Path({str(self.file)!r}), None, Bounds(), Limits(), {RESTORED_MS})\n"
            f"restore(asked, Target({url!r}, True, Path({str(self.folder)!r}), None), step)\n"
        )

    def _die(self, program: str) -> None:
        text = f"import os, signal\nfrom pathlib import Path\n{program}"
        env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        ended = subprocess.run([sys.executable, "-c", text], env=env, check=False, timeout=PATIENCE_S)
        assert ended.returncode == -9, "it was killed"


def rows_of(url: str, *, books: bool = False) -> dict[str, list[Row]]:
    """Every row of every table; of the server's own books only if they are asked for."""
    database = connect(url)
    try:
        return {
            table: sorted(map(_plain, database.run(f'SELECT * FROM "{table}"')[0]), key=repr)
            for table in TABLES
            if books or table not in _BOOKS
        }
    finally:
        database.close()


def _plain(row: Row) -> Row:
    """The same on both databases: SQLite has no truth values."""
    return tuple(int(value) if isinstance(value, bool) else value for value in row)


def ask(url: str, sql: str, *params: Any) -> list[Row]:
    """The rows of one statement."""
    database: Database = connect(url)
    try:
        return database.run(sql, params)[0]
    finally:
        database.close()


def problems_of(url: str) -> list[str]:
    """What `verify` says."""
    database = connect(url)
    try:
        return verify(database).problems
    finally:
        database.close()


def texts_of(url: str, group: str = "tea") -> str:
    """All that is said in a group, and was not taken back."""
    return "".join(body for _, body in ask(url, TEXTS, group))
