"""A peer of the benchmark: the chat of FastAPI's tutorial (a manager with a list of connections, one `send_text` after
another), with a manager for every group. It runs in an environment of its own, which has FastAPI.

    python tutorial.py PORT [DATABASE]

With a database every message is inserted before it is passed on: aiosqlite, WAL, synchronous=NORMAL, so without an
fsync for each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosqlite
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

SCHEMA = "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, room TEXT, at INTEGER, text TEXT)"
database: aiosqlite.Connection | None = None


class Manager:
    """Who is in a group."""

    def __init__(self) -> None:
        self.active: list[WebSocket] = []

    async def connect(self, socket: WebSocket) -> None:
        await socket.accept()
        self.active.append(socket)

    async def broadcast(self, text: str) -> None:
        for socket in list(self.active):
            await socket.send_text(text)


managers: dict[str, Manager] = {}


@asynccontextmanager
async def opened(_: FastAPI) -> AsyncIterator[None]:
    """The database, if there is one, while the server runs."""
    global database  # noqa: PLW0603  as small as the tutorial that it follows
    if len(sys.argv) > 2:
        database = await aiosqlite.connect(sys.argv[2], isolation_level=None)
        await database.execute("PRAGMA journal_mode=WAL")
        await database.execute("PRAGMA synchronous=NORMAL")
        await database.execute(SCHEMA)
    yield
    if database is not None:
        await database.close()


app = FastAPI(lifespan=opened)


@app.websocket("/ws/{group}")
async def chat(socket: WebSocket, group: str) -> None:
    manager = managers.setdefault(group, Manager())
    await manager.connect(socket)
    try:
        while True:
            text = await socket.receive_text()
            if database is not None:
                values = (group, int(time.time() * 1000), text)
                await database.execute("INSERT INTO messages (room, at, text) VALUES (?, ?, ?)", values)
            await manager.broadcast(text)
    except WebSocketDisconnect:
        manager.active.remove(socket)


if __name__ == "__main__":
    # The default answers a ping every 20 s, which the load does too; the rest is as it comes.
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", backlog=4096, ws_per_message_deflate=False
    )
