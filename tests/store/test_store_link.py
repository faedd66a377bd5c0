"""The writer process and its supervision: each proposal gets exactly one verdict, whatever happens to the process."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatd.core.limits import Bounds
from chatd.core.messages import Send
from chatd.core.users import Revoke
from chatd.core.wishes import AnyWish
from chatd.store.database import connect
from chatd.store.engine import Engine
from chatd.store.link import DEATHS_BEFORE_ALONE, WriterLink
from chatd.store.outcome import Verdict
from chatd.store.verify import verify
from chatd.store.writer import Settings
from tests.store.kit import Store, create, run, send
from tests.store.steering import ENGINE, GO, Steering, steering

ROOT = Path(__file__).parents[2]


class Watch:
    """A link with everything it says written down, in order."""

    def __init__(self, url: str, engine: str, options: dict[str, Any], settings: dict[str, Any]) -> None:
        self.said: list[tuple[str, Any]] = []
        self.verdicts: dict[int, list[Verdict]] = {}
        self._numbers = itertools.count()
        self._all_settled = asyncio.Event()
        self.fatal = asyncio.Event()
        self.restarted = asyncio.Event()
        self.link = WriterLink(
            Settings(url, Bounds(), engine=engine, **settings),
            on_outcome=lambda outcome: self._say("outcome", outcome.n),
            on_restart=self._restarted,
            on_fatal=self._fail,
            **options,
        )

    def _say(self, what: str, detail: Any) -> None:
        self.said.append((what, detail))

    async def _restarted(self, n: int) -> None:
        self._say("restart", n)
        self.restarted.set()

    def _fail(self, reason: str) -> None:
        self._say("fatal", reason)
        self.fatal.set()

    def propose(self, *wishes: AnyWish) -> list[int]:
        """Hand over; the numbers by which `verdict` knows them."""
        numbers = []
        for wish in wishes:
            number = next(self._numbers)
            self.verdicts[number] = []
            self._all_settled.clear()
            assert self.link.propose(wish, partial(self._settle, number))
            numbers.append(number)
        return numbers

    def _settle(self, number: int, verdict: Verdict) -> None:
        self.verdicts[number].append(verdict)
        self._say("verdict", number)
        if all(self.verdicts.values()):
            self._all_settled.set()

    async def settled(self) -> list[Verdict]:
        """All verdicts, in the order of the proposals; each has exactly one."""
        if self.verdicts:
            await self._all_settled.wait()
        assert Counter(len(verdicts) for verdicts in self.verdicts.values()) == {1: len(self.verdicts)}
        return [self.verdicts[number][0] for number in sorted(self.verdicts)]

    async def codes(self) -> list[str]:
        return [verdict.code for verdict in await self.settled()]

    async def seqs(self) -> list[int | None]:
        """The message numbers given, None for who was refused."""
        return [verdict.answer["seq"] if verdict.answer else None for verdict in await self.settled()]


@asynccontextmanager
async def linked(
    url: str, engine: str = "chatd.store.engine:Engine", settings: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Watch]:
    """A started link; closed at the end, with no process left."""
    watch = Watch(url, engine, options, settings or {})
    await watch.link.start()
    try:
        yield watch
    finally:
        await watch.link.close()
        assert watch.link.pid is None or not _runs(watch.link.pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def tea(store: Store) -> Store:
    """ann's group, in a database of each kind; the engine of the store itself has let go."""
    store.people("ann", "ben")
    store.found("tea", "ann", "ben")
    return store


@pytest.fixture
def sqlite_tea(sqlite_tables: str) -> str:
    """The same where the kind of database does not matter."""
    with Store(sqlite_tables) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
    return sqlite_tables


def sends(*texts: str) -> list[Send]:
    return [send("ann", "tea", text) for text in texts]


def texts_in(url: str) -> list[str]:
    """What stands in the group, in order; and the whole database is as it should be."""
    database = connect(url)
    try:
        assert verify(database).problems == []
        rows, _ = database.run("SELECT body FROM entries WHERE kind = 'message' ORDER BY seq")
        return [row[0].removeprefix('{"type":"text","body":{"text":"').removesuffix('"}}') for row in rows]
    finally:
        database.close()


async def kill(watch: Watch) -> None:
    assert watch.link.pid is not None
    os.kill(watch.link.pid, signal.SIGKILL)


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


def test_it_says_at_its_start_where_the_store_is(tea: Store) -> None:
    async def work() -> None:
        watch = Watch(tea.url, "chatd.store.engine:Engine", {}, {})
        assert await watch.link.start() == tea.engine.n
        assert watch.link.up
        await watch.link.close()
        assert not watch.link.up

    run(work())


# -- kill -9


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
            assert not _runs(watch.link.pid)

    run(work())


def test_a_first_start_that_hangs_is_ended(sqlite_tea: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with steering(tmp_path) as steered:
            hold(steered, "start")
            watch = Watch(sqlite_tea, ENGINE, {}, {})
            with pytest.raises(TimeoutError):
                await watch.link.start(timeout_s=0.5)
            assert watch.link.pid is not None
            assert not _runs(watch.link.pid)

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


# -- steering


def go(step: str, texts: list[str]) -> str:
    """Whatever it is: go on."""
    return GO


def once(steered: Steering, step: str, what: str) -> Callable[[str, list[str]], str]:
    """At the first time from now that it comes to a step with a batch; later it goes on."""

    def rule(now: str, texts: list[str]) -> str:
        if now != step or not texts:
            return GO
        steered.rule = go
        return what

    return rule


class Hold:
    """The next writer that comes to a step waits there until it is released."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._go = asyncio.Event()

    async def wait(self) -> None:
        await self._reached.wait()

    def release(self) -> None:
        self._go.set()

    async def answer(self) -> str:
        self._reached.set()
        await self._go.wait()
        return GO


def hold(steered: Steering, step: str) -> Hold:
    held = Hold()
    steered.rule = lambda now, texts: held.answer() if now == step else GO
    return held


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
