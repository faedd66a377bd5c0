"""A peer of the benchmark: the chat that one writes with `websockets` and its `broadcast`, on uvloop.

Each text goes to everybody whose address is the same. It stores nothing and knows nobody.

    python -m bench.peers.python.broadcast PORT
"""

from __future__ import annotations

import signal
import sys
from asyncio import Event, get_running_loop

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

groups: dict[str, set[ServerConnection]] = {}


async def chat(connection: ServerConnection) -> None:
    assert connection.request is not None
    members = groups.setdefault(connection.request.path, set())
    members.add(connection)
    try:
        async for message in connection:
            broadcast(members, message)
    except ConnectionClosed:
        pass  # a client that is killed at the end of a run
    finally:
        members.discard(connection)


async def main(port: int) -> None:
    stopped = Event()
    get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    server = await serve(chat, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096)
    await stopped.wait()  # for as long as it is wanted
    server.close(close_connections=False)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
