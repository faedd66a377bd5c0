"""What the hub and a transport promise each other.

A transport owns bytes, frames, time limits of the handshake, and the socket. The hub owns everything that has a
meaning. Neither knows the other's classes: they meet in the two protocols below. Nothing here may import a transport.
"""

from __future__ import annotations

from typing import Literal, Protocol

Format = Literal["json", "msgpack"]


class Socket(Protocol):
    """One open connection, as the hub sees it. Every method is synchronous and may be called from the loop only."""

    format: Format
    peer: str
    """The client's address: the TCP peer, or what a trusted proxy says it is."""
    writable: bool
    """False from the moment the write buffer passes its high mark until it has drained below the low one."""

    direct: int
    """A descriptor to which whole frames may be written past `send`: nothing waits before them, and nothing lies
    between, such as TLS. Negative: there is none now."""

    def send(self, frames: bytes) -> None:
        """Write whole WebSocket frames (headers included, see `chatd.hub.frames`). Ignored once it is closing."""

    def send_later(self, frames: bytes, taken: int) -> None:
        """Of these, `direct` has taken only so many bytes; the rest goes out before anything else."""

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and finish within the close timeout. The first call counts, later ones are ignored."""

    def abort(self) -> None:
        """Drop the connection now; unsent bytes are lost."""

    def pause_reading(self) -> None:
        """Stop handing in messages (the kernel pushes back on the client)."""

    def resume_reading(self) -> None: ...

    def unsent_bytes(self) -> int:
        """Bytes accepted by `send` that the kernel has not taken yet."""


class SessionPort(Protocol):
    """One conversation, as the transport sees it. No method may raise or block."""

    def received(self, payload: bytes) -> None:
        """One whole message. For `json` it is UTF-8 that has been checked; for `msgpack` it is what the frame held."""

    def drained(self) -> None:
        """`writable` became true again."""

    def swept(self, now_s: float) -> None:
        """Called about once a second for every open connection, from one timer for all (monotonic seconds)."""

    def closed(self, code: int) -> None:
        """The connection is gone. Called exactly once; `code` is what the peer or we said, 1006 if nobody did."""


class SessionFactory(Protocol):
    """Makes the session of a connection whose WebSocket handshake is done."""

    def __call__(self, socket: Socket) -> SessionPort: ...
