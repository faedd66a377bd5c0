"""The client against a real server: what it promises about order, gaps and coming back, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from chatd.testing import TestServer, running_server
from chatd_client import (
    ChatdError,
    Client,
    ClientClosed,
    Connected,
    EntriesEvent,
    FileCursors,
    GroupView,
    MemoryCursors,
    MineEvent,
    Truncated,
)
from chatd_client.feed import last_pos
from chatd_protocol.log import Entry, Message, UnknownEntry
from chatd_protocol.signals import TokenExpiring
from tests.client.peer import first, in_loop

FAST = {"requests_per_s": 100_000.0}
Start = Callable[..., AbstractAsyncContextManager[TestServer]]


@pytest.fixture
def start(store_url: str, tmp_path: Path) -> Start:
    """Starts a server on one database of each kind; the same one when it is called again."""

    @asynccontextmanager
    async def started(port: int = 0, **sections: Any) -> AsyncIterator[TestServer]:
        sections = {"limits": FAST} | sections
        async with running_server(store_url, tmp_path, server={"port": port}, **sections) as server:
            yield server

    return started


class Reader:
    """Takes a client's events in the background and keeps what came."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.entries: dict[str, list[Entry | UnknownEntry]] = {}
        self.others: list[Any] = []
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for event in self.client.events():
            if isinstance(event, EntriesEvent):
                self.entries.setdefault(event.group, []).extend(event.entries)
            else:
                self.others.append(event)
            self._changed.set()

    async def until(self, group: str, pos: int) -> list[Entry | UnknownEntry]:
        """All entries of a group, once this one has come."""
        while not (came := self.entries.get(group)) or last_pos(came[-1]) < pos:
            self._changed.clear()
            await self._changed.wait()
        return came


def client_of(server: TestServer, sub: str, **more: Any) -> Client:
    return Client(server.ws_url, **({"token": server.token(sub, sub), "device": "d"} | more))


async def befriend(one: Client, other: Client) -> str:
    """Two who follow each other, in a group of the first."""
    assert one.hello is not None
    assert other.hello is not None
    await one.follow(other.hello.user)
    await other.follow(one.hello.user)
    group = (await one.create_group("群", history="all")).group
    added = await one.add_members(group, [other.hello.user])
    assert [result.result for result in added.results] == ["added"]
    return group


