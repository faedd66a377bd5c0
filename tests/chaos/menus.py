"""What bots of the battery do: they ask with buttons below, and people press them, several in one breath.

A bot has no process of its own here: it is a device that speaks by a bot's token, and resumes as any other does. How
often a press counts is read off its own log, so nobody presses the same button of a message twice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatd.admin.socket import call
from tests.chaos.device import Device
from tests.chaos.draw import act_of
from tests.chaos.history import Recorder
from tests.chaos.process import ServerProcess

if TYPE_CHECKING:
    from tests.chaos.workload import Workload

BOTS = 2
ROWS, COLUMNS = 8, 4
BREATH = 3
"""So many buttons are pressed at once."""
RECENT = 6
TIMEOUT_S = 60.0


class Menus:
    """The bots of one crowd, and those who press their buttons."""

    def __init__(self, crowd: Workload, server: ServerProcess, recorder: Recorder) -> None:
        self.bots: dict[str, Device] = {}
        """user -> what speaks as this bot."""
        self._crowd = crowd
        self._server = server
        self._recorder = recorder
        self._rng = crowd.rng
        self._asked: dict[str, deque[int]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._pressed: set[tuple[str, str, int, str]] = set()

    async def start(self) -> None:
        """The bots are made, connect, and are put into every group."""
        async with asyncio.timeout(TIMEOUT_S):
            for number in range(BOTS):
                device = await self._make(f"asker-{number}")
                self.bots[device.user] = device
        for group, founder in self._crowd.founder.items():
            self._crowd.do(founder, "member.add", {"group": group, "users": sorted(self.bots)})

    async def _make(self, name: str) -> Device:
        scopes = ["read", "send"]
        made = await asyncio.to_thread(call, self._server.admin_socket, "bot.create", bot=name, scopes=scopes)
        device = Device(self._server, self._recorder, name, "bot", "msgpack", token=str(made["token"]))
        self._crowd.devices.append(device)
        device.start()
        await device.ready.wait()
        return device

    def act(self, group: str) -> None:
        """Now and then something."""
        act_of(self._rng, self._acts, self, group)

    def _ask(self, group: str) -> None:
        """A bot asks, with every button that there is room for."""
        rows = [[{"id": f"{row}:{column}", "label": "按"} for column in range(COLUMNS)] for row in range(ROWS)]
        bot, cid = self._rng.choice(list(self.bots)), self._crowd.cid()
        data = {"group": group, "kind": "text", "body": {"text": f"{cid} shall I?", "menu": rows}}

        def asked(ok: dict[str, Any] | None) -> None:
            if ok is not None:
                self._asked[group].append(ok["pos"])

        self._crowd.do(bot, "message.send", data, asked, cid)

    def _press(self, group: str) -> None:
        """Somebody presses; a button that went meanwhile is refused, which is as good."""
        user = self._rng.choice(sorted(self._crowd.members[group]))
        for _ in range(BREATH if self._asked[group] else 0):
            pos = self._rng.choice(self._asked[group])
            button = f"{self._rng.randrange(ROWS)}:{self._rng.randrange(COLUMNS)}"
            if (user, group, pos, button) not in self._pressed:
                self._pressed.add((user, group, pos, button))
                self._crowd.do(user, "menu.press", {"group": group, "pos": pos, "button": button})

    _acts: tuple[tuple[float, Callable[[Menus, str], None]], ...] = ((0.01, _ask), (0.03, _press))
