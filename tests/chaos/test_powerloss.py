"""Acknowledged is durable, at a cut of the power too: the short form, and the proof that the tool sees what it must.

The long form is `python -m tests.chaos.powerloss`.
"""

import os
import random
import select
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.powerloss import Record, Report, cuts, judge, load_record, record, unsupported_reason
from tests.chaos.powerloss.disk import Disk, File, Truncate, Write, replay_whole
from tests.chaos.powerloss.entries import Entry, Kind, RecordError
from tests.chaos.powerloss.postgres import unsafe_settings
from tests.chaos.powerloss.recorder import compile_library
from tests.chaos.powerloss.replay import SECTOR_BYTES, Survival, choose_cuts, render
from tests.chaos.powerloss.workloads import WORKLOADS, Workload, record_workload, standin_workload

CUTS = 100
CUTS_OF_A_FAULT = 40
FLUSHES_MIN = 4  # of the database file: making it and opening it again take two, a checkpoint takes one
SEED = 7
DIRECTORY_INODE = 1

every_workload = pytest.mark.parametrize("workload_of", WORKLOADS.values(), ids=WORKLOADS.keys())


@pytest.fixture(scope="session")
def recording() -> None:
    """Skips where nothing can be recorded, with the reason."""
    if reason := unsupported_reason():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def honest(recording: None, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The stand-in with FULL."""
    return record_workload(standin_workload("FULL"), tmp_path_factory.mktemp("honest"))


def judge_workload(workload: Workload, work: Path, n: int) -> Report:
    made = record_workload(workload, work)
    return judge(made, workload.database, workload.check, work / "image", n=n, seed=SEED)


# ---- the promise


@every_workload
def test_full_keeps_everything_acknowledged_at_every_cut(
    workload_of: Callable[[str], Workload], recording: None, tmp_path: Path
) -> None:
    workload = workload_of("FULL")
    made = record_workload(workload, tmp_path)
    # At the last acknowledgement, for the checkpoint of a regular close proves nothing.
    busy = replay_whole(made.entries[: made.marks[-1][0]])
    assert busy.names[workload.database].flushes >= FLUSHES_MIN, "too few checkpoints in the record to say anything"
    report = judge(made, workload.database, workload.check, tmp_path / "image", n=CUTS, seed=SEED)
    assert report.clean, report.findings
    assert report.uncertain_images >= CUTS / 2, "in nearly all images nothing was open"


@every_workload
def test_normal_is_caught_losing_what_was_acknowledged(
    workload_of: Callable[[str], Workload], recording: None, tmp_path: Path
) -> None:
    report = judge_workload(workload_of("NORMAL"), tmp_path, CUTS_OF_A_FAULT)
    assert report.lost
    assert not report.damaged, "NORMAL in WAL mode forgets, but never breaks the file"


@every_workload
def test_off_is_caught_breaking_the_file_as_well(
    workload_of: Callable[[str], Workload], recording: None, tmp_path: Path
) -> None:
    report = judge_workload(workload_of("OFF"), tmp_path, CUTS_OF_A_FAULT)
    assert len(report.lost) > CUTS_OF_A_FAULT / 2
    assert report.damaged


def test_postgresql_runs_with_the_settings_that_hold(postgres_url: str) -> None:
    assert unsafe_settings(postgres_url) == {}


@pytest.mark.relaxed_durability
def test_a_postgresql_that_may_lose_commits_is_noticed(postgres_url: str) -> None:
    """All three are off in this server; the writer puts right the one that is its own."""
    assert unsafe_settings(postgres_url) == {"fsync": "off", "full_page_writes": "off"}


# ---- the tool: faults planted in an honest run


def test_an_acknowledgement_before_its_commit_is_caught(recording: None, tmp_path: Path) -> None:
    assert judge_workload(standin_workload("FULL", ack="before"), tmp_path, CUTS_OF_A_FAULT).lost


@pytest.mark.parametrize("liar", ["standin.db", "standin.db-wal", ""])
def test_a_disk_that_only_claims_to_sync_is_caught(liar: str, honest: Record, tmp_path: Path) -> None:
    """For each sync that SQLite relies on: of the database, of the WAL and of the directory."""
    kept = without_syncs_of(liar, honest)
    assert len(kept.entries) < len(honest.entries)
    workload = standin_workload("FULL")
    report = judge(kept, workload.database, workload.check, tmp_path / "image", n=CUTS_OF_A_FAULT, seed=SEED)
    assert not report.clean


def without_syncs_of(name: str, made: Record) -> Record:
    """The record as if every sync of the file (or, unnamed, the directory) had done nothing."""
    disk, kept = Disk(), []
    directory = made.entries[made.start - 1].inode
    inodes = {directory} if not name else set()
    for entry in made.entries:
        disk.apply(entry)
        if entry.kind is Kind.CREATE:
            (inodes.add if entry.data.decode() == name else inodes.discard)(entry.inode)
        if not (entry.kind in {Kind.SYNC_BEGIN, Kind.SYNC_END} and entry.inode in inodes):
            kept.append(entry)
    return Record(tuple(kept))


def test_the_same_record_and_seed_give_the_same_images(honest: Record, tmp_path: Path) -> None:
    def contents(seed: int) -> list[dict[str, bytes]]:
        images = cuts(honest, 10, seed, tmp_path / "image")
        return [{path.name: path.read_bytes() for path in image.directory.iterdir()} for image in images]

    assert contents(1) == contents(1)
    assert contents(1) != contents(2)


def test_more_cuts_than_positions_are_refused() -> None:
    made = Record((Entry(Kind.BASE, DIRECTORY_INODE), Entry(Kind.MARK, data=b"1\n")))
    assert choose_cuts(made, 2, SEED) == [1, 2]
    with pytest.raises(ValueError, match="3 cuts"):
        choose_cuts(made, 3, SEED)


def test_acknowledged_is_what_was_marked_before_the_cut_and_nothing_later() -> None:
    one, two = Entry(Kind.MARK, data=b"1\n"), Entry(Kind.MARK, data=b"2\n3\n")
    made = Record((Entry(Kind.BASE, DIRECTORY_INODE), one, *sync(DIRECTORY_INODE), two))
    assert [made.acked(cut) for cut in range(1, 6)] == [[], ["1"], ["1"], ["1"], ["1", "2", "3"]]


# ---- the recorder


def run_script(script: str, work: Path, env: Mapping[str, str] | None = None, timeout_s: float = 60) -> Record:
    files = work / "files"
    files.mkdir()
    (files / "old").write_bytes(b"old")
    argv = [sys.executable, "-c", script]
    return record(argv, env or {}, files, work / "record", timeout_s=timeout_s, limit_bytes=50_000)


def test_every_way_to_change_a_file_is_recorded(recording: None, tmp_path: Path) -> None:
    """`record` itself compares the record with the files; here are the calls that SQLite does not make."""
    script = """
import os
fd = os.open("new", os.O_CREAT | os.O_RDWR)
os.write(fd, b"abc"); os.write(fd, b"def"); os.pwrite(fd, b"X", 1); os.fsync(fd); os.ftruncate(fd, 5)
here = os.open(".", os.O_RDONLY)
os.rename("new", "renamed"); os.pwrite(fd, b"Y", 2)
os.close(os.open("second", os.O_CREAT | os.O_RDWR, dir_fd=here))
os.rename("second", "third", src_dir_fd=here, dst_dir_fd=here)
os.close(os.open("old", os.O_TRUNC | os.O_WRONLY))
os.unlink("third"); os.fsync(here)
pid = os.fork()
if pid == 0:
    os.pwrite(fd, b"Z", 0); os._exit(0)
os.waitpid(pid, 0)
"""
    made = run_script(script, tmp_path)
    disk = replay_whole(made.entries)
    assert {name: file.content() for name, file in disk.names.items()} == {"old": b"", "renamed": b"ZXYde"}
    assert disk.durable_names.keys() == {"old", "renamed"}
    assert bytes(disk.names["renamed"].durable) == b"aXcdef"
    assert bytes(disk.names["old"].durable) == b"old"
    assert load_record(tmp_path / "record") == made


def test_a_write_while_a_sync_runs_is_recorded_inside_it(recording: None, tmp_path: Path) -> None:
    """A library behind the recorder plays the other thread: it writes from within fsync, always."""
    source = tmp_path / "busy.c"
    source.write_text('#include <unistd.h>\nint fsync(int fd) { return pwrite(fd, "late", 4, 0) == 4 ? 0 : -1; }\n')
    compile_library(source, tmp_path / "busy.so")
    script = "import os; fd = os.open('new', os.O_CREAT | os.O_WRONLY); os.write(fd, b'soon'); os.fsync(fd)"
    made = run_script(script, tmp_path, {"LD_PRELOAD": str(tmp_path / "busy.so")})
    kinds = [entry.kind for entry in made.entries[made.start :]]
    assert kinds == [Kind.CREATE, Kind.WRITE, Kind.SYNC_BEGIN, Kind.WRITE, Kind.SYNC_END]
    assert bytes(replay_whole(made.entries).names["new"].durable) == b"soon"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import mmap; f = open('old', 'r+b'); mmap.mmap(f.fileno(), 0)[0:1] = b'O'", "does not explain 'old'"),
        ("import os; os.link('old', 'linked')", "does not explain 'linked'"),
        ("import os; os.mkdir('sub')", "not 'sub'"),
        ("import os; os.rename('old', '../old')", "status 97.*out of the directory"),
        ("f = open('old', 'wb', buffering=0)\nfor _ in range(99): f.write(bytes(1000))", "status 97.*POWERLOSS_LIMIT"),
        ("raise SystemExit(3)", "status 3"),
    ],
    ids=["mapping", "link", "subdirectory", "rename_out", "too_large", "failed"],
)
def test_what_cannot_be_trusted_is_no_record(script: str, message: str, recording: None, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=message):
        run_script(script, tmp_path)


def test_a_workload_that_does_not_end_is_ended(recording: None, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="took longer"):
        run_script("import signal; signal.pause()", tmp_path, timeout_s=0.5)


def test_a_child_that_outlives_its_workload_is_ended(recording: None, tmp_path: Path) -> None:
    script = """
import os, pathlib, signal
ours, its = os.pipe()
if (pid := os.fork()) == 0:
    os.write(its, b"!")
    signal.pause()
os.read(ours, 1)
pathlib.Path("child").write_text(str(pid))
"""
    run_script(script, tmp_path)
    assert has_ended(int((tmp_path / "files" / "child").read_text()), within_s=10)


def has_ended(pid: int, within_s: float) -> bool:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within_s)[0])
    finally:
        os.close(watched)


# ---- the model, by hand


def disk_after(*entries: Entry) -> Disk:
    return replay_whole((Entry(Kind.BASE, DIRECTORY_INODE), *entries))


def sync(inode: int, token: int = 1) -> tuple[Entry, Entry]:
    return Entry(Kind.SYNC_BEGIN, inode, token), Entry(Kind.SYNC_END, inode, token)


CREATED = Entry(Kind.CREATE, 2, data=b"a")
WRITTEN = Entry(Kind.WRITE, 2, data=b"data")


def test_a_synced_file_is_lost_with_its_name_until_the_directory_is_synced() -> None:
    assert disk_after(CREATED, WRITTEN, *sync(2)).durable_names == {}
    synced = disk_after(CREATED, WRITTEN, *sync(2), *sync(DIRECTORY_INODE))
    assert bytes(synced.durable_names["a"].durable) == b"data"


def test_an_unlinked_file_may_come_back_until_the_directory_is_synced() -> None:
    gone = [CREATED, *sync(DIRECTORY_INODE), Entry(Kind.UNLINK, data=b"a")]
    assert disk_after(*gone).durable_names.keys() == {"a"}
    assert disk_after(*gone, *sync(DIRECTORY_INODE, 2)).durable_names == {}


def test_an_inode_number_given_again_is_another_file() -> None:
    again = replace(CREATED, data=b"b")
    disk = disk_after(CREATED, WRITTEN, Entry(Kind.UNLINK, data=b"a"), again, *sync(DIRECTORY_INODE))
    assert disk.durable_names["b"].content() == b""


def test_a_write_during_a_sync_is_not_covered_by_it() -> None:
    begin, end = sync(2)
    late = Entry(Kind.WRITE, 2, at=4, data=b"late")
    assert bytes(disk_after(CREATED, WRITTEN, begin, late, end).names["a"].durable) == b"data"
    assert bytes(disk_after(CREATED, WRITTEN, begin).names["a"].durable) == b""


@pytest.mark.parametrize("entry", [WRITTEN, sync(2)[0], sync(2)[1], Entry(Kind.UNLINK, data=b"a")])
def test_an_entry_that_does_not_fit_is_refused(entry: Entry) -> None:
    with pytest.raises(RecordError):
        disk_after(entry)


def test_what_was_synced_survives_every_choice_and_the_rest_by_sectors() -> None:
    """One durable sector, then a write that overlaps nothing of it but spans three: each piece stands for itself."""
    end = 3 * SECTOR_BYTES + 10
    new = Write(SECTOR_BYTES, b"n" * (end - SECTOR_BYTES))
    file = File(bytearray(b"d" * SECTOR_BYTES + b"o" * SECTOR_BYTES), [(0, new)])
    seen: dict[Survival, set[bytes]] = {
        survival: {bytes(render(file, survival, random.Random(seed))) for seed in range(300)} for survival in Survival
    }
    assert all(content[:SECTOR_BYTES] == b"d" * SECTOR_BYTES for contents in seen.values() for content in contents)
    assert seen[Survival.NONE] == {bytes(file.durable)}
    assert seen[Survival.ALL] == seen[Survival.SUBSET] - seen[Survival.NONE] == {file.content()}
    starts = range(SECTOR_BYTES, end, SECTOR_BYTES)
    pieces = {tuple(content[at : at + 1] for at in starts) for content in seen[Survival.TORN]}
    assert {(b"o", b"n", b"n"), (b"n", b"\0", b"n"), (b"n", b"n", b""), (b"o", b"\0", b"n")} <= pieces
    assert {len(content) // SECTOR_BYTES for content in seen[Survival.PREFIX]} == {2, 3}


def test_a_truncation_may_be_lost_while_what_follows_it_survives() -> None:
    file = File(bytearray(b"long old"), [(0, Truncate(0)), (1, Write(0, b"new"))])
    seen = {bytes(render(file, Survival.SUBSET, random.Random(seed))) for seed in range(100)}
    assert seen == {b"long old", b"", b"newg old", b"new"}
