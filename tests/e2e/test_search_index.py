"""The index beside a running server: killed, deleted, switched on late, made anew. Nothing is lost, nobody waits."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from chatd.admin.socket import call
from chatd.search.link import SearchLink
from chatd.service.tokens import mint
from chatd.testing import TestServer
from tests.chaos.process import SECRET, ServerProcess
from tests.e2e.phone import PATIENCE_S, Denied, Phone
from tests.e2e.test_search import SEARCHING, found, indexed
from tests.e2e.town import living_town, on_loop

ON: dict[str, Any] = {"search": SEARCHING["search"] | {"portion_entries": 20}}
OFF: dict[str, Any] = {"search": {"on": False}}


def search_of(server: TestServer) -> SearchLink:
    search = server.hub.search
    assert search is not None
    return search


async def ended(search: SearchLink, restarts: int) -> None:
    """Wait until the program has ended once more."""
    async with asyncio.timeout(PATIENCE_S):
        while search.restarts == restarts:
            await search.moved(0.05)


@on_loop
async def test_a_killed_program_is_started_again_and_goes_on_where_it_was(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, **ON) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        search = search_of(town.server)
        said = []
        await search.caught_up()
        generation = search.status.generation
        for round_ in range(3):
            said += [await ann.say(group, f"重启 {round_}.{n}") for n in range(10)]
            await search.caught_up()
            said += [await ann.say(group, f"重启 {round_}.{n}") for n in range(10, 20)]
            assert search.pid is not None
            restarts = search.restarts
            os.kill(search.pid, signal.SIGKILL)
            await ended(search, restarts)
        assert await found(town, ann, "重启") == [(group, pos) for pos in reversed(said)]
        assert search.status.generation == generation, "it was not made anew"


@on_loop
async def test_what_was_said_while_nobody_followed_is_found_after_the_next_start(
    store_url: str, tmp_path: Path
) -> None:
    async with living_town(store_url, tmp_path, **OFF) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        said = [await ann.say(group, f"从前 {n}") for n in range(50)]
    for _ in range(2):
        async with living_town(store_url, tmp_path, **ON) as town:
            ann = await town.phone_of(ann.sub, "another")
            said.append(await ann.say(group, "从前 and now"))
            assert await found(town, ann, "从前") == [(group, pos) for pos in reversed(said)]


@on_loop
async def test_an_index_that_is_deleted_under_a_running_server_is_made_again(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, **ON) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        said = [await ann.say(group, f"删除 {n}") for n in range(50)]
        assert len(await found(town, ann, "删除")) == 50
        generation = search_of(town.server).status.generation
        _delete(tmp_path)
        said.append(await ann.say(group, "删除 later"))
        async with asyncio.timeout(PATIENCE_S):
            while search_of(town.server).status.generation == generation:
                await search_of(town.server).moved(0.05)
        assert await found(town, ann, "删除") == [(group, pos) for pos in reversed(said)]


@on_loop
async def test_an_index_that_is_broken_under_a_running_server_is_made_again(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, **ON) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        said = [await ann.say(group, f"损坏 {n}") for n in range(50)]
        assert len(await found(town, ann, "损坏")) == 50
        search = search_of(town.server)
        generation = search.status.generation
        _spoil(tmp_path)
        await search._reopen(generation)  # what was read before is still in memory, and good
        assert (await ann.denied("message.search", query="损坏")).code == "unavailable"
        async with asyncio.timeout(PATIENCE_S):
            while search.status.generation == generation:
                await search.moved(0.05)
        assert await found(town, ann, "损坏") == [(group, pos) for pos in reversed(said)]


def _delete(folder: Path) -> None:
    for path in folder.glob("*.search.db*"):
        path.unlink()


def _spoil(folder: Path) -> None:
    """Other bytes in the same files."""
    for path in folder.glob("*.search.db*"):
        if not path.name.endswith("-shm"):
            path.write_bytes(os.urandom(path.stat().st_size))


@on_loop
async def test_an_answer_of_an_index_that_is_behind_says_so(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, **ON) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        early = await ann.say(group, "落后 one")
        await indexed(town)
        search = search_of(town.server)
        assert search.pid is not None
        os.kill(search.pid, signal.SIGSTOP)
        try:
            late = await ann.say(group, "落后 two")
            await ann.up_to(group, late)
            await search.tick()
            page = await ann.ask("message.search", query="落后")
            assert [hit["pos"] for hit in page["hits"]] == [early]
            assert page["lag"]["commits"] == 1
            figures = await asyncio.to_thread(call, town.server.config.admin_socket_path(), "stats")
            assert figures["search_lag_commits"] == 1
        finally:
            os.kill(search.pid, signal.SIGCONT)
        assert await found(town, ann, "落后") == [(group, late), (group, early)]
        figures = await asyncio.to_thread(call, town.server.config.admin_socket_path(), "search.status")
        assert (figures["search_lag_commits"], figures["search_lag_ms"], figures["search_rebuilding"]) == (0, 0, 0)


@on_loop
async def test_the_operator_has_it_made_anew_and_sees_how_far_it_is(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, **ON) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        said = [await ann.say(group, f"重建 {n}") for n in range(60)]
        await indexed(town)
        search, socket = search_of(town.server), town.server.config.admin_socket_path()
        generation = search.status.generation
        await asyncio.to_thread(call, socket, "search.rebuild")
        async with asyncio.timeout(PATIENCE_S):
            while search.status.generation == generation:
                await search.moved(0.05)
        assert await found(town, ann, "重建") == [(group, pos) for pos in reversed(said)]
        metrics = await asyncio.to_thread(_read, town.server.http_url + "/metrics")
        for name in ("search_lag_commits 0.0", "search_rebuild_total ", "searches_total ", "search_restarts_total 0.0"):
            assert f"\nchatd_{name}" in metrics


def _read(url: str) -> str:
    with urlopen(url) as response:  # noqa: S310 - our own server
        return str(response.read().decode())


@on_loop
async def test_after_a_kill_of_the_whole_server_everything_that_was_acknowledged_is_found(
    store_url: str, tmp_path: Path
) -> None:
    server = ServerProcess(store_url, tmp_path)
    group, said = "", list[int]()
    for round_ in range(3):
        await server.start()
        try:
            ann = await Phone.dial(server.ws_url)
            await ann.say_hello(mint(SECRET, "ann", "Ann", _now_s(), 3600, {}))
            group = group or (await ann.do("group.create", kind="private", title="T"))["group"]
            said += [await ann.say(group, f"断电 {round_} {n}") for n in range(25)]
            hits: list[int] = []
            async with asyncio.timeout(PATIENCE_S):
                while hits != said[::-1]:
                    hits = await _search(ann, group)
            said += [await ann.say(group, f"断电 {round_} {n}") for n in range(25, 50)]
            await ann.cut_off()
        finally:
            if round_ < 2:
                await server.kill(hub=True, writer=bool(round_))
            else:
                assert await server.stop() == 0
    assert server.errors == []


async def _search(phone: Phone, group: str) -> list[int]:
    """What is found now. While the program starts there is no answer, only when to ask again."""
    try:
        page = await phone.ask("message.search", query="断电", group=group, limit=200)
    except Denied as denied:
        if denied.code not in ("unavailable", "rate_limited"):
            raise
        await asyncio.sleep(denied.error["retry_after"])
        return []
    return [hit["pos"] for hit in page["hits"]]


def _now_s() -> int:
    return int(time.time())
