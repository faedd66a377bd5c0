"""What ends the writer, fails its COMMIT or keeps it from starting: one proposal is refused, or nobody notices."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from chatd.core.limits import Bounds
from chatd.core.users import Revoke
from chatd.store.engine import Engine
from chatd.store.link import DEATHS_BEFORE_ALONE
from tests.store.kit import Store, run
from tests.store.steering import ENGINE, GO, steering
from tests.store.watch import Watch, go, hold, is_running, linked, once, sends, texts_in

# -- a proposal that ends the process


@pytest.mark.promise("P1", "writer.poison")
def test_what_kills_the_process_is_refused_after_being_tried_alone(tea: Store, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(tea.url, ENGINE) as watch:
            steered.rule = lambda step, texts: "die" if step == "commit" and "kills" in texts else GO
            watch.propose(*sends("1", "2", "kills", "3"))
            assert await watch.codes() == ["", "", "internal", ""]
            watch.propose(*sends("4"))
            assert await watch.seqs() == [1, 2, None, 3, 4]
            assert watch.link.restarts == DEATHS_BEFORE_ALONE + 1
            assert steered.batches()[DEATHS_BEFORE_ALONE:][0] == ["1"], "suspects are tried one at a time"
            assert ["kills"] in steered.batches()

    run(work())
    assert texts_in(tea.url) == ["1", "2", "3", "4"]


@pytest.mark.promise("P1", "writer.poison")
def test_two_that_kill_the_process_are_both_refused(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE) as watch:
            steered.rule = lambda step, texts: "die" if step == "settle" and {"k1", "k2"} & set(texts) else GO
            watch.propose(*sends("1", "k1", "2", "k2", "3"))
            assert await watch.codes() == ["", "internal", "", "internal", ""]

    run(work())
    assert texts_in(sqlite_tea) == ["1", "2", "3"]


@pytest.mark.promise("P1", "writer.poison")
def test_what_needs_no_cid_and_kills_the_process_is_refused_too(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE) as watch:
            steered.rule = lambda step, texts: "die" if step == "settle" and "Revoke" in texts else GO
            watch.propose(*sends("1"), Revoke("ann", None, 5), *sends("2"))
            assert await watch.codes() == ["", "internal", ""]

    run(work())
    assert texts_in(sqlite_tea) == ["1", "2"]


@pytest.mark.promise("P1", "writer.poison")
@pytest.mark.promise("P2", "cid.restart")
def test_what_was_committed_and_then_killed_the_process_is_answered_not_refused(tea: Store, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(tea.url, ENGINE) as watch:
            steered.rule = lambda step, texts: "die" if step == "settled" and "strange" in texts else GO
            watch.propose(*sends("1", "strange", "2"))
            assert await watch.seqs() == [1, 2, 3]
            assert watch.link.restarts == DEATHS_BEFORE_ALONE + 1

    run(work())
    assert texts_in(tea.url) == ["1", "strange", "2"]


# -- a failing COMMIT


@pytest.mark.promise("P1", "commit.failed")
@pytest.mark.promise("P2", "cid.restart")
@pytest.mark.parametrize("step", ["commit", "committed"])
def test_a_commit_that_fails_stops_acks_and_is_settled_by_cid(tea: Store, tmp_path: Path, step: str) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(tea.url, ENGINE) as watch:
            steered.rule = once(steered, step, "lose")
            watch.propose(*sends("1", "2"))
            assert await watch.seqs() == [1, 2]
            assert watch.said[0] == ("restart", tea.engine.n + (step == "committed"))
            assert watch.link.restarts == 1

    run(work())
    assert texts_in(tea.url) == ["1", "2"]


@pytest.mark.promise("P1", "disk.full")
def test_no_room_refuses_and_the_writer_lives_on(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE) as watch:
            steered.rule = once(steered, "commit", "full")
            watch.propose(*sends("1", "2"))
            assert await watch.codes() == ["storage_full", "storage_full"]
            watch.propose(*sends("3"))
            assert (await watch.seqs())[2:] == [1]
            assert watch.link.restarts == 0

    run(work())


@pytest.mark.promise("P1", "disk.floor")
def test_below_the_floor_of_free_disk_nothing_is_written(sqlite_tea: str) -> None:
    async def work() -> None:
        async with linked(sqlite_tea, settings={"free_disk_floor_bytes": 2**62}) as watch:
            watch.propose(*sends("1"))
            assert await watch.codes() == ["storage_full"]

    run(work())
    assert texts_in(sqlite_tea) == []


# -- a writer that does not come back


@pytest.mark.promise("P8", "writer.give_up")
def test_nobody_waits_for_ever_for_a_writer_that_does_not_start(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE, give_up_s=0.05) as watch:
            steered.rule = lambda step, texts: "die"
            watch.propose(*sends("1"))
            watch.propose(*sends("2"))
            await watch.link.settled()
            assert await watch.codes() == ["unavailable", "unavailable"]
            assert not watch.link.up
            steered.rule = go
            await watch.restarted.wait()
            assert (await watch.link.ask(sends("3")[0])).code == ""

    run(work())
    assert texts_in(sqlite_tea) == ["3"]


def test_a_first_start_that_fails_says_so_and_leaves_no_process(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered:
            steered.rule = lambda step, texts: "raise"
            watch = Watch(sqlite_tea, ENGINE, {}, {})
            with pytest.raises(ConnectionResetError):
                await watch.link.start()
            assert watch.link.pid is not None
            assert not is_running(watch.link.pid)

    run(work())


def test_a_first_start_that_hangs_is_ended(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered:
            hold(steered, "start")
            watch = Watch(sqlite_tea, ENGINE, {}, {})
            with pytest.raises(TimeoutError):
                await watch.link.start(timeout_s=0.5)
            assert watch.link.pid is not None
            assert not is_running(watch.link.pid)

    run(work())


@pytest.mark.promise("P1", "fenced")
def test_a_database_that_was_taken_over_is_fatal_and_nobody_waits(tea: Store) -> None:
    async def work() -> None:
        async with linked(tea.url) as watch:
            watch.propose(*sends("1"))
            await watch.settled()
            Engine(tea.database, Bounds(), lambda: 0, "another server")
            watch.propose(*sends("2", "3"))
            assert await watch.codes() == ["", "unavailable", "unavailable"]
            await watch.fatal.wait()
            assert [what for what, _ in watch.said].count("fatal") == 1
            assert not watch.link.up
            assert (await asyncio.wait_for(watch.link.ask(sends("4")[0]), 10)).code == "overloaded"

    run(work())
    assert texts_in(tea.url) == ["1"]


def test_the_texts_of_proposals_are_not_logged(
    sqlite_tea: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work() -> None:
        async with steering(tmp_path) as steered, linked(sqlite_tea, ENGINE) as watch:
            steered.rule = lambda step, texts: "die" if step == "settle" and "a secret" in texts else GO
            watch.propose(*sends("a secret", "another secret \ud7ff"))
            await watch.settled()

    run(work())
    assert "ends the writer" in caplog.text
    assert "secret" not in caplog.text + "".join(capfd.readouterr())
