"""One line per group: order within a group, none between groups, and bounded room."""

from __future__ import annotations

import asyncio
import random

import pytest

from chatd_client.bots.happenings import Unit
from chatd_client.bots.lanes import Lanes
from chatd_protocol.log import Entry, Message, MineEntry, UnknownEntry
from tests.client.peer import in_loop


def entry(pos: int) -> Message:
    return Message(pos, pos * 10, "uSomebody", f"cid {pos}", "text")


class Log:
    """Groups with a past that can be read, and what was handled of it."""

    def __init__(self, size: int, line_max: int = 50) -> None:
        self.entries = [entry(pos) for pos in range(1, size + 1)]
        self.handled: dict[str, list[int]] = {}
        self.at_once = 0
        self.most_at_once = 0
        self.most_waiting = 0
        self.cuts = 0
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.lanes = Lanes(self.handle, self.read, self.count, line_max)

    async def handle(self, unit: Unit) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)
        if unit.entry is not None:
            self.handled.setdefault(unit.place, []).append(unit.entry.pos)
        elif unit.mine is not None:
            self.handled.setdefault(unit.place, []).append(-unit.mine.upos)
        self.at_once -= 1

    async def read(self, group: str, after: int) -> list[Entry | UnknownEntry]:
        self.reads += 1
        await asyncio.sleep(0)
        return [*self.entries[after : after + 20]]

    def count(self) -> None:
        self.cuts += 1

    def push(self, group: str, first: int, last: int) -> None:
        self.lanes.put_entries(group, first - 1, self.entries[first - 1 : last])
        self.most_waiting = max(self.most_waiting, self.lanes.load)


@in_loop
async def test_every_group_is_handled_in_its_order_while_groups_do_not_wait_for_each_other() -> None:
    log = Log(60)
    for start in range(1, 60, 3):
        for group in ("a", "b", "c"):
            log.push(group, start, start + 2)
        await asyncio.sleep(0)
    await log.lanes.wait_idle()
    assert log.handled == {group: list(range(1, 61)) for group in "abc"}
    assert log.most_at_once == 3


@in_loop
async def test_a_group_that_is_faster_than_its_handlers_is_read_from_its_history_and_loses_nothing() -> None:
    log = Log(1000)
    log.gate.clear()
    for start in range(1, 1001, 10):
        log.push("a", start, start + 9)
    assert log.most_waiting <= 50
    log.push("b", 1, 5)
    log.gate.set()
    await log.lanes.wait_idle()
    assert log.handled == {"a": list(range(1, 1001)), "b": [1, 2, 3, 4, 5]}
    assert log.cuts == 1
    assert log.reads > 10


@in_loop
async def test_what_comes_while_a_group_is_read_follows_on_it() -> None:
    log = Log(300)
    log.gate.clear()
    log.push("a", 1, 40)
    log.push("a", 41, 100)
    log.gate.set()
    for start in range(101, 301, 20):
        log.push("a", start, start + 19)
        await log.lanes.move()
    await log.lanes.wait_idle()
    assert log.handled == {"a": list(range(1, 301))}


@in_loop
async def test_what_is_no_entry_is_never_cut() -> None:
    log = Log(200)
    log.gate.clear()
    log.push("a", 1, 100)
    for number in range(1, 4):
        log.lanes.put(Unit("a", mine=MineEntry(number, 1, "pressed", group="a", pos=1)))
    log.push("a", 101, 200)
    log.gate.set()
    await log.lanes.wait_idle()
    assert [n for n in log.handled["a"] if n > 0] == list(range(1, 201))
    assert [n for n in log.handled["a"] if n < 0] == [-1, -2, -3]


@in_loop
async def test_what_comes_twice_is_handled_once() -> None:
    log = Log(30)
    log.push("a", 1, 20)
    log.push("a", 11, 30)
    await log.lanes.wait_idle()
    assert log.handled == {"a": list(range(1, 31))}


@in_loop
async def test_a_past_that_is_another_one_begins_anew() -> None:
    log = Log(30)
    log.gate.clear()
    log.push("a", 1, 20)
    await asyncio.sleep(0)
    log.lanes.begin_anew("a", None)
    log.push("a", 5, 8)
    log.gate.set()
    await log.lanes.wait_idle()
    assert log.handled == {"a": [1, 5, 6, 7, 8]}


@in_loop
async def test_a_stop_waits_for_what_runs_and_begins_nothing_more() -> None:
    log = Log(30)
    log.gate.clear()
    log.push("a", 1, 5)
    await asyncio.sleep(0)
    closing = asyncio.create_task(log.lanes.close(5))
    await asyncio.sleep(0)
    log.gate.set()
    await closing
    assert log.handled == {"a": [1]}


@in_loop
async def test_a_stop_does_not_wait_for_ever() -> None:
    log = Log(30)
    log.gate.clear()
    log.push("a", 1, 5)
    await asyncio.sleep(0)
    await log.lanes.close(0.01)
    assert log.handled == {}
    assert log.lanes.idle


@in_loop
async def test_what_cannot_be_handled_at_all_is_told_to_whoever_waits() -> None:
    async def handle(unit: Unit) -> None:
        raise OSError("the disk is full")

    log = Log(5)
    lanes = Lanes(handle, log.read, log.count)
    lanes.put_entries("a", 0, [entry(1)])
    await asyncio.wait({lanes.failed})
    with pytest.raises(OSError, match="disk is full"):
        await lanes.move()
    await lanes.close(1)
