"""Everybody who appears in the matrix, on real connections: the callers of the table, and those they meet.

The callers stand to the owner of every house as their names say, and so they stay: whoever is to be changed by a case
is somebody made for it.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import httpx
import jwt
import msgpack

from chatd.admin.socket import AdminError, call
from chatd.core.accounts import SUB_PREFIX
from chatd.service.accounts import ISSUER, own_secret
from chatd.service.tokens import OWN_KID, mint
from chatd.testing import TestServer
from chatd_protocol.codec import Format
from tests.e2e.phone import PATIENCE_S, Phone
from tests.matrix.table import INSIDE, PEOPLE

SECRET: Final = "a secret of the shop, thirty-two bytes and more"
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "accounts": {"signup": "open", "hash_memory_kib": 64, "hash_passes": 1, "hash_queue": 1000},
    "catalogue": {"secret": SECRET},
    "follows": {"secret": SECRET},
    "search": {"follow_every_s": 0.01},
    "messages": {"recall_window_s": 86_400.0},
    "profile": {"handle_pause_days": 0.0},
}
"""What a server needs so that every op and route is there."""
WERE_IN: Final = ("banned", "kicked", "former")
STAFF: Final = ("founder", "mate", "deputy")
"""Who makes the houses, and a member and an admin who are none of the callers."""
PASSWORD: Final = "a password of theirs"
_names = itertools.count(1)


class Answer(NamedTuple):
    """What came back: the whole response and its bytes without its number, or neither; and how the connection ended."""

    message: dict[str, Any]
    raw: bytes
    closed: int | None


class Caller(Phone):
    """A connection that also says of each answer with which bytes it came."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._raw_of: dict[int, bytes] = {}

    def _take_response(self, message: dict[str, Any]) -> None:
        self._raw_of[message["re"]] = self.raw[-1]
        self.raw.clear()
        self.messages.clear()
        super()._take_response(message)

    async def attempt(self, op: str, data: dict[str, Any]) -> Answer:
        """Ask, whatever comes of it."""
        future = self.send(op, **data)
        number = self._ids
        await asyncio.wait([future], timeout=PATIENCE_S)
        assert future.done(), f"{op} got no answer"
        if future.cancelled():
            return Answer({}, b"", self.close_code)
        return Answer(future.result(), self._without(number, self._raw_of.pop(number)), None)

    def _without(self, number: int, raw: bytes) -> bytes:
        """The bytes of a response, with another number."""
        if self.format == "json":
            return raw.replace(b'"re":%d' % number, b'"re":0', 1)
        return raw.replace(msgpack.packb("re") + msgpack.packb(number), msgpack.packb("re") + msgpack.packb(0), 1)


class Account(NamedTuple):
    """An account of our own, on one device."""

    login: str
    device: str


