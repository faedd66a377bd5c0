"""Cursors: kept for what was taken, on a disk that may lose power at any moment."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatd_client import Connected, Cursors, EntriesEvent, FileCursors, MemoryCursors, MineEvent
from chatd_client.cursors import Taken
from chatd_protocol.log import MineEntry
from chatd_protocol.session import HelloOk
from tests.client.peer import EPOCH, GROUP, OTHER, first, hello_ok, in_loop, line, message, staged

SOME = Cursors(EPOCH, (3, 30), {GROUP: (41, 410)})


def test_a_file_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "cursors.json"
    assert FileCursors(path).load() == Cursors()
    FileCursors(path).save(SOME)
    assert FileCursors(str(path)).load() == SOME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["cursors.json"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"epoch":1}', b"\xff", b'{"heads":{"g":[1]}}'])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cursors.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cursors\.json does not hold cursors"):
        FileCursors(path).load()


def test_the_old_file_stands_until_the_new_one_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cursors.json"
    FileCursors(path).save(SOME)
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(self: Path, target: Any) -> Path:
        steps.append("replace")
        assert FileCursors(path).load() == SOME
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    FileCursors(path).save(Cursors("second"))
    assert steps == ["file", "replace", "folder"]
    assert FileCursors(path).load() == Cursors("second")


@in_loop
async def test_only_what_was_taken_is_kept() -> None:
    store = MemoryCursors()
    async with staged(cursors=store) as stage:
        conversation = await stage.begin(groups=[line()], mine=2, mine_at=20)
        await conversation.entries(40, message(41))
        await conversation.entries(41, message(42))
        assert (await first(stage.client, EntriesEvent, lambda event: event.after == 41)).after == 41
        await stage.client.close()
        assert store.cursors == Cursors(EPOCH, (2, 20), {GROUP: (41, 410)})


@in_loop
async def test_the_next_run_goes_on_from_there() -> None:
    async with staged(cursors=MemoryCursors(SOME)) as stage:
        conversation = await stage.peer.conversation()
        hello = await conversation.greet(groups=[line(head=42, after=41)])
        assert hello.data["epoch"] == EPOCH
        assert (hello.data["mine"], hello.data["heads"]) == ([3, 30], {GROUP: [41, 410]})
        await conversation.entries(41, message(42))
        assert (await first(stage.client, EntriesEvent)).after == 41


@in_loop
async def test_they_are_saved_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "cursors.json"
    async with staged(cursors=FileCursors(path)) as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(40, message(41))
        mine = {"upos": 1, "at": 5, "kind": "added", "group": OTHER, "pos": 1}
        await first(stage.client, EntriesEvent)
        await conversation.event("mine", after=0, entries=[mine])
        await first(stage.client, MineEvent)
        assert FileCursors(path).load() == Cursors(EPOCH, (0, 0), {GROUP: (41, 410)})


@in_loop
async def test_a_failing_disk_is_told_to_the_reader() -> None:
    class Failing(MemoryCursors):
        full = True

        def save(self, cursors: Cursors) -> None:
            if self.full:
                raise OSError("no space left")
            super().save(cursors)

    store = Failing()
    async with staged(cursors=store) as stage:
        await stage.begin(groups=[line()])
        with pytest.raises(OSError, match="no space left"):
            async for _ in stage.client.events():
                pass
        store.full = False
        await stage.client.close()
        assert store.cursors.heads == {GROUP: (40, 400)}


@in_loop
async def test_a_save_that_nobody_waits_for_any_more_is_finished_before_the_next_one() -> None:
    class Slow(MemoryCursors):
        saving = 0
        began, may_end = threading.Event(), threading.Event()

        def save(self, cursors: Cursors) -> None:
            self.saving += 1
            assert self.saving == 1, "two saves at once"
            self.began.set()
            assert self.may_end.wait(30)
            super().save(cursors)
            self.saving -= 1

    store = Slow()
    async with staged(cursors=store) as stage:
        conversation = await stage.begin(groups=[line()])

        async def read() -> None:
            async for _ in stage.client.events():
                pass

        reading = asyncio.create_task(read())
        await conversation.entries(40, message(41))
        assert await asyncio.to_thread(store.began.wait, 30)
        reading.cancel()
        await asyncio.wait([reading])
        closing = asyncio.create_task(stage.client.close())
        await asyncio.to_thread(store.may_end.set)
        await closing
        assert store.cursors.heads[GROUP] in ((40, 400), (41, 410))


def test_more_groups_than_a_hello_takes_are_not_kept() -> None:
    taken = Taken(Cursors(EPOCH, None, {f"g{n:016d}": (n, n) for n in range(1, 1202)}))
    assert min(taken.snapshot().heads.values()) == (202, 202)
    assert len(taken.snapshot().heads) == 1000


def test_a_group_that_one_came_into_meanwhile_begins_where_one_came_in_and_not_at_its_head() -> None:
    taken = Taken(SOME)
    hello = msgspec.convert(hello_ok(groups=[line(OTHER)], mine=4, mine_at=40), HelloOk)
    taken.take(Connected(hello, True, 0))
    assert taken.snapshot().heads == SOME.heads, "a crash here must not skip what was said since one came in"
    added = msgspec.convert({"upos": 4, "at": 40, "kind": "added", "group": OTHER, "pos": 30}, MineEntry)
    taken.take(MineEvent(3, (added,)))
    assert taken.snapshot() == Cursors(EPOCH, (4, 40), SOME.heads | {OTHER: (0, 0)})
