"""`chatd doctor` on the database, of either kind."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatd.cli.doctor import disk, store
from chatd.config import load
from chatd.store.migrate import migrate
from tests.cli.findings import healthy, levels, look, text_of
from tests.cli.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return healthy(tmp_path)


def test_a_folder_that_the_ledger_lacks_is_found_before_a_start_fails_for_it(program: Program) -> None:
    assert levels(look(program), "disk.ledger") == {"warn"}
    found = look(program, status=1, CHATD_BACKUP__LEDGER="backups/ledger.ndjson")
    assert levels(found, "disk.ledger") == {"fail"}
    assert str(program.folder / "backups") in text_of(found, "disk.ledger")
    (program.folder / "backups").mkdir(mode=0o700)
    assert levels(look(program, CHATD_BACKUP__LEDGER="backups/ledger.ndjson"), "disk.ledger") == {"ok"}


@pytest.mark.skipif(disk.filesystem_of(Path("/dev/shm"), Path("/proc/self/mountinfo")) != "tmpfs", reason="no tmpfs")
def test_a_database_in_memory_is_warned_of(program: Program) -> None:
    found = look(program, CHATD_STORE__URL="sqlite:////dev/shm/chatd-doctor-test.db")
    assert levels(found, "disk.kind") == {"warn"}
    assert not list(Path("/dev/shm").glob("*chatd-doctor*"))


def test_a_database_that_is_old_new_damaged_or_none_is_found(program: Program) -> None:
    path = program.database
    path.write_bytes(b"This is no database. " * 100)
    assert levels(look(program, status=1), "store.file") == {"fail"}
    path.unlink()
    path.touch()
    path.chmod(0o600)
    assert levels(look(program), "store.revision") == {"note"}
    path.unlink()
    migrate(f"sqlite:///{path}")
    path.chmod(0o600)
    for revision, level in (("0000", "note"), ("9999", "fail")):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        assert levels(look(program, status=int(level == "fail")), "store.revision") == {level}
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    assert levels(look(program, status=1), "store.journal") == {"warn"}
    spoiled = bytearray(path.read_bytes())
    spoiled[-4096:] = b"\xff" * 4096
    path.write_bytes(spoiled)
    assert levels(look(program, status=1), "store.whole") == {"fail"}


def test_a_wal_that_nobody_lets_shrink_is_found(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(f"sqlite:///{program.database}")
    monkeypatch.setattr(store, "WAL_MB", -1)
    assert "store.wal" in {one.check for one in store.check_sqlite(program.database)}


def test_a_postgres_is_looked_at_and_one_that_is_away_is_said(postgres_url: str, program: Program) -> None:
    env: dict[str, Any] = {"CHATD_STORE__URL": postgres_url}
    found = look(program, **env)
    assert levels(found, "store.revision") == {"note"}
    migrate(postgres_url)
    found = look(program, **env)
    for check in ("store.revision", "store.durable", "clock.database", "store.connections", "clock.newest"):
        assert levels(found, check) == {"ok"}, check
    with psycopg.connect(postgres_url, autocommit=True) as database:
        name = database.info.dbname
        database.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    assert "note" in levels(look(program, **env), "store.durable")
    away = look(program, status=1, CHATD_STORE__URL="postgresql://nobody:geheim@127.0.0.1:1/none")
    assert levels(away, "store.reachable") == {"fail"}
    assert "geheim" not in json.dumps(away)


@pytest.mark.relaxed_durability
def test_a_postgres_that_forgets_is_a_failure(postgres_url: str, program: Program) -> None:
    found = look(program, status=1, CHATD_STORE__URL=postgres_url)
    assert len([one for one in found["store.durable"] if one["level"] == "fail"]) == 2
    with psycopg.connect(postgres_url, autocommit=True) as database:
        greedy = load(
            None, {"CHATD_STORE__URL": postgres_url, "CHATD_STORE__READERS": "64", "CHATD_SEARCH__READERS": "64"}
        )
        others = [psycopg.connect(postgres_url) for _ in range(8)]
        few = [one.level for one in store.check_postgres(database, greedy) if one.check == "store.connections"]
        for other in others:
            other.close()
    assert few == ["warn"]
