"""Where the operator's imports go: to the running server, or into the database itself if none runs."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chatd.admin.socket import AdminError, call
from chatd.cli.answers import phrase
from chatd.config import Config

if TYPE_CHECKING:
    from chatd.store.engine import Engine

NEW: Final = (
    "No server answers, and there was no database: {path} is a new one. 没有服务器应答，也还没有数据库：新建了 {path}。"
)
THERE: Final = "No server answers: {path} itself is changed. 没有服务器应答，直接改动 {path}。"


@contextmanager
def held_engine(config: Config) -> Iterator[Engine | None]:
    """The database, held so that no server starts meanwhile; None if one is running, which is to be asked.

    Raises `AdminError` for PostgreSQL without a server here: another one may be writing to it from elsewhere. Raises
    `Held`, `StoreLost`, ValueError.
    """
    try:
        call(config.admin_socket_path(), "stats")
    except AdminError:
        from chatd.store.database import path_of

        path = path_of(config.store.url)
        if path is None:
            raise
    else:
        yield None
        return
    from chatd.app import now_ms
    from chatd.store import lock, migrate
    from chatd.store.database import connect
    from chatd.store.engine import Engine
    from chatd.tuning import bounds_of

    held = lock.take(path)
    try:
        print(phrase(THERE if path.exists() else NEW, path=path.absolute()), file=sys.stderr)
        migrate.migrate(config.store.url)
        database = connect(config.store.url)
        try:
            yield Engine(database, bounds_of(config), now_ms, secrets.token_hex(12))
        finally:
            database.close()
    finally:
        lock.release(held)
