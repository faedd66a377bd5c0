"""Bringing a database to the tables this version expects, and the few facts that every database carries.

The history itself is the package `chatd_migrations`. A start with an up-to-date database costs one query: Alembic is
imported only when there is something to do.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

import chatd_migrations
from chatd.core.unusable import Unusable
from chatd.store.database import Database, connect, path_of, sqlite_failure
from chatd.store.failures import StoreLost


class Life(msgspec.Struct, frozen=True):
    """What names this life of the database. `epoch` changes at a restore; `key` is the server's secret (32 bytes)."""

    epoch: str
    key: bytes


def revision(database: Database) -> str | None:
    """The revision that the database is at, None for an empty one."""
    if database.kind == "sqlite":
        sql = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    else:
        sql = (
            "SELECT count(*) FROM pg_tables WHERE tablename = 'alembic_version'"
            " AND schemaname = ANY(current_schemas(false))"
        )
    if not database.run(sql)[0][0][0]:
        return None
    rows, _ = database.run("SELECT version_num FROM alembic_version")
    return str(rows[0][0]) if rows else None


def migrate(url: str) -> tuple[str | None, str]:
    """Bring the database that `url` names to the newest revision. Returns the revision before and after.

    Raises `StoreLost` if it cannot be opened, `StorageFull`, `Unusable` if it is newer than this program.
    """
    path = path_of(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    database = connect(url)
    try:
        before = revision(database)
    finally:
        database.close()
    if before != chatd_migrations.HEAD:
        _upgrade(url, before)
    return before, chatd_migrations.HEAD


def _upgrade(url: str, before: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DatabaseError, OperationalError

    config = Config()
    config.set_main_option("script_location", str(Path(chatd_migrations.__file__).parent))
    if before is not None and before not in {s.revision for s in ScriptDirectory.from_config(config).walk_revisions()}:
        raise Unusable("newer_tables", found=before, expected=chatd_migrations.HEAD)
    engine = create_engine(_sqlalchemy_url(url))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.DatabaseError):
            raise sqlite_failure(error.orig) from error
        if isinstance(error, OperationalError):
            raise StoreLost(str(error.orig)) from error
        raise
    finally:
        engine.dispose()


def _sqlalchemy_url(url: str) -> str:
    path = path_of(url)
    return f"sqlite:///{path}" if path is not None else "postgresql+psycopg://" + url.split("://", 1)[1]


def life(database: Database, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Life:
    """The life of this database; begins one if it has none yet."""
    database.begin()
    for key, value in (("epoch", random_bytes(12).hex()), ("server_key", random_bytes(32).hex())):
        database.run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, value))
    rows, _ = database.run("SELECT key, value FROM meta")
    database.commit()
    meta = {str(key): str(value) for key, value in rows}
    return Life(meta["epoch"], bytes.fromhex(meta["server_key"]))
