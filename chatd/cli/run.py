"""What the commands that run, migrate and check the server do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from chatd.cli.answers import DONE, FAILED, bare, failed, in_words, phrase, say
from chatd.cli.language import lang_of
from chatd.cli.table import clean, on_terminal, record
from chatd.cli.troubles import TROUBLES, start_failed
from chatd.config import Config
from chatd.store.collector import spare_the_collector
from chatd.store.database import connect, path_of
from chatd.store.failures import StoreLost

if TYPE_CHECKING:
    from chatd.http.front import Door


def serve(
    config: Config,
    chosen: dict[str, Any],
    served: Callable[[str], None] | None = None,
    doors: Sequence[Door] = (),
    config_path: Path | None = None,
) -> int:
    """Run the server until it is told to stop. `served` is called with the address once clients can connect; without
    it, people at a terminal are told how to come in, where the log is for people. `doors` are the ways in that its page
    names, `config_path` where the settings come from."""
    import uvloop

    from chatd.cli.logs import for_people, set_up_logs

    for section, values in chosen.items():
        section_now = msgspec.structs.replace(getattr(config, section), **values)
        config = msgspec.structs.replace(config, **{section: section_now})
    greets = served is None and sys.stderr.isatty() and for_people(config.log, terminal=True)
    set_up_logs(config.log, greeted=greets or served is not None)
    raise_open_files()
    status = uvloop.run(_serve(config, served or (partial(_greet, config, config_path) if greets else None), doors))
    if greets and status == DONE:
        tell(_text("stopped").format(store=_store_of(config)))
    return int(status)


def _greet(config: Config, config_path: Path | None, ws_url: str) -> None:
    from chatd.cli.welcome import welcome

    tell(welcome(config, ws_url, _store_of(config), lang_of(os.environ), config_path))


def tell(text: str) -> None:
    """A text beside the log, where the log goes."""
    print(text, file=sys.stderr, flush=True)


def _text(key: str) -> str:
    from chatd.cli.texts.serving import TEXTS

    return TEXTS[key][lang_of(os.environ) == "zh"]


def _store_of(config: Config) -> str:
    path = path_of(config.store.url)
    return str(path) if path is not None else "PostgreSQL"


async def _serve(config: Config, served: Callable[[str], None] | None, doors: Sequence[Door]) -> int:
    from chatd.app import Server
    from chatd.store.readers import ReaderLost

    stop = asyncio.Event()
    for interruption in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(interruption, stop.set)
    try:
        server = Server(config, doors=doors)
        await server.start()
    except ReaderLost as error:
        return start_failed(StoreLost(str(error)), config.server.host, config.server.port)
    except (*TROUBLES, ValueError) as error:
        return start_failed(error, config.server.host, config.server.port)
    spare_the_collector()
    if served is not None:
        served(server.ws_url)
    waits = [asyncio.ensure_future(event.wait()) for event in (stop, server.failed)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await server.stop()
    return FAILED if server.failed.is_set() else DONE


def raise_open_files() -> None:
    """One connection is one descriptor: take as many as the system lets us have."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def migrate(config: Config, as_json: bool) -> int:
    """Bring the tables up to date."""
    from chatd.store import lock
    from chatd.store.migrate import migrate as run

    path = path_of(config.store.url)
    held = lock.take(path) if path is not None else None
    before, after = run(config.store.url)
    if held is not None:
        lock.release(held)
    if before == after:
        done = phrase("already at {after}. 已经是 {after}。", after=after)
    elif before is None:
        done = phrase("made anew: {after}. 已新建：{after}。", after=after)
    else:
        done = phrase("{before} -> {after}. 已升级：{before} -> {after}。", before=before, after=after)
    say({"before": before, "after": after}, done, as_json)
    return DONE


def verify(config: Config, as_json: bool) -> int:
    """Check the whole database."""
    from chatd.cli.steps import steps
    from chatd.cli.texts.problems import code_of, said_of
    from chatd.store import lock
    from chatd.store.verify import verify as run

    path = path_of(config.store.url)
    if path is not None and not path.exists():
        return failed(in_words(f"there is no database at {path.absolute()}"))
    held = lock.take(path) if path is not None else None
    database = connect(config.store.url)
    with steps(as_json) as step:
        report = run(database, step)
    database.close()
    if held is not None:
        lock.release(held)
    if as_json:
        found = [{"code": code, "values": values} for code, values in map(code_of, report.problems)]
        value = {"counts": report.counts, "problems": report.problems, "found": found}
        say(value, "", as_json)
        return FAILED if report.problems else DONE
    if on_terminal():
        print(record({f"table_{name}": count for name, count in report.counts.items()}))
    for problem in report.problems:
        print(f"! {clean(said_of(problem))}")
    count = len(report.problems)
    print(phrase("{count} problems. 发现 {count} 处问题。", count=count) if count else bare("whole. 完好。"))
    return FAILED if report.problems else DONE
