"""Groups are being told of a changed card, one after the other, when the server is killed: each is told once.

That the writer alone is killed has its test in `tests/e2e/test_cards.py`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.device import Command, Device
from tests.chaos.history import Change, Entries, Recorder
from tests.chaos.process import ServerProcess
from tests.chaos.shop import Shop
from tests.chaos.truth import count_untold, read_truth

GROUPS = 8
TOLD_BEFORE = 2
WAIT_S = 60.0


class Reader:
    """Somebody who is in all groups, and comes back by themselves."""

    def __init__(self, server: ServerProcess) -> None:
        self._recorder = Recorder()
        self.device = Device(server, self._recorder, "ann", "phone", "json")
        self._moved = asyncio.Event()
        self.device.moved = self._moved.set
        self._cids = itertools.count(1)

    async def do(self, op: str, **data: Any) -> dict[str, Any]:
        """A command, said until it is answered."""
        answered: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        cid = base64.urlsafe_b64encode(next(self._cids).to_bytes(16, "big")).decode().rstrip("=")
        self.device.command(cid, Command(op, data | {"cid": cid}, answered.set_result))
        ok = await asyncio.wait_for(answered, WAIT_S)
        assert ok is not None, op
        return ok

    def told(self) -> set[str]:
        """The groups whose `card` entry has arrived."""
        events = [event for connection in self._recorder.connections for event in connection.events]
        pushed = [event for event in events if isinstance(event, Entries)]
        return {event.group for event in pushed if any(shown.raw["kind"] == "card" for shown in event.entries)}

    async def until_told(self, groups: int) -> None:
        """Wait until so many groups were told."""
        async with asyncio.timeout(WAIT_S):
            while len(self.told()) < groups:
                self._moved.clear()
                await self._moved.wait()


@pytest.mark.promise("P4", "card.killed")
@pytest.mark.parametrize("killed", ["hub", "both"])
def test_groups_are_told_once_of_a_changed_card_when_the_hub_is_killed(
    store_url: str, tmp_path: Path, killed: str
) -> None:
    asyncio.run(_story(ServerProcess(store_url, tmp_path), killed))


async def _story(server: ServerProcess, killed: str) -> None:
    ann, shop = Reader(server), Shop(server)
    try:
        await server.start()
        ann.device.start()
        async with asyncio.timeout(WAIT_S):
            await ann.device.ready.wait()
        await _offer(shop, 1)
        for number in range(GROUPS):
            group = (await ann.do("group.create", kind="private", title=f"G{number}"))["group"]
            body = {"product": "item", "text": "look"}
            await ann.do("message.send", group=group, kind="product_card", body=body)
        await _offer(shop, 2)
        await ann.until_told(TOLD_BEFORE)
        assert await server.kill(hub=True, writer=killed == "both")
        assert len(ann.told()) < GROUPS, "it was to be killed in the middle"
        assert await asyncio.to_thread(count_untold, server.url)
        await server.start()
        await ann.until_told(GROUPS)
    finally:
        await ann.device.stop()
        status = await server.stop()
    # All that was under way has ended with the server.
    truth = await asyncio.to_thread(read_truth, server.url)
    assert [[row.kind for row in group.rows].count("card") for group in truth.groups.values()] == [1] * GROUPS
    assert truth.kept.untold == 0
    assert (status, server.errors) == (0, [])


async def _offer(shop: Shop, rev: int) -> None:
    shop.changes.append(Change("item", rev))
    async with asyncio.timeout(WAIT_S):
        await shop.settled()
