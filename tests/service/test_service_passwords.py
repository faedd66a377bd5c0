"""Passwords beside the loop: what fits, what does not, how many may wait, and how long nobody's takes."""

from __future__ import annotations

import asyncio
import math
import statistics
import threading
import time

import pytest

from chatd.core.refusal import Refused
from chatd.service.passwords import Passwords
from tests.e2e.town import on_loop

CHEAP = {"memory_kib": 8, "passes": 1}
ROUNDS = 10_000


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
async def test_a_login_that_does_not_exist_takes_as_long_as_one_that_does() -> None:
    """Welch's t over interleaved tries; beyond 4.5 they could be told apart."""
    passwords = Passwords(**CHEAP, workers=1, queue_max=4)
    known = await passwords.hash("the right one")
    took_s: dict[bool, list[float]] = {True: [], False: []}
    for round_ in range(ROUNDS):
        for is_known in (round_ % 2 == 0, round_ % 2 != 0):
            before = time.perf_counter()
            assert not await passwords.fits(known if is_known else None, "a wrong one")
            took_s[is_known].append(time.perf_counter() - before)
    passwords.close()
    assert abs(welch(took_s[True], took_s[False])) < 4.5


def welch(one: list[float], other: list[float]) -> float:
    """Welch's t of two samples without their slowest twentieth, which is the machine's noise."""
    kept = [sorted(sample)[: len(sample) * 19 // 20] for sample in (one, other)]
    means = [statistics.fmean(sample) for sample in kept]
    errors = [statistics.variance(sample) / len(sample) for sample in kept]
    return (means[0] - means[1]) / math.sqrt(sum(errors))


def test_the_measure_sees_a_difference() -> None:
    same = [1.0 + (n % 7) / 100 for n in range(1000)]
    assert abs(welch(same, same)) < 4.5
    assert abs(welch(same, [value + 0.01 for value in same])) > 4.5
