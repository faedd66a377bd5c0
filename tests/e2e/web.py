"""A browser as small as it can be: one connection to the HTTP side of the server, kept from request to request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self


class Web:
    """One HTTP connection that is kept. `headers` go with every request."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    @classmethod
    async def dial(cls, url: str, headers: Mapping[str, str] | None = None) -> Self:
        """Connected."""
        web = cls(url, headers or {})
        await web.dial_again()
        return web

    async def dial_again(self) -> None:
        """On another connection: one that nobody uses is closed by the server."""
        host, port = self._url.removeprefix("http://").split(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))

    async def get(self, path: str) -> int:
        """The status of a page."""
        return (await self._exchange(f"GET {path} HTTP/1.1\r\nHost: chatd\r\n{self._headers}\r\n".encode()))[0]

    async def post(self, path: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer."""
        body = json.dumps(fields).encode()
        crlf = "\r\n"
        lines = (
            f"POST {path} HTTP/1.1",
            "Host: chatd",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        status, answer = await self._exchange(f"{crlf.join(lines)}{crlf}{self._headers}{crlf}".encode() + body)
        return status, json.loads(answer)

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._reader.at_eof():
            self._writer.close()
            await self.dial_again()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        return int(lines[0].split()[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()
