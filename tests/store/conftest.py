"""Databases with tables, of each kind: copies of one that was migrated once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatd.store import link
from chatd.store.channel import launch
from chatd.store.migrate import migrate
from tests.pg import PostgresServer
from tests.store.kit import Store


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "chatd.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    return _template_on(postgres)


@pytest.fixture(scope="session")
def relaxed_postgres_template(relaxed_postgres: PostgresServer) -> str:
    return _template_on(relaxed_postgres)


def _template_on(server: PostgresServer) -> str:
    """The name of a migrated database, for CREATE DATABASE … TEMPLATE."""
    url = server.create_database()
    migrate(url)
    return re.sub(r".*@/(\w+)\?.*", r"\1", url)


@pytest.fixture
def sqlite_tables(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an embedded database with tables and nothing in them."""
    shutil.copy(sqlite_template, tmp_path / "chatd.db")
    return f"sqlite:///{tmp_path / 'chatd.db'}"


@pytest.fixture
def postgres_tables(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a PostgreSQL database with tables and nothing in them; `relaxed_durability` as in `postgres_url`."""
    relaxed = request.node.get_closest_marker("relaxed_durability") is not None
    prefix = "relaxed_postgres" if relaxed else "postgres"
    server: PostgresServer = request.getfixturevalue(prefix)
    with server.database_like(request.getfixturevalue(f"{prefix}_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def tables_url(request: pytest.FixtureRequest) -> str:
    """A database of each kind in turn, with tables."""
    url: str = request.getfixturevalue("sqlite_tables" if request.param == "sqlite" else "postgres_tables")
    return url


@pytest.fixture
def store(tables_url: str) -> Iterator[Store]:
    """An engine on a database of each kind in turn."""
    with Store(tables_url) as store:
        yield store


@pytest.fixture
def tea(store: Store) -> Store:
    """A group "tea" of ann (who owns it) and ben, in a database of each kind."""
    store.people("ann", "ben")
    store.found("tea", "ann", "ben")
    return store


@pytest.fixture
def sqlite_tea(sqlite_tables: str) -> str:
    """The URL of the same, where the kind of database does not matter."""
    with Store(sqlite_tables) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
    return sqlite_tables


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer process finds the engines of these tests, from wherever pytest was started."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.fixture
def started_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link starts its writers as it does where no test is, not forked."""
    monkeypatch.setattr(link, "launch", launch)
