"""One process that forks commands for all of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.program import Program
from tests.forked import forking


@pytest.fixture(scope="session", autouse=True)
def forked_commands() -> Iterator[None]:
    with forking("tests.cli.forked") as Program.forker:
        yield
    Program.forker = None
