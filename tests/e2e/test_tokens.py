"""Whom a token speaks for, how long, and how it is taken away."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from chatd.admin.serving import AdminSocket
from chatd.admin.socket import AdminError, call
from chatd.app import now_ms
from chatd.store.readers import ReaderLost
from chatd.testing import TEST_SECRET
from tests.e2e.phone import PATIENCE_S, Denied, Phone
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import held_hello


def claims(**changed: Any) -> dict[str, Any]:
    """Of a token that is good for an hour; None leaves a claim out."""
    now = int(time.time())
    return {k: v for k, v in ({"sub": "ann", "iat": now, "exp": now + 3600} | changed).items() if v is not None}


def signed(**changed: Any) -> str:
    """A token signed with the right secret."""
    return jwt.encode(claims(**changed), TEST_SECRET, algorithm="HS256")


def unsigned() -> str:
    """`alg: none`, as RFC 7519, section 6.1, has it."""
    parts = ({"alg": "none", "typ": "JWT"}, claims())
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."


BAD: dict[str, Callable[[], str]] = {
    "another key": lambda: jwt.encode(claims(), "another secret of enough length, 32 bytes", algorithm="HS256"),
    "another algorithm": lambda: jwt.encode(claims(), TEST_SECRET * 2, algorithm="HS512"),
    "no signature": unsigned,
    "cut signature": lambda: signed()[:-4],
    "expired": lambda: signed(exp=int(time.time()) - 60),
    "no exp": lambda: signed(exp=None),
    "no sub": lambda: signed(sub=None),
    "empty sub": lambda: signed(sub=""),
    "control characters in sub": lambda: signed(sub="a\nb"),
    "long sub": lambda: signed(sub="x" * 201),
    "name is a number": lambda: signed(name=5),
    "not yet": lambda: signed(nbf=int(time.time()) + 3600),
    "exp is text": lambda: signed(exp="tomorrow"),
    "exp is a number as text": lambda: signed(exp=str(int(time.time()) + 60)),
    "iat is a number as text": lambda: signed(iat="5"),
    "exp is infinite": lambda: signed(exp=float("inf")),
    "iat is text": lambda: signed(iat="now"),
    "not a token": lambda: "x",
    "three dots": lambda: "...",
    "payload is a list": lambda: jwt.api_jws.encode(b"[]", TEST_SECRET, algorithm="HS256"),
}


async def refused(town: Town, token: str, **dial: Any) -> tuple[str, int]:
    """The error and the close code that a hello gets."""
    phone = await town.dial(**dial)
    with pytest.raises(Denied) as refusal:
        await phone.say_hello(token)
    assert token not in str(refusal.value.error) or len(token) < 5
    return refusal.value.code, await phone.closed()


@pytest.mark.promise("P7", "token")
@pytest.mark.parametrize("what", sorted(BAD))
async def test_a_token_that_is_not_right_is_refused(town: Town, what: str) -> None:
    assert await refused(town, BAD[what]()) == ("unauthenticated", 4401)


async def test_a_token_for_ever_ends_at_the_largest_time_there_is(town: Town) -> None:
    for exp in (2**53, 10**30, 1e300):
        phone = await town.dial()
        await phone.say_hello(signed(exp=exp), "forever")
        assert phone.hello["expires"] == 2**53 - 1


async def test_the_first_token_of_a_sub_makes_a_user_and_later_ones_find_it(town: Town) -> None:
    ann = await town.person("ann")
    again = await town.phone_of(ann.sub, "tablet")
    assert again.user == ann.user
    assert again.hello["name"] == "Ann"
    renamed = await town.dial()
    await renamed.say_hello(town.server.token(ann.sub, "Ann B."), "laptop")
    assert renamed.hello["name"] == "Ann B."
    assert (await ann.ask("user.get", users=[ann.user]))["users"][0]["name"] == "Ann B."
    nameless = await town.dial()
    await nameless.say_hello(town.server.token(ann.sub), "watch")
    assert nameless.hello["name"] == "Ann B."


def _rsa() -> tuple[Any, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key, key.public_key()


def _ec() -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, key.public_key()


def _ed() -> tuple[Any, Any]:
    key = ed25519.Ed25519PrivateKey.generate()
    return key, key.public_key()


def confused(pem: bytes) -> str:
    """Signed with HMAC and the public key as its secret: what a server that trusts the token's header falls for."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims())
    text = b".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts)
    signature = hmac.new(pem, text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@on_loop
@pytest.mark.parametrize(("algorithm", "make"), [("RS256", _rsa), ("ES256", _ec), ("EdDSA", _ed)])
async def test_tokens_of_a_host_with_a_key_pair(
    sqlite_url: str, tmp_path: Path, algorithm: str, make: Callable[[], tuple[Any, Any]]
) -> None:
    private, public = make()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path / "key.pem"
    file.write_bytes(pem)
    auth = {"jwt_algorithm": algorithm, "jwt_public_key_file": str(file), "issuer": "host", "audience": "chat"}
    async with living_town(sqlite_url, tmp_path, auth=auth) as town:
        phone = await town.dial()
        good = claims(iss="host", aud="chat")
        await phone.say_hello(jwt.encode(good, private, algorithm=algorithm))
        assert phone.user
        for bad in (
            confused(pem),
            jwt.encode(good, make()[0], algorithm=algorithm),
            jwt.encode(good | {"iss": "another"}, private, algorithm=algorithm),
            jwt.encode(good | {"aud": "another"}, private, algorithm=algorithm),
            jwt.encode(claims(iss="host"), private, algorithm=algorithm),
            unsigned(),
        ):
            assert await refused(town, bad) == ("unauthenticated", 4401)


class Clock:
    """The time, and as much later as a test wants it to be."""

    def __init__(self) -> None:
        self.later_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.later_ms


@on_loop
async def test_a_token_that_runs_out_is_announced_renewed_or_the_end(sqlite_url: str, tmp_path: Path) -> None:
    clock = Clock()
    async with living_town(sqlite_url, tmp_path, clock_ms=clock) as town:
        ann, bob, eve = await town.people("ann", "bob", "eve")
        clock.later_ms = 3_550_000
        for phone in (ann, bob):
            told = await phone.signal("token_expiring")
            assert told["expires"] == phone.hello["expires"]
        assert (await bob.denied("session.renew", token=town.server.token(eve.sub))).code == "unauthenticated"
        assert await bob.closed() == 4401
        renewed = await ann.ask("session.renew", token=town.server.token(ann.sub, ttl_s=7200))
        assert renewed["expires"] > ann.hello["expires"]
        clock.later_ms = 3_700_000
        assert await eve.closed() == 4403
        await ann.settle()
        clock.later_ms = 7_300_000
        assert await ann.closed() == 4403
        assert len([name for name, _ in ann.signals if name == "token_expiring"]) in (1, 2)


@on_loop
async def test_the_time_for_taking_back_and_rewriting_passes(store_url: str, tmp_path: Path) -> None:
    clock = Clock()
    async with living_town(store_url, tmp_path, clock_ms=clock, messages={"recall_window_s": 60}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        ok = await bob.do("message.send", group=group, kind="text", body={"text": "said"})
        assert ok["recall_until"] == ok["at"] + 60_000
        assert bob.hello["bounds"]["recall_window_s"] == 60
        pos = ok["pos"]
        clock.later_ms = 50_000
        await bob.do("message.edit", group=group, pos=pos, text="said better")
        clock.later_ms = 61_000
        for op, data in (("message.recall", {}), ("message.edit", {"text": "too late"})):
            late = await bob.denied(op, group=group, pos=pos, cid="AAECAwQFBgcICQoLDA0ODA", **data)
            assert (late.code, late.details) == ("too_late", {"bound": "recall_window_s", "max": 60})
        clock.later_ms = 3_000_000  # long after, and before their tokens run out
        await ann.do("message.recall", group=group, pos=pos)
        assert (await bob.history(group))[-3]["recalled"]["by"] == ann.user


async def revoke(town: Town, sub: str, device: str | None = None) -> int:
    """As `chatd revoke` does it. Returns how many connections it closed."""
    path = town.server.config.admin_socket_path()
    answer = await asyncio.to_thread(call, path, "revoke", sub=sub, device=device)
    return int(answer["closed"])


def later_token(town: Town, sub: str) -> str:
    """A token issued after now; tokens tell whole seconds."""
    return town.server.token(sub, iat=int(time.time()) + 1)


@pytest.mark.promise("P7", "revoked")
async def test_revoking_a_person_ends_every_connection_and_every_token(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    tablet = await town.phone_of(bob.sub, "tablet")
    old = town.server.token(bob.sub)
    assert await revoke(town, bob.sub) == 2
    await ann.say(group, "behind his back")
    assert (await bob.closed(), await tablet.closed()) == (4402, 4402)
    assert await refused(town, old) == ("revoked", 4402)
    fresh = await town.dial()
    await fresh.say_hello(later_token(town, bob.sub))
    assert (await fresh.line(group))["unread"] == 1
    assert (await fresh.denied("session.renew", token=old)).code == "revoked"
    assert await fresh.closed() == 4402
    await ann.settle()


@pytest.mark.promise("P7", "revoked")
async def test_revoking_a_device_leaves_the_others(town: Town) -> None:
    ann = await town.person("ann")
    tablet = await town.phone_of(ann.sub, "tablet")
    assert await revoke(town, ann.sub, "tablet") == 1
    assert await tablet.closed() == 4402
    await ann.settle()
    refusing = await town.dial()
    with pytest.raises(Denied) as refusal:
        await refusing.say_hello(town.server.token(ann.sub), "tablet")
    assert refusal.value.code == "revoked"
    await town.phone_of(ann.sub, "watch")
    again = await town.dial()
    await again.say_hello(later_token(town, ann.sub), "tablet")
    await again.settle()


@pytest.mark.promise("P7", "revoked")
async def test_the_admin_socket_says_what_it_cannot_do(town: Town) -> None:
    path = town.server.config.admin_socket_path()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AdminError, match="not_found"):
        await revoke(town, "nobody at all")
    with pytest.raises(AdminError, match="unknown_op"):
        await asyncio.to_thread(call, path, "dance")
    with pytest.raises(AdminError, match="invalid"):
        await asyncio.to_thread(call, path, "revoke")
    with pytest.raises(AdminError, match="invalid"):
        await asyncio.to_thread(call, path, "revoke", sub=5)
    async with asyncio.timeout(PATIENCE_S):  # those of the test before may still be going
        while (figures := await asyncio.to_thread(call, path, "stats"))["sessions"] != len(town.phones):
            pass
    assert figures["url"] == town.server.ws_url
    reader, writer = await asyncio.open_unix_connection(str(path))
    for line in (b"\n", b"[]\n", b"{\n", b'{"act": 5}\n', b'{"act": {}}\n', b"\xff\n"):
        writer.write(line)
        assert "error" in json.loads(await asyncio.wait_for(reader.readline(), 5)), line
    writer.close()


@on_loop
async def test_an_act_that_cannot_use_a_value_is_answered_and_the_socket_goes_on(tmp_path: Path) -> None:
    async def twice(request: Mapping[str, Any]) -> dict[str, Any]:
        return {"twice": 2 * int(request["number"])}

    async def read(request: Mapping[str, Any]) -> dict[str, Any]:
        raise ReaderLost("of no concern")

    socket = AdminSocket(tmp_path / "admin.sock", {"twice": twice, "read": read})
    await socket.start()
    try:
        with pytest.raises(AdminError, match="unavailable: the database could not be read"):
            await asyncio.to_thread(call, tmp_path / "admin.sock", "read")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "admin.sock")
        writer.write(b"[" * 50_000 + b"\n")
        assert b'"invalid"' in await asyncio.wait_for(reader.readline(), PATIENCE_S)
        writer.close()
        with pytest.raises(AdminError, match="invalid: invalid literal"):
            await asyncio.to_thread(call, tmp_path / "admin.sock", "twice", number="many")
        assert await asyncio.to_thread(call, tmp_path / "admin.sock", "twice", number="4") == {"twice": 8}
    finally:
        await socket.stop()


@on_loop
@pytest.mark.promise("P7", "revoked")
@pytest.mark.parametrize("at_rest", [True, False])
async def test_a_revocation_during_hello_ends_it(sqlite_url: str, tmp_path: Path, at_rest: bool) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann = await town.person("ann")
        await ann.hang_up()
        again = await town.dial()
        with held_hello(town.server.hub, at_rest=at_rest) as reads:
            greeting = again.send("session.hello", token=town.server.token(ann.sub, "Ann"), device="phone")
            await asyncio.wait_for(reads.begun.wait(), 5)
            await town.server.hub.revoke(ann.user, None)
        assert await again.closed() == 4402
        assert greeting.cancelled() or "error" in greeting.result()


@on_loop
@pytest.mark.promise("P1", "drain")
async def test_a_server_that_goes_answers_what_is_in_flight_and_says_when_to_come_back(
    store_url: str, tmp_path: Path
) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        answers = [
            ann.send("message.send", group=group, cid=f"{number:021d}A", kind="text", body={"text": f"{number}"})
            for number in range(50)
        ]
        await ann.settle()
        stopping = asyncio.ensure_future(town.server.stop(2.0))
        for phone in (ann, bob):
            assert 0 <= (await phone.signal("going_away"))["delay_ms"] <= 2000
        assert await _codes(ann, bob) == {1012}
        await stopping
        assert all("ok" in answer.result() for answer in answers)
        with pytest.raises(OSError, match="refused"):
            await Phone.dial(town.server.ws_url)
        town.server.stop = _nothing  # type: ignore[method-assign]


async def _codes(*phones: Phone) -> set[int]:
    return {await phone.closed() for phone in phones}


async def _nothing(within_s: float | None = None) -> None:
    """It was stopped already."""
