"""`/echo`: every message comes back as it was, through the same parser, limits and frame builder as the chat.

For conformance suites that drive a server from outside (Autobahn), which send text and binary on one connection.
"""

from __future__ import annotations

from chatd.hub.frames import frame
from chatd.ws.connection import WebSocketConnection
from chatd.ws.opcodes import TEXT
from chatd_protocol import errors


class EchoConnection(WebSocketConnection):
    """Takes both kinds of frames, whatever the subprotocol, and sends each message back in its own kind."""

    __slots__ = ()

    def begin(self, early: bytes) -> None:
        """No session: nothing of the chat is reachable from here."""
        self._enlist()
        if early:
            self.data_received(early)

    def _takes(self, opcode: int) -> bool:
        return True

    def _deliver(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT and not self._is_utf8(payload):
            self._fail(errors.CLOSE_INVALID_DATA, "text is not UTF-8")
        else:
            self.send(frame(payload, "json" if opcode == TEXT else "msgpack"))