def check_dense(entries: list[Entry | UnknownEntry]) -> None:
    numbers = [entry.pos for entry in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def texts(entries: list[Entry | UnknownEntry]) -> list[str]:
    return [entry.body.text for entry in entries if isinstance(entry, Message) and entry.body]


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@in_loop
async def test_sends_stay_in_order_and_once_however_often_the_connections_end(start: Start, fmt: Any) -> None:
    async with start() as server, client_of(server, "ann", format=fmt) as ann, client_of(server, "bob") as bob:
        group = await befriend(ann, bob)
        reader = Reader(bob)
        sending = [asyncio.create_task(ann.send(group, str(n))) for n in range(200)]
        for n in (20, 60, 61, 120):
            await sending[n]
            ann._session.link.cycle()
            bob._session.link.cycle()
        placed = await asyncio.gather(*sending)
        assert [one.pos for one in placed] == list(range(3, 203))
        entries = await reader.until(group, 202)
        check_dense(entries)
        assert texts(entries) == [str(n) for n in range(200)]
        assert len([event for event in reader.others if isinstance(event, Connected)]) >= 2
        reader.task.cancel()


@in_loop
async def test_sends_beyond_the_rate_arrive_in_order_a_little_later(sqlite_url: str) -> None:
    slow = {"requests_per_s": 20.0}
    async with running_server(sqlite_url, limits=slow) as server, client_of(server, "ann") as ann:
        group = (await ann.create_group("G")).group
        placed = await asyncio.gather(*(ann.send(group, str(n)) for n in range(80)))
        assert [one.seq for one in placed] == list(range(1, 81))


@in_loop
async def test_one_refused_in_the_middle_and_each_gets_their_own_answer(start: Start) -> None:
    async with start() as server, client_of(server, "ann") as ann:
        group = (await ann.create_group("G")).group
        gone = (await ann.send(group, "gone")).pos
        await ann.recall(group, gone)
        sends = [ann.send(group, str(n), reply_to=gone if n % 5 == 2 else None) for n in range(20)]
        results = await asyncio.gather(*sends, return_exceptions=True)
        refused = [n for n, result in enumerate(results) if isinstance(result, ChatdError) and result.code == "gone"]
        assert refused == [2, 7, 12, 17]
        kept = [result.pos for result in results if not isinstance(result, BaseException)]
        assert kept == list(range(kept[0], kept[0] + 16))


@in_loop
async def test_a_slow_hand_gets_everything_once(start: Start) -> None:
    async with start() as server, client_of(server, "ann") as ann, client_of(server, "bob", inbox_entries=8) as bob:
        group = await befriend(ann, bob)
        await asyncio.gather(*(ann.send(group, str(n)) for n in range(100)))
        came: list[Entry | UnknownEntry] = []
        async for event in bob.events():
            if isinstance(event, EntriesEvent):
                came += event.entries
                await bob.read_history(group, limit=1)
                if last_pos(came[-1]) == 102:
                    break
        check_dense(came)
        assert texts(came) == [str(n) for n in range(100)]


@in_loop
async def test_a_restart_of_the_server_is_survived(start: Start) -> None:
    async with start() as server:
        port = urlsplit(server.ws_url).port
        ann, bob = client_of(server, "ann"), client_of(server, "bob")
        await asyncio.gather(ann.connect(), bob.connect())
        group = await befriend(ann, bob)
        reader = Reader(bob)
        await ann.send(group, "before")
        await reader.until(group, 3)
    sending = asyncio.create_task(ann.send(group, "between"))
    async with start(port=port):
        assert (await sending).pos == 4
        assert texts(await reader.until(group, 4)) == ["before", "between"]
        reader.task.cancel()
        await asyncio.gather(ann.close(), bob.close())


@in_loop
async def test_a_restart_of_the_program_goes_on_from_what_was_taken(start: Start, tmp_path: Path) -> None:
    kept = FileCursors(tmp_path / "cursors.json")
    async with start() as server, client_of(server, "ann") as ann:
        async with client_of(server, "bob", cursors=kept) as bob:
            group = await befriend(ann, bob)
            await ann.send(group, "one")
            await ann.send(group, "two")
            await first(bob, EntriesEvent, lambda event: "two" in texts(list(event.entries)))
        await ann.send(group, "three")
        async with client_of(server, "bob", cursors=kept) as bob:
            connected = await first(bob, Connected)
            assert connected.resumed
            reader = Reader(bob)
            assert texts(await reader.until(group, 5))[-2:] == ["two", "three"]
            check_dense(reader.entries[group])
            assert not [event for event in reader.others if isinstance(event, Truncated)]
            reader.task.cancel()


@in_loop
async def test_a_new_stay_in_a_group_begins_with_it(start: Start) -> None:
    kept = MemoryCursors()
    async with start() as server, client_of(server, "ann") as ann:
        async with client_of(server, "bob", cursors=kept) as bob:
            assert bob.hello is not None
            me = bob.hello.user
            group = await befriend(ann, bob)
            await ann.send(group, "first stay")
            await first(bob, EntriesEvent, lambda event: "first stay" in texts(list(event.entries)))
        await ann.update_group(group, history="none")
        await ann.kick_member(group, me)
        await ann.send(group, "not for bob")
        await ann.add_members(group, [me])
        last = await ann.send(group, "second stay")
        async with client_of(server, "bob", cursors=kept) as bob:
            reader = Reader(bob)
            came = texts(await reader.until(group, last.pos))
            assert (came[-1], "not for bob" in came) == ("second stay", False)
            kinds = [entry.kind for event in reader.others if isinstance(event, MineEvent) for entry in event.entries]
            assert kinds[-2:] == ["removed", "added"]
            reader.task.cancel()


def shown(view: GroupView) -> dict[str, Any]:
    return {"messages": msgspec.to_builtins(view.messages), "members": view.members, "title": view.title}


@pytest.mark.parametrize("seed", range(3))
@in_loop
async def test_a_view_that_was_kept_shows_what_a_fresh_one_shows(start: Start, seed: int) -> None:
    chance = Random(seed)
    async with start() as server, client_of(server, "ann") as ann, client_of(server, "bob") as bob:
        group = await befriend(ann, bob)
        view = await bob.view(group)
        reader = Reader(bob)
        said: list[int] = []
        last = 0
        for step in range(40):
            target = chance.choice(said) if said else None
            act = chance.choice(["send", "reply", "edit", "recall", "react"]) if target else "send"
            if target is None or act in {"send", "reply"}:
                reply_to = target if act == "reply" else None
                last = (await ann.send(group, f"text {step}", reply_to=reply_to)).pos
                said.append(last)
            elif act == "edit":
                last = (await ann.edit(group, target, f"edited {step}")).pos
            elif act == "react":
                last = (await ann.react(group, target, chance.choice("👍❤"))).pos or last
            else:
                last = (await ann.recall(group, target)).pos
                said.remove(target)
            if chance.random() < 0.1:
                bob._session.link.cycle()
        await reader.until(group, last)
        fresh = await (other := client_of(server, "bob", device="other")).connect()
        assert fresh.user
        theirs = await other.view(group)
        assert {pos: m for pos, m in view.messages.items() if theirs.messages.get(pos) != m} == {}
        assert shown(view) == shown(theirs)
        await other.close()
        reader.task.cancel()


@in_loop
async def test_the_same_device_takes_the_place_of_the_older(start: Start) -> None:
    async with start() as server:
        older = client_of(server, "ann")
        await older.connect()
        async with client_of(server, "ann"):
            with pytest.raises(ClientClosed) as why:
                async for _ in older.events():
                    pass
            assert why.value.code == 4404
            await older.close()


@in_loop
async def test_a_token_is_renewed_before_it_runs_out(sqlite_url: str) -> None:
    given: list[str] = []
    async with running_server(sqlite_url) as server:

        async def token() -> str:
            given.append(server.token("ann", ttl_s=3600 if given else 30))
            return given[-1]

        async with client_of(server, "ann", token=token) as ann:
            await first(ann, TokenExpiring)
            while len(given) < 2:
                await ann.list_groups()
            await ann.list_groups()
            assert len(given) == 2


@in_loop
async def test_everything_that_was_said_is_found_over_all_pages(start: Start) -> None:
    async with start(search={"follow_every_s": 0.01}) as server, client_of(server, "ann") as ann:
        search = server.hub.search
        assert search is not None
        group = (await ann.create_group("T")).group
        said = [(await ann.send(group, f"苹果 {number}, apple")).pos for number in range(45)]
        await asyncio.wait_for(search.caught_up(), 15)
        assert [hit.pos async for hit in ann.search_all("苹果 APPLE")] == said[::-1]
        async with asyncio.timeout(15):  # the server may write something of its own at any time
            while (page := await ann.search("苹果 7", group=group, limit=5)).lag is not None:
                await search.caught_up()
        assert [(hit.pos, hit.text[slice(*hit.highlights[0])]) for hit in page.hits] == [(said[7], "苹果")]
        assert page.more is None
