"""The disk that the data lie on: how much is free, what kind it is, and whether fsync does something."""

from __future__ import annotations

import errno
import os
import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from chatd.cli.doctor.findings import Finding
from chatd.config import Config

NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "afs", "fuse.s3fs"}
)
FLEETING: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})
ROUNDS: Final = 16
FSYNC_S: Final = 3.0
SLOW_MS: Final = 20.0
INSTANT_MS: Final = 0.02
"""No disk answers faster; what does has only taken a note."""


def check_disk(config: Config, mounts: Path = Path("/proc/self/mountinfo")) -> Iterator[Finding]:
    """The folder of the embedded database, or that of the state where the database is elsewhere."""
    path = config.sqlite_path()
    folder = (path.parent if path is not None else config.state_dir()).absolute()
    yield from _check_ledger(config)
    if not folder.is_dir():
        yield _missing(folder)
        return
    yield from check_space(config, folder)
    yield from _kind(folder, mounts, embedded=path is not None)
    yield from check_fsync(folder)


def _missing(folder: Path) -> Finding:
    """A folder that the first start makes, if it may; who meant another one wants to know."""
    above = next(one for one in folder.parents if one.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        en = f"{folder} is not there yet: the first start makes it, if that is the folder you mean."
        return Finding("warn", "disk.folder", en, f"{folder} 还不存在：首次启动时会创建，请确认路径没写错。")
    en = f"{folder} is not there: make it, for the user of the server alone (mkdir -m 700)."
    return Finding("fail", "disk.folder", en, f"{folder} 不存在：请以服务器的用户创建（mkdir -m 700）。")


def _check_ledger(config: Config) -> Iterator[Finding]:
    """The file beside the backups: without a folder for it no server starts."""
    if not config.backup.ledger:
        en = "No ledger is kept ([backup] ledger): a restore elsewhere brings back who was erased since the backup."
        zh = "没有删除台账（[backup] ledger）：备份在别处恢复时，此后抹除的人会回来。"
        yield Finding("warn", "disk.ledger", en, zh)
        return
    folder = Path(config.backup.ledger).absolute().parent
    if not folder.is_dir():
        en = f"[backup] ledger: {folder} is not there: make it, or no server starts (mkdir -m 700)."
        yield Finding(
            "fail", "disk.ledger", en, f"[backup] ledger：{folder} 不存在，服务器无法启动：请创建（mkdir -m 700）。"
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        en = f"[backup] ledger: nothing can be written at {folder}: give it to the user of the server."
        yield Finding("fail", "disk.ledger", en, f"[backup] ledger：{folder} 无法写入：请把目录交给服务器的用户。")
    else:
        yield Finding("ok", "disk.ledger", f"The ledger lies at {folder}.", f"台账在 {folder}。")


def check_space(config: Config, folder: Path) -> Iterator[Finding]:
    """Free bytes against the floor below which nothing is written any more."""
    usage, floor_mb = shutil.disk_usage(folder), config.store.free_disk_floor_mb
    free_mb = usage.free // 2**20
    if free_mb < floor_mb:
        en = f"{free_mb} MB are free at {folder}; nothing is written below {floor_mb} MB: make room."
        zh = f"{folder} 剩余 {free_mb} MB，低于 {floor_mb} MB 时停止写入：请腾出空间。"
        yield Finding("fail", "disk.space", en, zh)
    elif free_mb < 2 * floor_mb or usage.free < usage.total // 20:
        en = f"{free_mb} MB are free at {folder}: make room before writing stops at {floor_mb} MB."
        yield Finding(
            "warn", "disk.space", en, f"{folder} 剩余 {free_mb} MB：低于 {floor_mb} MB 会停止写入，请提前腾出空间。"
        )
    else:
        yield Finding("ok", "disk.space", f"{free_mb} MB are free at {folder}.", f"{folder} 剩余 {free_mb} MB。")
    nodes = os.statvfs(folder)
    if nodes.f_files and nodes.f_favail < 1000:
        en = f"{nodes.f_favail} files more fit at {folder} (inodes): remove some."
        yield Finding("warn", "disk.inodes", en, f"{folder} 只能再建 {nodes.f_favail} 个文件（inode）：请清理。")


def _kind(folder: Path, mounts: Path, *, embedded: bool) -> Iterator[Finding]:
    kind = filesystem_of(folder, mounts)
    if kind is None:
        return
    if kind in NETWORK:
        level = "fail" if embedded else "note"
        en = f"{folder} is on the network ({kind}): SQLite's locks and fsync are not safe there; use a local disk."
        zh = f"{folder} 是网络文件系统（{kind}）：SQLite 的锁和 fsync 在上面不可靠，请用本地磁盘。"
        yield Finding("fail" if level == "fail" else "note", "disk.kind", en, zh)
    elif kind in FLEETING:
        en = f"{folder} lies in memory ({kind}): everything is gone after a restart of the machine; use a disk."
        yield Finding(
            "warn" if embedded else "ok",
            "disk.kind",
            en,
            f"{folder} 在内存里（{kind}）：机器重启后全部丢失，请用磁盘。",
        )
    elif kind == "overlay":
        en = f"{folder} is a layer of a container: it goes with the container; mount a volume there."
        yield Finding("warn" if embedded else "ok", "disk.kind", en, f"{folder} 是容器的一层：会随容器消失，请挂载卷。")
    else:
        yield Finding("ok", "disk.kind", f"{folder} is {kind}.", f"{folder} 是 {kind}。")


def filesystem_of(folder: Path, mounts: Path) -> str | None:
    """The kind of the file system that a folder lies on (proc(5), mountinfo); None where that is not told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    best, kind = -1, None
    for line in lines:
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split(" ")[4])
        if folder.resolve().is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split(" ")[0]
    return kind


def check_fsync(
    folder: Path, sync: Callable[[int], None] = os.fsync, clock_s: Callable[[], float] = time.perf_counter
) -> Iterator[Finding]:
    """How long the disk takes for what every commit waits for. Writes to a file without a name, so nothing stays."""
    try:
        times_ms = _time_fsync(folder, sync, clock_s)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            en, zh = f"Nothing can be written at {folder}: the disk is full.", f"{folder} 无法写入：磁盘已满。"
        else:
            en = f"Nothing can be written at {folder} ({error.strerror}): give it to the user of the server."
            zh = f"{folder} 无法写入（{error.strerror}）：请把目录交给服务器的用户。"
        yield Finding("fail", "disk.fsync", en, zh)
        return
    middle, worst = statistics.median(times_ms), max(times_ms)
    shown = f"{middle:.2f} ms, {worst:.2f} ms"
    if "eatmydata" in os.environ.get("LD_PRELOAD", ""):
        en = "LD_PRELOAD holds libeatmydata, which switches fsync off: what was acknowledged can be lost."
        yield Finding("fail", "disk.fsync", en, "LD_PRELOAD 含 libeatmydata，fsync 失效：已确认的内容可能丢失。")
    elif middle < INSTANT_MS:
        en = (
            f"fsync returns at once ({shown}): the disk may only promise; a power cut then loses what was acknowledged."
        )
        zh = f"fsync 立即返回（{shown}）：磁盘可能没有真正落盘，断电时已确认的消息可能丢失。"
        yield Finding("warn", "disk.fsync", en, zh)
    elif middle > SLOW_MS:
        en = f"fsync takes {shown} (median, worst): every message waits for it; use a faster disk."
        yield Finding("warn", "disk.fsync", en, f"fsync 耗时 {shown}（中位、最差）：每条消息都要等它，请用更快的磁盘。")
    else:
        yield Finding(
            "ok", "disk.fsync", f"fsync takes {shown} (median, worst).", f"fsync 耗时 {shown}（中位、最差）。"
        )


def _time_fsync(folder: Path, sync: Callable[[int], None], clock_s: Callable[[], float]) -> list[float]:
    times_ms: list[float] = []
    handle = _nameless(folder)
    try:
        began = clock_s()
        while len(times_ms) < ROUNDS and (clock_s() - began < FSYNC_S or not times_ms):
            os.pwrite(handle, os.urandom(4096), 4096 * len(times_ms))
            at = clock_s()
            sync(handle)
            times_ms.append((clock_s() - at) * 1000)
    finally:
        os.close(handle)
    return times_ms


def _nameless(folder: Path) -> int:
    """A file that is gone when it is closed, whatever happens."""
    if hasattr(os, "O_TMPFILE"):
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        except IsADirectoryError:
            pass  # a file system that has no such files
        except OSError as error:
            if error.errno != 95:  # EOPNOTSUPP, the same
                raise
    import tempfile

    handle, name = tempfile.mkstemp(prefix=".chatd-doctor-", dir=folder)
    Path(name).unlink()
    return handle
