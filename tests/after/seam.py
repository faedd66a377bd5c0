"""The seam of a hello: what is committed after its snapshot was read, and before its session is live.

It lasts for milliseconds, and hardly ever does anybody go out of a group just then by chance. So it is held open: who
opens a session waits with their snapshot until they are told to go on. Nothing else of the server is touched.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from chatd.hub import opening


class Hold:
    """One hello. `read` is set when it has its snapshot, and it goes on when `over` is. `at_rest`: the snapshot that is
    read while nothing is on its way to the store counts too."""

    def __init__(self, at_rest: bool) -> None:
        self.at_rest = at_rest
        self.read = asyncio.Event()
        self.over = asyncio.Event()


class Seam:
    """Holds hellos that are announced, each once."""

    def __init__(self) -> None:
        self._holds: dict[tuple[str, str], Hold] = {}
        self._turns = itertools.count()

    def hold(self, sub: str, device: str) -> Hold:
        """The next hello of this device."""
        hold = self._holds[sub, device] = Hold(at_rest=next(self._turns) % 2 == 0)
        return hold

    @contextmanager
    def watched(self) -> Iterator[None]:
        """From here on."""
        read, read_at_rest = opening._read, opening._read_at_rest

        async def wait(claims: Any, hello: Any) -> None:
            hold = self._holds.pop((claims.sub, hello.device), None)
            if hold is not None:
                hold.read.set()
                await hold.over.wait()

        async def read_and_wait(session: Any, user_id: str, claims: Any, hello: Any) -> Any:
            snapshot = await read(session, user_id, claims, hello)
            await wait(claims, hello)
            return snapshot

        async def read_at_rest_and_wait(session: Any, claims: Any, hello: Any) -> Any:
            hold = self._holds.get((claims.sub, hello.device))
            if hold is not None and not hold.at_rest:
                return None
            snapshot = await read_at_rest(session, claims, hello)
            await wait(claims, hello)
            return snapshot

        with (
            patch.object(opening, "_read", read_and_wait),
            patch.object(opening, "_read_at_rest", read_at_rest_and_wait),
        ):
            yield


SEAM = Seam()
