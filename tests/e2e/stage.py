"""A server on a loop of its own, on which one story after the other is told."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from chatd.testing import running_server
from tests.e2e.town import Town, tell
from tests.pg import PostgresServer


class Stage:
    """A running server, and the loop that runs while a story is told."""

    def __init__(self, loop: asyncio.AbstractEventLoop, town: Town) -> None:
        self.loop = loop
        self.town = town


@contextmanager
def open_stage(url: str, folder: Path, **sections: Any) -> Iterator[Stage]:
    """Start a server with these settings; stop it in good order at the end."""
    loop = uvloop.new_event_loop()
    context = running_server(url, folder, drain_s=0.2, **sections)
    try:
        server = loop.run_until_complete(context.__aenter__())
        yield Stage(loop, Town(server))
        loop.run_until_complete(context.__aexit__(None, None, None))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def url_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """An empty database of this kind."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'chatd.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.create_database()


def tell_if_story(test: pytest.Function) -> bool | None:
    """What `pytest_pyfunc_call` does: a story is a coroutine function; it is told on the test's stage."""
    story: Callable[..., Coroutine[Any, Any, None]] = test.obj
    if not inspect.iscoroutinefunction(story):
        return None
    stage = test.funcargs["stage"]
    assert isinstance(stage, Stage)
    told = functools.partial(story, **{name: test.funcargs[name] for name in test._fixtureinfo.argnames})
    stage.loop.run_until_complete(tell(stage.town, told()))
    return True
