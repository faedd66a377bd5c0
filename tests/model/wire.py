"""The client's end of a conversation without a network: an in-memory socket that keeps the promises of `hub.ports`.

What the hub writes is cut into frames (RFC 6455, section 5.2) and handed to whoever listens; while the client stalls it
stays in the buffer, and from `high_bytes` on the socket is not writable. It must not know what a message means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from chatd.hub.ports import Format, SessionFactory

OPCODE_OF: dict[Format, int] = {"json": 0x81, "msgpack": 0x82}


def frames_of(data: bytes, fmt: Format) -> Iterator[bytes]:
    """The payloads of whole, unmasked frames."""
    while data:
        assert data[0] == OPCODE_OF[fmt], f"first byte {data[0]:#x}"
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        assert len(data) >= start + size, "a frame in pieces"
        yield data[start : start + size]
        data = data[start + size :]


class MemorySocket:
    """Implements `ports.Socket`; the session is made on it as a transport would."""

    peer = "memory"
    direct = -1

    def __init__(self, fmt: Format, sessions: SessionFactory, heard: Callable[[bytes], None]) -> None:
        self.format = fmt
        self.writable = True
        self.code: int | None = None
        self._heard = heard
        self._unread: list[bytes] | None = None
        self._high_bytes = 0
        self._held: list[bytes] | None = None
        self._gone = False
        self.session = sessions(self)

    # -- the client's side

    def say(self, payload: bytes) -> None:
        """One message to the server."""
        if self._held is not None:
            self._held.append(payload)
        elif self.code is None:
            self.session.received(payload)

    def stall(self, high_bytes: int) -> None:
        """Read no more. The server may go on until `high_bytes` are waiting."""
        if self._unread is None:
            self._unread, self._high_bytes = [], high_bytes
            self.writable = self.unsent_bytes() < high_bytes

    def release(self) -> None:
        """Read what is waiting, and go on."""
        unread, self._unread = self._unread, None
        for data in unread or ():
            self._hear(data)
        if not self.writable:
            self.writable = True
            self.session.drained()

    def vanish(self) -> None:
        """The connection is gone, with all that was not read."""
        self._unread = None
        self._end(1006)

    # -- the server's side

    def send(self, frames: bytes) -> None:
        if self.code is not None:
            return
        if self._unread is None:
            self._hear(frames)
        else:
            self._unread.append(frames)
            self.writable = self.unsent_bytes() < self._high_bytes

    def send_later(self, frames: bytes, taken: int) -> None:
        raise AssertionError("nothing is written past it")

    def close(self, code: int, reason: str = "") -> None:
        if self.code is None:
            self._end(code)

    def abort(self) -> None:
        self._end(1006)

    def pause_reading(self) -> None:
        self._held = []

    def resume_reading(self) -> None:
        held, self._held = self._held, None
        for payload in held or ():
            asyncio.get_running_loop().call_soon(self.say, payload)

    def unsent_bytes(self) -> int:
        return sum(map(len, self._unread or ()))

    def _hear(self, data: bytes) -> None:
        for payload in frames_of(data, self.format):
            self._heard(payload)

    def _end(self, code: int) -> None:
        self.code = self.code or code
        if not self._gone:
            self._gone = True
            asyncio.get_running_loop().call_soon(self.session.closed, self.code)
