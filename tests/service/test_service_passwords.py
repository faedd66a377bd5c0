"""Passwords beside the loop: what fits, what does not, how many may wait, and what nobody's costs."""

from __future__ import annotations

import asyncio
import threading

import argon2
import pytest

from chatd.core.refusal import Refused
from chatd.service.passwords import Passwords
from tests.e2e.town import on_loop

CHEAP = {"memory_kib": 8, "passes": 1}


@on_loop
async def test_a_password_fits_its_own_hash_and_no_other() -> None:
    passwords = Passwords(**CHEAP, workers=1, queue_max=4)
    hashed = await passwords.hash("correct horse 石榴")
    assert hashed.startswith("$argon2id$")
    assert "horse" not in hashed
    assert await passwords.fits(hashed, "correct horse 石榴")
    assert not await passwords.fits(hashed, "correct horse")
    assert not await passwords.fits("not a hash", "x")
    assert await passwords.fits(await passwords.hash("\u00e9"), "e\u0301"), "however the accent is put there"
    for password in ("", "x"):
        assert not await passwords.fits(None, password), "nobody's password is no password at all"
    passwords.close()


@on_loop
@pytest.mark.promise("P8", "passwords")
async def test_so_many_may_wait_and_the_loop_goes_on() -> None:
    passwords = Passwords(**CHEAP, workers=1, queue_max=2)
    go_on, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> str:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(30)
        return "done"

    held = [asyncio.create_task(passwords._run(work)) for _ in range(3)]
    await asyncio.wait_for(begun.wait(), 10)
    for _ in range(5):
        with pytest.raises(Refused) as refusal:
            await passwords.hash("one too many")
        assert refusal.value.code == "overloaded"
    held[2].cancel()
    await asyncio.gather(held[2], return_exceptions=True)
    later = asyncio.create_task(passwords.hash("there is room again"))
    await asyncio.sleep(0)
    go_on.set()
    assert (await later).startswith("$argon2id$")
    assert await asyncio.gather(*held[:2]) == ["done"] * 2
    assert len(await asyncio.gather(*(passwords.hash(f"{n}") for n in range(3)))) == 3
    passwords.close()


@on_loop
async def test_a_login_that_does_not_exist_costs_what_one_that_does_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(**CHEAP, workers=1, queue_max=4)
    known = await passwords.hash("the right one")
    checked: list[argon2.Parameters] = []
    verify = argon2.PasswordHasher.verify

    def watched(hasher: argon2.PasswordHasher, hashed: str, password: str) -> bool:
        checked.append(argon2.extract_parameters(hashed))
        return verify(hasher, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    assert not await passwords.fits(known, "a wrong one")
    assert not await passwords.fits(None, "a wrong one")
    assert not await passwords.fits(None, ""), "not even the one that nobody has"
    passwords.close()
    assert checked == [argon2.extract_parameters(known)] * 3
