"""The terminal chat asks for names in the midst of showing: nothing that comes after waits for an answer that does not
come."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from chatd.cli import chat_state
from chatd.cli.chat_state import Names
from chatd_client import Client
from tests.e2e.phone import PATIENCE_S


class Silent:
    """A client between two connections: what is asked waits for the next one."""

    async def get_users(self, *_: Any) -> Any:
        await asyncio.get_running_loop().create_future()


def test_a_name_that_nobody_tells_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_state, "ASK_S", 0.01)

    async def scenario() -> None:
        names = Names(cast("Client", Silent()))
        async with asyncio.timeout(PATIENCE_S):
            await names.learn(["ann"])
        assert names.of("ann") == "ann"

    asyncio.run(scenario())
