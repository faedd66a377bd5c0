"""The kill battery: a server under load, killed again and again, and the judge at the end.

Kills come after so many acknowledgements, by a seeded generator, never by the clock: each is certain to find work.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from chatd.store.database import connect
from chatd.store.verify import verify
from tests.chaos.checker import Violation, check
from tests.chaos.device import Device
from tests.chaos.history import History, Recorder, Truth
from tests.chaos.process import ServerProcess
from tests.chaos.searching import find_all
from tests.chaos.truth import count_untold, read_truth
from tests.chaos.workload import Scale, Workload

Kind = Literal["hub", "writer", "both"]
KINDS: tuple[Kind, ...] = ("hub", "writer", "both")
PAGE = 200
WHO_READ_SECTIONS = 3
"""So many people read each section by itself at the end."""
LOOK_AGAIN_S = 0.05


@dataclass(frozen=True)
class Plan:
    """What to do: kills of each kind, acknowledgements between two of them (least, most), and who talks how much."""

    kills: dict[Kind, int]
    acks_between: tuple[int, int] = (200, 5000)
    scale: Scale = field(default_factory=Scale)
    seed: int = 1
    stuck_s: float = 60.0
    """How long under load nothing may be acknowledged, before the load ends and what is there is judged."""
    quiet_s: float = 120.0
    """How long everybody may take at the end to get their answers, and again to get what is on its way."""
    told_s: float = 60.0
    """How long it may take until every group is told of a changed card."""
    search_s: float = 120.0
    """How long the index may take to be whole, and everything to be found in it."""

    def schedule(self, rng: random.Random) -> list[Kind]:
        """The kills in their order."""
        kinds = [kind for kind, count in self.kills.items() for _ in range(count)]
        rng.shuffle(kinds)
        return kinds


@dataclass(slots=True)
class Report:
    """Figures, and what the judge found."""

    kills: Counter[str] = field(default_factory=Counter)
    offered: int = 0
    acks: int = 0
    entries: int = 0
    deliveries: int = 0
    connections: int = 0
    load_s: float = 0.0
    check_s: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    history: History | None = None

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items())) or "none"
        return (
            f"kills: {kills}; {self.offered} messages offered in {self.load_s:.1f} s"
            f" ({self.offered / max(self.load_s, 0.001):.0f}/s), {self.acks} acks, {self.entries} entries,"
            f" {self.deliveries} deliveries, {self.connections} connections, judged in {self.check_s:.1f} s:"
            f" {len(self.violations)} violations"
        )


class EndedByItself(Exception):
    """The server is gone, and nobody killed it."""


class Battery:
    """One run on one database. `url` is empty at the start; `home` is a folder of its own."""

    def __init__(self, url: str, home: Path, plan: Plan, arguments: Sequence[str] = ("chatd", "serve")) -> None:
        self.plan = plan
        self.report = Report()
        self._recorder = Recorder()
        self.server = ServerProcess(url, home, arguments)
        self._crowd = Workload(self.server, self._recorder, plan.scale, plan.seed)
        self._hub_kills: list[int] = []
        self._rng = random.Random(f"kills {plan.seed}")

    async def run(self, said: Callable[[str], None] = lambda _: None) -> Report:
        """Load, kills, quiet, judgement."""
        try:
            await self.server.start()
            await self._begin()
            try:
                await self._under_load(said)
            except TimeoutError:
                stuck = f"nothing was acknowledged for {self.plan.stuck_s} s after {dict(self.report.kills)}"
                self.report.violations.append(Violation("ack", stuck))
            except EndedByItself:
                await self._after_the_end()
            self.report.violations += await self._judge()
        finally:
            for device in self._crowd.devices:
                await device.stop()
            status = await self.server.stop()
        self.report.violations += [Violation("end", f"the server said: {line}") for line in self.server.errors[:20]]
        self.report.violations += await asyncio.to_thread(self._verify)
        if status != 0:
            self.report.violations.append(Violation("end", f"the server ended with status {status}"))
        return self.report

    async def _after_the_end(self) -> None:
        """Nobody killed it, and it is gone: what became of the data shows once it is there again."""
        ended = f"the server ended by itself, with status {self.server.end.result()}, after {dict(self.report.kills)}"
        self.report.violations.append(Violation("end", ended))
        self._hub_kills.append(self._recorder.moment())
        with contextlib.suppress(RuntimeError, TimeoutError):
            await self.server.start()

    def _verify(self) -> list[Violation]:
        """What the project's own judge of databases says, now that nobody holds this one."""
        database = connect(self.server.url)
        try:
            return [Violation("verify", problem) for problem in verify(database).problems[:20]]
        finally:
            database.close()

    async def _begin(self) -> None:
        try:
            await self._crowd.start()
        except TimeoutError:
            raise RuntimeError(f"the crowd did not get in; the server said: {self.server.errors[-3:]}") from None

    async def _under_load(self, said: Callable[[str], None]) -> None:
        began = time.monotonic()
        load = asyncio.create_task(self._crowd.run(), name="load")
        try:
            for kind in self.plan.schedule(self._rng):
                await self._kill_after(self._rng.randint(*self.plan.acks_between), kind, load)
                said(f"{sum(self.report.kills.values())} kills, {self._crowd.acks} acks")
            await self._progress(self.plan.acks_between[1], load)
        finally:
            self.report.load_s = time.monotonic() - began
            load.cancel()
            results = await asyncio.gather(load, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _progress(self, acks: int, load: asyncio.Task[None]) -> None:
        """Wait for acknowledgements. Raises what the load raised, TimeoutError: the server is stuck, EndedByItself."""
        wait = asyncio.create_task(self._crowd.acked(self._crowd.acks + acks, self.plan.stuck_s))
        await asyncio.wait([wait, load, self.server.end], return_when=asyncio.FIRST_COMPLETED)
        if not wait.done():
            wait.cancel()
            if self.server.end.done():
                raise EndedByItself
            return
        await wait

    async def _kill_after(self, acks: int, kind: Kind, load: asyncio.Task[None]) -> None:
        await self._progress(acks, load)
        # With the writer, now and then, what follows the log for the searches.
        search = kind == "writer" and self._rng.random() < 0.5
        while not await self.server.kill(hub=kind != "writer", writer=kind != "hub", search=search):
            await self._progress(1, load)
        self.report.kills[kind] += 1
        if kind != "writer":
            self._hub_kills.append(self._recorder.moment())
        if kind != "writer":
            await self.server.start()

    # -- quiet

    async def _judge(self) -> list[Violation]:
        crowd, report = self._crowd, self.report
        stuck: list[Violation] = []
        try:
            await crowd.settled(self.plan.quiet_s)
        except TimeoutError:
            stuck.append(Violation("ack", f"{crowd.open} commands are without an answer"))
        await self._all_told()
        truth = await asyncio.to_thread(read_truth, self.server.url)
        await self._all_arrived(truth)
        stuck += await self._read_afresh()
        history = History(truth, self._recorder.connections, crowd.shop.changes)
        history.kills, history.clock = self._hub_kills, self._recorder.clock
        try:
            async with asyncio.timeout(self.plan.search_s):
                history.found = await find_all(crowd)
        except TimeoutError:
            stuck.append(Violation("search", f"the index is not whole after {self.plan.search_s} s"))
        for device in crowd.devices:
            if device.connection is not None and device.ready.is_set():
                device.connection.open_at_end = True
        report.history = history
        report.offered, report.acks, report.done = crowd.offered, crowd.acks, crowd.done
        report.entries = sum(len(group.rows) for group in truth.groups.values())
        report.connections = len(history.connections)
        report.deliveries = sum(
            len(getattr(event, "entries", ())) for connection in history.connections for event in connection.events
        )
        began = time.monotonic()
        found = await asyncio.to_thread(check, history)
        report.check_s = time.monotonic() - began
        return stuck + found

    async def _all_told(self) -> None:
        """Wait until every group knows how the products are; where one never does is found by the judge."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.plan.told_s):
                while True:
                    if not await asyncio.to_thread(count_untold, self.server.url):
                        return
                    await asyncio.sleep(LOOK_AGAIN_S)

    async def _all_arrived(self, truth: Truth) -> None:
        """Give everybody time to get what is on its way; who got less is found by the judge."""
        heads = {group: of.head for group, of in truth.groups.items()}

        def arrived() -> bool:
            return all(
                device.ready.is_set()
                and device.mine_seen >= truth.users[device.user]
                and all(cursor >= heads[group] for group, cursor in device.cursors.items() if group in device.groups)
                for device in self._crowd.devices
            )

        await _until(arrived, self._crowd.devices, self.plan.quiet_s)

    async def _read_afresh(self) -> list[Violation]:
        """A new device for everybody: no cursors, and every page of every group."""
        people = {device.user: device for device in self._crowd.devices}
        fresh = [device.afresh() for device in people.values()]
        for number, device in enumerate(fresh):
            device.start()
            try:
                async with asyncio.timeout(self.plan.quiet_s):
                    await device.ready.wait()
                    for group in sorted(device.groups):
                        await _read_pages(device, group)
                    if number < WHO_READ_SECTIONS:
                        await _read_sections(device)
                    await _ask(device, "invite.received", {})
            except TimeoutError:
                return [Violation("resume", f"a fresh session of {device.user or number} could not read it all")]
            finally:
                await device.stop()
        return []


async def _until(condition: Callable[[], bool], devices: Sequence[Device], timeout_s: float) -> None:
    changed = asyncio.Event()
    for device in devices:
        device.moved = changed.set
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return


async def _read_sections(device: Device) -> None:
    """Every message of every open section."""
    assert device.connection is not None
    for line in (device.connection.hello or {})["groups"]:
        for one in line.get("sections", ()):
            await _read_pages(device, line["group"], section=one["section"])


async def _read_pages(device: Device, group: str, **more: int) -> None:
    """From the head to the floor."""
    before: dict[str, int] = {}
    while True:
        page = await _ask(device, "message.history", {"group": group, "limit": PAGE} | more | before)
        if page is None or not page["shown"] or not page["more"]:
            return
        before = {"before": page["shown"][0].pos}


async def _ask(device: Device, op: str, data: dict[str, Any]) -> dict[str, Any] | None:
    answered: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
    device.ask(op, data, answered.set_result)
    return await answered
