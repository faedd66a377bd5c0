"""The workloads that are put to the test; the tests and the command line take them from `WORKLOADS`.

A workload process, whatever it runs,

1. keeps its database in the directory it is given and nowhere else (files directly in it, no subdirectories; what is
   there already, a migrated empty database say, counts as being on disk when the recording starts);
2. acknowledges with `Marks().ack(line)` of marks.py, once per acknowledgement, where it would leave the process: after
   the COMMIT it stands on has returned. Without Python: append the line to the file named by POWERLOSS_MARKS, with its
   newline, in one write(2). What the lines say is between the workload and its check: "group 7 seq 12 cid abc" or, when
   one number says it all, "message 41";
3. ends by itself with status 0 and leaves no child behind. Any number of threads and processes may write meanwhile: the
   environment carries the recorder into children;
4. takes PRAGMA synchronous as a parameter, for NORMAL and OFF must be seen to fail;
5. commits enough that SQLite checkpoints several times: `wal_autocheckpoint` pages into the WAL, 1000 by default, and
   at least as many entries as cuts are asked for.

Its check gets the database file and the lines acknowledged before the cut (all of them, in order) and returns what is
wrong; see `verdict.Check`. It should look for each line's rows and for transactions that are there in part.

Every test of a promise and the command line take a workload from `WORKLOADS`.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.powerloss import engine, standin
from tests.chaos.powerloss.entries import Record
from tests.chaos.powerloss.recorder import record
from tests.chaos.powerloss.verdict import Check

_REPOSITORY = Path(__file__).parents[3]
_STANDIN_BATCHES = 300


def _prepare_nothing(_directory: Path) -> None:
    pass


@dataclass(frozen=True)
class Workload:
    """A process to record (`argv`, run in the directory of the database) and how to judge what it leaves.

    `prepare(directory)` runs before the recording, `database` is the file name in the directory, `env` is added to the
    environment.
    """

    argv: Sequence[str]
    database: str
    check: Check
    env: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] = _prepare_nothing


def standin_workload(synchronous: str, ack: str = "after") -> Workload:
    """Plain sqlite3; `ack="before"` plants an acknowledgement before its COMMIT."""
    module = "tests.chaos.powerloss.standin"
    argv = [sys.executable, "-m", module, "standin.db", synchronous, str(_STANDIN_BATCHES), ack]
    return Workload(argv, "standin.db", standin.check)


def engine_workload(synchronous: str) -> Workload:
    """The commit engine of chatd, on a database that was migrated and put on disk before."""
    argv = [sys.executable, "-m", "tests.chaos.powerloss.engine", "chat.db", synchronous]
    return Workload(argv, "chat.db", engine.check, prepare=engine.migrate)


WORKLOADS: dict[str, Callable[[str], Workload]] = {"standin": standin_workload, "engine": engine_workload}


def record_workload(workload: Workload, work: Path) -> Record:
    """Record `workload` with its files in `work`/files and the record in `work`/record.

    Raises:
        RecordError: as `recorder.record` does.
    """
    files = work / "files"
    files.mkdir(parents=True)
    workload.prepare(files)
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(_REPOSITORY), inherited] if inherited else [str(_REPOSITORY)])
    return record(workload.argv, {"PYTHONPATH": path, **workload.env}, files, work / "record")
