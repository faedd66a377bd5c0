"""The writer process and its supervision: each proposal gets exactly one verdict, whatever happens to the process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd.store.writer import frame
from tests.store.kit import Store, create, run
from tests.store.steering import ENGINE, GO, steering
from tests.store.watch import Watch, go, hold, kill, linked, once, sends, texts_in

# -- while all is well


@pytest.mark.promise("P1", "commit")
def test_outcomes_come_in_commit_order_and_before_their_verdicts(tea: Store) -> None:
    async def work() -> None:
        async with linked(tea.url) as watch:
            for start in range(0, 60, 20):
                watch.propose(*sends(*(str(number) for number in range(start, start + 20))))
                await asyncio.sleep(0)
            assert await watch.seqs() == list(range(1, 61))
            outcomes = [n for what, n in watch.said if what == "outcome"]
            assert outcomes == sorted(outcomes)
            assert watch.said[0][0] == "outcome"
            assert [number for what, number in watch.said if what == "verdict"] == list(range(60))
            assert watch.link.waiting == 0

    run(work())
    assert texts_in(tea.url) == [str(number) for number in range(60)]


@pytest.mark.promise("P1", "commit")
def test_what_waits_is_handed_over_in_frames_of_bounded_size(tea: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def noted(value: Any) -> bytes:
        if isinstance(value, list):
            sizes.append(len(value))
        return frame(value)

    monkeypatch.setattr("chatd.store.link.PROPOSALS_PER_FRAME", 3)
    monkeypatch.setattr("chatd.store.link.frame", noted)

    async def work() -> None:
        async with linked(tea.url) as watch:
            watch.propose(*sends(*(str(number) for number in range(8))))
            assert await watch.seqs() == list(range(1, 9))

    run(work())
    assert sizes == [3, 3, 2]
    assert texts_in(tea.url) == [str(number) for number in range(8)]


@pytest.mark.usefixtures("started_by_itself")
def test_it_says_at_its_start_where_the_store_is(tea: Store) -> None:
    async def work() -> None:
        watch = Watch(tea.url, "chatd.store.engine:Engine", {}, {})
        assert await watch.link.start() == tea.engine.n
        assert watch.link.up
        await watch.link.close()
        assert not watch.link.up

    run(work())


# -- kill -9


@pytest.mark.usefixtures("started_by_itself")
@pytest.mark.promise("P1", "writer.killed")
def test_killed_with_a_batch_in_flight_everything_is_done_once_and_in_order(tea: Store, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(tea.url, ENGINE) as watch:
            held = hold(steered, "settle")
            watch.propose(*sends("1", "2", "3"))
            await held.wait()
            watch.propose(*sends("4", "5"))
            steered.rule = go
            await kill(watch)
            watch.propose(*sends("6"))
            assert await watch.seqs() == [1, 2, 3, 4, 5, 6]
            assert watch.link.restarts == 1
            assert [n for what, n in watch.said if what == "restart"] == [tea.engine.n]
            assert watch.said[0][0] == "restart", "the hub takes note before anything is proposed again"

    run(work())
    assert texts_in(tea.url) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.promise("P1", "writer.killed")
@pytest.mark.promise("P2", "cid.restart")
@pytest.mark.parametrize("step", ["settle", "commit", "committed", "settled"])
def test_killed_at_each_step_of_a_commit(tea: Store, tmp_path: Path, step: str) -> None:
    """Before COMMIT nothing happened, after it everything did: both are answered alike, and once."""

    async def work() -> None:
        async with steering(tmp_path) as steered, linked(tea.url, ENGINE) as watch:
            steered.rule = once(steered, step, "die")
            watch.propose(*sends("1", "2"), create("ben", "milk"), *sends("3"))
            assert await watch.codes() == [""] * 4
            assert [v.answer["pos"] for v in await watch.settled() if v.answer] == [3, 4, 1, 5]
            done_before = step in ("committed", "settled")
            (n,) = [n for what, n in watch.said if what == "restart"]
            assert n == tea.engine.n + done_before

    run(work())
    assert texts_in(tea.url) == ["1", "2", "3"]


@pytest.mark.promise("P1", "writer.killed")
def test_what_is_proposed_while_there_is_no_writer_is_done_when_there_is_one(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE) as watch:
            starting = hold(steered, "start")
            watch.propose(*sends("1"))
            await kill(watch)
            await starting.wait()
            assert not watch.link.up
            watch.propose(*sends("2", "3"))
            starting.release()
            assert await watch.seqs() == [1, 2, 3]
            assert watch.link.up

    run(work())
    assert texts_in(sqlite_tea) == ["1", "2", "3"]


@pytest.mark.promise("P1", "writer.killed")
@pytest.mark.promise("P2", "cid.restart")
@pytest.mark.promise("P3", "numbering")
def test_killed_again_and_again_under_load(tea: Store, tmp_path: Path) -> None:
    dies_at = {3, 9, 16, 24, 33, 41, 50, 58}

    async def work() -> None:
        async with steering(tmp_path) as steered, linked(tea.url, ENGINE, {"batch_max": 16}) as watch:
            begun = len(steered.asked)
            steered.rule = lambda step, texts: "die" if len(steered.asked) - begun in dies_at else GO
            for start in range(0, 240, 8):
                watch.propose(*sends(*(str(number) for number in range(start, start + 8))))
                await asyncio.wait_for(watch.link.settled(), 60) if start % 40 == 0 else await asyncio.sleep(0)
            assert await watch.seqs() == list(range(1, 241))
            assert watch.link.restarts >= 6

    run(work())
    assert texts_in(tea.url) == [str(number) for number in range(240)]


# -- bounds and the end


@pytest.mark.promise("P8", "queue_max")
def test_more_than_the_queue_takes_is_overloaded(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE, queue_max=3) as watch:
            held = hold(steered, "settle")
            watch.propose(*sends("1", "2", "3"))
            assert not watch.link.propose(sends("4")[0], lambda verdict: pytest.fail("it was not taken"))
            assert (await watch.link.ask(sends("5")[0])).code == "overloaded"
            await held.wait()
            held.release()
            assert await watch.seqs() == [1, 2, 3]
            assert (await watch.link.ask(sends("6")[0])).code == ""

    run(work())
    assert texts_in(sqlite_tea) == ["1", "2", "3", "6"]


@pytest.mark.promise("P1", "writer.close")
def test_closing_lets_everything_finish(tea: Store) -> None:
    async def work() -> None:
        watch = Watch(tea.url, "chatd.store.engine:Engine", {}, {"batch_max": 7})
        await watch.link.start()
        watch.propose(*sends(*(str(number) for number in range(200))))
        await watch.link.close()
        assert await watch.seqs() == list(range(1, 201))
        assert not watch.link.propose(sends("late")[0], lambda verdict: None)

    run(work())
    assert len(texts_in(tea.url)) == 200


@pytest.mark.promise("P1", "writer.close")
def test_closing_while_the_writer_is_being_replaced_lets_everything_finish(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered:
            watch = Watch(sqlite_tea, ENGINE, {}, {})
            await watch.link.start()
            starting = hold(steered, "start")
            watch.propose(*sends("1", "2"))
            await kill(watch)
            await starting.wait()
            closing = asyncio.create_task(watch.link.close())
            await asyncio.sleep(0)
            starting.release()
            await closing
            assert await watch.seqs() == [1, 2]

    run(work())
    assert texts_in(sqlite_tea) == ["1", "2"]


@pytest.mark.promise("P1", "writer.close")
def test_closing_without_a_writer_leaves_nobody_waiting(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered:
            watch = Watch(sqlite_tea, ENGINE, {}, {})
            await watch.link.start()
            steered.rule = lambda step, texts: "die"
            watch.propose(*sends("1", "2"))
            await watch.link.close(timeout_s=1.0)
            assert await watch.codes() == ["unavailable", "unavailable"]

    run(work())
