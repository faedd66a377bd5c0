"""The stage in one process: `House` for the server, `MemorySocket` for the network, a loop that is turned by hand."""

from __future__ import annotations

import msgpack
import orjson

from tests.model.device import Device
from tests.model.house import House
from tests.model.play import Play
from tests.model.wire import MemorySocket


class InsideStage:
    """Implements `play.Stage`, and what only works inside: stalls, gates, the fate of the writer."""

    timeless = False
    live_groups = 1

    def __init__(self, house: House) -> None:
        self.house = house
        self.sockets: dict[Device, MemorySocket] = {}
        self.stalled: set[Device] = set()
        self.replaced: list[MemorySocket] = []

    def now_ms(self) -> int:
        return self.house.clocks.now_ms

    def connect(self, device: Device, *, resume: bool) -> int:
        """A second connection of a device replaces the first one."""
        old = self.sockets.pop(device, None)
        if old is not None:
            self.replaced.append(old)
        self.stalled.discard(device)
        socket = MemorySocket(device.format, self.house.make_session, lambda data: self._hear(device, data))
        self.sockets[device] = socket
        encode = orjson.dumps if device.format == "json" else msgpack.packb
        return device.connect(lambda request: socket.say(encode(request)), self.house.token(device.sub), resume=resume)

    def _hear(self, device: Device, data: bytes) -> None:
        device.hear(orjson.loads(data) if device.format == "json" else msgpack.unpackb(data))

    def disconnect(self, device: Device) -> None:
        socket = self.sockets.pop(device, None)
        self.stalled.discard(device)
        if socket is not None:
            socket.vanish()
        device.lose()

    def is_reading(self, device: Device) -> bool:
        return device in self.sockets and device not in self.stalled

    def stall(self, device: Device, high_bytes: int) -> None:
        self.sockets[device].stall(high_bytes)
        self.stalled.add(device)

    def release(self, device: Device) -> None:
        self.stalled.discard(device)
        self.sockets[device].release()

    async def settle(self, play: Play) -> None:
        await self.house.settle()
        for device, socket in self.sockets.items():
            assert socket.code is None, f"{device.sub}/{device.name} was closed with {socket.code}"
        for socket in self.replaced:
            assert socket.code == 4404, f"a replaced connection was closed with {socket.code}"
        self.replaced.clear()

    async def follow_log(self) -> None:
        await self.house.follow_log()

    async def restart(self, *, graceful: bool) -> None:
        """The server goes, with or without its goodbyes, and another one opens the store."""
        for device in list(self.sockets):
            self.disconnect(device)
        await self.house.stop(graceful=graceful)
        await self.house.start()
