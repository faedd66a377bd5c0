"""The tokens that speak for people: JSON Web Tokens (RFC 7519) of the host app, checked with the configured keys.

The algorithm is the key's and never the token's (RFC 8725, section 3.1); addresses that a token names are never looked
at. Where keys come from is for `Keys` to know: here they are asked for, by the `kid` of the token.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets as chance
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

import jwt
import msgspec

from chatd.core.accounts import SUB_PREFIX
from chatd.core.refusal import Refused
from chatd.core.unusable import Unusable
from chatd.core.values import is_bot
from chatd.service.persons import NAME_MAX, check_person
from chatd_protocol.bots import TOKEN_PREFIX
from chatd_protocol.codec import Invalid
from chatd_protocol.values import SAFE_INTEGER_MAX

TAGS_MAX: Final = 20
TAG_MAX: Final = 32
KID_MAX: Final = 256
SECRET_BYTES: Final = 32
_COMMON_HEADER: Final = 512
OWN_KID: Final = "chatd"
"""The `kid` of the tokens that this server signs itself, for its own accounts."""
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says. Times are ms; `issued_at` is 0 for a token that does not tell.

    `tags` are those that the host vouches for, None if it does not say; `device` is the one that it is only good for.
    `token` is the digest of a bot's, which has no end of its own.
    """

    sub: str
    name: str
    issued_at: int
    expires_at: int | None
    tags: list[dict[str, Any]] | None = None
    device: str | None = None
    token: str | None = None


class Key(msgspec.Struct, frozen=True):
    """A key with the one algorithm it is for. `value` is what PyJWT takes: a secret, a PEM or a key object."""

    algorithm: str
    value: Any


class Keys(Protocol):
    """Where keys come from."""

    async def find(self, kid: str | None) -> Sequence[Key]:
        """The keys that a token with this `kid` may be signed with. Raises `Refused("unavailable")`."""


class FixedKeys:
    """Keys that are configured and do not change; a token's `kid` says nothing about them."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = keys

    async def find(self, kid: str | None) -> Sequence[Key]:
        return self._keys


class Issuer(msgspec.Struct, frozen=True):
    """Who signs tokens, and what its tokens must say; empty: not looked at."""

    keys: Keys
    issuer: str = ""
    audience: str = ""


class Opaque(Protocol):
    """Knows tokens that say nothing by themselves."""

    async def verify(self, token: str) -> Claims:
        """Raises `Refused`: `unauthenticated`."""


class Tokens:
    """Verifies tokens: the host's, our own where there are own accounts, and those of bots.

    Whose a token is, its `kid` says, and then only that one's keys count: neither can speak for the other's people, nor
    for bots.
    """

    def __init__(self, host: Issuer, leeway_s: float, own: Issuer | None = None, bots: Opaque | None = None) -> None:
        self._host = host
        self._own = own
        self._bots = bots
        self._leeway_s = leeway_s

    async def verify(self, token: str) -> Claims:
        """Raises `Refused`: `unauthenticated`, saying what is wrong and nothing of the token; `unavailable`."""
        if self._bots is not None and token.startswith(TOKEN_PREFIX):
            return await self._bots.verify(token)
        kid = _kid_of(token)
        own = self._own is not None and kid == OWN_KID
        by = self._own if self._own is not None and own else self._host
        claims = self._check(token, by, await by.keys.find(kid))
        if is_bot(claims.sub) or (self._own is not None and claims.sub.startswith(SUB_PREFIX) != own):
            raise Refused("unauthenticated", "`sub` is for another issuer's tokens.")
        return claims if own else msgspec.structs.replace(claims, device=None)

    def _check(self, token: str, by: Issuer, keys: Sequence[Key]) -> Claims:
        problem: jwt.InvalidTokenError | None = None
        for key in keys:
            try:
                return _read_claims(self._decode(token, by, key))
            except jwt.InvalidSignatureError as error:
                problem = error  # perhaps another one of the keys
            except jwt.InvalidTokenError as error:
                problem = error
                break
        raise Refused(
            "unauthenticated",
            _REASONS.get(type(problem), "The token was not accepted.") if problem else "There is no such key.",
        ) from None

    def _decode(self, token: str, by: Issuer, key: Key) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.value,
            algorithms=[key.algorithm],
            issuer=by.issuer or None,
            audience=by.audience or None,
            leeway=self._leeway_s,
            options={"require": ["sub", "exp"], "verify_aud": bool(by.audience)},
        )
        return claims


def _kid_of(token: str) -> str | None:
    """The name of its key, as the token's header has it: hearsay, good for choosing among the configured keys only."""
    header = token.partition(".")[0]
    return _kid_in(header) if len(header) <= _COMMON_HEADER else _kid_in.__wrapped__(header)


