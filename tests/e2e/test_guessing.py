"""Whoever guesses passwords, codes and invites is stopped: by address and by person, at every door, and what stands in
between (a proxy that is trusted, or somebody who only says so) makes no difference to that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.e2e.phone import Phone, new_cid
from tests.e2e.test_rates import ALL_OFF
from tests.e2e.town import Town, living_town, on_loop
from tests.e2e.web import Web

CHEAP = {"signup": "open", "hash_memory_kib": 8, "hash_passes": 1}
BURST = 3
TIGHT = f"1/h, burst {BURST}"
NOBODYS = "A" * 22
WRONG = {"password": "a wrong password", "device": "x"}
RESET = {"code": "00000000", "new_password": "a new password", "device": "x"}


async def phone_by(town: Town, who: Phone, address: str) -> Phone:
    """Another device of somebody, behind something that says whom it speaks for."""
    ws = await connect(
        town.server.ws_url,
        subprotocols=["chatd.v1.json"],  # type: ignore[list-item]
        additional_headers={"X-Forwarded-For": address},
        compression=None,
    )
    phone = Phone(ws, "json")
    town.phones.append(phone)
    await phone.say_hello(town.server.token(who.sub), f"by.{address}")
    return phone


async def guesses(town: Town, who: Phone, door: str, address: str) -> list[str]:
    """What so many guesses and one more get, all of them from one address."""
    web = await Web.dial(town.server.http_url, {"X-Forwarded-For": address})
    got = []
    for number in range(BURST + 1):
        if door == "page":
            got.append({404: "invite_invalid", 429: "rate_limited"}[await web.get(f"/i/{NOBODYS}")])
        else:
            login = f"{door[:3]}{number}{address}".replace(
                ".", "_"
            )  # another one each time: the address is what counts
            fields: dict[str, Any] = {"sign-in": WRONG, "reset": {}, "reset/finish": RESET}[door]
            got.append((await web.post(f"/accounts/{door}", login=login, **fields))[1].get("error", {}).get("code", ""))
    web.close()
    return got


ALONE = {"sign-in": "unauthenticated", "reset": "", "reset/finish": "code_invalid", "page": "invite_invalid"}


@on_loop
@pytest.mark.promise("P8", "rates.address")
async def test_behind_a_trusted_proxy_each_address_has_a_budget_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    rates = ALL_OFF | {"on": True, "sign_in": TIGHT, "resolve": TIGHT, "account": "off"}
    server = {"trusted_proxies": ("127.0.0.1",)}
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=rates, server=server) as town:
        bob = await town.person("bob")
        for number, (door, code) in enumerate(ALONE.items()):
            for address in (f"203.0.113.{number}", f"198.51.100.{number}"):
                assert await guesses(town, bob, door, address) == [code] * BURST + ["rate_limited"], door


@on_loop
@pytest.mark.promise("P8", "rates.address")
async def test_who_only_says_that_they_speak_for_others_guesses_no_more(sqlite_url: str, tmp_path: Path) -> None:
    rates = ALL_OFF | {"on": True, "sign_in": TIGHT, "resolve": TIGHT, "account": "off"}
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=rates) as town:
        bob, cat = await town.people("bob", "cat")
        assert await guesses(town, bob, "sign-in", "203.0.113.1") == ["unauthenticated"] * BURST + ["rate_limited"]
        for number, door in enumerate(("sign-in", "reset", "reset/finish")):
            assert set(await guesses(town, bob, door, f"198.51.100.{number}")) == {"rate_limited"}, door
        assert await guesses(town, bob, "page", "203.0.113.1") == ["invite_invalid"] * BURST + ["rate_limited"]
        assert set(await guesses(town, bob, "page", "203.0.113.2")) == {"rate_limited"}
        phone = await phone_by(town, cat, "203.0.113.3")
        assert (await phone.denied("invite.preview", secret=NOBODYS)).code == "rate_limited"
        assert await phone.cannot("invite.redeem", secret=NOBODYS) == "rate_limited"


@on_loop
@pytest.mark.promise("P8", "resolve")
async def test_a_person_guesses_no_more_from_many_addresses_and_an_address_no_more_with_many_people(
    sqlite_url: str, tmp_path: Path
) -> None:
    rates = ALL_OFF | {"on": True, "resolve": TIGHT}
    server = {"trusted_proxies": ("127.0.0.1",)}
    async with living_town(sqlite_url, tmp_path, rates=rates, server=server) as town:
        bob = await town.person("bob")
        phones = [await phone_by(town, bob, f"203.0.113.{number}") for number in range(BURST + 1)]
        codes = [(await phone.denied("invite.preview", secret=NOBODYS)).code for phone in phones]
        assert codes == ["invite_invalid"] * BURST + ["rate_limited"]
        assert await phones[-1].cannot("invite.redeem", secret=NOBODYS) == "rate_limited"
        codes = []
        for number in range(BURST + 1):
            phone = await phone_by(town, await town.person(f"guest{number}"), "198.51.100.7")
            op, more = (("invite.preview", {}), ("invite.redeem", {"cid": new_cid()}))[number % 2]
            codes.append((await phone.denied(op, secret=NOBODYS, **more)).code)
        assert codes == ["invite_invalid"] * BURST + ["rate_limited"]


@on_loop
@pytest.mark.promise("P8", "rates")
@pytest.mark.parametrize("login", ["ann", "nobody"])
async def test_a_login_is_guessed_no_more_from_many_addresses_whether_it_exists_or_not(
    sqlite_url: str, tmp_path: Path, login: str
) -> None:
    rates = ALL_OFF | {"on": True, "account": TIGHT, "sign_in": "off"}
    server = {"trusted_proxies": ("127.0.0.1",)}
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, rates=rates, server=server) as town:
        made = await Web.dial(town.server.http_url)
        await made.post(
            "/accounts/sign-up", login="ann" if login == "ann" else "else", **WRONG | {"password": "x" * 12}
        )
        made.close()
        spent = 1 if login == "ann" else 0  # signing up is a try too
        doors: list[tuple[str, dict[str, Any]]] = [("sign-in", WRONG), ("reset", {}), ("reset/finish", RESET)]
        codes = []
        for number in range(spent, BURST + len(doors)):
            web = await Web.dial(town.server.http_url, {"X-Forwarded-For": f"203.0.113.{number}"})
            door, fields = doors[number % len(doors)]
            answer = (await web.post(f"/accounts/{door}", login=login, **fields))[1]
            codes.append(answer.get("error", {}).get("code", ""))
            web.close()
        assert "rate_limited" not in codes[: BURST - spent]
        assert set(codes[BURST - spent :]) == {"rate_limited"}
