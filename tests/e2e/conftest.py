"""One server per database for all stories that need no settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stage import Stage, open_stage, tell_if_story, url_of
from tests.e2e.town import GENEROUS, Town


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server with the default settings, but for the budgets."""
    folder = tmp_path_factory.mktemp("stage")
    with open_stage(url_of(request.param, folder, request), folder, limits=GENEROUS) as stage:
        yield stage


@pytest.fixture
def town(stage: Stage) -> Town:
    """The people's side of the stage."""
    return stage.town


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Tests that are stories are told."""
    return tell_if_story(pyfuncitem)
