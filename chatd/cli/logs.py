"""How the server's log looks: JSON lines for machines, or a console format for people. On standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from chatd.config.sections import Log


def set_up_logs(settings: Log) -> None:
    """Send structlog and the standard library's loggers the same way."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=last, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    # What libraries say at `info` (start, stop, each plug-in of a migration) is nothing an operator asked for; at
    # `debug` some tell what they carry: parameters of statements, headers with tokens.
    for library in ("aiosqlite", "alembic", "asyncio", "httpcore", "httpx", "psycopg", "uvicorn", "websockets"):
        logging.getLogger(library).setLevel(logging.WARNING)
