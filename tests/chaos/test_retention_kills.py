"""Old messages are let go when the writer, or the whole server, is killed: each portion is whole or was not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from chatd.admin.socket import AdminError
from chatd.store.database import connect
from chatd.store.migrate import migrate
from chatd.store.verify import verify
from tests.chaos.process import ServerProcess
from tests.chaos.test_erasure_kills import WAIT_S, ask, wait_until
from tests.store.kit import Store, react, send

WORD = "quagga"
GROUPS = ("g1", "g2", "g3")
MESSAGES = 600


def fill(url: str) -> None:
    """Three groups in which all was said years ago."""
    migrate(url)
    with Store(url) as store:
        store.people("ann", "bob")
        store.make_mutual("ann", "bob")
        for group in GROUPS:
            store.found(group, "ann", "bob", history="all")
        answers = store.done(*(send("ann", GROUPS[number % 3], f"{WORD} {number}") for number in range(MESSAGES)))
        store.done(*(react("bob", GROUPS[number % 3], one["pos"]) for number, one in enumerate(answers) if number < 90))


def left(url: str) -> int:
    """How many messages there are."""
    database = connect(url)
    try:
        return int(database.run("SELECT count(*) FROM entries WHERE kind = 'message'")[0][0][0])
    finally:
        database.close()


def is_down_to(url: str, goal: int) -> bool:
    """Whether so few are left."""
    return left(url) <= goal


class Forgetful(ServerProcess):
    """A server that keeps messages for thirty days; what is older goes when it is told so, a little at a time."""

    def environment(self) -> Mapping[str, str]:
        own = {"DAYS": "30", "ENTRIES_PER_COMMIT": "10", "PAUSE_S": "0.02"}
        return {**super().environment(), **{f"CHATD_RETENTION__{name}": value for name, value in own.items()}}


async def let_go_and_kill(server: ServerProcess, home: Path, chance: random.Random) -> None:
    """The writer dies in the midst of a run, then the whole server, then the writer in the midst of the next run."""

    async def down_to(least: float, most: float) -> None:
        goal = int(MESSAGES * chance.uniform(least, most))
        await asyncio.to_thread(wait_until, partial(is_down_to, server.url, goal))

    first = (await ask(home, "retention.run"))["run"]
    await down_to(0.8, 0.95)
    assert await server.kill(hub=False, writer=True)
    await down_to(0.55, 0.75)
    assert (await ask(home, "retention.status", run=first))["running"], "a writer's death does not end a run"
    assert await server.kill(hub=True, writer=True)
    assert left(server.url) > 0
    await server.start()
    with pytest.raises(AdminError, match="ended with the server"):
        await ask(home, "retention.status", run=first)
    second = (await ask(home, "retention.run"))["run"]
    await down_to(0.2, 0.4)
    assert await server.kill(hub=False, writer=True)
    async with asyncio.timeout(WAIT_S):
        while (await ask(home, "retention.status", run=second))["running"]:
            pass


@pytest.mark.promise("P9", "retention.killed")
def test_letting_go_is_whole_whoever_is_killed(store_url: str, tmp_path: Path) -> None:
    fill(store_url)

    async def run() -> None:
        server = Forgetful(store_url, tmp_path)
        await server.start()
        try:
            await let_go_and_kill(server, tmp_path, random.Random(7))
        finally:
            await server.stop()

    asyncio.run(run())
    database = connect(store_url)
    try:
        assert verify(database).problems == []
        rows, _ = database.run("SELECT body FROM entries")
        assert not [body for (body,) in rows if WORD in body]
        runs, _ = database.run("SELECT count(*) FROM audit WHERE act = 'retention.run'")
        assert runs == [(2,)]
    finally:
        database.close()
