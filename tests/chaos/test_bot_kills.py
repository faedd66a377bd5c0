"""A bot's own process, the writer and the hub are killed in turn while people press the bot's button: each press that
was acknowledged is in the bot's own log once, in order, and the bot counts it once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from pathlib import Path

import jwt
import pytest

from chatd.admin.socket import call
from chatd.store.database import connect
from chatd.store.verify import verify
from chatd_client import Client
from chatd_client.bots import Bot, Store
from tests.bots.house import running
from tests.bots.test_kills import Kept, Watcher
from tests.chaos.process import SECRET, ServerProcess
from tests.chaos.truth import read_truth

PRESSES = 26
KILLED = ("bot", "writer", "bot", "hub")
"""In turn, with every third press."""
WAIT_S = 120.0


def person(server: ServerProcess) -> Client:
    claims = {"sub": "ann", "exp": int(time.time()) + 3600}
    return Client(server.ws_url, token=jwt.encode(claims, SECRET, algorithm="HS256"), device="d")


async def press_and_kill(server: ServerProcess, kept: Kept, ann: Client, group: str) -> int:
    """Press, kill somebody at every third press, and wait until all is counted. Where the button is."""
    watcher, rng = Watcher(ann, group), random.Random(9)
    try:
        await ann.send(group, "/menu")
        await watcher.until(1)
        pos, turns = watcher.said[0].pos, iter(KILLED * PRESSES)
        for number in range(1, PRESSES + 1):
            press = ann.press(group, pos, "more")
            if number % 3 == 0:
                await watcher.until(1 + rng.randrange(number - 3, number))
                await asyncio.gather(press, kill(next(turns), server, kept))
            else:
                await press
        await watcher.until(1 + PRESSES)
        assert await kept.end() == 0
    finally:
        await watcher.close()
    return int(pos)


async def kill(whom: str, server: ServerProcess, kept: Kept) -> None:
    if whom == "bot":
        kept.kill()
    elif whom == "hub":
        await server.kill(hub=True, writer=True)
        await server.start()
    else:
        await server.kill(hub=False, writer=True)


@pytest.mark.promise("P1", "kill-writer", "kill-both")
@pytest.mark.promise("P2", "kill-writer", "kill-both")
def test_presses_count_once_each_whoever_is_killed(store_url: str, tmp_path: Path) -> None:
    async def run() -> tuple[str, str, str, int]:
        server = ServerProcess(store_url, tmp_path)
        await server.start()
        try:
            made = await asyncio.to_thread(call, server.admin_socket, "bot.create", bot="counting")
            async with asyncio.timeout(WAIT_S), person(server) as ann:
                group = (await ann.create_group("Buttons")).group
                # It has been there before, and goes on from where it was.
                async with running(Bot("counting"), server, made["token"], tmp_path / "counting.db"):
                    await ann.add_members(group, [made["user"]])
                kept = Kept(server.ws_url, made["token"], tmp_path)
                try:
                    pos = await press_and_kill(server, kept, ann, group)
                finally:
                    await kept.close()
                assert kept.deaths >= PRESSES // 12
                assert ann.hello is not None
                return made["user"], group, ann.hello.user, pos
        finally:
            await server.stop()

    bot, group, ann, pos = asyncio.run(run())
    told = [(row.group, row.pos, row.body) for row in read_truth(store_url).mine[bot] if row.kind == "pressed"]
    assert told == [(group, pos, {"by": ann, "button": "more"})] * PRESSES
    with contextlib.closing(Store(tmp_path / "counting.db")) as store:
        assert store.all_documents("group") == {group: {"presses": PRESSES}}
    said = [
        row.body["body"]["text"] for row in read_truth(store_url).groups[group].rows if row.actor == bot and row.seq
    ]
    assert said[1:] == [f"press {number}" for number in range(1, PRESSES + 1)]
    database = connect(store_url)
    try:
        assert verify(database).problems == []
    finally:
        database.close()
