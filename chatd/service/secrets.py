"""The secrets of invites: derived from the server's key and the command that makes one, kept as a keyed hash only.

Derived, so that a command that is repeated gets its first answer although nobody wrote the secret down (HMAC, RFC
2104). Whoever reads the database without the key learns no token and no code, and can check no guess.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Final

from chatd_protocol.codes import DRAWN_BITS, make_code

if TYPE_CHECKING:
    from chatd.service.author import Author

_TOKEN_BYTES: Final = 17
_TOKEN_SIGNS: Final = 22
"""Of base64url: 132 bits."""
_HASH_BYTES: Final = 16


class Secrets:
    """Of one server: `key` is that of its database (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, author: Author, cid: str) -> str:
        """The token of the link that this command makes."""
        return base64.urlsafe_b64encode(self._derive("token", author, cid)[:_TOKEN_BYTES]).decode()[:_TOKEN_SIGNS]

    def code(self, author: Author, cid: str) -> str:
        """The code that this command makes."""
        drawn = int.from_bytes(self._derive("code", author, cid)[:8], "big")
        return make_code(drawn >> 64 - DRAWN_BITS)

    def hash(self, secret: str) -> str:
        """What a token or a code is found by."""
        return hmac.digest(self._key, b"invite hash\0" + secret.encode(), "sha256")[:_HASH_BYTES].hex()

    def hash_sub(self, sub: str) -> str:
        """What the `sub` of somebody who was erased is found by: nobody can tell from it whose it was."""
        return hmac.digest(self._key, b"erased sub\0" + sub.encode(), "sha256")[:_HASH_BYTES].hex()

    def _derive(self, what: str, author: Author, cid: str) -> bytes:
        named = f"invite {what}\0{author.user}\0{cid}\0".encode()
        return hmac.digest(self._key, named + author.digest, "sha256")
