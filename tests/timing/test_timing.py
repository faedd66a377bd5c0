"""That time tells nothing, as far as it can be seen without a clock: the same work for what is there and what is not.

The clock is asked by `python -m tests.timing`, which takes long and wants a machine of its own.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import argon2
import pytest

from chatd.admin.socket import call
from chatd.core.wishes import AnyWish
from chatd.service.accounts import Accounts
from chatd.service.delivery import Delivery
from chatd.store import readers
from tests.e2e.phone import new_cid
from tests.e2e.town import living_town, on_loop
from tests.e2e.web import Web
from tests.timing.questions import RIGHT, WRONG, take_times
from tests.timing.welch import compare

CHEAP = {"signup": "open", "hash_memory_kib": 8, "hash_passes": 1}
RESOLVE_S = 0.3


class Work:
    """What the server does for a request: what it reads, which passwords it checks, what it proposes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, object]] = []
        read: Any = readers._Sqlite._run
        verify: Any = argon2.PasswordHasher.verify
        settle: Any = Accounts._settle

        async def watched_read(reader: Any, sql: str, params: Any = ()) -> Any:
            self.done.append(("read", sql))
            return await read(reader, sql, params)

        def watched_verify(hasher: Any, hashed: str, password: str) -> Any:
            self.done.append(("verify", argon2.extract_parameters(hashed)))
            return verify(hasher, hashed, password)

        async def watched_settle(accounts: Any, wish: AnyWish) -> Any:
            self.done.append(("propose", type(wish)))
            return await settle(accounts, wish)

        monkeypatch.setattr(readers._Sqlite, "_run", watched_read)
        monkeypatch.setattr(argon2.PasswordHasher, "verify", watched_verify)
        monkeypatch.setattr(Accounts, "_settle", watched_settle)

    def taken(self) -> list[tuple[str, object]]:
        """What was done since this was asked last."""
        done, self.done = self.done, []
        return done


QUIET = {"hub": {"read_flush_s": 3600.0}, "search": {"on": False}}


@on_loop
async def test_somebodys_login_and_nobodys_are_the_same_work(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living_town(sqlite_url, tmp_path, accounts=CHEAP, **QUIET) as town:
        web = await Web.dial(town.server.http_url)
        made = [await web.post("/accounts/sign-up", login=name, password=RIGHT, device="x") for name in ("ann", "off")]
        disabled, path = f"account:{made[1][1]['user']}", town.server.config.admin_socket_path()
        await asyncio.to_thread(call, path, "user.disable", sub=disabled, on=True)
        work = Work(monkeypatch)
        ways = {
            "sign-in": {"password": WRONG, "device": "x"},
            "password": {"password": WRONG, "new_password": RIGHT, "device": "x"},
            "reset": {},
            "reset/finish": {"code": "00000000", "new_password": WRONG, "device": "x"},
        }
        for way, fields in ways.items():
            seen = []
            for login in ("ann", "off", "nobody"):
                work.taken()
                status, body = await web.post(f"/accounts/{way}", login=login, **fields)
                seen.append((status, body, work.taken()))
            assert seen[0] == seen[1] == seen[2], way
            verified = [what for what, _ in seen[0][2]].count("verify")
            assert verified == (1 if way in ("sign-in", "password") else 0), way
            assert "read" in dict(seen[0][2]), way
        web.close()


@on_loop
async def test_no_answer_about_a_secret_comes_before_its_time(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, invites={"resolve_s": RESOLVE_S}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann)
        good, gone = [await ann.do("invite.create", group=group, kind="link") for _ in range(2)]
        code = (await ann.do("invite.create", group=group, kind="code"))["code"]
        await ann.do("invite.revoke", invite=gone["invite"])
        web = await Web.dial(town.server.http_url)
        loop = asyncio.get_running_loop()
        tokens = {"good": good["token"], "code": code, "gone": gone["token"], "none": "A" * 22}
        asked = {f"preview {name}": bob.send("invite.preview", secret=token) for name, token in tokens.items()}
        for name in ("gone", "none"):
            asked[f"redeem {name}"] = bob.send("invite.redeem", secret=tokens[name], cid=new_cid())
        began_s, came_s = loop.time(), dict[str, float]()
        for name, answer in asked.items():
            answer.add_done_callback(lambda _, name=name: came_s.setdefault(name, loop.time() - began_s))  # type: ignore[misc]
        await asyncio.gather(*asked.values())
        assert {name for name in asked if came_s[name] < RESOLVE_S * 0.95} == set()
        for token in (good["token"], gone["token"], "A" * 22):
            began_s = loop.time()
            await web.get(f"/i/{token}")
            assert loop.time() - began_s > RESOLVE_S * 0.95, token
        web.close()


@on_loop
async def test_the_hook_is_called_when_the_answer_is_out() -> None:
    handed: list[bytes] = []
    go_on, called = asyncio.Event(), asyncio.Event()

    async def hand(message: bytes) -> None:
        handed.append(message)
        called.set()

    async def pause() -> None:
        await go_on.wait()

    delivery = Delivery(hand, pause)
    delivery.send("reset", "ann", "12345678", 0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert handed == []
    go_on.set()
    await asyncio.wait_for(called.wait(), 10)
    assert b"12345678" in handed[0]
    await delivery.stop()


def test_a_difference_is_seen_and_none_is_not() -> None:
    chance = random.Random(3)
    times = [[chance.gauss(5.0, 1.0) for _ in range(10_000)] for _ in range(2)]
    assert compare(*times).same
    later = compare([time + 0.1 for time in times[0]], times[1])
    assert not later.same
    assert (later.n, later.t > 0, round(later.one_ms - later.other_ms) in range(80, 121)) == (10_000, True, True)


@on_loop
async def test_all_kinds_take_turns() -> None:
    order: list[str] = []

    async def ask(name: str) -> None:
        order.append(name)

    taken = await take_times({name: lambda name=name: ask(name) for name in "abc"}, 50, random.Random(1))  # type: ignore[misc]
    assert {name: len(times) for name, times in taken.items()} == dict.fromkeys("abc", 50)
    rounds = [order[at : at + 3] for at in range(0, 150, 3)]
    assert {tuple(sorted(one)) for one in rounds} == {("a", "b", "c")}
    assert len({tuple(one) for one in rounds}) == 6
