"""The stage of real processes: `chatd serve` with its writer, real sockets, SIGTERM and SIGKILL.

Nothing of the server can be looked into here: all is quiet when every answer has come and every device has heard as
much as the world has to tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatd.admin.socket import call
from chatd.config import load
from chatd.core.values import BOT_SUB, is_bot
from chatd.service.tokens import mint
from chatd_protocol.scopes import SCOPES
from tests.chaos.process import SECRET, ServerProcess
from tests.chaos.wire import Wire, connect
from tests.model.device import Device
from tests.model.judge import has_heard
from tests.model.play import Play
from tests.model.rules import Bounds, Json
from tests.model.settings import sections_of

SETTLE_S = 30.0


class _Process(ServerProcess):
    """With the bounds of the model."""

    def __init__(self, url: str, home: Path, bounds: Bounds) -> None:
        super().__init__(url, home)
        self._sections = {name: values for name, values in sections_of(bounds).items() if name != "hub"}

    def environment(self) -> Mapping[str, str]:
        ours = {
            f"CHATD_{section}__{name}".upper(): str(int(value) if value == int(value) else value)
            for section, values in self._sections.items()
            for name, value in values.items()
        }
        return {**super().environment(), **ours}


class RealStage:
    """Implements `play.Stage`."""

    timeless = True
    live_groups = 50

    def __init__(self, url: str, home: Path, bounds: Bounds) -> None:
        self.process = _Process(url, home, bounds)
        self.wires: dict[Device, Wire] = {}
        self._news = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()
        self._now_ms = itertools.count(1_700_000_000_000)
        self._bot_token = ""

    def operate(self, act: str, **fields: Any) -> Json:
        """An act of the server's operator."""
        return call(load(None, dict(self.process.environment())).admin_socket_path(), act, **fields)

    def now_ms(self) -> int:
        """The world's own time: it only has to go on."""
        return next(self._now_ms)

    def connect(self, device: Device, *, resume: bool) -> int:
        """What is asked before the handshake is done waits for it."""
        self.disconnect(device)
        early: list[Json] = []
        wire = Wire(
            self.process.ws_url,
            device.format,
            opened=lambda: self._say_early(wire, early),
            received=lambda message: self._hear(device, wire, message),
            closed=lambda _: self._lose(device, wire),
        )
        self.wires[device] = wire
        task = asyncio.get_running_loop().create_task(connect(lambda: wire, "127.0.0.1", self.process.port))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        token = self._token(device.sub)
        return device.connect(lambda one: wire.send(one) if wire.open else early.append(one), token, resume=resume)

    def _token(self, sub: str) -> str:
        """Of a bot the one that it was made with."""
        if not is_bot(sub):
            return mint(SECRET, sub, "", int(time.time()), 86_400)
        if not self._bot_token:
            name = sub.removeprefix(BOT_SUB)
            self._bot_token = str(self.operate("bot.create", bot=name, scopes=list(SCOPES))["token"])
        return self._bot_token

    def _say_early(self, wire: Wire, early: list[Json]) -> None:
        for request in early:
            wire.send(request)

    def _hear(self, device: Device, wire: Wire, message: Json) -> None:
        if self.wires.get(device) is wire:
            device.hear(message)
            self._news.set()

    def _lose(self, device: Device, wire: Wire) -> None:
        if self.wires.get(device) is wire:
            del self.wires[device]
            device.lose()
        self._news.set()

    def disconnect(self, device: Device) -> None:
        wire = self.wires.pop(device, None)
        if wire is not None:
            wire.abort()
        device.lose()

    def is_reading(self, device: Device) -> bool:
        return device in self.wires

    async def settle(self, play: Play) -> None:
        """Bounded by `SETTLE_S`; what is still missing then shows in the comparison."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while not self._is_settled(play):
                    self._news.clear()
                    await self._news.wait()

    def _is_settled(self, play: Play) -> bool:
        if any(device.waits for device in self.wires):
            return False
        known = [device for device in play.devices if device in self.wires]
        return all(device.broken or has_heard(play.world, device, play.live_of(device)) for device in known)

    async def follow_log(self) -> None:
        """Whoever searches asks again until nothing is missing."""

    async def all_lost(self) -> None:
        """Until every connection of a server that was killed has ended."""
        async with asyncio.timeout(SETTLE_S):
            while self.wires:
                self._news.clear()
                await self._news.wait()
