"""What is asked, of who or what is there and of what is not: over real sockets, one request at a time."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from chatd_protocol.codes import DRAWN_BITS, make_code
from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town, living_town
from tests.e2e.web import Web

PEOPLE: Final = 40
RIGHT, WRONG = "correct horse battery", "another horse battery"
RATES_OFF: Final = {"on": False}
NOBODYS_TOKENS: Final = 40
Ask = Callable[[], Awaitable[None]]


@asynccontextmanager
async def doors(
    folder: Path, accounts: Mapping[str, Any], resolve_s: float
) -> AsyncIterator[dict[str, dict[str, Ask]]]:
    """What can be asked: question -> what it is asked of -> asking it once. The last of each is what is not there."""
    hook = {"hook_command": "/bin/true"}
    sections: dict[str, Any] = {"accounts": {"signup": "open", **hook, **accounts}, "rates": RATES_OFF}
    sections["invites"] = {"resolve_s": resolve_s}
    async with living_town(f"sqlite:///{folder / 'chatd.db'}", folder, **sections) as town:
        web = await Web.dial(town.server.http_url)
        try:
            yield await _of_accounts(town, web) | await _of_invites(town, web)
        finally:
            web.close()


async def _of_accounts(town: Town, web: Web) -> dict[str, dict[str, Ask]]:
    known = [f"known{number:03}" for number in range(PEOPLE)]
    for login in known:
        assert (await web.post("/accounts/sign-up", login=login, password=RIGHT, device="phone"))[0] == 200
    chance = random.Random(1)

    async def sign_in(kind: str) -> None:
        login = f"{kind}{chance.randrange(PEOPLE):03}"
        status, _ = await web.post("/accounts/sign-in", login=login, password=WRONG, device="phone")
        assert status == 401

    async def finish(kind: str) -> None:
        login = f"{kind}{chance.randrange(PEOPLE):03}"
        fields = {"login": login, "code": "00000000", "new_password": WRONG, "device": "phone"}
        assert (await web.post("/accounts/reset/finish", **fields))[1]["error"]["code"] == "code_invalid"

    async def start(kind: str) -> None:
        assert (await web.post("/accounts/reset", login=f"{kind}{chance.randrange(PEOPLE):03}"))[0] == 200

    asked = {"sign-in": sign_in, "asking for a new password": start, "a code for a new password": finish}
    kinds = {"somebody's login": "known", "nobody's login": "nobod"}
    return {what: {name: _bound(act, kind) for name, kind in kinds.items()} for what, act in asked.items()}


def _bound(act: Callable[[str], Awaitable[None]], kind: str) -> Ask:
    return lambda: act(kind)


async def _of_invites(town: Town, web: Web) -> dict[str, dict[str, Ask]]:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    good = [(await ann.do("invite.create", group=group, kind="link"))["token"] for _ in range(10)]
    made = [await ann.do("invite.create", group=group, kind="link") for _ in range(10)]
    for invite in made:
        await ann.do("invite.revoke", invite=invite["invite"])
    chance = random.Random(2)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    nobodys = ["".join(chance.choices(letters, k=22)) for _ in range(NOBODYS_TOKENS)]
    tokens = {"an invite": good, "a revoked one": [invite["token"] for invite in made], "no invite": nobodys}
    codes = {"a code": [(await ann.do("invite.create", group=group, kind="code"))["code"] for _ in range(10)]}
    codes["no code"] = [make_code(chance.getrandbits(DRAWN_BITS)) for _ in range(NOBODYS_TOKENS)]
    return {
        "looking at a code": {name: _looking(bob, chance, which) for name, which in codes.items()},
        "looking at an invite": {name: _looking(bob, chance, which) for name, which in tokens.items()},
        "the page of an invite": {name: _visiting(web, chance, which) for name, which in tokens.items()},
        "coming in by an invite": {name: _coming(bob, chance, tokens[name]) for name in ("a revoked one", "no invite")},
    }


def _looking(phone: Phone, chance: random.Random, tokens: list[str]) -> Ask:
    async def ask() -> None:
        await phone.send("invite.preview", secret=chance.choice(tokens))

    return ask


def _visiting(web: Web, chance: random.Random, tokens: list[str]) -> Ask:
    async def ask() -> None:
        await web.get(f"/i/{chance.choice(tokens)}")

    return ask


def _coming(phone: Phone, chance: random.Random, tokens: list[str]) -> Ask:
    async def ask() -> None:
        response = await phone.send("invite.redeem", cid=new_cid(), secret=chance.choice(tokens))
        assert response["error"]["code"] == "invite_invalid"

    return ask


async def take_times(asked: Mapping[str, Ask], tries: int, chance: random.Random) -> dict[str, list[float]]:
    """So many times of each, in seconds. All take turns, in an order that changes."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(tries):
        for name in chance.sample(list(asked), len(asked)):
            began_s = time.perf_counter()
            await asked[name]()
            taken[name].append(time.perf_counter() - began_s)
    return taken
