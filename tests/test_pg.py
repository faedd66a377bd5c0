"""The PostgreSQL of the tests is a real, durable one, starts anywhere, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests import pg
from tests.pg import PostgresMissing, PostgresServer, running_postgres

DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


def ask(url: str, statement: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return str(row[0])


def postmaster_of(server: PostgresServer) -> psutil.Process:
    return psutil.Process(int((server.home / "data" / "postmaster.pid").read_text().split()[0]))


def test_a_test_gets_an_empty_database_that_keeps_what_it_acknowledges(postgres_url: str) -> None:
    assert [ask(postgres_url, f"SHOW {name}") for name in DURABILITY] == ["on"] * 3
    assert ask(postgres_url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == "0"
    assert ask(postgres_url, "SHOW server_encoding") == "UTF8"


@pytest.mark.relaxed_durability
def test_bulk_work_may_ask_for_speed_instead(postgres_url: str) -> None:
    assert [ask(postgres_url, f"SHOW {name}") for name in DURABILITY] == ["off"] * 3


def test_a_store_test_runs_on_both_databases(store_url: str, request: pytest.FixtureRequest) -> None:
    assert store_url.startswith(f"{request.node.callspec.params['store_url']}://")


def test_databases_are_apart_copied_and_removed(postgres: PostgresServer) -> None:
    with postgres.fresh_database() as first:
        with psycopg.connect(first, autocommit=True) as connection:
            connection.execute("CREATE TABLE seeds AS SELECT 7 AS n")
        with postgres.fresh_database(template=ask(first, "SELECT current_database()")) as copy:
            assert ask(copy, "SELECT n FROM seeds") == "7"
        with postgres.fresh_database() as other:
            assert ask(other, "SELECT to_regclass('seeds') IS NULL") == "True"
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(first, "SELECT 1")


SEEDS = "CREATE TABLE seeds (n serial PRIMARY KEY, parent int REFERENCES seeds); CREATE TABLE kept AS SELECT 7 AS n"


@pytest.fixture
def seeds(postgres: PostgresServer) -> Iterator[str]:
    """The name of a template with an empty table and one that is not."""
    with postgres.fresh_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SEEDS.encode())
        yield ask(url, "SELECT current_database()")


def test_a_database_that_was_used_comes_again_as_new(postgres: PostgresServer, seeds: str) -> None:
    urls = set()
    for _ in range(3):
        with postgres.database_like(seeds) as url:
            urls.add(url)
            assert [ask(url, f"SELECT {what}") for what in ("count(*) FROM seeds", "n FROM kept")] == ["0", "7"]
            assert ask(url, "INSERT INTO seeds (parent) VALUES (1) RETURNING n") == "1"
    assert len(urls) == 1


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX seeds_parent",
        "ALTER TABLE seeds ADD COLUMN more int",
        "ALTER TABLE seeds DROP CONSTRAINT seeds_parent_fkey",
        "ALTER TABLE seeds ALTER COLUMN parent SET NOT NULL",
        "CREATE TABLE more (n int)",
        "CREATE RULE nothing AS ON INSERT TO seeds DO INSTEAD NOTHING",
        "UPDATE kept SET n = 8",
        "DELETE FROM kept",
    ],
)
def test_a_database_that_was_changed_does_not_come_again(postgres: PostgresServer, seeds: str, change: str) -> None:
    with psycopg.connect(postgres.url(seeds), autocommit=True) as connection:
        connection.execute("CREATE INDEX seeds_parent ON seeds (parent)")
    with postgres.database_like(seeds) as changed, psycopg.connect(changed, autocommit=True) as connection:
        connection.execute(change.encode())
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(changed, "SELECT 1")


def test_nothing_is_left_when_it_stops() -> None:
    try:
        with running_postgres() as server:
            postmaster = postmaster_of(server)
            processes = [psutil.Process(server.guard_pid), postmaster, *postmaster.children(recursive=True)]
            assert len(processes) > 3
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    assert not server.home.exists()


def test_nothing_is_left_when_the_tests_are_killed(postgres: PostgresServer) -> None:
    program = (
        "import sys; from tests.pg import running_postgres\n"
        "with running_postgres() as server: print(server.home, server.guard_pid, flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parent.parent
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, text=True, cwd=root) as tests:
        assert tests.stdout is not None
        home, guard_pid = tests.stdout.readline().split()
        guard, postmaster = psutil.Process(int(guard_pid)), postmaster_of(PostgresServer(Path(home), int(guard_pid)))
        tests.send_signal(signal.SIGKILL)
    assert psutil.wait_procs([guard, postmaster], timeout=pg.STOP_TIMEOUT_S)[1] == []
    assert not Path(home).exists()


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> None:
    monkeypatch.setitem(pg._SETTINGS, "max_connections", "many")
    with pytest.raises(RuntimeError, match='invalid value for parameter "max_connections"'), running_postgres():
        pass


def test_nothing_is_left_when_it_cannot_even_be_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(bin_dir: Path, home: Path, identity: dict[str, Any]) -> Path:
        raise PostgresMissing(str(home))

    monkeypatch.setattr(pg, "find_programs", lambda: Path("/bin"))
    monkeypatch.setattr(pg, "_pick_identity", dict)
    monkeypatch.setattr(pg, "_reachable", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(PostgresMissing, match=str(tmp_path)), running_postgres():
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_programs_in_a_folder_of_roots_own_are_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postgres: PostgresServer
) -> None:
    bundled = pg._bundled_programs()
    if bundled is None:
        pytest.skip("only the programs of the wheel can be moved, and it is not installed here")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = bundled.parent.parent
    shutil.copytree(package, closed / package.name, symlinks=True)
    shutil.copytree(package.with_name("pgserver.libs"), closed / "pgserver.libs")
    programs = closed / package.name / "pginstall" / "bin"
    monkeypatch.setattr(pg, "_bundled_programs", lambda: programs)
    with running_postgres() as server:
        assert ask(server.url("postgres"), "SELECT 1") == "1"
        assert Path(postmaster_of(server).exe()).is_relative_to(server.home)
    assert oct(closed.stat().st_mode & 0o777) == "0o700"


def test_an_installed_postgresql_serves_where_there_is_no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg, "_bundled_programs", lambda: None)
    try:
        with running_postgres() as server:
            assert Path(postmaster_of(server).exe()).is_relative_to(pg.find_programs().resolve())
    except PostgresMissing as missing:
        pytest.skip(str(missing))


def test_a_machine_without_postgresql_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg, "_version", lambda bin_dir: 9)
    with pytest.raises(PostgresMissing, match="no PostgreSQL: the wheel `pgserver` is not there"):
        pg.find_programs()
