"""The state machine with real processes: the same world and the same comparison, and servers that are really killed."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model import draws, views_sections
from tests.model.acts_boards import ITEMS, item_said
from tests.model.device import Device
from tests.model.draws import (
    ACT,
    BACK,
    CHOSEN,
    DEVICE,
    FROM_OUTSIDE,
    MOVE,
    PAIR,
    SMALL,
    TALK,
    THEME,
    WITH_ITEMS,
    Drawn,
    opening,
)
from tests.model.picks import Act
from tests.model.play import Play
from tests.model.real import RealStage
from tests.model.rules import Bounds

T = TypeVar("T")
LOOK = 1
DAY_MS = 86_400_000


class RealChat(RuleBasedStateMachine):
    """On SQLite; whoever wants another database overrides `fresh_url`."""

    @staticmethod
    def fresh_url(folder: Path) -> str:
        """A database for one run, at the newest revision."""
        path = folder / "chatd.db"
        shutil.copy(draws.template(), path)
        return f"sqlite:///{path}"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="chatd-model-")
        home = Path(self.folder.name)
        # The clock is not ours: nothing may come too late by itself, or be over.
        bounds = Bounds(window_ms=DAY_MS, request_again_ms=DAY_MS, dissolved_keep_ms=DAY_MS, pull_ask_ms=DAY_MS)
        self.hurt = True
        self.run(self._begin(type(self).fresh_url(home), home, bounds))
        self.hurt = False

    async def _begin(self, url: str, home: Path, bounds: Bounds) -> None:
        self.stage = RealStage(url, home, bounds)
        self.play = Play(self.stage, bounds)
        self.play.acts.clocked = False
        await self.stage.process.start()
        await self.play.meet()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        """In the end everybody looks at everything."""
        try:
            if not self.hurt:
                self.run(self.play.check_all())
        finally:
            self.run(self._end())
            self.runner.close()
            self.folder.cleanup()
        assert not self.stage.process.errors, "\n".join(self.stage.process.errors)

    async def _end(self) -> None:
        for device in list(self.stage.wires):
            self.stage.disconnect(device)
        await self.stage.process.stop()

    def after(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, then compare everything."""

        async def step() -> None:
            await work
            await self.play.check(look=LOOK)

        self.hurt = True
        self.run(step())
        self.hurt = False

    def device(self, number: int) -> Device:
        return self.play.devices[number]

    @initialize(strangers=st.sets(PAIR, max_size=4), history=st.integers(0, 3), themes=CHOSEN)
    def befriend(self, strangers: set[tuple[int, int]], history: int, themes: list[str]) -> None:
        self.play.be_about(themes)
        people = range(len(self.play.world.users))
        pairs = [(a, b) for a in people for b in people if a != b and (a, b) not in strangers]
        drawn: list[Drawn] = [("follow", a, b, 0) for a, b in pairs]
        drawn += [("create", 0, 1, history), *opening(themes)]
        drawn += [] if set(themes) & FROM_OUTSIDE else [("add", 0, 3, 0)]
        self.after(self._do(drawn))
        if set(themes) & WITH_ITEMS:
            self.after(self._put_items())

    async def _put_items(self) -> None:
        """Before anybody shows them: when groups are told of a change is for the server's own clock to say."""
        for kind, item in ITEMS:
            said, look = item_said(kind, item, 1, 0)
            got = self.stage.operate("catalogue", items=[said])
            result = self.play.world.change_item(kind, item, 1, look, self.stage.now_ms())
            assert [one["result"] for one in got["results"]] == [result]

    @rule(one=ACT | TALK | MOVE | THEME, another=TALK | MOVE | THEME)
    def act(self, one: Drawn, another: Drawn) -> None:
        self.after(self._do([one, another]))

    async def _do(self, drawn: list[Drawn]) -> None:
        """One after the other: between two requests the server may or may not end a transaction."""
        for one in drawn:
            act = self._made(one)
            if act is not None:
                asked = self.play.send([act])
                await self.stage.settle(self.play)
                self.play.judge(asked, [len(asked)])

    def _made(self, one: Drawn) -> Act | None:
        """Marks are left out: whether writing ended one before the server was killed, nobody can tell."""
        act = self.play.acts.make(*one, self.play.present())
        return act if act is not None and "marked" not in act.data else None

    @rule(one=TALK | MOVE | THEME, hub=st.booleans(), writer=st.booleans(), back=BACK)
    def kill_at_work(self, one: Drawn, hub: bool, writer: bool, back: list[bool]) -> None:
        """SIGKILL behind a request; whoever made it makes it again, under the same cid, until there is an answer."""
        self.after(self._kill(one, hub or not writer, writer, back))

    async def _kill(self, one: Drawn, hub: bool, writer: bool, back: list[bool]) -> None:
        act = self._made(one)
        device = self.play.reader_of(act.user, len(act.data)) if act else None
        asked = self.play.send([act] if act else [])
        there = set(self.stage.wires)
        killed = await self.stage.process.kill(hub=hub, writer=writer)
        if hub and killed:
            await self.stage.all_lost()
            await self.stage.process.start()
            for other, comes in zip(self.play.devices, back, strict=True):
                if other in there and (comes or other is device):
                    await self.play.join(other, resume=True)
            asked = [(device, device.ask(act.op, act.data), act)] if act and device and asked else []
        await self.stage.settle(self.play)
        self.play.judge(asked, [len(asked)])
        await self._ask_for_reads()

    async def _ask_for_reads(self) -> None:
        """What was read may be forgotten by a second or so; never is more read than was."""
        world = self.play.world
        for user in world.users:
            sub = next(device.sub for device in self.play.devices if device.replica.user == user)
            probe = Device(sub, "probe", "json")
            hello = self.stage.connect(probe, resume=False)
            await self.stage.settle(self.play)
            for line in probe.ok(hello)["groups"]:
                asked = probe.ask("section.list", {"group": line["group"]})
                await self.stage.settle(self.play)
                for one in probe.ok(asked)["sections"]:
                    key = (line["group"], user, one["section"])
                    read = views_sections.read_of(world, world.groups[line["group"]], user, one["section"])
                    assert one.get("read", 0) <= read
                    world.reads[key] = one.get("read", 0)
            self.stage.disconnect(probe)
        for device in self.play.devices:
            device.quiet_reads = False

    @rule(back=BACK)
    def restart(self, back: list[bool]) -> None:
        """SIGTERM: everything is handed over."""
        self.after(self._restart(back))

    async def _restart(self, back: list[bool]) -> None:
        there = set(self.stage.wires)
        assert await self.stage.process.stop() == 0
        await self.stage.all_lost()
        await self.stage.process.start()
        for device, comes in zip(self.play.devices, back, strict=True):
            if comes and device in there:
                await self.play.join(device, resume=True)

    @rule(number=DEVICE, resume=st.sampled_from((True, True, False)))
    def connect(self, number: int, resume: bool) -> None:
        self.after(self.play.join(self.device(number), resume=resume))

    @rule(numbers=st.sets(DEVICE, min_size=1, max_size=2))
    def disconnect(self, numbers: set[int]) -> None:
        for number in numbers:
            self.stage.disconnect(self.device(number))
        self.after(self._do([]))

    @rule(number=DEVICE, which=SMALL, what=st.sampled_from(("open", "close", "read")), seq=SMALL)
    def follow_a_group(self, number: int, which: int, what: str, seq: int) -> None:
        device = self.device(number)
        groups = sorted(device.replica.groups) if self.stage.is_reading(device) else []
        if not groups:
            return
        group = groups[which % len(groups)]
        if what == "read":
            self.after(self.play.mark_read(device, group, seq))
        else:
            self.after((self.play.open if what == "open" else self.play.close)(device, group))
