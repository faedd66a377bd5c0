"""Whose catalogue the cards show: changes it all the time, and says each change again until it was accepted.

A product's price says its revision, so that everybody who is shown one can be asked which revision that was.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
import time
from typing import Any

import httpx
import orjson

from tests.chaos.history import Change
from tests.chaos.process import SHOP_SECRET, ServerProcess

ITEMS = tuple(f"item-{number}" for number in range(4))
CHANGE_EVERY_S = 0.4
RETRY_AFTER_S = 0.05
TIMEOUT_S = 10.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP: nobody's certificates are read from the disk


def title_of(item: str) -> str:
    """What a product is called; it never changes."""
    return f"Teapot {item}"


def price_of(rev: int) -> int:
    """What it costs at a revision."""
    return 1000 + rev


class Shop:
    """`changes`: every one, in the order in which they were made; one at a time."""

    def __init__(self, server: ServerProcess) -> None:
        self.changes: list[Change] = []
        self._server = server

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            item = ITEMS[len(self.changes) % len(ITEMS)]
            rev = 1 + sum(change.item == item for change in self.changes)
            self.changes.append(Change(item, rev))
            await self.settled()
            if len(self.changes) > len(ITEMS):
                await asyncio.sleep(CHANGE_EVERY_S)

    async def settled(self) -> None:
        """What is not accepted yet is said until it is."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=NO_TLS) as web:
            for change in self.changes[-1:]:
                while not change.accepted:
                    await self._server.up.wait()
                    change.accepted = await self._say(web, change)
                    if not change.accepted:
                        await asyncio.sleep(RETRY_AFTER_S)

    async def _say(self, web: httpx.AsyncClient, change: Change) -> bool:
        body = orjson.dumps({"items": [_product(change)], "deletions": []})
        timestamp = str(int(time.time()))
        try:
            response = await web.post(
                f"http://127.0.0.1:{self._server.port}/v1/catalogue",
                content=body,
                headers={"X-Chatd-Timestamp": timestamp, "X-Chatd-Signature": _sign(timestamp, body)},
            )
        except httpx.TransportError:
            return False
        if response.status_code == 200:
            result = response.json()["results"][0]["result"]
            assert result in {"added", "updated", "same"}, response.text
            return True
        assert response.status_code in {502, 503, 504, 507}, response.text
        return False


def _product(change: Change) -> dict[str, Any]:
    shown = {"kind": "product", "id": change.item, "rev": change.rev, "title": title_of(change.item)}
    return shown | {"price": price_of(change.rev), "currency": "CNY", "shop_url": "https://shop.example/1"}


def _sign(timestamp: str, body: bytes) -> str:
    """As `protocol/README.md` says; nothing of the project's own."""
    return hmac.new(SHOP_SECRET.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
