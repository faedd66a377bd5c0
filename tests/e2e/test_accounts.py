"""Accounts of a community without a host app: over HTTP, and the sockets that their tokens open."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import logging
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
import structlog

from chatd.admin.socket import AdminError, call
from chatd.app import now_ms
from chatd.service.accounts import own_secret
from chatd.testing import TEST_SECRET
from tests.e2e.phone import Denied, Phone
from tests.e2e.town import Town, living_town, on_loop
from tests.service.webserver import web_server

CHEAP = {"signup": "open", "hash_memory_kib": 8, "hash_passes": 1}
GENEROUS = {"sign_in": "off", "account": "off"}
PASSWORD, OTHER = "correct horse battery", "another staple 石榴"


class Answer:
    """What a route said."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body: dict[str, Any] = json.loads(body)
        self.code: str = self.body.get("error", {}).get("code", "")


async def post(town: Town, path: str, token_: str = "", raw_: bytes | None = None, /, **fields: Any) -> Answer:
    """Ask one of the routes."""
    host, port = town.server.http_url.removeprefix("http://").split(":")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token_}"} if token_ else {})
    body = json.dumps(fields).encode() if raw_ is None else raw_

    def ask() -> Answer:
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        try:
            connection.request("POST", f"/accounts/{path}", body, headers)
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lower, answer.read())
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


async def sign_up(town: Town, login: str, device: str = "phone", **more: Any) -> dict[str, Any]:
    answer = await post(town, "sign-up", login=login, password=PASSWORD, device=device, **more)
    assert answer.status == 200, answer.body
    return answer.body


async def open_with(town: Town, token: str, device: str = "phone") -> Phone:
    phone = await town.dial()
    await phone.say_hello(token, device)
    return phone


async def refused(town: Town, token: str, device: str = "phone") -> str:
    phone = await town.dial()
    with pytest.raises(Denied) as refusal:
        await phone.say_hello(token, device)
    await phone.closed()
    return refusal.value.code


@on_loop
async def test_signing_up_in_and_out(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, accounts=CHEAP, rates=GENEROUS) as town:
        ann = await sign_up(town, "Ann@Example.com", name="Ann 安")
        phone = await open_with(town, ann["token"])
        assert (phone.user, phone.hello["name"], phone.hello["expires"]) == (ann["user"], "Ann 安", ann["expires"])
        again = await post(town, "sign-up", login="ａnn@EXAMPLE.com", password=PASSWORD, device="x")
        assert (again.status, again.code) == (409, "taken")
        tablet = (await post(town, "sign-in", login="ann@example.com", password=PASSWORD, device="tablet")).body
        second = await open_with(town, tablet["token"], "tablet")
        assert second.user == phone.user
        assert await refused(town, tablet["token"], "another") == "unauthenticated", "good on its own device only"
        for login, password in (("ann@example.com", OTHER), ("nobody", PASSWORD), ("ann@example.com", PASSWORD + " ")):
            wrong = await post(town, "sign-in", login=login, password=password, device="x")
            assert (wrong.status, wrong.body["error"]["message"]) == (401, "The login or the password is wrong.")
        fresh = (await post(town, "renew", tablet["token"])).body
        assert (await second.ask("session.renew", token=fresh["token"]))["expires"] == fresh["expires"]
        assert (await post(town, "sign-out", fresh["token"])).status == 200
        assert await second.closed() == 4402
        assert await refused(town, fresh["token"], "tablet") == "revoked"
        assert (await post(town, "renew", fresh["token"])).code == "revoked"
        await phone.settle()
        anew = (await post(town, "sign-in", login="ann@example.com", password=PASSWORD, device="tablet")).body
        third = await open_with(town, anew["token"], "tablet")
        assert (await post(town, "sign-out", anew["token"], everywhere=True)).status == 200
        assert (await phone.closed(), await third.closed()) == (4402, 4402)


@on_loop
async def test_a_clock_put_back_lets_no_old_token_in_and_no_new_one_out(sqlite_url: str, tmp_path: Path) -> None:
    late = [0]
    clock = lambda: now_ms() - late[0]  # noqa: E731
    async with living_town(sqlite_url, tmp_path, clock_ms=clock, accounts=CHEAP, rates=GENEROUS) as town:
        first = await sign_up(town, "ann")
        late[0] = 5_000
        assert (await post(town, "sign-out", first["token"])).status == 200
        assert await refused(town, first["token"]) == "revoked"
        second = (await post(town, "sign-in", login="ann", password=PASSWORD, device="phone")).body
        phone = await open_with(town, second["token"])
        renewed = (await post(town, "renew", second["token"])).body
        await phone.ask("session.renew", token=renewed["token"])
        fields = {"login": "ann", "device": "phone", "new_password": OTHER}
        changed = (await post(town, "password", password=PASSWORD, **fields)).body
        assert await phone.closed() == 4402
        assert await refused(town, renewed["token"]) == "revoked"
        await open_with(town, changed["token"])


