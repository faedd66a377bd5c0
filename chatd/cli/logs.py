"""How the server's log looks: JSON lines for machines, or lines for people in their language. On standard error."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, Final

import structlog

from chatd.cli.language import Lang, lang_of
from chatd.cli.texts.serving import EVENTS, FIELDS, LEVELS
from chatd.config.sections import Log

# What libraries say at `info` (start, stop, each plug-in of a migration) is nothing an operator asked for; at `debug`
# some tell what they carry: parameters of statements, headers with tokens.
QUIET: Final = ("aiosqlite", "alembic", "asyncio", "httpcore", "httpx", "psycopg", "uvicorn", "websockets")
_GREETINGS: Final = frozenset({"serving", "stopped"})
COLOURS: Final = {"warning": "33", "error": "31", "critical": "31"}


def for_people(settings: Log, terminal: bool) -> bool:
    """Whether the log is for people; `terminal`: whether it goes to one."""
    return settings.format == "console" or (settings.format == "auto" and terminal)


def set_up_logs(settings: Log, *, greeted: bool = False) -> None:
    """Send structlog and the standard library's loggers the same way. `greeted`: somebody is told in other words that
    it serves, and where, and that it stopped."""
    terminal = sys.stderr.isatty()
    people = for_people(settings, terminal)
    times: Any = structlog.processors.TimeStamper(
        fmt="%Y-%m-%d %H:%M:%S" if people else "iso", utc=not people, key="timestamp"
    )
    shared: list[Any] = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, times]
    last: Any = structlog.processors.JSONRenderer()
    if people:
        last = Lines(lang_of(os.environ), colours=terminal)
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
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[last] if people else [meta, last], foreign_pre_chain=shared, pass_foreign_args=people
        )
    )
    if greeted:
        handler.addFilter(lambda record: not (isinstance(record.msg, dict) and record.msg.get("event") in _GREETINGS))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)


class Lines:
    """A line for people: when, how bad, what, and the rest as `name=value`. An exception stands below it."""

    def __init__(self, lang: Lang, *, colours: bool) -> None:
        self._lang = lang
        self._colours = colours

    def __call__(self, _logger: object, _method: str, event: dict[str, Any]) -> str:
        rest = {name: value for name, value in event.items() if value is not None and name[0] != "_"}
        level, at = str(rest.pop("level", "")), rest.pop("timestamp", "")
        args, told, trace = rest.pop("positional_args", None), str(rest.pop("event", "")), rest.pop("exception", None)
        rest.pop("logger", None)
        if self._lang == "zh":
            said = str(event["_record"].msg) if args else told
            told = EVENTS[said] % args if args and said in EVENTS else EVENTS.get(said, told)
            rest = {FIELDS.get(name, name): value for name, value in rest.items()}
        shown = " ".join(f"{name}={value}" for name, value in rest.items())
        line = f"{at} {self._level(level)}{told}" + (f"  {shown}" if shown else "")
        return f"{line}\n{trace}" if trace else line

    def _level(self, level: str) -> str:
        word = LEVELS.get(level, level) if self._lang == "zh" else "" if level == "info" else level
        colour = COLOURS.get(level, "2")
        shown = f"\x1b[{colour}m{word}\x1b[0m" if self._colours and word else word
        return f"{shown}{'：' if self._lang == 'zh' else ': '}" if shown else ""
