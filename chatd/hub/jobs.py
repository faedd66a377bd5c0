"""Work that goes on by itself beside the sessions: saving read positions, following the log, what time alone brings.

A job is a coroutine function that does a bounded piece and says when it wants to run again. One that fails is tried
again later, later each time; it never takes the server or another job with it.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from chatd.store.readers import ReaderLost

RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 60.0
Work = Callable[[], Awaitable[float | None]]
"""Returns the seconds until it wants to run again; None for the job's usual interval."""


class Jobs:
    """Started and stopped with the hub. `failures` counts by name."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self._works: dict[str, tuple[Work, float]] = {}
        self._wakes: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._log = structlog.get_logger("chatd.jobs")

    def add(self, name: str, every_s: float, work: Work) -> None:
        """Run `work` now, and again after each `every_s` seconds from its end. To be called before `start`."""
        self._works[name] = (work, every_s)

    @property
    def names(self) -> frozenset[str]:
        """What the jobs, and the tasks that do them, are called."""
        return frozenset(self._works)

    def start(self) -> None:
        """Begin."""
        loop = asyncio.get_running_loop()
        for name, (work, every_s) in self._works.items():
            self._wakes[name] = asyncio.Event()
            self._tasks.append(loop.create_task(self._run(name, work, every_s), name=name))

    async def stop(self) -> None:
        """End; a piece of work that is under way is interrupted."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self, name: str) -> None:
        """There is something to do: do not wait for the interval. Nothing if the job is not running."""
        event = self._wakes.get(name)
        if event is not None:
            event.set()

    async def _run(self, name: str, work: Work, every_s: float) -> None:
        wake, retry_s = self._wakes[name], RETRY_FIRST_S
        while True:
            wake.clear()
            try:
                wait_s = await work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the job goes on
                self.failures[name] += 1
                # The text of the error may quote what somebody wrote: only its type and place are logged.
                where = [] if isinstance(error, ReaderLost) else traceback.format_tb(error.__traceback__)
                self._log.warning("job failed", job=name, error=type(error).__name__, where=where)
                await asyncio.sleep(retry_s)  # longer each time: what fails for all would be asked without end
                retry_s = min(2 * retry_s, RETRY_MAX_S)
                continue
            retry_s = RETRY_FIRST_S
            try:
                async with asyncio.timeout(every_s if wait_s is None else wait_s):
                    await wake.wait()
            except TimeoutError:
                pass
