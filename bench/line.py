"""A connection of one person to the server under test, for what the load generator cannot do: ask and read the answer.

It must not know what is measured.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.servers import JSON


class Refusal(RuntimeError):
    """The server refused a request."""


class Line:
    """Use it with `async with Line.dial(...)`; what is pushed is passed over."""

    def __init__(self, ws: ClientConnection) -> None:
        self._ws = ws
        self._numbers = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def dial(cls, port: int, token: str, device: str) -> Self:
        """Connected, and hello said."""
        uri = f"ws://127.0.0.1:{port}/ws"
        ws = await connect(uri, subprotocols=[JSON], compression=None, max_size=2**26, ping_interval=None, proxy=None)
        line = cls(ws)
        await line.ask("session.hello", token=token, device=device)
        return line

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ws.close()
        await self._reader

    async def ask(self, op: str, **data: Any) -> dict[str, Any]:
        """The answer. Raises `Refusal`."""
        self._numbers += 1
        future = self._waiting[self._numbers] = asyncio.get_running_loop().create_future()
        await self._ws.send(orjson.dumps({"id": self._numbers, "op": op, "data": data}), text=True)
        response = await future
        if "error" in response:
            raise Refusal(f"{op}: {response['error']['code']}")
        answer: dict[str, Any] = response["ok"]
        return answer

    async def _read(self) -> None:
        try:
            while True:
                message = orjson.loads(await self._ws.recv())
                future = self._waiting.pop(message.get("re"), None)
                if future is not None and not future.done():
                    future.set_result(message)
        except ConnectionClosed:
            for future in self._waiting.values():
                future.cancel()
