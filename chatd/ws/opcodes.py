"""The few facts about client frames that cutting a stream needs (RFC 6455, section 5.2). No connection, no clock."""

from __future__ import annotations

from typing import Final

try:  # as websockets itself does: its C extension is missing where no wheel fits
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = [
    "BINARY",
    "CONTINUATION",
    "PING_FRAME",
    "PONG_HEAD",
    "TEXT",
    "Fragments",
    "apply_mask",
    "is_control",
    "is_valid_head",
]

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2

PONG_HEAD: Final = 0x8A
PING_FRAME: Final = b"\x89\x00"

_HEADS: Final = frozenset((0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A))


def is_valid_head(head: int) -> bool:
    """Whether a first byte can be right without extensions: known opcode, no reserved bit, control frames whole."""
    return head in _HEADS


def is_control(head: int) -> bool:
    return bool(head & 0x08)


class Fragments:
    """A message that comes in several frames, as far as it has come."""

    __slots__ = ("opcode", "parts", "since_s", "size_bytes")

    def __init__(self, opcode: int, first: bytes) -> None:
        self.opcode = opcode
        self.parts = [first]
        self.size_bytes = len(first)
        self.since_s = 0.0
        """When the sweep first saw it unfinished, 0 before that."""

    def add(self, part: bytes) -> None:
        self.parts.append(part)
        self.size_bytes += len(part)

    def join(self) -> bytes:
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
