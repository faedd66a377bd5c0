"""A real server on a free port, for tests and trials: real sockets, a real writer process, a real database.

async with running_server("sqlite:////tmp/x/chatd.db") as server:
    client = Client(server.ws_url, token=server.token("ann"))
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from chatd.app import Server, now_ms
from chatd.config import Config, load
from chatd.service.tokens import mint

TEST_SECRET = "a secret for tests only, 32 bytes and more"  # noqa: S105 - it guards nothing


class TestServer(Server):
    """A server that mints tokens."""

    __test__ = False

    def token(self, sub: str, name: str = "", ttl_s: int = 3600, **extra: Any) -> str:
        """A token that this server accepts."""
        return mint(self.secret, sub, name, int(time.time()), ttl_s, extra)


def make_config(url: str, state_dir: Path | None = None, **sections: dict[str, Any]) -> Config:
    """The default settings for a test, with some of some sections replaced."""
    config = load(None, {})
    folder = state_dir or (Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else None)
    if folder is None:
        raise ValueError("a server on PostgreSQL needs a `state_dir` for its admin socket")
    sections = {name: dict(values) for name, values in sections.items()}
    sections.setdefault("server", {}).setdefault("port", 0)
    sections["server"].setdefault("state_dir", str(folder))
    sections.setdefault("store", {}).setdefault("url", url)
    sections["store"].setdefault("free_disk_floor_mb", 0)
    sections.setdefault("rates", {"on": False})  # tests are hurried people; those about rates say which they want
    # A program more per server: those about search switch it on, and on a busy machine wait for it.
    sections.setdefault("search", {"on": False}).setdefault("timeout_s", 60.0)
    auth = sections.setdefault("auth", {})
    if auth.get("jwt_algorithm", "HS256") == "HS256":
        auth.setdefault("jwt_secret", TEST_SECRET)
    changed = {name: msgspec.structs.replace(getattr(config, name), **values) for name, values in sections.items()}
    return msgspec.structs.replace(config, **changed)


@asynccontextmanager
async def running_server(
    url: str,
    state_dir: Path | None = None,
    *,
    engine: str = "chatd.store.engine:Engine",
    clock_ms: Callable[[], int] = now_ms,
    drain_s: float = 2.0,
    **sections: dict[str, Any],
) -> AsyncIterator[TestServer]:
    """A server that is up; stopped at the end."""
    server = TestServer(make_config(url, state_dir, **sections), engine=engine, clock_ms=clock_ms)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(drain_s)