@lru_cache(64)
def _kid_in(header: str) -> str | None:
    """All tokens of an issuer have the same few headers."""
    try:
        kid = jwt.get_unverified_header(f"{header}.e30.").get("kid")
    except jwt.InvalidTokenError:
        raise Refused("unauthenticated", "The token was not accepted.") from None
    if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= KID_MAX):
        raise Refused("unauthenticated", f"`kid` is not 1 to {KID_MAX} characters.")
    return kid


def _read_claims(claims: dict[str, Any]) -> Claims:
    named, issued = claims.get("name", ""), claims.get("iat", 0)
    if not all(type(moment) in (int, float) and moment >= 0 for moment in (issued, claims["exp"])):
        raise Refused("unauthenticated", "`exp` or `iat` is not a number of seconds.")
    try:
        sub, name = check_person(claims["sub"], named[:NAME_MAX] if isinstance(named, str) else named)
        tags = _read_tags(claims["tags"]) if claims.get("tags") is not None else None
    except Invalid as problem:
        raise Refused("unauthenticated", problem.problem) from None
    # A token "for ever" must not become a number that cannot be written down.
    expires_at = min(int(claims["exp"] * 1000), SAFE_INTEGER_MAX)
    device = claims.get("dev")
    return Claims(sub, name, round(issued * 1000), expires_at, tags, device if isinstance(device, str) else None)


def _read_tags(tags: object) -> list[dict[str, Any]]:
    """`tags` of a token: texts, or maps with `tag` and perhaps `exp` (seconds). Raises `Invalid`."""
    if not isinstance(tags, list) or len(tags) > TAGS_MAX:
        raise Invalid("tags", f"`tags` is not a list of at most {TAGS_MAX}")
    read: dict[str, dict[str, Any]] = {}
    for one in tags:
        tag, until = (one.get("tag"), one.get("exp")) if isinstance(one, dict) else (one, None)
        if not isinstance(tag, str) or not 1 <= len(tag) <= TAG_MAX or not tag.isprintable():
            raise Invalid("tags", f"a tag is not 1 to {TAG_MAX} printable characters")
        if until is not None and (type(until) not in (int, float) or not 0 <= until < SAFE_INTEGER_MAX / 1000):
            raise Invalid("tags", "`exp` of a tag is not a number of seconds")
        read[tag] = {"tag": tag, "source": "host"} | ({} if until is None else {"until": int(until * 1000)})
    return list(read.values())


_REASONS = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidSignatureError: "The token is signed by another key.",
    jwt.InvalidAlgorithmError: "The token is signed by another algorithm.",
}


def load_keys(algorithm: str, secrets: Sequence[str], public_key_file: str) -> FixedKeys:
    """The configured keys: secrets, or every public key of a PEM file. Raises OSError, `Unusable` without a key."""
    if algorithm.startswith("HS"):
        return FixedKeys([Key(algorithm, secret) for secret in secrets if secret])
    keys = [Key(algorithm, match[0]) for match in _PEM.finditer(Path(public_key_file).read_bytes())]
    if not keys:
        raise Unusable("no_pem", file=public_key_file)
    return FixedKeys(keys)


def keep_secret(path: Path) -> str:
    """The secret in this file (mode 0600), made at first need. Raises OSError, `Unusable` if it holds none."""
    if not path.exists():
        _write_secret(path)
    try:
        secret = path.read_text().strip()
    except UnicodeDecodeError:
        secret = ""
    if len(secret) < SECRET_BYTES:
        raise Unusable("no_secret", file=path, least=SECRET_BYTES)
    return secret


def _write_secret(path: Path) -> None:
    """Whole or not at all: a half-written secret would lock everybody out, an empty one let everybody in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(chance.token_hex(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)  # whoever comes second keeps the first one's
    finally:
        draft.unlink()


def mint(secret: str, sub: str, name: str, now_s: float, ttl_s: float, extra: dict[str, Any] | None = None) -> str:
    """A token signed with a secret (HS256)."""
    claims = {"sub": sub, "iat": now_s, "exp": now_s + ttl_s} | ({"name": name} if name else {}) | (extra or {})
    return jwt.encode(claims, secret, algorithm="HS256")
