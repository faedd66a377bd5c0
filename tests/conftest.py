"""What every test may ask for. Fixtures of one part of the tree live in the conftest.py beside its tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from chatd.store import link
from tests.forked import forking
from tests.pg import PostgresMissing, PostgresServer, running_postgres

# A slow machine is no failure. In CI the same examples come every time, so that red means that the change is to blame;
# elsewhere they vary, and what fails is kept in .hypothesis and tried first the next time.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


LONG: Final = (
    "tests/model",
    "tests/chaos",
    "tests/e2e/test_search_index.py",
    "tests/cli",
    "tests/store/test_store_plans.py",
    "tests/demo",
    "tests/docs",
    "tests/stall",
    "tests/e2e",
)
"""Where a file takes long; these come first, the rest as it lies in the tree."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, so that several processes end together."""

    def turn(item: pytest.Item) -> int:
        where = item.nodeid.partition("::")[0]
        return next(
            (place for place, long in enumerate(LONG) if where == long or where.startswith(f"{long}/")), len(LONG)
        )

    items.sort(key=turn)


@pytest.fixture(scope="session", autouse=True)
def forker() -> Iterator[None]:
    """Servers in this process have their writers forked."""
    with pytest.MonkeyPatch.context() as patch, forking() as forker:
        patch.setattr(link, "launch", forker.launch)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that keeps what it acknowledges (fsync and synchronous_commit are on)."""
    yield from _serve(durable=True)


@pytest.fixture(scope="session")
def relaxed_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL without fsync, for bulk work that no promise hangs on."""
    yield from _serve(durable=False)


def _serve(*, durable: bool) -> Iterator[PostgresServer]:
    try:
        with running_postgres(durable=durable) as server:
            yield server
    except PostgresMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, empty PostgreSQL database; without fsync if the test is marked `relaxed_durability`."""
    relaxed = request.node.get_closest_marker("relaxed_durability") is not None
    server: PostgresServer = request.getfixturevalue("relaxed_postgres" if relaxed else "postgres")
    with server.fresh_database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database in a file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'chatd.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn, as `[store] url` names it. Gone after the test."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url
