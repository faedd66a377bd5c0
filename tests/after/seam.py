"""The seam of a hello: what is committed after its snapshot was read, and before its session is live.

It lasts for milliseconds, and hardly ever does anybody go out of a group just then by chance. So it is held open: who
opens a session waits with their snapshot until they are told to go on. Nothing else of the server is touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from chatd.hub import opening


class Hold:
    """One hello. `read` is set when it has its snapshot, and it goes on when `over` is."""

    def __init__(self) -> None:
        self.read = asyncio.Event()
        self.over = asyncio.Event()


class Seam:
    """Holds hellos that are announced, each once."""

    def __init__(self) -> None:
        self._holds: dict[tuple[str, str], Hold] = {}

    def hold(self, sub: str, device: str) -> Hold:
        """The next hello of this device."""
        hold = self._holds[sub, device] = Hold()
        return hold

    @contextmanager
    def watched(self) -> Iterator[None]:
        """From here on."""
        read = opening._read

        async def read_and_wait(session: Any, user_id: str, claims: Any, hello: Any) -> Any:
            snapshot = await read(session, user_id, claims, hello)
            hold = self._holds.pop((claims.sub, hello.device), None)
            if hold is not None:
                hold.read.set()
                await hold.over.wait()
            return snapshot

        with patch.object(opening, "_read", read_and_wait):
            yield


SEAM = Seam()
