"""One server per database for all stories that need no settings of their own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from chatd.testing import running_server
from tests.e2e.town import GENEROUS, Town, tell
from tests.pg import PostgresServer


class Stage:
    """A server on a loop that runs while a story is told."""

    def __init__(self, loop: asyncio.AbstractEventLoop, town: Town) -> None:
        self.loop = loop
        self.town = town


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server with the default settings, but for the budgets. Started once, and stopped in good order at the end."""
    folder = tmp_path_factory.mktemp("stage")
    loop = uvloop.new_event_loop()
    context = running_server(_url(request, folder), folder, drain_s=0.2, limits=GENEROUS)
    try:
        server = loop.run_until_complete(context.__aenter__())
        yield Stage(loop, Town(server))
        loop.run_until_complete(context.__aexit__(None, None, None))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _url(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'chatd.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.create_database()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A story is a coroutine function that takes `stage`'s town as `town`."""
    told: Callable[..., Coroutine[Any, Any, None]] = pyfuncitem.obj
    if not asyncio.iscoroutinefunction(told):
        return None
    stage: Stage = pyfuncitem.funcargs["stage"]
    names = pyfuncitem._fixtureinfo.argnames
    story = functools.partial(told, **{name: pyfuncitem.funcargs[name] for name in names})
    stage.loop.run_until_complete(tell(stage.town, story()))
    return True


@pytest.fixture
def town(stage: Stage) -> Town:
    """The people's side of the stage."""
    return stage.town
