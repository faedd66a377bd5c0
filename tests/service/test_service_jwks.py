"""Keys that a host publishes: rotation, and whatever a server that is slow, huge or hostile answers with.

Against a real web server on this machine, over TLS and without.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from chatd.core.refusal import Refused
from chatd.outbound import Bound, Outbound, Unreachable, may_reach
from chatd.service.jwks import KEYS_MAX, JwksKeys, read_keys
from chatd.service.tokens import Issuer, Tokens
from tests.e2e.town import on_loop
from tests.service.webserver import WebServer, make_tls, web_server

BOUND = Bound(10.0, 65_536)
REFETCH_S, CACHE_S, STALE_S = 30.0, 300.0, 1000.0
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - has to be refused


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def jwk(private: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    """The public half as a JWK."""
    kind: Any = jwt.algorithms.OKPAlgorithm
    if isinstance(private, ec.EllipticCurvePrivateKey):
        kind = jwt.algorithms.ECAlgorithm
    elif isinstance(private, rsa.RSAPrivateKey):
        kind = jwt.algorithms.RSAAlgorithm
    public: dict[str, Any] = json.loads(kind.to_jwk(private.public_key()))
    return public | ({} if kid is None else {"kid": kid}) | more


def a_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def signed(private: Any, kid: str | None, algorithm: str = "ES256", **changed: Any) -> str:
    """A token of the host, with a header that names what it must not be asked for."""
    now = int(time.time())
    claims = {"sub": "ann", "iat": now, "exp": now + 60, "iss": "host"} | changed
    headers = {"jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/x"} | ({} if kid is None else {"kid": kid})
    return jwt.encode(claims, private, algorithm=algorithm, headers=headers)


class House:
    """Tokens that are verified with what a web server says."""

    def __init__(self, web: WebServer, *, bound: Bound = BOUND, **outbound: Any) -> None:
        self.clock = Clock()
        self.web = web
        self.url = f"http://127.0.0.1:{web.port}/keys"
        client = Outbound(**({"loopback": True} | outbound))

        async def fetch() -> bytes:
            return await client.ask("GET", self.url, bound)

        self.keys = JwksKeys(fetch, "ES256", clock_s=self.clock, cache_s=CACHE_S, refetch_s=REFETCH_S, stale_s=STALE_S)
        self.tokens = Tokens(Issuer(self.keys, "host"), 0)

    async def code(self, token: str) -> str:
        """ "" if it is accepted, else the code of the refusal."""
        try:
            claims = await self.tokens.verify(token)
        except Refused as refusal:
            return refusal.code if token not in refusal.message else "the token was told"
        assert claims.sub == "ann"
        return ""


@on_loop
async def test_keys_are_fetched_once_and_again_when_they_are_old() -> None:
    key = make_key()
    async with web_server() as web:
        house = House(web)
        web.say(a_set(jwk(key, "a")))
        tokens = [signed(key, "a") for _ in range(20)]
        assert await asyncio.gather(*map(house.code, tokens)) == [""] * 20
        assert len(web.requests) == 1, "all who wait share one fetch"
        house.clock.now_s += CACHE_S
        assert await house.code(tokens[0]) == ""
        assert len(web.requests) == 1
        house.clock.now_s += 1
        assert await house.code(tokens[0]) == ""
        assert len(web.requests) == 2


@on_loop
async def test_a_new_key_is_found_by_its_name_and_one_that_was_taken_away_is_refused() -> None:
    old, new = make_key(), make_key()
    async with web_server() as web:
        house = House(web)
        web.say(a_set(jwk(old, "old")))
        assert await house.code(signed(old, "old")) == ""
        web.say(a_set(jwk(new, "new")))
        assert await house.code(signed(new, "new")) == "unavailable", "not known yet, and not asked again so soon"
        house.clock.now_s += REFETCH_S
        assert await house.code(signed(new, "new")) == ""
        assert await house.code(signed(old, "old")) == "unavailable"
        house.clock.now_s += REFETCH_S
        assert await house.code(signed(old, "old")) == "unauthenticated"
        assert await house.code(signed(old, "new")) == "unauthenticated"
        assert await house.code(signed(old, None)) == "unauthenticated"
        assert await house.code(signed(new, None)) == "", "without a name every key is tried"


@on_loop
@pytest.mark.promise("P8", "rates")
async def test_tokens_that_name_unknown_keys_do_not_make_it_ask_more_often() -> None:
    key = make_key()
    async with web_server() as web:
        house = House(web)
        web.say(a_set(jwk(key, "a")))
        assert await house.code(signed(key, "a")) == ""
        codes = [await house.code(signed(make_key(), f"unknown {n}")) for n in range(50)]
        assert (set(codes), len(web.requests)) == ({"unavailable"}, 1)
        house.clock.now_s += REFETCH_S
        codes = [await house.code(signed(make_key(), f"unknown {n}")) for n in range(50)]
        assert (codes[0], set(codes[1:]), len(web.requests)) == ("unauthenticated", {"unavailable"}, 2)
        assert await house.code(signed(key, "a")) == ""
        assert await house.code(signed(key, "x" * 257)) == "unauthenticated"


@on_loop
async def test_the_issuer_and_the_algorithm_are_those_that_are_configured() -> None:
    key = make_key()
    async with web_server() as web:
        house = House(web)
        web.say(a_set(jwk(key, "a"), jwk(RSA, "r"), {"kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256"}))
        assert await house.code(signed(key, "a")) == ""
        assert await house.code(signed(key, "a", iss="another")) == "unauthenticated"
        house.clock.now_s += REFETCH_S
        assert await house.code(signed(RSA, "r", "RS256")) == "unauthenticated"
        house.clock.now_s += REFETCH_S
        assert await house.code(signed("secret" * 9, "s", "HS256")) == "unauthenticated"
        assert await house.code(signed("secret" * 9, "a", "HS256")) == "unauthenticated"


@on_loop
async def test_a_server_that_is_away_is_forgiven_for_a_while() -> None:
    key = make_key()
    async with web_server() as web:
        house = House(web)
        web.say(b"", "503 Service Unavailable")
        assert await house.code(signed(key, "a")) == "unavailable"
        web.say(a_set(jwk(key, "a")))
        assert await house.code(signed(key, "a")) == "unavailable"
        house.clock.now_s += REFETCH_S
        assert await house.code(signed(key, "a")) == ""
        web.say(b"", "503 Service Unavailable")
        house.clock.now_s += STALE_S
        assert await house.code(signed(key, "a")) == "", "known, and not too old"
        house.clock.now_s += 1
        assert await house.code(signed(key, "a")) == "unavailable"
        house.clock.now_s += REFETCH_S
        web.say(a_set(jwk(key, "a")))
        assert await house.code(signed(key, "a")) == ""


@on_loop
async def test_who_asked_and_goes_away_does_not_take_the_answer_from_the_others() -> None:
    key = make_key()
    async with web_server() as web:
        house = House(web)
        web.say(a_set(jwk(key, "a")))
        web.answer.insert(0, b"")
        first = asyncio.create_task(house.code(signed(key, "a")))
        second = asyncio.create_task(house.code(signed(key, "a")))
        await asyncio.wait_for(web.asked.wait(), 10)
        first.cancel()
        web.go_on.set()
        assert await asyncio.wait_for(second, 10) == ""
        assert len(web.requests) == 1


OTHERS: tuple[Any, ...] = ("oct", "RSA", "P-521", 5, [], {}, None)
UNNAMED: tuple[Any, ...] = ("", 5, [], "x" * 257)
BAD: dict[str, Callable[[], bytes]] = {
    "not JSON": lambda: b"<html>",
    "a list": lambda: b"[]",
    "no keys": lambda: b"{}",
    "keys is a map": lambda: b'{"keys": {}}',
    "an empty set": a_set,
    "too many": lambda: a_set(*[jwk(make_key(), "a")] * (KEYS_MAX + 1)),
    "nothing usable": lambda: a_set(jwk(RSA, "a")),
    "deep": lambda: b'{"keys": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_an_answer_that_is_no_set_of_keys_is_refused(what: str) -> None:
    with pytest.raises(Unreachable):
        read_keys(BAD[what](), "ES256")


def test_keys_that_are_for_something_else_or_broken_are_left_out() -> None:
    key = make_key()
    good = jwk(key, "good")
    odd: list[Any] = [
        *(None, 5, "x", [], {}),
        *(good | {"kty": kind} for kind in OTHERS),
        *(good | {"crv": curve} for curve in OTHERS),
        *(good | {"use": "enc"}, good | {"alg": "ES512"}, good | {"key_ops": ["sign"]}, good | {"key_ops": 5}),
        *(good | {"x": number} for number in (*OTHERS, "", "AAAA")),
        *(good | {"kid": kid} for kid in UNNAMED),
        json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key)) | {"kid": "a private key"},
    ]
    assert [name for name, _ in read_keys(json.dumps({"keys": [*odd, good]}).encode(), "ES256")] == ["good"]
    assert [name for name, _ in read_keys(a_set(jwk(SMALL, "small"), jwk(RSA, "big")), "RS256")] == ["big"]
    edwards = ed25519.Ed25519PrivateKey.generate()
    assert [name for name, _ in read_keys(a_set(jwk(edwards, None)), "EdDSA")] == [None]


# -- the way to the server


async def refused(ask: Awaitable[bytes]) -> str:
    with pytest.raises(Unreachable) as problem:
        await ask
    return str(problem.value)


@on_loop
async def test_tls_is_spoken_and_the_certificate_checked(tmp_path: Path) -> None:
    tls, certificate = make_tls(tmp_path)
    async with web_server(tls) as web:
        web.say(b"over TLS")
        url = f"https://localhost:{web.port}/keys"
        assert await Outbound(loopback=True, ca_file=certificate).ask("GET", url, BOUND) == b"over TLS"
        assert b"Host: localhost:" in web.requests[0]
        assert "failed" in await refused(Outbound(loopback=True).ask("GET", url, BOUND))
        other = f"https://another.example:{web.port}/keys"

        async def here(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        strict = Outbound(loopback=True, ca_file=certificate, resolve=here)
        assert "failed" in await refused(strict.ask("GET", other, BOUND)), "the certificate is for another name"
        assert len(web.requests) == 1


@on_loop
async def test_redirects_are_not_followed() -> None:
    async with web_server() as web, web_server() as private:
        private.say(b"inside")
        for status in ("301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            web.say(b"", status, f"Location: http://127.0.0.1:{private.port}/")
            why = await refused(Outbound(loopback=True).ask("GET", f"http://127.0.0.1:{web.port}/", BOUND))
            assert status[:3] in why
        assert private.requests == []


@on_loop
@pytest.mark.promise("P8", "outbound")
async def test_a_huge_answer_is_dropped_whether_it_says_so_or_not() -> None:
    async with web_server() as web:
        outbound, url = Outbound(loopback=True), f"http://127.0.0.1:{web.port}/"
        web.say(b"x" * BOUND.max_bytes)
        assert len(await outbound.ask("GET", url, BOUND)) == BOUND.max_bytes
        web.say(b"x" * (BOUND.max_bytes + 1))
        assert "more than" in await refused(outbound.ask("GET", url, BOUND))
        chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
        web.answer = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 1000]
        assert "more than" in await refused(outbound.ask("GET", url, BOUND))
        web.answer = [b"HTTP/1.1 200 OK\r\n", *[b"X-Long: " + b"x" * 8000 + b"\r\n"] * 100]
        assert "failed" in await refused(outbound.ask("GET", url, BOUND))


@on_loop
@pytest.mark.promise("P8", "outbound")
async def test_a_slow_answer_is_not_waited_for() -> None:
    bound = Bound(0.2, 1000)
    async with web_server() as web:
        outbound, url = Outbound(loopback=True), f"http://127.0.0.1:{web.port}/"
        for beginning in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"):
            web.answer = [beginning, b"", b"rest"]
            assert "within" in await refused(outbound.ask("GET", url, bound))


@on_loop
async def test_nobody_else_waits_while_keys_are_fetched() -> None:
    key = make_key()
    async with web_server() as web:
        house = House(web)
        web.answer = [b""]
        waiting = asyncio.create_task(house.code(signed(key, "a")))
        await asyncio.wait_for(web.asked.wait(), 10)
        turns = 0
        for _ in range(100):
            await asyncio.sleep(0)
            turns += 1
        assert (turns, waiting.done()) == (100, False)
        web.go_on.set()
        assert await waiting == "unavailable"


@pytest.mark.parametrize(
    ("address", "tls", "plain"),
    [
        ("93.184.216.34", True, False),
        ("2606:2800:220:1:248:1893:25c8:1946", True, False),
        *(
            (address, False, False)
            for address in (
                *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1"),
                *("255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1"),
                *("::", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::"),
                *("2001:db8::1", "2001::1", "not an address", ""),
            )
        ),
        *((address, True, True) for address in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1")),
    ],
)
def test_only_public_addresses_are_reached_and_loopback_if_that_is_allowed(
    address: str, tls: bool, plain: bool
) -> None:
    assert may_reach(address, plain=False, loopback=True) is tls
    assert may_reach(address, plain=True, loopback=True) is plain
    assert may_reach(address, plain=False, loopback=False) is (tls and not plain)
    assert may_reach(address, plain=True, loopback=False) is False


@on_loop
async def test_every_address_of_a_name_is_looked_at_and_the_name_is_asked_for_once() -> None:
    asked: list[str] = []
    answers = [["127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["10.0.0.1"], [], ["169.254.169.254"]]

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    async with web_server() as web:
        web.say(b"here")
        outbound = Outbound(loopback=True, resolve=resolve)
        url = f"http://keys.example:{web.port}/"
        assert await outbound.ask("GET", url, BOUND) == b"here"
        assert asked == ["keys.example"]
        for _ in answers[1:]:
            assert "must not be reached" in await refused(outbound.ask("GET", url, BOUND))
        strict = Outbound()
        assert "must not be reached" in await refused(strict.ask("GET", f"http://127.0.0.1:{web.port}/", BOUND))
        assert "must not be reached" in await refused(strict.ask("GET", f"https://[::1]:{web.port}/", BOUND))
        assert len(web.requests) == 1
