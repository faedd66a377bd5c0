"""One server per module, with the module's `SETTINGS`; on SQLite, or on what `STORES` names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.stage import Stage, open_stage, tell_if_story, url_of
from tests.e2e.town import Town, quiet_settings


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each story is told on every database that its module names."""
    if "stage" in metafunc.fixturenames:
        metafunc.parametrize("stage", getattr(metafunc.module, "STORES", ["sqlite"]), indirect=True, scope="module")


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server with the settings of the module."""
    folder = tmp_path_factory.mktemp("stage")
    settings: dict[str, Any] = quiet_settings(getattr(request.module, "SETTINGS", {}))
    with open_stage(url_of(request.param, folder, request), folder, **settings) as stage:
        yield stage


@pytest.fixture
def town(stage: Stage) -> Town:
    """The people's side of the stage."""
    return stage.town


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Tests that are stories are told."""
    return tell_if_story(pyfuncitem)
