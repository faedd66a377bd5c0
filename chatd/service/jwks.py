"""The keys of a host app that publishes them as a JWK Set (RFC 7517) and changes them now and then.

The set of one address belongs to one issuer, whose name a token must carry; the address is configured and never what a
token says. A `kid` that is not known makes the set be fetched anew, but at most once in an interval, whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import jwt
import orjson
import structlog

from chatd.core.refusal import Refused
from chatd.outbound import Unreachable
from chatd.service.tokens import KID_MAX, Key

KEYS_MAX: Final = 64
RSA_BITS_MIN: Final = 2048
_KINDS: Final = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_CURVES: Final = {"ES256": {"P-256"}, "EdDSA": {"Ed25519", "Ed448"}}


class JwksKeys:
    """Implements `tokens.Keys`.

    `fetch` gets the set as bytes, bounded. A set is fresh for `cache_s`; when it cannot be fetched anew it is used for
    `stale_s`. `clock_s` is steady.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        algorithm: str,
        *,
        clock_s: Callable[[], float],
        cache_s: float,
        refetch_s: float,
        stale_s: float,
    ) -> None:
        self._fetch = fetch
        self._algorithm = algorithm
        self._clock_s = clock_s
        self._cache_s = cache_s
        self._refetch_s = refetch_s
        self._stale_s = max(stale_s, cache_s)
        self._keys: list[tuple[str | None, Key]] = []
        self._fetched_s = self._tried_s = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("chatd.keys")

    async def find(self, kid: str | None) -> Sequence[Key]:
        """The keys that a token with this `kid` may be signed with; without one, all of them.

        Raises `unavailable` where it cannot be known now.
        """
        if self._age_s() > self._cache_s:
            await self._refresh()
        found = self._named(kid)
        if not found:
            asked = await self._refresh()
            found = self._named(kid)
            if not found and not asked:
                raise Refused("unavailable", retry_after=round(self._wait_s(), 3))
        return found

    def _named(self, kid: str | None) -> list[Key]:
        if self._age_s() > self._stale_s:
            return []
        return [key for name, key in self._keys if kid is None or name == kid]

    def _age_s(self) -> float:
        return self._clock_s() - self._fetched_s

    def _wait_s(self) -> float:
        return max(0.1, self._refetch_s - (self._clock_s() - self._tried_s))

    async def _refresh(self) -> bool:
        """Fetch the set, together with whoever else wants it. Returns whether there is a set from just now."""
        if self._fetching is None and self._clock_s() - self._tried_s >= self._refetch_s:
            self._tried_s = self._clock_s()
            self._fetching = asyncio.get_running_loop().create_task(self._replace())
        if self._fetching is None:
            return False
        await asyncio.shield(self._fetching)  # who asked may go away; the others still wait
        return self._fetched_s >= self._tried_s

    async def _replace(self) -> None:
        try:
            keys = read_keys(await self._fetch(), self._algorithm)
        except Unreachable as problem:
            self._log.warning("keys could not be fetched", why=str(problem))
        else:
            if [name for name, _ in keys] != [name for name, _ in self._keys]:
                self._log.info("keys fetched", keys=len(keys))
            self._keys, self._fetched_s = keys, self._clock_s()
        finally:
            self._fetching = None


def read_keys(body: bytes, algorithm: str) -> list[tuple[str | None, Key]]:
    """The usable keys of a set: for this algorithm and for signatures. Raises `Unreachable` if there is none."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unreachable("the answer is not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise Unreachable(f"the answer is not a JWK Set of at most {KEYS_MAX} keys")
    keys = [(one.get("kid"), Key(algorithm, key)) for one in listed if (key := _read_key(one, algorithm)) is not None]
    if not keys:
        raise Unreachable(f"the answer has no key for {algorithm}")
    return keys


def _read_key(one: object, algorithm: str) -> Any:
    """The key itself, None for one that is for something else or cannot be read."""
    try:
        if not isinstance(one, dict) or not _is_for(one, algorithm):
            return None
        key = jwt.PyJWK(one, algorithm).key
    except Exception:  # noqa: BLE001 - a key of a stranger's making fails in many ways, and harms no other one
        return None
    return None if algorithm == "RS256" and key.key_size < RSA_BITS_MIN else key


def _is_for(one: dict[str, Any], algorithm: str) -> bool:
    """Whether it is a public key for signatures of this algorithm, as far as it says itself."""
    if one.get("kty") != _KINDS[algorithm] or "d" in one:
        return False
    if algorithm in _CURVES and one.get("crv") not in _CURVES[algorithm]:
        return False
    if one.get("use", "sig") != "sig" or one.get("alg", algorithm) != algorithm:
        return False
    kid = one.get("kid")
    named = kid is None or (isinstance(kid, str) and 0 < len(kid) <= KID_MAX)
    return named and "verify" in one.get("key_ops", ["verify"])
