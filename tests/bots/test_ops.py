"""Acts that may be done again: named by what they answer, in the order in which they were called."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import Any

import pytest

from chatd_client import ChatdError
from chatd_client.bots.ops import Ops, derive_cid
from chatd_client.bots.testing import Stage, StageClient, TurnedClock
from chatd_protocol.log import Message
from chatd_protocol.messages import SendMessage, TextBody
from chatd_protocol.values import Data
from tests.client.peer import in_loop


class Alone(StageClient):
    """Somebody on a stage, whose requests take their time, the first the longest."""

    def __init__(self, slow: int = 0) -> None:
        stage = Stage(TurnedClock())
        super().__init__(stage, stage.add_user("ann"))
        self.slow = slow

    async def ask(self, request: Data, kind: Any) -> Any:
        self.slow, turns = max(0, self.slow - 3), self.slow
        for _ in range(turns):
            await asyncio.sleep(0)
        return await super().ask(request, kind)


async def group_of(client: StageClient) -> str:
    await client.connect()
    return (await client.create_group("Tea")).group


def texts(client: StageClient, group: str) -> list[str]:
    log = client._stage.groups[group].log
    return [entry.body.text for entry in log if isinstance(entry, Message)]


def wish(ops: Ops, group: str, text: str) -> SendMessage:
    return SendMessage(group, ops.new_cid(), "text", TextBody(text))


def test_a_name_follows_from_its_parts_and_from_nothing_else() -> None:
    assert derive_cid("a", 1, 2) == derive_cid("a", 1, 2)
    assert len({derive_cid("a", 1, 2), derive_cid("a", 12), derive_cid("a1", 2), derive_cid("a", 2, 1)}) == 4
    assert re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", derive_cid("任何", 7))


@in_loop
async def test_acts_that_are_done_again_are_done_once() -> None:
    client = Alone()
    group = await group_of(client)
    for _ in range(3):
        ops = Ops(client, "me", group, 5)
        await ops.send(wish(ops, group, "one"), since=1)
        await ops.send(wish(ops, group, "two"), since=1)
    await (ops := Ops(client, "me", group, 6)).send(wish(ops, group, "one"), since=1)
    assert texts(client, group) == ["one", "two", "one"]


@in_loop
async def test_what_is_called_together_arrives_in_the_order_of_the_calls() -> None:
    client = Alone(slow=20)
    group = await group_of(client)
    client.slow = 20
    ops = Ops(client, "me", group, 5)
    await asyncio.gather(*(ops.send(wish(ops, group, str(n)), since=1) for n in range(6)))
    assert texts(client, group) == [str(n) for n in range(6)]


@in_loop
async def test_what_was_said_first_under_a_name_stands_and_is_the_answer() -> None:
    client = Alone()
    group = await group_of(client)
    ops = Ops(client, "me", group, 5)
    first = await ops.send(wish(ops, group, "first"), since=1)
    for n in range(450):
        await client.react(group, first.pos, f"sign{n}")
    again = Ops(client, "me", group, 5)
    said = await again.send(wish(again, group, "second"), since=1)
    assert (said.pos, said.cid) == (first.pos, first.cid)
    assert texts(client, group) == ["first"]


@in_loop
async def test_a_name_that_was_used_for_something_else_is_an_error() -> None:
    client = Alone()
    group = await group_of(client)
    ops = Ops(client, "me", group, 5)
    pos = (await ops.send(wish(ops, group, "tea"), since=1)).pos
    await ops.react(group, pos, "👍")
    again = Ops(client, "me", group, 5)
    again.new_cid()
    with pytest.raises(ChatdError, match="conflict"):
        await again.send(wish(again, group, "not a sign"), since=1)
    other = Ops(client, "me", group, 5)
    await other.once(other.react(group, pos, "👎"))


def test_a_bot_needs_nothing_of_the_server() -> None:
    code = (
        "import sys, chatd_client.bots, chatd_client.bots.program, chatd_client.bots.testing\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True).stdout
    loaded = {name for name in re.findall(r"'(\w+)'", said) if not name.startswith(("_", "sitecustomize"))}
    assert {"chatd_client", "chatd_protocol", "websockets"} <= loaded
    codecs = {"msgspec", "orjson", "msgpack", "cython_runtime", "typing_extensions"}
    assert loaded <= {"chatd_client", "chatd_protocol", "websockets"} | codecs
