"""The databases of the tests of the store, and what it takes to make a backup of one and bring it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup.kit import Desk
from tests.pg import PostgresServer
from tests.store.conftest import (
    postgres_tables,
    postgres_template,
    relaxed_postgres_template,
    sqlite_tables,
    sqlite_template,
    store,
    tables_url,
    tea,
)

__all__ = [
    "postgres_tables",
    "postgres_template",
    "relaxed_postgres_template",
    "sqlite_tables",
    "sqlite_template",
    "store",
    "tables_url",
    "tea",
]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Where backups are made and brought back."""
    return Desk(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another place of each kind in turn, where nothing is yet."""
    if request.param == "sqlite":
        (tmp_path / "other").mkdir()
        yield f"sqlite:///{tmp_path / 'other' / 'chatd.db'}"
        return
    relaxed = request.node.get_closest_marker("relaxed_durability") is not None
    server: PostgresServer = request.getfixturevalue("relaxed_postgres" if relaxed else "postgres")
    with server.fresh_database() as url:
        yield url


@pytest.fixture
def other(tmp_path: Path) -> str:
    """Another place where nothing is yet, where the kind of database does not matter."""
    return f"sqlite:///{tmp_path / 'other.db'}"