class Cast:
    """The people of one server. `token_of`: what each caller says hello with, those who are locked out too."""

    def __init__(self, server: TestServer, formats: Iterable[Format]) -> None:
        self.server = server
        self._formats = itertools.cycle(formats)
        self.callers: dict[str, Caller] = {}
        self.prey: dict[str, Caller] = {}
        """For each caller somebody to do something to; the two follow each other."""
        self.staff: dict[str, Caller] = {}
        self.abroad: Caller
        self.resident: Caller
        self.token_of: dict[str, str] = {"none": "no token at all"}
        self.account_of: dict[str, Account] = {}
        self.bearer_of: dict[str, str] = {}
        self.http = httpx.AsyncClient(base_url=server.http_url, timeout=PATIENCE_S)
        self._open: list[Phone] = []

    async def enter(self, name: str, device: str = "phone") -> Caller:
        """Somebody nobody knows, connected."""
        sub = f"{name}.{next(_names)}"
        phone = await self.connect()
        phone.sub = sub
        await phone.say_hello(self.server.token(sub, sub), device)
        return phone

    async def make_bot(self, **fields: Any) -> dict[str, Any]:
        """A bot that nobody knows, as the operator is told of it."""
        return await self.act("bot.create", bot=f"bot-{next(_names)}", **fields)

    async def enter_bot(self) -> Caller:
        """One that is connected."""
        made = await self.make_bot()
        phone = await self.connect()
        await phone.say_hello(made["token"], "server")
        return phone

    async def connect(self, like: str = "") -> Caller:
        """A connection that has said nothing, in the encoding of a caller."""
        fmt = self.callers[like].format if like in self.callers else next(self._formats)
        phone = await Caller.dial(self.server.ws_url, fmt)
        assert isinstance(phone, Caller)
        self._open.append(phone)
        return phone

    async def again(self, phone: Caller, device: str) -> Caller:
        """A further connection of somebody."""
        other = await self.connect()
        await other.say_hello(self.server.token(phone.sub), device)
        return other

    async def gather(self) -> None:
        """Bring everybody in."""
        names = [*PEOPLE, *(f"prey of {who}" for who in PEOPLE), *STAFF, "abroad", "resident"]
        people = dict(zip(names, await asyncio.gather(*map(self.enter, names)), strict=True))
        self.callers = {who: people[who] for who in PEOPLE}
        self.prey = {who: people[f"prey of {who}"] for who in PEOPLE}
        self.staff = {name: people[name] for name in STAFF}
        self.abroad, self.resident = people["abroad"], people["resident"]
        founder, owner = self.staff["founder"], self.callers["owner"]
        pairs = [(founder, people[who]) for who in (*INSIDE, *WERE_IN, "mate", "deputy")]
        pairs += [(founder, prey) for prey in self.prey.values()] + [(self.abroad, self.resident)]
        pairs += [(self.callers[who], self.prey[who]) for who in PEOPLE] + [(owner, self.callers["mutual"])]
        await asyncio.gather(*(befriend(one, other) for one, other in pairs))
        await self.callers["follows"].do("follow.add", user=owner.user)
        await owner.do("follow.add", user=self.callers["followed"].user)
        await asyncio.gather(*(phone.do("privacy.set", receipts=True) for phone in self.callers.values()))
        self.token_of |= {who: self.server.token(self.callers[who].sub) for who in PEOPLE}
        await self._lock_out()
        await self._sign_up()

    async def _lock_out(self) -> None:
        """Somebody whose token has expired, and somebody whose token was revoked."""
        server, now_s = self.server, int(time.time())
        expired, revoked = await self.enter("expired"), await self.enter("revoked")
        self.token_of["expired"] = mint(server.secret, expired.sub, "", now_s - 7200, 3600, {})
        self.token_of["revoked"] = mint(server.secret, revoked.sub, "", now_s - 60, 3600, {})
        await self.act("revoke", sub=revoked.sub)
        await revoked.closed()

    async def _sign_up(self) -> None:
        """Everybody has an account of our own as well, and a token of it."""
        for who in ("expired", "revoked", *PEOPLE):
            self.account_of[who] = Account(f"{who}-{next(_names)}", f"device-of-{who}")
        made = await asyncio.gather(*map(self.signed_in, self.account_of))
        self.bearer_of = {who: answer["token"] for who, answer in zip(self.account_of, made, strict=True)}
        self.bearer_of["expired"] = self.own_token(made[0]["user"], "device-of-expired", -3600)
        headers = {"Authorization": f"Bearer {self.bearer_of['revoked']}"}
        gone = await self.http.post("/accounts/sign-out", json={}, headers=headers)
        assert gone.status_code == 200, gone.text

    async def signed_in(self, who: str) -> dict[str, Any]:
        """A fresh token of somebody's account, which is made if need be."""
        account = self.account_of[who]
        body = {"login": account.login, "password": PASSWORD, "device": account.device}
        path = "/accounts/sign-in" if who in self.bearer_of else "/accounts/sign-up"
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        signed: dict[str, Any] = answer.json()
        return signed

    def own_token(self, user: str, device: str, ttl_s: int) -> str:
        """A token of our own that runs out in `ttl_s`."""
        now_s = int(time.time())
        claims = {"iss": ISSUER, "sub": SUB_PREFIX + user, "dev": device, "iat": now_s - 7200, "exp": now_s + ttl_s}
        key = own_secret(self.server.life.key)
        return jwt.encode(claims, key, algorithm="HS256", headers={"kid": OWN_KID})

    async def act(self, name: str, **fields: Any) -> dict[str, Any]:
        """What the operator does. Raises AdminError."""
        return await asyncio.to_thread(call, self.server.config.admin_socket_path(), name, PATIENCE_S, **fields)

    async def attempt_act(self, name: str, fields: dict[str, Any]) -> str:
        """What becomes of what the operator does: `ok` or a code."""
        try:
            await self.act(name, **fields)
        except AdminError as refused:
            return str(refused).partition(":")[0]
        return "ok"

    async def indexed(self) -> None:
        """Wait until the search index has everything."""
        search = self.server.hub.search
        assert search is not None
        async with asyncio.timeout(4 * PATIENCE_S):
            await search.caught_up()

    async def leave(self) -> None:
        """Hang up everywhere. Raises what somebody's connection found wrong with what it was sent."""
        phones, self._open = self._open, []
        await asyncio.gather(*(phone.cut_off() for phone in phones))
        await self.http.aclose()
        for phone in phones:
            if phone._problem is not None:
                raise phone._problem


async def befriend(one: Phone, other: Phone) -> None:
    """The two follow each other."""
    await asyncio.gather(one.do("follow.add", user=other.user), other.do("follow.add", user=one.user))


def no_id(prefix: str) -> str:
    """An id that nobody and nothing has."""
    return prefix + secrets.token_urlsafe(17)[:22]
