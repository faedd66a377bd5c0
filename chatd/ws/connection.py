"""One open WebSocket: what the hub writes to, and where time passes.

Adds to the receiving side (`chatd.ws.stream`) the sending one, the callbacks of the loop, and every limit of time. It
has no timer and no task: `swept` is called about once a second by the one sweep of the port.
"""

from __future__ import annotations

import asyncio

from chatd.hub.ports import Format
from chatd.ws.opcodes import PING_FRAME
from chatd.ws.stream import BY_HUB, BY_WRITES, GONE, FrameStream
from chatd.ws.wiring import Wiring
from chatd_protocol import errors


class WebSocketConnection(FrameStream):
    """Implements `chatd.hub.ports.Socket` for a connection whose handshake has just been answered."""

    __slots__ = (
        "_ping_at_s",
        "_pinged",
        "_taken_bytes",
        "_taken_since_s",
        "peer",
        "slot",
        "writable",
    )

    def __init__(self, wiring: Wiring, transport: asyncio.Transport, peer: str, fmt: Format) -> None:
        super().__init__(wiring, transport, fmt)
        self.peer = peer
        self.writable = True
        self.slot = -1
        self._pinged = False
        self._ping_at_s = 0.0
        self._taken_bytes = 0
        self._taken_since_s = 0.0

    def begin(self, early: bytes) -> None:
        """Take over: make the session, then hand in what the client sent right behind its upgrade request."""
        self._enlist()
        try:
            self._session = self._wiring.session_factory(self)
        except Exception as exc:  # noqa: BLE001  # whatever the session's maker did wrong, the client is told
            self._give_up(exc)
        if early:
            self.data_received(early)

    def _enlist(self) -> None:
        wiring, limits = self._wiring, self._wiring.limits
        self._transport.set_write_buffer_limits(high=limits.write_high_bytes, low=limits.write_low_bytes)
        wiring.roster.add(self)
        wiring.open_count += 1
        wiring.sweep.add(self)
        wiring.stats.accepted += 1
        # the first ping comes early for some: clients that reconnected together are not to be pinged together for ever
        self._ping_at_s = wiring.clock() + limits.ping_interval_s * (1 - 0.5 * wiring.jitter())

    # -- Socket

    def send(self, frames: bytes) -> None:
        if self._open:
            self.direct = -1
            self._written_bytes += len(frames)
            self._transport.write(frames)

    def send_later(self, frames: bytes, taken: int) -> None:
        self.direct = -1
        self._written_bytes += len(frames) - taken
        self._transport.write(frames[taken:])

    def abort(self) -> None:
        self.direct = -1
        self._open = False
        self._ended = True
        self._transport.abort()

    def pause_reading(self) -> None:
        if self._open:
            self._hold(BY_HUB)

    def resume_reading(self) -> None:
        self._release(BY_HUB)

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    # -- callbacks of the loop and of the server

    def eof_received(self) -> None:
        """The client is finished; returning None closes our side when what is written has gone out."""
        self._stop(errors.CLOSE_ABNORMAL)
        self._ended = True

    def pause_writing(self) -> None:
        self.writable = False
        self._hold(BY_WRITES)  # or every ping that still comes would add a pong to what waits

    def resume_writing(self) -> None:
        self.writable = True
        self._release(BY_WRITES)
        if self._open:
            self._session.drained()

    def shutdown(self) -> None:
        """What a graceful end of the server asks of each connection."""
        self.close(errors.CLOSE_RESTART, "restart")

    def connection_lost(self, exc: Exception | None) -> None:
        wiring, session = self._wiring, self._session
        code = self._close_code or errors.CLOSE_ABNORMAL
        self.direct = -1
        self._open = False
        self._ended = True
        self._session = GONE  # session and socket point at each other: cut here, not by a later garbage collection
        self._judge = self._fragments = self._rest = None
        wiring.sweep.remove(self)
        wiring.open_count -= 1
        wiring.stats.count_closed(code)
        wiring.roster.discard(self)
        session.closed(code)

    # -- time

    def swept(self, now_s: float) -> None:
        if self._deadline_s:
            if now_s >= self._deadline_s:
                self._transport.abort()
            return
        limits = self._wiring.limits
        if self.direct < 0 and not self._transport.get_write_buffer_size():
            self.direct = self._descriptor()
        if self._has_stalled(now_s, limits.stall_timeout_s):
            self.close(errors.CLOSE_STALLED, "stalled")
        elif self._is_frame_late(now_s, limits.frame_timeout_s):
            self.close(errors.CLOSE_SLOW_FRAME, "slow_frame")
        elif self._is_dead(now_s):
            self.close(errors.CLOSE_DEAD_PEER, "dead_peer")
        else:
            self._session.swept(now_s)

    def _descriptor(self) -> int:
        sock = self._transport.get_extra_info("socket")
        if sock is None or self._transport.get_extra_info("sslcontext") is not None:
            return -1
        return int(sock.fileno())

    def _has_stalled(self, now_s: float, timeout_s: float) -> bool:
        """Whether bytes wait and not one was taken for the whole time; a trickle is slow, not stalled."""
        unsent = self._transport.get_write_buffer_size()
        taken = self._written_bytes - unsent
        if not unsent or taken != self._taken_bytes:
            self._taken_bytes = taken
            self._taken_since_s = now_s
            return False
        return now_s - self._taken_since_s >= timeout_s

    def _is_frame_late(self, now_s: float, timeout_s: float) -> bool:
        """A frame or a fragmented message that was begun and is not finished. Not while we are the ones who wait."""
        since_s = now_s
        if self._rest is not None:
            self._rest_since_s = now_s if self._held else self._rest_since_s or now_s
            since_s = self._rest_since_s
        if self._fragments is not None:
            self._fragments.since_s = now_s if self._held else self._fragments.since_s or now_s
            since_s = min(since_s, self._fragments.since_s)
        return now_s - since_s >= timeout_s

    def _is_dead(self, now_s: float) -> bool:
        """Ping when it is time; whatever arrives afterwards proves life. No judgement while nothing is read."""
        heard, self._heard = self._heard, False
        limits = self._wiring.limits
        if self._pinged and (heard or self._held):
            self._pinged = False
            self._ping_at_s = now_s + limits.ping_interval_s * (1 - 0.1 * self._wiring.jitter())
        elif now_s >= self._ping_at_s and not self._held:
            if self._pinged:
                return True
            self._pinged = True
            self._ping_at_s = now_s + limits.ping_timeout_s
            self.send(PING_FRAME)
        return False
