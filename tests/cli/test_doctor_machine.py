"""`chatd doctor` on the machine: room, fsync, limits, clock, libraries."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from chatd.cli.doctor import disk, machine
from chatd.config import Config, load
from chatd.core.values import Group
from chatd.store import groups
from chatd.store.database import Sqlite
from chatd.store.migrate import migrate
from tests.cli.findings import Found, healthy, levels, look
from tests.cli.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return healthy(tmp_path)


def test_too_little_room_and_odd_file_systems_are_found(program: Program, tmp_path: Path) -> None:
    assert levels(look(program, status=1, CHATD_STORE__FREE_DISK_FLOOR_MB=str(2**20)), "disk.space") == {"fail"}
    config, folder = Config(), tmp_path
    free_mb = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize // 2**20
    near = load(None, {"CHATD_STORE__FREE_DISK_FLOOR_MB": str(min(free_mb * 2 // 3, 2**20))})
    assert [one.level for one in disk.check_space(near, folder) if one.check == "disk.space"] == ["warn"]
    assert levels(look(program, CHATD_STORE__URL=f"sqlite:///{tmp_path}/not/yet/chatd.db"), "disk.folder") == {"warn"}
    (tmp_path / "file").touch()
    below = f"sqlite:///{tmp_path}/file/at/all.db"
    assert levels(look(program, status=1, CHATD_STORE__URL=below), "disk.folder") == {"fail"}
    assert levels(look(program, status=1, CHATD_STORE__URL="sqlite:////proc/chatd.db"), "disk.fsync") == {"fail"}
    mounts = tmp_path / "mountinfo"
    shown = {"nfs4": "fail", "tmpfs": "warn", "overlay": "warn", "ext4": "ok"}
    for kind, level in shown.items():
        mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / {tmp_path} rw,x shared:1 - {kind} none rw\n")
        lies_there = load(None, {"CHATD_STORE__URL": f"sqlite:///{tmp_path}/chatd.db"})
        found = [one for one in disk.check_disk(lies_there, mounts) if one.check == "disk.kind"]
        assert [one.level for one in found] == [level], kind
    del config


def test_a_full_disk_is_no_matter_of_rights(tmp_path: Path) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (found,) = disk.check_fsync(tmp_path, full)
    assert (found.level, "full" in found.en, "user" in found.en) == ("fail", True, False)


def test_an_fsync_that_is_slow_instant_or_switched_off_is_found(tmp_path: Path, program: Program) -> None:
    ticks = iter(range(10_000))
    slow = disk.check_fsync(tmp_path, lambda _: None, lambda: next(ticks) * 0.05)
    assert [one.level for one in slow] == ["warn"]
    fast = disk.check_fsync(tmp_path, lambda _: None, lambda: 1.0)
    assert [one.level for one in fast] == ["warn"]
    # The loader says that the library is not there and goes on; that it was asked for is the finding.
    found = look(program, status=1, LD_PRELOAD="/nowhere/libeatmydata.so")
    assert levels(found, "disk.fsync") == {"fail"}
    assert list(tmp_path.iterdir()) == []


def run_limited(program: Program, which: int, limit: int) -> Found:
    ended = subprocess.run(
        [sys.executable, "-m", "chatd", "doctor", "--json"],
        cwd=program.folder,
        env=program.env,
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(which, (limit, limit)),
    )
    found: Found = {}
    for finding in json.loads(ended.stdout)["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def test_limits_of_the_system_are_found(program: Program, tmp_path: Path) -> None:
    assert levels(run_limited(program, resource.RLIMIT_NOFILE, 128), "limits.files") == {"warn"}
    assert levels(run_limited(program, resource.RLIMIT_AS, 4 * 2**30), "limits.address_space") == {"warn"}
    (tmp_path / "sys/net/core").mkdir(parents=True)
    (tmp_path / "sys/net/core/somaxconn").write_text("128\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   102400 kB\n")
    found = {one.check: one.level for one in machine.check_limits(Config(), tmp_path)}
    assert (found["limits.somaxconn"], found["limits.memory"]) == ("note", "warn")


def test_a_clock_that_cannot_be_right_and_entries_from_the_future_are_found(program: Program) -> None:
    assert [one.level for one in machine.check_clock(86_400.0)] == ["fail"]
    assert [one.level for one in machine.check_clock()] == ["ok"]
    migrate(f"sqlite:///{program.database}")
    ahead = int(dt.datetime.now(dt.UTC).timestamp() * 1000) + 3_600_000
    database = Sqlite(program.database)
    database.begin()
    database.write(
        groups.INSERT, [groups.row_of_new(Group("g", "private", "", "", "none", 5, 1, ahead, 0, 0, False, 0))]
    )
    database.commit()
    database.close()
    assert levels(look(program, status=1), "clock.newest") == {"fail"}


def test_libraries_of_another_version_are_found() -> None:
    wrong = list(
        machine.check_libraries(["msgspec>=0.1,<0.2", "no-such-thing>=1", "uvloop>=0.1", "ruff<0; extra == 'dev'"])
    )
    assert [one.level for one in wrong] == ["fail", "fail"]
    assert [one.level for one in machine.check_libraries(["msgspec>=0.1,<99", "psycopg[binary]>=3"])] == ["ok"]
