"""Who asks, and what a request needs from outside to become a proposal: the time, a fresh id, a keyed digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec

from chatd.service.secrets import Secrets
from chatd_protocol.values import Data

DIGEST_BYTES: Final = 16
_encode = msgspec.msgpack.Encoder().encode


class Author(msgspec.Struct, frozen=True):
    """The user behind a session at the moment a request arrived."""

    user: str
    arrived_at: int
    digest: bytes
    new_id: Callable[[str], str]
    """Makes a fresh id from a one-letter prefix."""
    secrets: Secrets
    tags: list[str] = []
    """The verified tags that count now."""
    scopes: frozenset[str] | None = None
    """What a bot may do; None for a person."""

    @property
    def bot(self) -> bool:
        return self.scopes is not None


class Digester:
    """Recognises a request that is repeated under its `cid`.

    Keyed (BLAKE2b, RFC 7693), so that a stored digest does not let anybody guess a text that was recalled.
    """

    def __init__(self, key: bytes) -> None:
        self._fresh = hashlib.blake2b(digest_size=DIGEST_BYTES, key=key)

    def digest(self, op: str, request: Data) -> bytes:
        """The same for the same request, in whichever encoding it came."""
        state = self._fresh.copy()  # the key is hashed once, not for every request
        state.update(op.encode() + _encode(request))
        return state.digest()
