"""What went wrong, in the person's language: for whatever ends a command that is no mistake of chatd's own.

Commands catch what they have more to say about; the rest ends here, in words and with status 1. What is not among
`TROUBLES` is a mistake in the program, and its traceback is what a report of it needs.
"""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import ssl
import sys
from pathlib import Path
from typing import Final

from chatd.admin.socket import AdminError
from chatd.backup.trouble import Trouble
from chatd.cli.answers import DONE, FAILED, MISUSED, failed, in_words, refused
from chatd.cli.language import for_one, lang_of
from chatd.cli.texts import backups, troubles
from chatd.cli.texts.problems import said_of
from chatd.config import ConfigError
from chatd.core.refusal import Refused
from chatd.core.unusable import Unusable
from chatd.store.failures import Contended, StorageFull, StoreLost
from chatd.store.lock import Held

TROUBLES: Final = (
    AdminError,
    ConfigError,
    Contended,
    Held,
    OSError,
    Refused,
    StorageFull,
    StoreLost,
    Trouble,
    Unusable,
    sqlite3.DatabaseError,
)
"""What a command may meet though nothing is wrong with chatd."""
_TEXTS: Final = {**troubles.TEXTS, **backups.TEXTS}
_SIZES: Final = frozenset({"needed", "free", "grown", "most"})


def text(key: str, **values: object) -> str:
    """A text in the person's language, with its places filled."""
    english, chinese = _TEXTS[key]
    return (chinese if lang_of(os.environ) == "zh" else for_one(english, values)).format(**values)


def ended_by(error: Exception) -> int:
    """Say what ended a command. Returns the exit status."""
    if isinstance(error, BrokenPipeError):  # whoever read, like `head`, has seen enough
        settle_output()
        return DONE
    if isinstance(error, AdminError):
        return refused(error)
    if isinstance(error, Refused):
        return refused(AdminError(error.code, error.message, error.details))
    if isinstance(error, ConfigError):
        return failed("\n".join(map(in_words, error.problems)), MISUSED)
    return failed(words_of(error), code=code_of(error))


def settle_output() -> None:
    """Bring out what was printed, or drop it where that is impossible: Python would complain at its very end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def start_failed(error: Exception, host: str, port: int) -> int:
    """Say why the server did not start. Returns the exit status."""
    return failed(text("start", why=_words_at_start(error, host, port)), FAILED, code=code_of(error))


def _words_at_start(error: Exception, host: str, port: int) -> str:
    if isinstance(error, ssl.SSLError):
        return text("tls_pair" if error.reason == "KEY_VALUES_MISMATCH" else "tls")
    if isinstance(error, socket.gaierror) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL:
        return text("host", host=host)
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return text("port", host=host, port=port)
    if isinstance(error, OSError) and error.errno == errno.EACCES and not error.filename:
        return text("port_low", port=port)
    return words_of(error)


def code_of(error: Exception) -> str:
    """What programs know the trouble by; empty where there is no name for it."""
    if isinstance(error, (Trouble, Unusable)):
        return error.code
    if isinstance(error, Held):
        return "held"
    if isinstance(error, StorageFull) or getattr(error, "errno", None) == errno.ENOSPC:
        return "disk_full"
    if isinstance(error, (StoreLost, sqlite3.DatabaseError)):
        return "store"
    return ""


def words_of(error: Exception) -> str:
    """What went wrong, in the person's language."""
    if isinstance(error, Trouble):
        return text(f"trouble_{error.code}", **{name: _shown(name, value) for name, value in error.values.items()})
    if isinstance(error, Unusable):
        return text(error.code, **error.values)
    if isinstance(error, Held):
        return text("held", database=error.database)
    if isinstance(error, StorageFull) or getattr(error, "errno", None) == errno.ENOSPC:
        return text("disk_full")
    if isinstance(error, Contended):
        return text("contended")
    if isinstance(error, StoreLost) and error.damaged is not None:
        return text("no_sqlite", file=error.damaged)
    if isinstance(error, (StoreLost, sqlite3.DatabaseError)):
        return text("store", reason=error)
    if isinstance(error, OSError):
        return _of_a_file(error)
    return in_words(str(error))


def _of_a_file(error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0, "")
    reason = text(name) if name in troubles.TEXTS else error.strerror or str(error)
    return text("file", file=error.filename, reason=reason) if error.filename else reason


def _shown(name: str, value: object) -> object:
    if name == "problems" and isinstance(value, list):
        return "; ".join(map(said_of, value))
    if name == "folder" and isinstance(value, Path):
        return value.absolute()
    return mib(value) if name in _SIZES and isinstance(value, int) else value


def mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
