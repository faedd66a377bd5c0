"""One run of the benchmark of search: a server, its index from nothing, what is found and how quickly. It must not know
tables or repeats."""

from __future__ import annotations

import asyncio
import random
import secrets
import statistics
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.line import Line
from bench.rows import Figures, Invalid
from bench.search_seed import EVERYWHERE, SHARE, SOMEWHERE
from bench.search_texts import Texts, Truth
from bench.seed import TOKEN_TTL_S, group_id
from bench.servers import Server, ServerFailed
from bench.subjects import Subject, serve_store
from chatd.admin.socket import AdminError, call
from chatd.config import Config, load
from chatd.secret import secret_of
from chatd.service.tokens import mint
from chatd.store.database import connect

START_S: Final = 60.0
FILL_S: Final = 3600.0
PAGE: Final = 20
PROBES_PER_S: Final = 10
LOST_S: Final = 30.0
LARGEST: Final = 0
SMALL: Final = 100
"""The group with most of the messages, and one of many."""
FRESH: Final = [chr(0x7000 + number) for number in range(1000)]
"""Characters of what is written meanwhile: nothing that is looked for."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a run needs. `url`: a database of its own."""

    url: str
    folder: Path
    texts: Texts
    truth: Truth
    queries: int
    rate: float
    seconds: float

    @property
    def small(self) -> int:
        """The number of a small group."""
        return min(SMALL, self.texts.groups - 1)

    @property
    def config(self) -> Config:
        return load(None, {"CHATD_STORE__URL": self.url, "CHATD_SERVER__STATE_DIR": str(self.folder)})

    def token(self, user: str) -> str:
        """What somebody connects with."""
        return mint(secret_of(self.config), user, "", int(time.time()), TOKEN_TTL_S)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where somebody searches. `group`: there alone, else in all `groups` they are in (None: all there are)."""

    name: str
    user: str
    group: int | None
    groups: set[int] | None

    def asked(self) -> dict[str, str]:
        """As the request says it."""
        return {} if self.group is None else {"group": group_id(self.group)}


def scopes_of(case: Case) -> list[Scope]:
    """Where is looked."""
    count = case.texts.groups
    some = set(range(0, count, SHARE))
    return [
        Scope("the largest group", EVERYWHERE, LARGEST, {LARGEST}),
        Scope("a small group", EVERYWHERE, case.small, {case.small}),
        Scope(f"{len(some)} groups", SOMEWHERE, None, some),
        Scope(f"{count:,} groups", EVERYWHERE, None, None),
    ]


async def run_case(case: Case) -> Figures:
    """All figures of a run. Raises `Invalid` when something was not found, `ServerFailed`."""
    cores = machine.choose_cores().server
    subject = Subject("chatd", _seeds_nothing, partial(serve_store, case.url))
    with Server(subject, case.folder, cores) as server:
        server.wait_for_hello(case.token(EVERYWHERE), START_S)
        filled = await _fill(case, server)
        found = await _search(case, server)
        lag = await _write_and_look(case, server)
    return filled | found | lag


def _seeds_nothing(directory: Path, groups: Any, stored: int) -> list[Any]:
    raise ServerFailed("the database is there already")


# -- filling


async def _fill(case: Case, server: Server) -> Figures:
    """Wait until the index has everything; nothing else happens meanwhile."""
    began_s = time.monotonic()
    while (status := await _status(case))["search_rebuilding"] or not status["search_rebuild_total"]:
        if time.monotonic() - began_s > FILL_S:
            raise Invalid(f"the index is not there after {FILL_S:.0f} s: {status}")
        await asyncio.sleep(0.05)  # how far it is can only be asked again
    spent_s = time.monotonic() - began_s
    cpu_s = machine.cpu_ns(server.processes_named("chatd.search.program")) / 1e9
    return {
        "fill the index, s": spent_s,
        "fill the index, processor seconds of its program": cpu_s,
        "entries indexed per second": status["search_rebuild_total"] / spent_s,
        "index, MiB": _index_bytes(case) / 2**20,
        "database without it, MiB": _database_bytes(case) / 2**20,
    }


async def _status(case: Case) -> dict[str, Any]:
    try:
        return await asyncio.to_thread(call, case.config.admin_socket_path(), "search.status")
    except AdminError as error:
        raise ServerFailed(str(error)) from error


def _index_bytes(case: Case) -> int:
    if case.url.startswith("sqlite"):
        return sum(path.stat().st_size for path in case.folder.glob("*.search.db*"))
    tables = "'search_docs', 'search_groups', 'search_state'"
    return _ask_size(case, f"SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class AS c WHERE relname IN ({tables})")


def _database_bytes(case: Case) -> int:
    if case.url.startswith("sqlite"):
        path = case.config.sqlite_path()
        return path.stat().st_size if path is not None else 0
    return _ask_size(case, "SELECT pg_database_size(current_database())") - _index_bytes(case)


def _ask_size(case: Case, sql: str) -> int:
    database = connect(case.url)
    try:
        return int(database.run(sql)[0][0][0])
    finally:
        database.close()


# -- finding


async def _search(case: Case, server: Server) -> Figures:
    """Every kind in every scope, all taking turns, each answer checked."""
    scopes, kinds = scopes_of(case), case.texts.kinds()
    times: dict[str, list[float]] = {f"{kind.name}, in {scope.name}": [] for scope in scopes for kind in kinds}
    looked, hits = 0, 0
    async with (
        await Line.dial(server.port, case.token(EVERYWHERE), "one") as everywhere,
        await Line.dial(server.port, case.token(SOMEWHERE), "two") as somewhere,
    ):
        lines = {EVERYWHERE: everywhere, SOMEWHERE: somewhere}
        for turn in range(case.queries):
            for scope in scopes:
                for kind in kinds:
                    word = kind.words[turn % len(kind.words)]
                    spent_s, found = await _time_search(lines[scope.user], scope, word)
                    check_page(case, scope, word, found)
                    times[f"{kind.name}, in {scope.name}"].append(spent_s * 1000)
                    looked, hits = looked + 1, hits + len(found)
    figures: Figures = {"searches whose newest page is as the texts say": looked, "hits on these pages": hits}
    for name, taken in times.items():
        figures[f"{name}: p50, ms"] = statistics.median(taken)
        figures[f"{name}: p99, ms"] = percentile(taken, 0.99)
    return figures


async def _time_search(line: Line, scope: Scope, word: str) -> tuple[float, list[tuple[str, int]]]:
    """Until there is a whole page, or nothing more: an answer may say that it looked through enough for now."""
    began_s = time.perf_counter()
    found: list[tuple[str, int]] = []
    asked: dict[str, Any] = scope.asked()
    while True:
        page = await line.ask("message.search", query=word, limit=PAGE - len(found), **asked)
        found += [(hit["group"], hit["pos"]) for hit in page["hits"]]
        if "more" not in page or len(found) >= PAGE:
            return time.perf_counter() - began_s, found
        asked["cursor"] = page["more"]


def check_page(case: Case, scope: Scope, word: str, found: list[tuple[str, int]]) -> None:
    """Raises `Invalid` unless the newest page of a search is what the texts say."""
    expected = [(group_id(group), pos) for group, pos in case.truth.newest(word, scope.groups, PAGE)]
    if found != expected:
        raise Invalid(f"{word!r} in {scope.name}: found {found}, should be {expected}")


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return sorted(values)[max(0, int(len(values) * share + 0.5) - 1)]


# -- lag


async def _write_and_look(case: Case, server: Server) -> Figures:
    """Messages at a rate, open loop; of some of them, how long after the answer they are found."""
    chance = random.Random(5)
    async with (
        await Line.dial(server.port, case.token(EVERYWHERE), "three") as writer,
        await Line.dial(server.port, case.token(EVERYWHERE), "four") as looker,
    ):
        until_s = time.monotonic() + case.seconds
        writing = asyncio.create_task(_write(case, writer, chance, until_s))
        lags_ms: list[float] = []
        while time.monotonic() < until_s:
            lags_ms.append(await _probe(case, looker, len(lags_ms)))
            await asyncio.sleep(1 / PROBES_PER_S)  # the rate at which somebody looks
        written, spent_s = await writing
    return {
        "messages/s while the lag is taken": written / spent_s,
        "from the answer to being found, p50, ms": statistics.median(lags_ms),
        "from the answer to being found, p99, ms": percentile(lags_ms, 0.99),
        "from the answer to being found, most, ms": max(lags_ms),
        "messages looked for until they were found": len(lags_ms),
    }


async def _write(case: Case, line: Line, chance: random.Random, until_s: float) -> tuple[int, float]:
    """How many were accepted, and in how long."""
    sent: list[asyncio.Task[dict[str, Any]]] = []
    began_s = time.monotonic()
    while (now_s := time.monotonic()) < until_s:
        while len(sent) < (now_s - began_s) * case.rate:
            text = "".join(chance.choices(FRESH, k=chance.randint(6, 30)))
            sent.append(asyncio.create_task(_say(line, chance.randrange(case.texts.groups), text)))
        await asyncio.sleep(0.005)  # the rate at which people write
    await asyncio.gather(*sent)
    return len(sent), time.monotonic() - began_s


async def _say(line: Line, group: int, text: str) -> dict[str, Any]:
    cid = secrets.token_urlsafe(16)
    return await line.ask("message.send", group=group_id(group), cid=cid, kind="text", body={"text": text})


async def _probe(case: Case, line: Line, number: int) -> float:
    word = f"探针probe{number}"
    said = await _say(line, case.small, f"这是{word}，请找")
    began_s = time.perf_counter()
    while True:
        _, found = await _time_search(line, Scope("", EVERYWHERE, case.small, None), word)
        spent_s = time.perf_counter() - began_s
        if (group_id(case.small), said["pos"]) in found:
            return spent_s * 1000
        if spent_s > LOST_S:
            raise Invalid(f"{word} was not found within {LOST_S:.0f} s")
        await asyncio.sleep(0.002)  # what is not found yet can only be looked for again
