"""One server per embedded database, with real processes: the lock is free only when everybody who had it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatd.store import lock

ROOT = Path(__file__).parents[2]
_HOLDER = """
import sys
from pathlib import Path
from chatd.store import lock
lock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
_HEIR = "import sys; print('here', flush=True); sys.stdin.read()"


@contextmanager
def process(*arguments: str, pass_fds: tuple[int, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """A Python that has said its first word; it ends when its standard input does."""
    child = subprocess.Popen(
        [sys.executable, "-c", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        pass_fds=pass_fds,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline().strip()
        yield child
    finally:
        child.communicate(timeout=30)


def test_another_process_keeps_us_out_until_it_is_gone(tmp_path: Path) -> None:
    database = tmp_path / "chatd.db"
    with process(_HOLDER, str(database)), pytest.raises(lock.Held):
        lock.take(database)
    lock.release(lock.take(database))


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    database = tmp_path / "chatd.db"
    with process(_HOLDER, str(database)) as child:
        child.kill()
        child.wait(30)
        lock.release(lock.take(database))


@pytest.mark.promise("P1", "orphan")
def test_who_inherited_it_keeps_it_when_the_first_is_gone(tmp_path: Path) -> None:
    """A writer that outlives its hub: nobody serves or restores the database behind its back."""
    database = tmp_path / "chatd.db"
    held = lock.take(database)
    with process(_HEIR, pass_fds=(held,)):
        lock.release(held)
        with pytest.raises(lock.Held):
            lock.take(database)
    lock.release(lock.take(database))


def test_a_child_inherits_it_only_if_told_to(tmp_path: Path) -> None:
    database = tmp_path / "chatd.db"
    held = lock.take(database)
    with process(_HEIR):
        lock.release(held)
        lock.release(lock.take(database))


def test_it_waits_for_one_on_its_way_out_and_not_longer(tmp_path: Path) -> None:
    database = tmp_path / "chatd.db"
    now_s = 0.0
    held: int | None = lock.take(database)

    def pass_time(pause_s: float) -> None:
        nonlocal now_s, held
        now_s += pause_s
        if now_s >= 1.0 and held is not None:
            lock.release(held)
            held = None

    with pytest.raises(lock.Held):
        lock.take(database, 0.5, lambda: now_s, pass_time)
    assert 0.5 <= now_s < 0.6
    lock.release(lock.take(database, 5.0, lambda: now_s, pass_time))
    assert 1.0 <= now_s < 1.1


def test_the_lock_lies_beside_the_database_and_is_for_its_owner(tmp_path: Path) -> None:
    database = tmp_path / "new" / "chatd.db"
    held = lock.take(database)
    assert [path.name for path in database.parent.iterdir()] == ["chatd.db.lock"]
    assert (tmp_path / "new" / "chatd.db.lock").stat().st_mode & 0o777 == 0o600
    lock.release(held)


def test_being_kept_out_costs_no_descriptor(tmp_path: Path) -> None:
    held = lock.take(tmp_path / "chatd.db")
    lowest = os.dup(held)
    os.close(lowest)
    with pytest.raises(lock.Held):
        lock.take(tmp_path / "chatd.db")
    again = os.dup(held)
    assert again == lowest
    os.close(again)
    lock.release(held)


def test_two_databases_are_two_locks(tmp_path: Path) -> None:
    first, second = lock.take(tmp_path / "a.db"), lock.take(tmp_path / "b.db")
    with pytest.raises(lock.Held):
        lock.take(tmp_path / "a.db")
    lock.release(first)
    lock.release(second)