@on_loop
async def test_a_new_password_ends_what_the_old_one_opened(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, accounts=CHEAP, rates=GENEROUS) as town:
        ann = await sign_up(town, "ann")
        phone = await open_with(town, ann["token"])
        fields = {"login": "ann", "device": "phone", "new_password": OTHER}
        assert (await post(town, "password", password="a wrong one", **fields)).code == "unauthenticated"
        short = await post(town, "password", password=PASSWORD, login="ann", device="phone", new_password="short")
        assert (short.code, short.body["error"]["details"]) == ("limit", {"bound": "password_min", "min": 10})
        changed = await post(town, "password", password=PASSWORD, **fields)
        assert await phone.closed() == 4402
        assert await refused(town, ann["token"]) == "revoked"
        await open_with(town, changed.body["token"])
        assert (await post(town, "sign-in", login="ann", password=PASSWORD, device="x")).code == "unauthenticated"
        assert (await post(town, "sign-in", login="ann", password=OTHER, device="x")).status == 200


@on_loop
async def test_a_code_brought_by_a_program_sets_a_new_password(store_url: str, tmp_path: Path) -> None:
    path = str(tmp_path / "hook.sock")
    brought: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        brought.put_nowait(await reader.read())
        writer.close()

    program = (
        f"import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect({path!r});"
        " s.sendall(sys.stdin.buffer.read())"
    )
    accounts = CHEAP | {"hook_command": shlex.join([sys.executable, "-c", program])}
    hook = await asyncio.start_unix_server(take, path)
    async with hook, living_town(store_url, tmp_path, accounts=accounts, rates=GENEROUS) as town:
        ann = await sign_up(town, "ann")
        phone = await open_with(town, ann["token"])
        first, nobody = await post(town, "reset", login="ann"), await post(town, "reset", login="nobody")
        assert (first.status, first.body) == (nobody.status, nobody.body) == (200, {})
        message = json.loads(await asyncio.wait_for(brought.get(), 10))
        assert (message["purpose"], len(message["code"])) == ("reset", 8)
        assert message["expires_at"] > time.time() * 1000
        fields = {"login": "ann", "new_password": OTHER, "device": "phone"}
        wrong = f"{(int(message['code']) + 1) % 10**8:08}"
        assert (await post(town, "reset/finish", code=wrong, **fields)).code == "code_invalid"
        typed = f" {message['code'][:4]}-{message['code'][4:]} "
        done = await post(town, "reset/finish", code=typed, **fields)
        assert done.status == 200
        assert await phone.closed() == 4402
        await open_with(town, done.body["token"])
        assert (await post(town, "reset/finish", code=message["code"], **fields)).code == "code_invalid"
        assert (await post(town, "sign-in", login="ann", password=OTHER, device="x")).status == 200
        assert brought.empty(), "nobody was brought a code"


@on_loop
@pytest.mark.promise("P8", "code_tries")
async def test_guessing_a_code_ends_after_a_few_tries(sqlite_url: str, tmp_path: Path) -> None:
    async with web_server() as web:
        web.say(b"{}")
        hook = {"hook_url": f"http://127.0.0.1:{web.port}/codes", "hook_allow_loopback": True}
        async with living_town(sqlite_url, tmp_path, accounts=CHEAP | hook, rates=GENEROUS) as town:
            await sign_up(town, "ann")
            await post(town, "reset", login="ann")
            await asyncio.wait_for(web.asked.wait(), 10)
            message = json.loads(web.requests[0].partition(b"\r\n\r\n")[2])
            fields = {"login": "ann", "new_password": OTHER, "device": "phone"}
            for number in range(5):
                guess = f"{(int(message['code']) + 1 + number) % 10**8:08}"
                assert (await post(town, "reset/finish", code=guess, **fields)).code == "code_invalid"
            assert (await post(town, "reset/finish", code=message["code"], **fields)).code == "code_invalid"
            assert (await post(town, "sign-in", login="ann", password=PASSWORD, device="x")).status == 200


