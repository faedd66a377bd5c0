"""A person is being erased when the writer, or the whole server, is killed: it goes on by itself, to the end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatd.admin.socket import AdminError, call
from chatd.store.database import connect
from chatd.store.migrate import migrate
from chatd.store.verify import verify
from tests.chaos.process import ServerProcess
from tests.store.kit import Store, add, react, send

WORD = "quagga"
MESSAGES = 4000
WAIT_S = 60.0
KILLS = 6


def fill(url: str) -> None:
    """Somebody who wrote thousands of messages, in groups of several kinds of people."""
    migrate(url)
    with Store(url) as store:
        store.people("ann", "bob", "zoe")
        store.make_mutual("zoe", "ann", "bob")
        for group in ("g1", "g2", "g3"):
            store.found(group, "zoe", "ann", "bob", history="all")
        said = [f"{WORD} {number}" for number in range(MESSAGES)]
        for start in range(0, MESSAGES, 500):
            store.done(*(send("zoe", f"g{start // 500 % 3 + 1}", text) for text in said[start : start + 500]))
        answers = store.done(*(send("ann", "g1", f"answer {number}") for number in range(200)))
        store.done(*(react("zoe", "g1", answer["pos"]) for answer in answers))
        store.done(add("zoe", "g2", "bob"))


def left(url: str) -> int:
    """How many messages still say something."""
    database = connect(url)
    try:
        sql = "SELECT count(*) FROM entries WHERE actor = 'zoe' AND kind = 'message' AND NOT recalled"
        return int(database.run(sql)[0][0][0])
    finally:
        database.close()


def is_down_to(url: str, goal: int) -> bool:
    """Whether so few are left."""
    return left(url) <= goal


def wait_until(check: Callable[[], bool]) -> None:
    """Look again and again, for a bounded time."""
    deadline = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < deadline, "it does not go on"


def _socket(home: Path) -> Path:
    """The admin socket of the server of this test, wherever its database is."""
    return next(home.glob("*.sock"), home / "none.sock")


async def ask(home: Path, act: str, **fields: Any) -> dict[str, Any]:
    """An act of the operator; a server that is down or has no writer just now is asked again."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return await asyncio.to_thread(call, _socket(home), act, **fields)
            except AdminError as error:
                if "not_found" in str(error):
                    raise
                await asyncio.sleep(0.01)  # the killed server tells nobody when it can be asked again


async def erase_and_kill(server: ServerProcess, home: Path, chance: random.Random) -> int:
    """Begin, kill at moments that chance names, and wait for the end. Returns how many kills fell before it."""
    fell = 0
    await ask(home, "erase", user="zoe", yes=True)
    for turn in range(KILLS):
        before = left(server.url)
        goal = chance.randint(before * 2 // 3, before)
        await asyncio.to_thread(wait_until, partial(is_down_to, server.url, goal))
        hub = turn % 2 == 1
        if await server.kill(hub=hub, writer=hub or turn % 4 == 0):
            fell += left(server.url) > 0
        if hub:
            await server.start()
    async with asyncio.timeout(WAIT_S):
        while (await ask(home, "erase.status", user="zoe"))["stage"] != "done":
            pass
    return fell


@pytest.mark.promise("P1", "erase.killed")
@pytest.mark.promise("P9", "erase.killed")
def test_an_erasure_that_is_killed_over_and_over_ends_by_itself(store_url: str, tmp_path: Path) -> None:
    fill(store_url)

    async def run() -> int:
        server = ServerProcess(store_url, tmp_path)
        await server.start()
        try:
            return await erase_and_kill(server, tmp_path, random.Random(7))
        finally:
            await server.stop()

    assert asyncio.run(run()) >= 2
    database = connect(store_url)
    try:
        assert verify(database).problems == []
        rows, _ = database.run("SELECT body FROM entries")
        assert not [body for (body,) in rows if WORD in body]
        said = "SELECT group_id, count(*) FROM entries WHERE kind = 'erased' GROUP BY group_id ORDER BY group_id"
        assert [tuple(row) for row in database.run(said)[0]] == [("g1", 1), ("g2", 1), ("g3", 1)]
        assert database.run("SELECT 1 FROM erasures")[0] == []
    finally:
        database.close()
