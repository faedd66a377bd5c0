"""WebSocket frames as the server writes them: unmasked, whole, uncompressed (RFC 6455, section 5.2).

Fan-out builds a frame once and writes the same bytes to many sockets, so this is a function from bytes to bytes. It
must not know sockets, sessions or what a payload means.
"""

from __future__ import annotations

import struct
from typing import Final

from chatd.hub.ports import Format

_FIRST_BYTE: Final[dict[Format, int]] = {"json": 0x81, "msgpack": 0x82}
"""FIN and the opcode: text for JSON, binary for MessagePack."""

_SHORT: Final = {fmt: tuple(bytes((first, n)) for n in range(126)) for fmt, first in _FIRST_BYTE.items()}
_pack_medium = struct.Struct("!BBH").pack
_pack_long = struct.Struct("!BBQ").pack


def frame_header(size_bytes: int, fmt: Format) -> bytes:
    """The 2, 4 or 10 bytes before a payload of `size_bytes`, for whoever joins the payload from pieces anyway."""
    if size_bytes < 126:
        return _SHORT[fmt][size_bytes]
    if size_bytes < 65536:
        return _pack_medium(_FIRST_BYTE[fmt], 126, size_bytes)
    return _pack_long(_FIRST_BYTE[fmt], 127, size_bytes)


def frame(payload: bytes, fmt: Format) -> bytes:
    """One whole message as one frame: text (json; the payload must be UTF-8) or binary (msgpack)."""
    size_bytes = len(payload)
    if size_bytes < 126:
        return _SHORT[fmt][size_bytes] + payload
    if size_bytes < 65536:
        return _pack_medium(_FIRST_BYTE[fmt], 126, size_bytes) + payload
    return _pack_long(_FIRST_BYTE[fmt], 127, size_bytes) + payload
