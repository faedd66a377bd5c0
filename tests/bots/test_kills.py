"""A real bot, a process of its own, is killed over and over: nothing is missed, nothing is said twice, and what it
remembers is right."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

from chatd.testing import TestServer
from chatd_client import Client, EntriesEvent
from chatd_client.bots import Bot, Store
from chatd_protocol.log import Edited, Entry, Message, UnknownEntry
from tests.bots.house import bot_token, house, running

PROGRAM = Path(__file__).parent / "counting.py"
MESSAGES = 60


class Kept:
    """The bot's process, started again whenever it has died."""

    def __init__(self, url: str, token: str, folder: Path, dies: str = "") -> None:
        token_file = folder / "bot.token"
        token_file.write_text(token)
        self.state = folder / "counting.db"
        self._log = folder / "counting.log"
        self._env = os.environ | {
            "CHATD_URL": url,
            "CHATD_TOKEN_FILE": str(token_file),
            "CHATD_BOT_STATE": str(self.state),
            "COUNTING_DIES": dies,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        self.process: asyncio.subprocess.Process | None = None
        self.deaths = 0
        self.codes: list[int] = []
        self._ending = False
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while not self._ending:
            with self._log.open("a") as log:
                self.process = await asyncio.create_subprocess_exec(sys.executable, PROGRAM, env=self._env, stderr=log)
            code = await self.process.wait()
            self.codes.append(code)
            self.deaths += code == -signal.SIGKILL
            if code not in {0, -signal.SIGKILL}:
                return

    def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    async def end(self) -> int:
        """Stop it as an operator does. The exit code."""
        self._ending = True
        assert self.process is not None
        self.process.terminate()
        await self._task
        return self.codes[-1]

    async def close(self) -> None:
        self._ending = True
        self.kill()
        await self._task


class Watcher:
    """Reads a group as a person does."""

    def __init__(self, client: Client, group: str) -> None:
        self.said: list[Message] = []
        self.others: list[Entry | UnknownEntry] = []
        self._group = group
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read(client))

    async def _read(self, client: Client) -> None:
        async for event in client.events():
            if isinstance(event, EntriesEvent) and event.group == self._group:
                for entry in event.entries:
                    (self.said if isinstance(entry, Message) and entry.bot else self.others).append(entry)  # type: ignore[arg-type]
                self._changed.set()

    async def until(self, answers: int) -> None:
        while len(self.said) < answers:
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def settle_in(server: TestServer, ann: Client, token: str, folder: Path) -> str:
    """A group of a person and the bot, which has been there before: it goes on from where it was."""
    async with running(Bot("counting"), server, token, folder / "counting.db") as run:
        group = (await ann.create_group("Numbers")).group
        assert run.client.hello is not None
        added = await ann.add_members(group, [run.client.hello.user])
        assert [one.result for one in added.results] == ["added"]
    return group


def ann_in(server: TestServer) -> Client:
    return Client(server.ws_url, token=server.token("ann"), device="d")


def check_answers(asked: dict[int, str], said: list[Message]) -> None:
    """Every message has its two answers, once, in order, with the number that is its own."""
    expected = []
    for n, (pos, text) in enumerate(asked.items(), 1):
        expected += [(pos, f"{n}: {text}"), (pos, f"{n} again")]
    assert [(one.reply_to, one.body.text) for one in said if one.body] == expected


def check_memory(path: Path, user: str, group: str, count: int) -> None:
    store = Store(path)
    try:
        assert store.all_documents("group") == {group: {"n": count}}
        assert store.all_documents("user") == {user: {"n": count}}
        assert store.dead() == []
    finally:
        store.close()


async def play_it(server: TestServer, kept: Kept, ann: Client, group: str, kills: random.Random | None) -> None:
    watcher = Watcher(ann, group)
    asked: dict[int, str] = {}
    try:
        async with asyncio.timeout(90):
            for n in range(1, MESSAGES + 1):
                text = f"message {n}"
                asked[(await ann.send(group, text)).pos] = text
                if kills is not None and n % 6 == 0:
                    await watcher.until(min(len(watcher.said) + kills.randrange(1, 4), 2 * n))
                    kept.kill()
            await watcher.until(2 * MESSAGES)
            assert await kept.end() == 0
        history = [entry async for entry in ann.history(group, newest_first=False)]
        check_answers(asked, [entry for entry in history if isinstance(entry, Message) and entry.bot])
        signs = [entry.reactions for entry in history if isinstance(entry, Message) and not entry.bot]
        assert all([(one.emoji, one.count) for one in each] == [("👀", 1)] for each in signs)
        assert ann.hello is not None
        check_memory(kept.state, ann.hello.user, group, MESSAGES)
    finally:
        await watcher.close()
        await kept.close()


def test_a_bot_that_is_killed_at_any_moment_misses_nothing_and_says_nothing_twice(
    sqlite_url: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with house(sqlite_url, tmp_path) as server, ann_in(server) as ann:
            token = await bot_token(server)
            group = await settle_in(server, ann, token, tmp_path)
            kept = Kept(server.ws_url, token, tmp_path)
            await play_it(server, kept, ann, group, random.Random(4))
            assert kept.deaths >= 5

    asyncio.run(story())


def test_a_bot_that_dies_beside_its_transaction_misses_nothing_and_says_nothing_twice(
    sqlite_url: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with house(sqlite_url, tmp_path) as server, ann_in(server) as ann:
            token = await bot_token(server)
            group = await settle_in(server, ann, token, tmp_path)
            dies = "middle:3 before:7 after:7 before:8 after:20 middle:21 before:21 after:59"
            kept = Kept(server.ws_url, token, tmp_path, dies)
            await play_it(server, kept, ann, group, None)
            assert kept.deaths == len(dies.split())

    asyncio.run(story())


def test_presses_are_counted_once_each_however_often_the_bot_dies(sqlite_url: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with house(sqlite_url, tmp_path) as server, ann_in(server) as ann, asyncio.timeout(90):
            token = await bot_token(server)
            group = await settle_in(server, ann, token, tmp_path)
            dies = "middle:2 before:3 after:3 before:10 middle:10 after:19"
            kept = Kept(server.ws_url, token, tmp_path, dies)
            watcher = Watcher(ann, group)
            try:
                await ann.send(group, "/menu")
                await watcher.until(1)
                for _ in range(20):
                    await ann.press(group, watcher.said[0].pos, "more")
                await watcher.until(21)
                assert await kept.end() == 0
                assert [one.body.text for one in watcher.said[1:]] == [f"press {n}" for n in range(1, 21)]
                changes = [entry.body.menu[0][0].label for entry in watcher.others if isinstance(entry, Edited)]
                assert changes == [str(n) for n in range(1, 21)]
                assert kept.deaths == len(dies.split())
            finally:
                await watcher.close()
                await kept.close()
            store = Store(kept.state)
            assert store.all_documents("group") == {group: {"presses": 20}}
            assert store.dead() == []
            store.close()

    asyncio.run(story())
