"""Work beside the sessions: it runs again, it is woken, and one job's failure is nobody else's."""

from __future__ import annotations

import asyncio

from chatd.hub.jobs import Jobs
from tests.ws.kit import on_loop

LONG_S = 3600.0


@on_loop
async def test_a_job_runs_at_once_again_when_woken_and_no_more_after_the_end() -> None:
    jobs, runs = Jobs(), asyncio.Queue[int]()
    count = 0

    async def work() -> None:
        nonlocal count
        count += 1
        runs.put_nowait(count)

    jobs.add("counting", LONG_S, work)
    jobs.wake("counting")
    jobs.start()
    assert await runs.get() == 1
    jobs.wake("counting")
    assert await runs.get() == 2
    jobs.wake("another")
    await jobs.stop()
    jobs.wake("counting")
    await asyncio.sleep(0)
    assert runs.empty()


@on_loop
async def test_a_job_may_say_itself_when_it_wants_to_run_again() -> None:
    jobs, runs = Jobs(), asyncio.Queue[None]()

    async def work() -> float:
        runs.put_nowait(None)
        return 0.0

    jobs.add("hasty", LONG_S, work)
    jobs.start()
    for _ in range(5):
        await runs.get()
    await jobs.stop()


@on_loop
async def test_a_job_that_fails_is_tried_again_and_harms_no_other() -> None:
    jobs, runs = Jobs(), asyncio.Queue[str]()
    failing = True

    async def broken() -> None:
        if failing:
            runs.put_nowait("failed")
            raise RuntimeError("as planned")
        runs.put_nowait("mended")

    async def sound() -> float:
        if failing:
            runs.put_nowait("sound")
        return 0.001

    jobs.add("broken", LONG_S, broken)
    jobs.add("sound", LONG_S, sound)
    jobs.start()
    seen = [await runs.get() for _ in range(5)]
    assert seen.count("failed") == 1
    assert seen.count("sound") == 4
    failing = False
    while await runs.get() != "mended":
        pass
    assert jobs.failures == {"broken": 1}
    await jobs.stop()
