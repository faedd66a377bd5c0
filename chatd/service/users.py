"""Users: looking them up, and the tokens that speak for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
import msgspec

from chatd.core.refusal import Refused
from chatd.store import users as stored
from chatd.store.readers import Reader
from chatd_protocol import session as wire
from chatd_protocol.codec import Invalid
from chatd_protocol.values import SAFE_INTEGER_MAX

NAME_MAX = 80
SUB_MAX = 200


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says. Times are ms; `issued_at` is 0 for a token that does not tell."""

    sub: str
    name: str
    issued_at: int
    expires_at: int


class Tokens:
    """Verifies JSON Web Tokens (RFC 7519) of a host app with one key.

    The algorithm comes from the configuration and never from the token (RFC 8725, section 3.1).
    """

    def __init__(self, algorithm: str, key: str | bytes, issuer: str, audience: str, leeway_s: float) -> None:
        self._algorithm = algorithm
        self._key = key
        self._issuer = issuer or None
        self._audience = audience or None
        self._leeway_s = leeway_s

    def verify(self, token: str) -> Claims:
        """Raises `Refused("unauthenticated")`, saying what is wrong and nothing of the token."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway_s,
                options={"require": ["sub", "exp"], "verify_aud": self._audience is not None},
            )
        except jwt.InvalidTokenError as error:
            raise Refused("unauthenticated", _REASONS.get(type(error), "The token was not accepted.")) from None
        named, issued = claims.get("name", ""), claims.get("iat", 0)
        try:
            sub, name = check_person(claims["sub"], named[:NAME_MAX] if isinstance(named, str) else named)
        except Invalid as problem:
            raise Refused("unauthenticated", problem.problem) from None
        if not all(type(moment) in (int, float) and moment >= 0 for moment in (issued, claims["exp"])):
            raise Refused("unauthenticated", "`exp` or `iat` is not a number of seconds.")
        # A token "for ever" must not become a number that cannot be written down.
        expires_at = min(int(claims["exp"] * 1000), SAFE_INTEGER_MAX)
        return Claims(sub, name, int(issued * 1000), expires_at)


def check_person(sub: object, name: object) -> tuple[str, str]:
    """A `sub` and a name that a user may have. Raises `Invalid` naming the one that will not do."""
    if not isinstance(sub, str) or not 1 <= len(sub) <= SUB_MAX or not sub.isprintable():
        raise Invalid("sub", f"`sub` is not 1 to {SUB_MAX} printable characters")
    if not isinstance(name, str) or len(name) > NAME_MAX or not name.isprintable():
        raise Invalid("name", f"`name` is not at most {NAME_MAX} printable characters")
    return sub, name


_REASONS = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidSignatureError: "The token is signed by another key.",
    jwt.InvalidAlgorithmError: "The token is signed by another algorithm.",
}


def load_key(algorithm: str, secret: str, public_key_file: str) -> str | bytes:
    """The key that tokens are verified with. Raises OSError if the file cannot be read."""
    if algorithm.startswith("HS"):
        return secret
    return Path(public_key_file).read_bytes()


def mint(secret: str, sub: str, name: str, now_s: int, ttl_s: int, extra: dict[str, Any] | None = None) -> str:
    """A token for trying things out, signed with the configured secret (HS256)."""
    claims = {"sub": sub, "iat": now_s, "exp": now_s + ttl_s} | ({"name": name} if name else {}) | (extra or {})
    return jwt.encode(claims, secret, algorithm="HS256")


async def get_users(reader: Reader, request: wire.GetUsers) -> dict[str, Any]:
    """Those of the users asked for that exist."""
    rows: Sequence[tuple[str, str, str]] = await stored.users_named(reader, request.users, request.subs)
    return {"users": [{"user": i, "sub": sub} | ({"name": name} if name else {}) for i, sub, name in rows]}
