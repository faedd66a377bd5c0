"""An async client for chatd: connects, comes back by itself, misses nothing, sends in order.

    async with Client("ws://localhost:8080", token=token, device="laptop") as client:
        await client.send(group, "你好")
        async for event in client.events():
            if isinstance(event, EntriesEvent):
                for entry in event.entries:
                    ...

It depends on `chatd_protocol` and `websockets`, and knows nothing of the server's inside.
"""

import logging

from chatd_client.client import Client
from chatd_client.cursors import Cursors, CursorStore, FileCursors, MemoryCursors
from chatd_client.errors import ChatdError, ClientClosed
from chatd_client.events import (
    Connected,
    Disconnected,
    EntriesEvent,
    Event,
    Expired,
    MineEvent,
    Opened,
    Reset,
    Truncated,
)
from chatd_client.timing import Clock, SystemClock
from chatd_client.view import GroupView

__all__ = [
    "ChatdError",
    "Client",
    "ClientClosed",
    "Clock",
    "Connected",
    "CursorStore",
    "Cursors",
    "Disconnected",
    "EntriesEvent",
    "Event",
    "Expired",
    "FileCursors",
    "GroupView",
    "MemoryCursors",
    "MineEvent",
    "Opened",
    "Reset",
    "SystemClock",
    "Truncated",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a library says nothing where nobody listens
