"""What the state machine plays on: a house with the server in it, its own loop, and the look after each step."""

from __future__ import annotations

import asyncio
import tempfile
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from tests.model.device import Device
from tests.model.draws import FOLDER, Drawn, template
from tests.model.house import House
from tests.model.inside import InsideStage
from tests.model.picks import Act
from tests.model.play import Play
from tests.model.rules import Bounds

T = TypeVar("T")


class Table(RuleBasedStateMachine):
    """Everything in one process, and nothing that happens in it yet."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.failures: list[str] = []
        self.runner.get_loop().set_exception_handler(lambda _, context: self._failed(context))
        self.folder = tempfile.TemporaryDirectory(prefix="chatd-model-", dir=FOLDER)
        bounds = Bounds()
        self.house = House(Path(self.folder.name), template(), bounds)
        self.stage = InsideStage(self.house)
        self.play = Play(self.stage, bounds)
        self.look = 0
        self.hurt = False
        """A step failed: what it left behind says nothing any more."""
        self.run(self._begin())

    async def _begin(self) -> None:
        await self.house.start()
        await self.play.meet()

    def _failed(self, context: dict[str, Any]) -> None:
        """Something in the loop raised, and nobody waited for it."""
        where = traceback.format_exception(context["exception"]) if "exception" in context else []
        self.failures.append(context["message"] + "\n" + "".join(where))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """On the machine's own loop."""
        return self.runner.run(work)

    def teardown(self) -> None:
        """In the end everybody looks at everything."""
        try:
            if not self.hurt:
                self.run(self.play.check_all())
        finally:
            self.close()

    def close(self) -> None:
        self.run(self.house.stop(graceful=True))
        self.runner.close()
        self.folder.cleanup()

    def after(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, then compare everything."""

        async def step() -> None:
            await work
            assert not self.failures, "\n".join(self.failures)
            await self.play.check(look=self.look)

        self.hurt = True
        self.run(step())
        self.hurt = False

    def made(self, drawn: list[Drawn]) -> list[Act]:
        """Marking as unread stands alone: what is written in the same commit has no order with it."""
        present = self.play.present()
        acts = [act for one in drawn if (act := self.play.acts.make(*one, present)) is not None]
        return [act for act in acts if len(acts) == 1 or "marked" not in act.data]

    def device(self, number: int) -> Device:
        return self.play.devices[number]
