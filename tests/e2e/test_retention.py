"""What is older than it is kept goes, while people look on, are away or come back: nobody meets a silent gap."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chatd.core.retention import DAY_MS, CutLog
from chatd.hub.feed import State
from chatd.store.database import connect
from chatd.store.verify import verify
from chatd_client import Client, EntriesEvent, Expired, MemoryCursors, Truncated
from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.town import Town, a_millisecond_later, living_town, on_loop
from tests.hub.kit import held_reads, says, session_of, texts

KEEPING: dict[str, Any] = {"days": 30, "pause_s": 0.0, "entries_per_commit": 3}


class Clock:
    """The time that retention goes by, which a test can move on."""

    def __init__(self) -> None:
        self._stands_ms: int | None = None

    def pass_by(self, days: int) -> None:
        """So many days are over for what was said so far, and for nothing that is said from now on."""
        self._stands_ms = time.time_ns() // 1_000_000 + days * DAY_MS
        a_millisecond_later()

    def __call__(self) -> int:
        return self._stands_ms or time.time_ns() // 1_000_000


@asynccontextmanager
async def town_of(url: str, folder: Path, **sections: Any) -> AsyncIterator[tuple[Town, Clock]]:
    clock = Clock()
    async with living_town(url, folder, **({"retention": KEEPING} | sections)) as town:
        town.server.retention.now_ms = clock
        yield town, clock


async def cut(town: Town, group: str, upto: int) -> None:
    """Let everything up to a position go, in one commit, and tell those who look on."""
    hub = town.server.hub
    verdict = await hub.link.ask(CutLog(group, 0, upto, True))
    assert verdict.answer is not None
    assert verdict.answer["gone"]
    town.server.retention._tell(group)


async def ran(town: Town, group: str | None = None) -> dict[str, Any]:
    """Have the operator let everything go that is over, and wait until it is through."""
    await town.act("retention.run", **({"group": group} if group else {}))
    async with asyncio.timeout(PATIENCE_S):
        while (state := await town.act("retention.status"))["running"]:
            pass  # each turn asks the server anew
    return state


def problems(url: str) -> list[str]:
    database = connect(url)
    try:
        return verify(database).problems
    finally:
        database.close()


async def three_who_chat(town: Town) -> tuple[Phone, Phone, str, list[int]]:
    """Ann and Bob, their group, and where the six messages stand that Ann wrote."""
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    said = [await ann.say(group, f"old {number}") for number in range(6)]
    await bob.up_to(group, said[-1])
    await ann.up_to(group, said[-1])
    return ann, bob, group, said


@pytest.mark.promise("P4", "truncated.resume")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@on_loop
async def test_who_comes_back_from_below_is_told_and_gets_the_rest(store_url: str, tmp_path: Path, fmt: Any) -> None:
    async with town_of(store_url, tmp_path) as (town, _):
        ann, bob, group, said = await three_who_chat(town)
        cursors = bob.cursors()
        at = {entry["pos"]: entry["at"] for entry in bob.entries[group]}
        await bob.hang_up()
        await cut(town, group, said[3])
        for pos in (said[0], said[2]):
            cursors["heads"][group] = (pos, at[pos])
            back = await town.phone_of(bob.sub, "phone", fmt, **cursors)
            line = next(line for line in back.hello["groups"] if line["group"] == group)
            assert (line["truncated"], line["after"], line["floor"]) == (said[3], said[3], said[3])
            assert "reset" not in line
            assert texts(await back.up_to(group, said[-1])) == ["old 4", "old 5"]
            opened = await back.ask("group.open", group=group, after=pos, at=at[pos])
            assert (opened["truncated"], opened["after"]) == (said[3], said[3])
            await back.hang_up()
        cursors["heads"][group] = (said[3], at[said[3]])
        back = await town.phone_of(bob.sub, "phone", fmt, **cursors)
        line = next(line for line in back.hello["groups"] if line["group"] == group)
        assert (line.get("truncated"), line.get("reset"), line["after"]) == (None, None, said[3])
        assert texts(await back.up_to(group, said[-1])) == ["old 4", "old 5"]
        opened = await back.ask("group.open", group=group, after=said[3], at=at[said[3]])
        assert (opened.get("truncated"), opened.get("reset")) == (None, None)
        for wrong in (said[3], said[4]):
            opened = await back.ask("group.open", group=group, after=wrong, at=at[wrong] - 5)
            assert opened["reset"]
        assert await ann.line(group)
    assert problems(store_url) == []


@pytest.mark.promise("P9", "retention")
@on_loop
async def test_the_ring_quotes_and_repeats_nothing_that_went(store_url: str, tmp_path: Path) -> None:
    async with town_of(store_url, tmp_path) as (town, _):
        ann, bob, group, said = await three_who_chat(town)
        at = {entry["pos"]: entry["at"] for entry in bob.entries[group]}
        cursors = bob.cursors()
        await bob.hang_up()
        answer = await ann.say(group, "an answer", reply_to=said[2])
        assert "quote" in (await ann.up_to(group, answer))[-1]
        pages = town.server.hub.pages.reads
        await cut(town, group, said[-1])
        for pos in (said[-1], said[0]):
            cursors["heads"][group] = (pos, at[pos])
            back = await town.phone_of(bob.sub, "phone", **cursors)
            entries = await back.up_to(group, answer)
            assert [entry["pos"] for entry in entries] == [answer]
            assert (entries[0]["reply_to"], entries[0].get("quote")) == (said[2], None)
            await back.hang_up()
        assert town.server.hub.pages.reads == pages, "it came out of the ring"


@pytest.mark.promise("P4", "truncated.live")
@on_loop
async def test_those_who_look_on_are_told_and_go_on_without_a_gap(store_url: str, tmp_path: Path) -> None:
    async with town_of(store_url, tmp_path) as (town, clock):
        ann, bob, group, said = await three_who_chat(town)
        bot = await town.bot_by((await town.act("bot.create", bot="reader"))["token"])
        before = len(bob.raw)
        clock.pass_by(30)
        new = await ann.say(group, "new")
        plan = await town.act("retention.plan")
        mine = next(one for one in plan["groups"] if one["group"] == group)
        assert (mine["messages"], mine["kept"], mine["days"], mine["floor"]) == (6, 0, None, 0)
        assert await bob.history(group), "a dry run changes nothing"
        state = await ran(town)
        assert state["gone"] >= 6
        await bob.until(lambda: bob.floors.get(group) == said[-1])
        await ann.until(lambda: ann.floors.get(group) == said[-1])
        assert group not in bot.floors
        assert texts(await bob.up_to(group, new))[-1] == "new"
        assert len([one for one in bob.raw[before:] if b"truncated" in one]) == 1, "once, however many portions"
        after = await bob.say(group, "and on")
        assert texts((await ann.up_to(group, after))[-1:]) == ["and on"]
        assert (await town.act("retention.plan"))["groups"] == []
    assert problems(store_url) == []


@pytest.mark.promise("P4", "truncated.behind")
@on_loop
async def test_who_is_behind_when_it_goes_is_told_in_its_place(store_url: str, tmp_path: Path) -> None:
    narrow = {"write_high_bytes": 16_384, "write_low_bytes": 4096, "send_buffer_bytes": 8192}
    hub = {"ring_entries": 16, "page_entries": 8}
    async with town_of(store_url, tmp_path, ws=narrow, hub=hub) as (town, _):
        ann = await town.person("ann")
        slow = await town.person("slow", receive_buffer_bytes=4096)
        group = await town.group_of(ann, slow)
        slow.stall()
        follow = session_of(town.server.hub, slow).follows[group]
        pos = 0
        for number in range(500):
            pos = await ann.say(group, f"{number} {'x' * 1500}")
            if follow.state is State.BEHIND and not follow.session.socket.writable and follow.cursor < pos - 40:
                break
        assert follow.cursor < pos - 40
        floor = pos - 10
        await cut(town, group, floor)
        slow.read_on()
        entries = await slow.up_to(group, pos)
        assert slow.floors[group] == floor
        assert [entry["pos"] for entry in entries][-10:] == list(range(floor + 1, pos + 1))
        assert max(entry["pos"] for entry in entries[:-10]) < floor, "the gap is there, and was told"
        more = await ann.say(group, "live again")
        assert texts((await slow.up_to(group, more))[-1:]) == ["live again"]
    assert problems(store_url) == []


@pytest.mark.promise("P4", "truncated.behind")
@on_loop
async def test_a_page_that_is_being_read_when_it_goes_is_not_sent(store_url: str, tmp_path: Path) -> None:
    async with town_of(store_url, tmp_path, hub={"ring_entries": 1, "page_entries": 2}) as (town, _):
        ann, bob, group, said = await three_who_chat(town)
        at = {entry["pos"]: entry["at"] for entry in bob.entries[group]}
        cursors = bob.cursors()
        cursors["heads"][group] = (said[0] - 1, at[said[0] - 1])
        await bob.hang_up()
        with held_reads(town.server.hub, passing=2) as reads:
            coming = asyncio.ensure_future(town.phone_of(bob.sub, "phone", **cursors))
            async with asyncio.timeout(PATIENCE_S):
                await reads.begun.wait()
            await cut(town, group, said[4])
            reads.go.set()
            back = await asyncio.wait_for(coming, PATIENCE_S)
            assert texts(await back.up_to(group, said[-1])) == ["old 5"]
        assert back.floors[group] == said[4]
        assert not says(back, "old 1")
        assert ann.user != back.user


@pytest.mark.promise("P4", "truncated.client")
@on_loop
async def test_the_client_goes_on_over_what_went(store_url: str, tmp_path: Path) -> None:
    async with town_of(store_url, tmp_path) as (town, _):
        ann, bob, group, said = await three_who_chat(town)
        await bob.hang_up()
        cursors = MemoryCursors()
        token = town.server.token(bob.sub)

        async def listen(upto: int) -> tuple[list[int], list[tuple[type, int]]]:
            seen: list[int] = []
            told: list[tuple[type, int]] = []
            async with Client(town.server.ws_url, token=token, device="sdk", cursors=cursors) as client:
                await client.open_group(group)
                async for event in client.events():
                    match event:
                        case EntriesEvent(entries=entries):
                            seen += [entry.pos for entry in entries]
                        case Truncated(group=str(), floor=floor) | Expired(floor=floor):
                            told.append((type(event), floor))
                            if type(event) is Expired:
                                return seen, told
                        case _:
                            pass
                    if seen and seen[-1] >= upto:
                        return seen, told
            raise AssertionError("it ended")

        first = await ann.say(group, "for the client")
        listening = asyncio.ensure_future(listen(first + 1))
        await ann.until(lambda: True)
        await _connected(town, bob.user)
        second = await ann.say(group, "and more")
        assert (await asyncio.wait_for(listening, PATIENCE_S))[0][-1] == second
        third = [await ann.say(group, "missed") for _ in range(4)][-1]
        await cut(town, group, third - 1)
        seen, told = await asyncio.wait_for(listen(third), PATIENCE_S)
        assert (seen, told) == ([third], [(Truncated, third - 1)])
        listening = asyncio.ensure_future(listen(third + 100))
        await _connected(town, bob.user)
        await cut(town, group, third)
        _, told = await asyncio.wait_for(listening, PATIENCE_S)
        assert told[-1] == (Expired, third)
        assert said


async def _connected(town: Town, user: str) -> None:
    """Wait until somebody has a live session in every group."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            person = town.server.hub.people.get(user)
            sessions = list(person.sessions) if person is not None else []
            if any(follow.opened for session in sessions for follow in session.follows.values()):
                return
            await town.act("stats")  # the server does something meanwhile


@pytest.mark.promise("P9", "retention.killed")
@on_loop
async def test_a_run_goes_on_when_the_writer_is_killed_meanwhile(store_url: str, tmp_path: Path) -> None:
    settings = KEEPING | {"entries_per_commit": 1}
    async with town_of(store_url, tmp_path, retention=settings) as (town, clock):
        ann, bob, group, said = await three_who_chat(town)
        clock.pass_by(30)
        new = await ann.say(group, "new")
        await town.act("retention.run")
        for _ in range(2):
            pid = town.server.link.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE_S):
                while not town.server.link.up or town.server.link.pid == pid:
                    await town.act("stats")  # the server does something meanwhile
        async with asyncio.timeout(PATIENCE_S):
            while (await town.act("retention.status"))["running"]:
                pass  # each turn asks the server anew
        assert texts(await ann.history(group)) == ["new"]
        await bob.until(lambda: bob.floors.get(group, 0) >= said[-1] or bob.cursor[group] >= new)
        more = await ann.say(group, "still here")
        assert texts((await bob.up_to(group, more))[-1:]) == ["still here"]
    assert problems(store_url) == []