@on_loop
async def test_who_may_sign_up(store_url: str, tmp_path: Path) -> None:
    for signup, codes in (("closed", ["forbidden"] * 2), ("invite", ["code_invalid"] * 2)):
        folder = tmp_path / signup
        folder.mkdir()
        settings = CHEAP | {"signup": signup}
        async with living_town(store_url, folder, accounts=settings, rates=GENEROUS) as town:
            path = town.server.config.admin_socket_path()
            fields = {"password": PASSWORD, "device": "phone"}
            tries = [await post(town, "sign-up", login="ann", **fields, **more) for more in ({}, {"code": "WRONG"})]
            assert [one.code for one in tries] == codes
            made = await asyncio.to_thread(call, path, "account.add", login=f"by.{signup}", name="Made")
            signed = await post(town, "sign-in", login=f"by.{signup}", password=made["password"], device="x")
            assert signed.body["user"] == made["user"]
            with pytest.raises(AdminError, match="taken"):
                await asyncio.to_thread(call, path, "account.add", login=f"by.{signup}", password=PASSWORD)
            if signup == "invite":
                code = (await asyncio.to_thread(call, path, "account.code", uses=1, note="for ann"))["code"]
                assert len(code.replace("-", "")) == 16
                assert (await sign_up(town, "ann", code=code.lower().replace("-", " ")))["token"]
                used = await post(town, "sign-up", login="ben", code=code, **fields)
                assert used.code == "code_invalid"


@on_loop
async def test_where_there_are_no_own_accounts_there_are_no_routes_and_no_own_tokens(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=GENEROUS) as town:
        ann = await sign_up(town, "ann")
    async with living_town(sqlite_url, tmp_path) as town:
        host, port = town.server.http_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /accounts/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        assert b" 404 " in await reader.readline()
        writer.close()
        assert await refused(town, ann["token"]) == "unauthenticated"
        with pytest.raises(AdminError, match="forbidden"):
            await asyncio.to_thread(call, town.server.config.admin_socket_path(), "account.add", login="x")


@on_loop
@pytest.mark.promise("P7", "token")
async def test_neither_the_host_nor_our_own_key_speaks_for_the_others_people(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=GENEROUS) as town:
        ann = await sign_up(town, "ann")
        host = await town.person("host")
        now = int(time.time())
        secret = own_secret(town.server.life.key)
        claims = {"iss": "chatd", "sub": f"account:{ann['user']}", "dev": "phone", "iat": now + 5, "exp": now + 60}
        bad = {
            "the host's key, our sub": town.server.token(f"account:{ann['user']}"),
            "the host's key, our kid": jwt.encode(claims, TEST_SECRET, "HS256", {"kid": "chatd"}),
            "our key, the host's sub": jwt.encode(claims | {"sub": host.sub}, secret, "HS256", {"kid": "chatd"}),
            "our key, no kid": jwt.encode(claims, secret, "HS256"),
            "our key, nobody": jwt.encode(claims | {"sub": "account:nobody"}, secret, "HS256", {"kid": "chatd"}),
            "our key, another issuer": jwt.encode(claims | {"iss": "x"}, secret, "HS256", {"kid": "chatd"}),
        }
        for what, token in bad.items():
            assert await refused(town, token) == "unauthenticated", what
        await open_with(town, jwt.encode(claims, secret, "HS256", {"kid": "chatd"}))
        for token in ("", "x", town.server.token(host.sub)):
            assert (await post(town, "sign-out", token)).code == "unauthenticated"
        await host.settle()


@on_loop
async def test_a_disabled_user_cannot_sign_in_nor_renew(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=GENEROUS) as town:
        ann = await sign_up(town, "ann")
        path = town.server.config.admin_socket_path()
        await asyncio.to_thread(call, path, "user.disable", sub=f"account:{ann['user']}", on=True)
        assert (await post(town, "sign-in", login="ann", password=PASSWORD, device="x")).code == "disabled"
        wrong = await post(town, "sign-in", login="ann", password=OTHER, device="x")
        assert wrong.code == "unauthenticated", "only who knows the password learns it"
        assert (await post(town, "renew", ann["token"])).code == "disabled"


