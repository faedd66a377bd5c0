"""Races for what there is a bounded number of: places among the pins, calls of the day, names, uses of a code.

Judged like those in `rounds`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

import httpx

from tests.races.arena import WAIT_S, Arena, Ask, Peer

Json = dict[str, Any]
PINS = 20
CALLS = 3
SECTIONS = 5
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP: nobody's certificates are read from the disk
PASSWORD = "correct horse battery"


async def last_pin(arena: Arena) -> str:
    """Five pin five messages where there is room for one."""
    group, pinners, free = await _board(arena)
    asks = [
        Ask(peer, "pin.add", {"group": group, "pos": pos, "cid": arena.cid()})
        for peer, pos in zip(pinners, free, strict=True)
    ]
    verdicts = await arena.at_once(*asks)
    codes = [verdict.code for verdict in verdicts]
    assert sorted(codes) == ["limit"] * 4 + ["ok"], codes
    assert {verdict.error["details"]["bound"] for verdict in verdicts if verdict.code != "ok"} == {"pins_per_group"}
    first = codes.index("ok")
    pins = (await pinners[1].must("pin.list", {"group": group}))["pins"]
    assert len(pins) == PINS
    assert (pins[0]["entry"]["pos"], pins[0]["by"]) == (free[first], pinners[first].user)
    await pinners[0].must("pin.remove", {"group": group, "pos": free[first], "cid": arena.cid()})
    return "the first" if first == 0 else "another"


async def _board(arena: Arena) -> tuple[str, list[Peer], list[int]]:
    """A group with a place left among its pins, five who may pin, and a message for each of them."""
    if "board" not in arena.kept:
        owner, admins = arena.people[0], arena.people[1:5]
        group = await arena.group(owner, admins)
        for admin in admins:
            await arena.promote(owner, group, admin)
        said = [(await owner.must("message.send", arena.text(group, "said")))["pos"] for _ in range(PINS - 1 + 5)]
        for pos in said[5:]:
            await owner.must("pin.add", {"group": group, "pos": pos, "cid": arena.cid()})
        arena.kept["board"] = group, [owner, *admins], said[:5]
    board: tuple[str, list[Peer], list[int]] = arena.kept["board"]
    return board


async def last_section(arena: Arena) -> str:
    """Ten make a section of a group that has one: with the main one five are open in the end, and no sixth."""
    owner, admins = arena.people[0], arena.people[1:10]
    group = await arena.group(owner, admins)
    for admin in admins:
        await arena.promote(owner, group, admin)
    makers = [owner, *admins]
    asks = [Ask(peer, "section.create", _section(arena, group, n)) for n, peer in enumerate(makers)]
    verdicts = await arena.at_once(*asks)
    codes = [verdict.code for verdict in verdicts]
    assert sorted(codes) == ["ok"] * (SECTIONS - 1) + ["section_limit"] * (11 - SECTIONS), codes
    numbers = {verdict.answer["section"]: makers[n].user for n, verdict in enumerate(verdicts) if verdict.code == "ok"}
    assert sorted(numbers) == list(range(1, SECTIONS)), "each number once"
    told = [entry for entry in await arena.log(owner, group) if entry["kind"] == "sections"]
    assert [(entry["section"], entry["by"]) for entry in told] == sorted(numbers.items())
    assert [len(entry["sections"]) for entry in told] == list(range(2, SECTIONS + 1))
    return "the first" if codes[0] == "ok" else "another"


def _section(arena: Arena, group: str, number: int) -> Json:
    return {"group": group, "cid": arena.cid(), "kind": "chat", "title": f"Number {number}"}


async def last_call(arena: Arena) -> str:
    """Five call everybody where a group has one call of the day left."""
    owner, callers = arena.people[0], arena.people[1:6]
    group = await arena.group(owner, callers)
    rights = {"group": group, "cid": arena.cid(), "rights": {"mention_all": "member"}}
    await owner.must("group.update", rights)
    for _ in range(CALLS - 1):
        await owner.must("message.send", _call(arena, group))
    verdicts = await arena.at_once(*(Ask(peer, "message.send", _call(arena, group)) for peer in callers))
    codes = [verdict.code for verdict in verdicts]
    assert sorted(codes) == ["limit"] * 4 + ["ok"], codes
    assert {verdict.error["details"]["bound"] for verdict in verdicts if verdict.code != "ok"} == {
        "mention_all_per_day"
    }
    first = codes.index("ok")
    said = [entry["sender"] for entry in await arena.log(owner, group) if entry["kind"] == "message"]
    assert said == [owner.user] * (CALLS - 1) + [callers[first].user]
    return "the first" if first == 0 else "another"


def _call(arena: Arena, group: str) -> Json:
    body = {"text": "@all", "entities": [{"offset": 0, "length": 4, "all": True}]}
    return {"group": group, "cid": arena.cid(), "kind": "text", "body": body}


async def one_handle(arena: Arena) -> str:
    """Six newcomers take one handle, each in a case of their own: one has it."""
    number = arena.kept["handles"] = arena.kept.get("handles", 0) + 1
    peers = [await arena.enter(f"called{number}x{each}") for each in range(6)]
    handle = f"name_{number}x"
    cased = [handle.upper() if each % 2 else handle for each in range(6)]
    asks = [Ask(p, "user.handle", {"cid": arena.cid(), "handle": h}) for p, h in zip(peers, cased, strict=True)]
    verdicts = await arena.at_once(*asks)
    codes = [verdict.code for verdict in verdicts]
    assert sorted(codes) == ["ok"] + ["taken"] * 5, codes
    first = codes.index("ok")
    found = (await arena.people[0].must("user.search", {"query": f"@{handle}"}))["users"]
    assert [(user["user"], user["handle"]) for user in found] == [(peers[first].user, cased[first])]
    for peer in peers:
        await peer.close()
    return "the first" if first == 0 else "another"


async def one_login(arena: Arena) -> str:
    """Five sign up as the same login with a code that is good for two: one has it, and the code is used once."""
    code, login = await _code(arena, 2), _login(arena)
    answers = await _sign_up(arena, [(login, code)] * 5)
    assert sorted(answers) == [200] + [409] * 4, answers
    assert await _sign_up(arena, [(_login(arena), code)]) == [200]
    assert await _sign_up(arena, [(_login(arena), code)]) == [403]
    return "the first" if answers[0] == 200 else "another"


async def one_code(arena: Arena) -> str:
    """Five sign up with a code that is good for one."""
    code = await _code(arena, 1)
    answers = await _sign_up(arena, [(_login(arena), code) for _ in range(5)])
    assert sorted(answers) == [200] + [403] * 4, answers
    return "the first" if answers[0] == 200 else "another"


async def _code(arena: Arena, uses: int) -> str:
    """A code that lets people sign up."""
    assert arena.server.accounts is not None
    return await arena.server.accounts.make_signup_code(uses, 3600.0, "")


def _login(arena: Arena) -> str:
    number = arena.kept["logins"] = arena.kept.get("logins", 0) + 1
    return f"login{number}"


async def _sign_up(arena: Arena, wanted: Sequence[tuple[str, str]]) -> list[int]:
    """Everybody at once, in a drawn order; the status of each answer, in that of `wanted`."""
    order = list(range(len(wanted)))
    arena.chance.shuffle(order)
    async with httpx.AsyncClient(base_url=arena.server.http_url, timeout=WAIT_S, verify=NO_TLS) as web:
        asks = {
            index: asyncio.create_task(
                web.post(
                    "/accounts/sign-up",
                    json={"login": wanted[index][0], "code": wanted[index][1], "password": PASSWORD, "device": "one"},
                )
            )
            for index in order
        }
        return [(await asks[index]).status_code for index in range(len(wanted))]


COUNTS: Sequence[Any] = (last_pin, last_section, last_call, one_handle, one_login, one_code)
