"""The receiving side of one WebSocket: bytes to whole messages, within limits, and an orderly end.

Frames are cut out of the stream here, against the limits of this server. What a frame means for the connection
(continuation rules, pings, the closing handshake) is judged by websockets' Sans-I/O `ServerProtocol`, which exists
only while it is needed: a plain unfragmented message and a pong need no judge, and an idle connection has none.
Nothing here reads a clock except to set the last moment of an end, and nothing knows what a message means.

    open      messages go to the session
    closing   a close frame was sent; messages are dropped, the client's close frame is awaited
    ended     our side of the TCP connection is finished; whatever arrives is discarded until the client finishes too

The last state matters: closing a socket while data is still arriving makes the kernel send a reset, and the client
loses the close frame that would have told it why.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Final

from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from chatd.hub.ports import Format, SessionPort
from chatd.ws.handshake import FRAME_LOGGER
from chatd.ws.opcodes import BINARY, CONTINUATION, PONG_HEAD, TEXT, Fragments, apply_mask, is_control, is_valid_head
from chatd.ws.wiring import Wiring
from chatd_protocol import errors

logger = logging.getLogger("chatd.ws")

FRAMES_PER_TURN: Final = 128
"""Frames taken from one connection before the others get their turn."""

BY_HUB: Final = 1
BY_WRITES: Final = 2
BY_TURN: Final = 4
"""Why reading is on hold: the session asked, the client does not read our answers, others are waiting for the loop."""


class Gone:
    """The session of a connection that has none yet, or none any more."""

    def received(self, payload: bytes) -> None: ...

    def drained(self) -> None: ...

    def swept(self, now_s: float) -> None: ...

    def closed(self, code: int) -> None: ...


GONE: Final = Gone()


class FrameStream(asyncio.Protocol):
    """Base of a connection. Everything per connection lives in slots, and buffers exist only while they hold bytes."""

    __slots__ = (
        "_close_code",
        "_deadline_s",
        "_ended",
        "_fragments",
        "_heard",
        "_held",
        "_judge",
        "_max_message_bytes",
        "_open",
        "_plain_head",
        "_rest",
        "_rest_since_s",
        "_session",
        "_transport",
        "_wiring",
        "_written_bytes",
        "direct",
        "format",
    )

    def __init__(self, wiring: Wiring, transport: asyncio.Transport, fmt: Format) -> None:
        self._wiring = wiring
        self._transport = transport
        self._session: SessionPort = GONE
        self.format: Format = fmt
        self._max_message_bytes = wiring.limits.max_message_bytes
        self._plain_head = 0x80 | (TEXT if self._takes(TEXT) else BINARY)
        self._open = True
        self._ended = False
        self._close_code = 0
        self._deadline_s = 0.0
        self._judge: ServerProtocol | None = None
        self._fragments: Fragments | None = None
        self._rest: bytearray | None = None
        self._rest_since_s = 0.0
        self._held = 0
        self._heard = False
        self._written_bytes = 0
        self.direct = -1

    # -- from bytes to frames

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._rest is not None:
            self._rest += data
            self._use_rest()
            return
        used = self._consume(data)
        if used < len(data):
            self._rest = bytearray(memoryview(data)[used:])

    def _use_rest(self) -> None:
        rest = self._rest
        if rest is None:
            return
        used = self._consume(rest)
        if used == len(rest):
            self._rest = None
        else:
            del rest[:used]
        if used:
            self._rest_since_s = 0.0

    def _consume(self, data: bytes | bytearray) -> int:
        """Take the whole frames at the start of `data`, until something says stop. How many bytes are done with."""
        start, end, turns = 0, len(data), FRAMES_PER_TURN
        while end - start >= 2 and not self._held and not self._ended:
            head, length, body = data[start], data[start + 1] - 128, start + 6
            if length >= 126:
                body += 2 if length == 126 else 8
                if body - 4 > end:
                    break
                length = int.from_bytes(data[start + 2 : body - 4], "big")
            is_plain = head == self._plain_head and self._judge is None
            if not (is_plain and 0 <= length <= self._max_message_bytes) and not self._fits(head, length):
                break
            stop = body + length
            if stop > end:
                break
            if not turns:
                self._yield_turn()
                break
            turns -= 1
            if is_plain:
                self._deliver(head & 0x0F, apply_mask(data[body:stop], data[body - 4 : body]))
            elif head != PONG_HEAD:
                self._ask_judge(data[start:stop])
            start = stop
        return end if self._ended else start

    def _fits(self, head: int, length: int) -> bool:
        """Judge a header before waiting for its payload. `length` is negative if the frame is not masked."""
        limits, fragments = self._wiring.limits, self._fragments
        if length < 0:
            self._fail(errors.CLOSE_PROTOCOL_ERROR, "frames from a client must be masked")
        elif not is_valid_head(head):
            self._fail(errors.CLOSE_PROTOCOL_ERROR, "unknown opcode, reserved bit or fragmented control frame")
        elif is_control(head):
            if length > 125:
                self._fail(errors.CLOSE_PROTOCOL_ERROR, "control frame too long")
        elif length + (fragments.size_bytes if fragments else 0) > limits.max_message_bytes:
            self._fail(errors.CLOSE_TOO_BIG, f"max_message_bytes is {limits.max_message_bytes}")
        elif fragments and head & 0x0F == CONTINUATION and len(fragments.parts) >= limits.max_fragments:
            self._fail(errors.CLOSE_POLICY, f"max_fragments is {limits.max_fragments}")
        return not self._ended

    # -- from frames to messages

    def _ask_judge(self, frame: bytes | bytearray) -> None:
        """Give one whole frame to `ServerProtocol`, take what it lets through, send what it wants sent."""
        judge = self._need_judge()
        judge.receive_data(frame)
        for event in judge.events_received():
            assert isinstance(event, Frame)
            self._take(event)
        if self._open and judge.state is not State.OPEN:  # the client closed, or broke the protocol
            said = judge.close_sent if judge.parser_exc else judge.close_rcvd
            self._stop(int(said.code) if said else errors.CLOSE_ABNORMAL)
        self._write_verdict(judge)
        if self._open and judge.current_size is None:
            self._judge = None

    def _take(self, frame: Frame) -> None:
        opcode, payload = int(frame.opcode), bytes(frame.data)
        if opcode == CONTINUATION and self._fragments is not None:
            self._fragments.add(payload)
        elif opcode in (TEXT, BINARY):
            self._fragments = Fragments(opcode, payload)
        else:
            return
        if not self._takes(self._fragments.opcode):
            self._fail(errors.CLOSE_UNSUPPORTED_DATA, f"{self.format} frames were agreed")
        elif frame.fin:
            whole, self._fragments = self._fragments, None
            self._deliver(whole.opcode, whole.join())

    def _takes(self, opcode: int) -> bool:
        return opcode == (TEXT if self.format == "json" else BINARY)

    def _deliver(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT and not self._is_utf8(payload):
            self._fail(errors.CLOSE_INVALID_DATA, "text is not UTF-8")
        elif self._open:
            try:
                self._session.received(payload)
            except Exception as exc:  # noqa: BLE001  # whatever the session did wrong, this connection pays for it
                self._give_up(exc)

    def _is_utf8(self, payload: bytes) -> bool:
        if payload.isascii():
            return True
        try:
            payload.decode()
        except UnicodeDecodeError:
            return False
        return True

    # -- flow

    def _hold(self, reason: int) -> None:
        if not self._held:
            self._transport.pause_reading()
        self._held |= reason

    def _release(self, reason: int) -> None:
        """Go on reading when no reason is left; never from within, for the caller may be a message being handled."""
        if self._held & reason:
            self._held &= ~reason
            if not self._held:
                asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self._held:
            self._use_rest()
        if not self._held and not self._transport.is_closing():
            self._transport.resume_reading()

    def _yield_turn(self) -> None:
        self._hold(BY_TURN)
        asyncio.get_running_loop().call_soon(self._release, BY_TURN)

    # -- the end

    def close(self, code: int, reason: str = "") -> None:
        """The reason is cut to the 123 bytes that fit into a close frame (RFC 6455, section 5.5)."""
        if not self._open:
            return
        judge = self._need_judge()
        judge.send_close(code, reason.encode()[:123].decode(errors="ignore"))
        self._stop(code)
        self._write_verdict(judge)

    def _need_judge(self) -> ServerProtocol:
        if self._judge is None:
            self._judge = ServerProtocol(state=State.OPEN, max_size=None, logger=FRAME_LOGGER)
        return self._judge

    def _fail(self, code: int, reason: str) -> None:
        """RFC 6455, section 7.1.7: say why, and listen no more."""
        judge = self._need_judge()
        judge.fail(code, reason)
        self._stop(code)
        self._write_verdict(judge)

    def _give_up(self, exc: Exception) -> None:
        """The session broke its promise not to raise. Where, but not with what: that may be somebody's text."""
        where = "".join(traceback.format_tb(exc.__traceback__))
        logger.error("a session failed with %s\n%s", type(exc).__name__, where)
        self.close(errors.CLOSE_INTERNAL, "internal")

    def _stop(self, code: int) -> None:
        """From here on nothing goes to or comes from the session, and there is a last moment."""
        self._open = False
        self.direct = -1
        self._close_code = self._close_code or code
        self._deadline_s = self._deadline_s or self._wiring.clock() + self._wiring.limits.close_timeout_s
        self._release(BY_HUB)  # the client's answer must be read, whatever else the session wanted

    def _write_verdict(self, judge: ServerProtocol) -> None:
        chunks = judge.data_to_send()
        if self._ended or not chunks:
            return
        data = b"".join(chunks)
        self.direct = -1
        self._written_bytes += len(data)
        self._transport.write(data)
        if b"" in chunks:  # SEND_EOF: our side is finished
            self._end(answered=judge.close_rcvd is not None)

    def _end(self, answered: bool) -> None:
        self._ended = True
        self._fragments = None
        if answered or not self._transport.can_write_eof():  # TLS: its own closing handshake reads on by itself
            self._transport.close()
        else:
            self._transport.write_eof()