@on_loop
@pytest.mark.promise("P8", "rates")
async def test_tries_are_bounded_by_address_and_by_account(sqlite_url: str, tmp_path: Path) -> None:
    rates = {"sign_in": "1/h, burst 8", "account": "1/h, burst 3"}
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=rates) as town:
        await sign_up(town, "ann")
        codes = []
        for login in ("ann", "ANN", "ann", "nobody", "nobody", "nobody", "nobody", "ben"):
            answer = await post(town, "sign-in", login=login, password=OTHER, device="x")
            codes.append(answer.code)
            if answer.code == "rate_limited":
                assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
        wrong = "unauthenticated"
        assert codes == [wrong, wrong, "rate_limited", wrong, wrong, wrong, "rate_limited", "rate_limited"]


@on_loop
@pytest.mark.promise("P8", "passwords")
async def test_more_at_once_than_may_wait_are_told_to_come_again(sqlite_url: str, tmp_path: Path) -> None:
    slow = {"signup": "open", "hash_memory_kib": 65_536, "hash_passes": 8, "hash_workers": 1, "hash_queue": 1}
    async with living_town(sqlite_url, tmp_path, accounts=slow, rates=GENEROUS) as town:
        phone = await town.person("host")
        tries = [
            asyncio.create_task(post(town, "sign-in", login=f"l{n}xx", password=OTHER, device="x")) for n in range(6)
        ]
        await phone.settle()
        codes = sorted([(await one).code for one in tries])
        assert set(codes) == {"overloaded", "unauthenticated"}
        assert codes.count("unauthenticated") >= 2


@on_loop
@pytest.mark.promise("P8", "fields")
async def test_what_is_no_request_is_refused_and_named(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=GENEROUS) as town:
        good = {"login": "ann", "password": PASSWORD, "device": "phone"}
        bad: list[tuple[bytes, str, str | None]] = [
            (b"", "malformed", None),
            (b"{", "malformed", None),
            (b"\xff", "malformed", None),
            (b"[" * 8000, "malformed", None),
            (b"[]", "invalid", "$"),
            (b"{}", "invalid", "$.login"),
            (b"x" * 10_000, "invalid", "$"),
            *(
                (json.dumps(good | {name: value}).encode(), "invalid", f"$.{name}")
                for name, value in (
                    *(("login", "ab"), ("login", "a b"), ("login", "x" * 65), ("login", 5), ("device", "")),
                    *(("password", ""), ("password", "x" * 257), ("password", "a\nb"), ("extra", 1)),
                )
            ),
        ]
        for body, code, path in bad:
            answer = await post(town, "sign-in", "", body)
            assert (answer.status, answer.code) == (400, code), body[:40]
            assert answer.body["error"].get("details", {}).get("path") == path, body[:40]
            assert answer.headers["cache-control"] == "no-store"


@contextmanager
def whole_log() -> Iterator[io.StringIO]:
    """Everything that is logged; of chatd itself at every level."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(text), cache_logger_on_first_use=False)
    try:
        yield text
    finally:
        structlog.configure(**before)
        root.setLevel(level)
        root.removeHandler(handler)


def stored_in(folder: Path) -> bytes:
    """The database as it lies on the disk."""
    return b"".join(file.read_bytes() for file in folder.glob("chatd.db*"))


@on_loop
async def test_no_password_no_code_and_no_token_reaches_the_log_or_the_store(sqlite_url: str, tmp_path: Path) -> None:
    with whole_log() as log:
        async with web_server() as web:
            web.say(b"", "500 Internal Server Error")
            hook = {"hook_url": f"http://127.0.0.1:{web.port}/codes", "hook_allow_loopback": True, "signup": "invite"}
            async with living_town(sqlite_url, tmp_path, accounts=CHEAP | hook, rates=GENEROUS) as town:
                path = town.server.config.admin_socket_path()
                invite = (await asyncio.to_thread(call, path, "account.code"))["code"]
                ann = await sign_up(town, "ann", code=invite)
                await open_with(town, ann["token"])
                await post(town, "sign-in", login="ann", password=OTHER, device="x")
                await post(town, "reset", login="ann")
                await asyncio.wait_for(web.asked.wait(), 10)
                code = json.loads(web.requests[0].partition(b"\r\n\r\n")[2])["code"]
                await post(town, "reset/finish", login="ann", code="00000000", new_password=OTHER, device="x")
                await refused(town, ann["token"] + "x")
    said = log.getvalue()
    assert "a code was not delivered" in said, "the log is looked at"
    for secret in (PASSWORD, OTHER, invite, invite.replace("-", ""), code, ann["token"]):
        assert secret not in said
        assert secret.encode() not in stored_in(tmp_path), "nor the store"
