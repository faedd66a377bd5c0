"""Running a workload under the recorder: compile shim.c, preload it, and prove the record complete afterwards.

The proof: the record, replayed, gives exactly the files that the workload left behind. A change that went past the
recorder (a call it does not know, a mapping, a process without it) therefore fails the recording, and cannot make
an image look better than the disk would be. A sync that went past it only makes images worse.

Must not know what the workload does.
"""

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.chaos.powerloss.disk import replay_whole
from tests.chaos.powerloss.entries import Entry, Kind, Record, RecordError, load_record
from tests.chaos.powerloss.marks import MARKS_VARIABLE

RECORD_LIMIT_BYTES = 256 * 2**20
_COMPILE_LIMIT_S = 60
_PROBE_LIMIT_S = 30
_SHIM_SOURCE = Path(__file__).with_name("shim.c")
_REBUILT = "-shm"  # the WAL index: after a crash SQLite makes it anew
_PROBE = """
import pathlib, sqlite3
db = sqlite3.connect(pathlib.Path("probe.db").resolve())
db.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")
"""


def record(
    argv: Sequence[str],
    env: Mapping[str, str],
    files_under: Path,
    record_path: Path,
    *,
    timeout_s: float = 120,
    limit_bytes: int = RECORD_LIMIT_BYTES,
) -> Record:
    """Run `argv` (with `env` added to this process' environment) and record what it does to the files in `files_under`.

    The directory is flat; the files in it at the start count as being on disk. Children of the workload are recorded
    with it, must be gone when it ends, and are killed if they are not. The shim is built beside `record_path`.

    Raises:
        RecordError: the workload failed, took longer than `timeout_s`, wrote a record of more than `limit_bytes`, or
            changed the files in a way the record does not explain.
    """
    directory, record_path = files_under.resolve(strict=True), record_path.resolve()
    marks = record_path.with_suffix(".marks")
    marks.write_bytes(b"")
    record_path.write_bytes(b"".join(entry.pack() for entry in _base_of(directory)))
    wanted = {**os.environ, **env}
    preloaded = [str(build_shim(record_path.parent)), *wanted.get("LD_PRELOAD", "").split()]
    settings = {
        "LD_PRELOAD": " ".join(preloaded),
        "POWERLOSS_DIR": str(directory),
        "POWERLOSS_RECORD": str(record_path),
        "POWERLOSS_LIMIT": str(limit_bytes),
        MARKS_VARIABLE: str(marks),
    }
    _run(argv, {**wanted, **settings}, directory, timeout_s)
    made = load_record(record_path)
    _require_complete(made, directory)
    return made


def build_shim(directory: Path) -> Path:
    """The compiled shim in `directory`, built when it is not there yet.

    Raises:
        RecordError: the compiler refused it; its words are in the message.
    """
    shim = directory / "powerloss-shim.so"
    if not shim.exists():
        compile_library(_SHIM_SOURCE, shim)
    return shim


def compile_library(source: Path, library: Path) -> None:
    """Compile one file of C into a shared library.

    Raises:
        RecordError: as `build_shim` does.
    """
    argv = ["cc", "-shared", "-fPIC", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-o", str(library), str(source), "-ldl"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_COMPILE_LIMIT_S, check=False)
    if done.returncode != 0:
        raise RecordError(f"{source.name} does not compile: {done.stderr[-2000:]}")


@functools.cache
def unsupported_reason() -> str | None:
    """Why nothing can be recorded on this machine, None when it can. Tried out, not guessed, and only once."""
    if not sys.platform.startswith("linux") or "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        return "the recorder of file writes needs Linux with glibc"
    if shutil.which("cc") is None:
        return "the recorder of file writes is compiled on the spot, and there is no cc"
    with tempfile.TemporaryDirectory(prefix="powerloss-probe-") as work:
        return _probe(Path(work))


def _probe(work: Path) -> str | None:
    empty = work / "empty.c"
    empty.write_text("#include <dlfcn.h>\nint nothing;\n")
    try:
        compile_library(empty, work / "empty.so")
    except RecordError as error:
        return f"cc cannot build a shared library here: {error}"
    files, record_path = work / "files", work / "probe.record"
    files.mkdir()
    try:
        record([sys.executable, "-c", _PROBE], {}, files, record_path, timeout_s=_PROBE_LIMIT_S)
    except RecordError:
        # A recorder that misses some is at fault itself, and no reason to skip anything.
        if not record_path.exists() or _saw_anything(record_path):
            raise
        return "this interpreter's sqlite3 does not write through the functions of a shared C library"
    return None


def _saw_anything(record_path: Path) -> bool:
    made = load_record(record_path)
    return len(made.entries) > made.start


def _files_in(directory: Path) -> dict[str, Path]:
    listed = {path.name: path for path in sorted(directory.iterdir()) if not path.name.endswith(_REBUILT)}
    for name, path in listed.items():
        if path.is_symlink() or not path.is_file():
            raise RecordError(f"only plain files directly in the recorded directory are modelled, not {name!r}")
    return listed


def _base_of(directory: Path) -> Iterator[Entry]:
    for name, path in _files_in(directory).items():
        inode = path.stat().st_ino
        yield Entry(Kind.CREATE, inode, data=name.encode())
        yield Entry(Kind.WRITE, inode, data=path.read_bytes())
    yield Entry(Kind.BASE, directory.stat().st_ino)


def _run(argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout_s: float) -> None:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(argv, env=env, cwd=cwd, stdout=said, stderr=said, start_new_session=True)
        try:
            status: int | None = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError):  # nobody is left in the session, as it should be
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if status != 0:
            said.seek(0)
            ending = f"took longer than {timeout_s} s" if status is None else f"ended with status {status}"
            raise RecordError(f"the workload {ending}: {said.read()[-2000:].decode(errors='replace')}")


def _require_complete(made: Record, directory: Path) -> None:
    recorded = {name: file.content() for name, file in replay_whole(made.entries).names.items()}
    found = {name: path.read_bytes() for name, path in _files_in(directory).items()}
    for name in sorted(recorded.keys() | found.keys()):
        if recorded.get(name) != found.get(name):
            raise RecordError(f"the record does not explain {name!r} as it is on disk now")
