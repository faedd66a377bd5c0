"""The server's end of the admin socket, a file of mode 0600: whoever can open it may do everything.

One JSON object a line in each direction. `socket` is the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from chatd.core.refusal import Refused
from chatd.store.readers import ReaderLost
from chatd_protocol.codec import Invalid

_LINE_MAX: Final = 65_536
_IDLE_S: Final = 60.0
Act = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class AdminSocket:
    """Serves `acts` by name. Each act gets the request's fields and returns those of the answer."""

    def __init__(self, path: Path, acts: Mapping[str, Act]) -> None:
        self._path = path
        self._acts = acts
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. A socket file that nobody serves any more is replaced. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        except OSError as error:
            listener.close()
            raise OSError(error.errno, error.strerror or str(error), str(self._path)) from error
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_LINE_MAX)

    async def stop(self) -> None:
        """Stop listening and remove the file."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.LimitOverrunError, ValueError):
                while line := await asyncio.wait_for(reader.readline(), _IDLE_S):
                    writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                    await writer.drain()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            act = self._acts.get(request.get("act", ""))
        except (ValueError, TypeError, AttributeError, RecursionError):
            return {"error": "invalid", "message": "expected one JSON object a line"}
        if act is None:
            return {"error": "unknown_op", "message": f"there is no act {request.get('act')!r}"}
        try:
            return {"ok": await act(request)}
        except Refused as refusal:
            return {"error": refusal.code, "message": refusal.message, "details": refusal.details}
        except ReaderLost:
            return {"error": "unavailable", "message": "the database could not be read now"}
        except Invalid as problem:
            return {"error": "invalid", "message": problem.problem}
        except (KeyError, TypeError, ValueError) as error:
            return {"error": "invalid", "message": f"{error}: missing" if isinstance(error, KeyError) else str(error)}
