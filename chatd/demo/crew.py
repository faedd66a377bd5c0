"""The bots of the demo, all in one process: `python -m chatd.demo.crew URL FOLDER`.

They are the examples that come with the SDK, loaded from where its source lies: an installed chatd has none. The
process ends when its standard input does, so that no bot outlives the demo, whatever ends that.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import chatd_client
from chatd.demo.community import BOTS, CATALOGUE, ZONE
from chatd.demo.house import token_path
from chatd_client import Client
from chatd_client.bots import Bot, Store, StoredCursors

EXAMPLES: Final = Path(chatd_client.__file__).parents[1] / "examples" / "bots"
STOP_S: Final = 10.0
STDIN: Final = 0
_log = logging.getLogger("chatd.demo")


def are_here() -> bool:
    """Whether the examples lie beside the SDK."""
    return all((EXAMPLES / f"{name}.py").exists() for name in BOTS)


@contextmanager
def crew(url: str, folder: Path, tell: Callable[[], None]) -> Iterator[None]:
    """The bots at work in a process of their own, whose log is `bots.log` in the folder. `tell` is called, from another
    thread, once all of them hear what is said. They are told to stop by the end of their input."""
    command = [sys.executable, "-m", "chatd.demo.crew", url, str(folder)]
    with (
        (folder / "bots.log").open("ab") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        told = threading.Thread(target=_wait_for, args=(process.stdout, tell), daemon=True)
        told.start()
        try:
            yield
        finally:
            process.stdin.close()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
            told.join(STOP_S)


def _wait_for(ready: IO[bytes], tell: Callable[[], None]) -> None:
    if ready.readline():
        tell()


def load(name: str) -> Bot:
    """The example of this name."""
    spec = importlib.util.spec_from_file_location(f"chatd_demo_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bot: Bot = module.bot
    if name == "shop":
        goods = [(item, str(data["title"])) for (kind, item), data in CATALOGUE.items() if kind == "product"]
        module.GOODS[:] = [module.Good(item, [title]) for item, title in goods]
    if name == "digest":
        bot.daily("20:00", zone=ZONE, per_group=True)(module.evening)
    return bot


async def work(url: str, folder: Path) -> None:
    """All of them, until the input ends or a signal comes."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for interruption in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(interruption, stop.set)
    loop.add_reader(STDIN, lambda: None if os.read(STDIN, 1) else stop.set())
    bots = {name: load(name) for name in BOTS}
    ready = asyncio.create_task(say_when_ready(list(bots.values())))
    runs = [asyncio.create_task(run(name, bot, url, folder)) for name, bot in bots.items()]
    await stop.wait()
    loop.remove_reader(STDIN)
    ready.cancel()
    for bot, running in zip(bots.values(), runs, strict=True):
        bot.stop()
        if bot.runner is None:  # not so far yet that it could stop in order
            running.cancel()
    await asyncio.wait(runs, timeout=STOP_S / 2)


async def say_when_ready(bots: Sequence[Bot]) -> None:
    """A line on the output once each of them knows its groups."""
    for bot in bots:
        await bot.running.wait()
        assert bot.runner is not None
        await bot.runner.ready.wait()
    print("ready", flush=True)


async def run(name: str, bot: Bot, url: str, folder: Path) -> None:
    """One of them. What ends it is logged, and the others go on."""
    store = Store(folder / f"{name}.bot.db")
    token = token_path(folder, name).read_text().strip()
    client = Client(url, token=token, device="demo", cursors=StoredCursors(store), program=f"demo {name}")
    try:
        await bot.run(client, store)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        _log.error("%s has ended: %s", name, type(error).__name__)
    finally:
        await client.close()
        store.close()


if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
