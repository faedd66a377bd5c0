"""When all is quiet: everything is searched for that has some words, in every group, by somebody who sees it."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.chaos.daily import WORDS
from tests.chaos.device import Device
from tests.chaos.history import Found
from tests.chaos.workload import Workload

PAGE = 100
ASK_AGAIN_S = 0.1


async def find_all(crowd: Workload) -> list[Found]:
    """Wait for an index that has everything, then read all pages. It is for the caller to bound the time."""
    found = []
    for group, user in crowd.founder.items():
        for words in WORDS:
            positions = await _find(crowd.of[user][0], {"query": words, "group": group, "limit": PAGE})
            found.append(Found(user, group, words, frozenset(positions)))
    return found


async def _find(device: Device, query: dict[str, Any]) -> set[int]:
    positions: set[int] = set()
    cursor: dict[str, Any] = {}
    while True:
        page = await _ask(device, query | cursor)
        if page is None or "lag" in page:
            await asyncio.sleep(ASK_AGAIN_S)
            continue
        positions |= {hit["pos"] for hit in page["hits"]}
        if page.get("more") is None:
            return positions
        cursor = {"cursor": page["more"]}


async def _ask(device: Device, query: dict[str, Any]) -> dict[str, Any] | None:
    await device.ready.wait()
    answered: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
    if not device.ask("message.search", query, answered.set_result):
        return None
    return await answered
