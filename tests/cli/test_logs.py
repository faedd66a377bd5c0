"""The log tells nothing that somebody wrote, however much is asked for."""

from __future__ import annotations

import logging

import pytest
import structlog

from chatd.cli.logs import set_up_logs
from chatd.config.sections import Log


@pytest.mark.parametrize("library", ["aiosqlite", "httpcore", "psycopg", "websockets.server", "uvicorn.error"])
def test_libraries_do_not_tell_what_they_carry(library: str) -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        set_up_logs(Log(level="debug"))
        assert logging.getLogger("chatd").isEnabledFor(logging.DEBUG)
        assert not logging.getLogger(library).isEnabledFor(logging.INFO)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
