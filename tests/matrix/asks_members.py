"""How those who are in a group are asked for, and what keeps them quiet."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from tests.matrix.asks import Ask, Build, Case, Data, but, members, only, places
from tests.matrix.cast import befriend
from tests.matrix.table import INSIDE, PEOPLE

_WISHES: Final = {"other.asking": "ask", "other.unwilling": "nobody"}


def _mate(case: Case, _: str) -> str:
    return case.cast.staff["mate"].user


def _add() -> dict[str, Build]:
    def one(build: Build) -> Build:
        def built(c: Case, who: str) -> Data:
            named = build(c, who)
            return {"group": named["group"], "users": [named["user"]]}

        return built

    named = only(members(), "other", "own", "outsider", "absent", "elsewhere", "nowhere")
    named |= {f"other.{state}": named["other"] for state in ("banned", "kicked")}
    named["other.in"] = lambda c, who: {"group": c.group, "user": _mate(c, who)}
    named["bot"] = lambda c, who: {"group": c.group, "user": c.more["bots"][who]}
    for wish in _WISHES:
        named[wish] = lambda c, _: {"group": c.group, "user": c.more["another"].user}
    return {of: one(build) for of, build in named.items()}


async def _prepare_pull(case: Case, of: str) -> None:
    if of == "bot":
        made = await asyncio.gather(*(case.cast.make_bot() for _ in PEOPLE))
        case.more["bots"] = {who: bot["user"] for who, bot in zip(PEOPLE, made, strict=True)}
    elif of in _WISHES:
        another = case.more["another"] = await case.cast.enter("another")
        await another.do("privacy.set", pull=_WISHES[of])
        await asyncio.gather(*(befriend(case.cast.callers[who], another) for who in INSIDE))
    else:
        await _put_out(case, of)


async def _put_out(case: Case, of: str) -> None:
    """Everybody's prey was put out of the house."""
    op = {"other.banned": "member.ban", "other.kicked": "member.kick"}.get(of)
    if op:
        owner, prey = case.cast.callers["owner"], case.cast.prey.values()
        if of == "other.kicked":
            await _pull_in(case)
        await asyncio.gather(*(owner.do(op, group=case.group, user=one.user) for one in prey))


async def _pull_in(case: Case) -> None:
    owner, prey = case.cast.callers["owner"], list(case.cast.prey.values())
    await asyncio.gather(*(befriend(owner, one) for one in prey))
    added = await owner.do("member.add", group=case.group, users=[one.user for one in prey])
    assert {result["result"] for result in added["results"]} == {"added"}, added


def _added(_: Case, __: str, ___: str, answer: Data) -> str:
    return str(answer["results"][0]["result"])


def _leave() -> dict[str, Build]:
    def naming(build: Build) -> Build:
        def built(c: Case, who: str) -> Data:
            named = build(c, who)
            return {"group": named["group"], "successor": named["user"]}

        return built

    heirs = only(members(), "own", "outsider", "absent")
    heirs["other"] = lambda c, who: {"group": c.group, "user": _mate(c, who)}
    return places() | {of: naming(build) for of, build in heirs.items()}


def _roles() -> dict[str, Build]:
    return members(role="silent") | {
        "other.up": members(role="admin")["other"],
        "other.admin": members(role="member")["other.admin"],
        "own": members(role="member")["own"],
    }


def _ban() -> dict[str, Build]:
    named = members()
    return but(named, "other") | {"other.in": named["other"]}


def _unban() -> dict[str, Build]:
    named = members()
    return only(named, "own", "outsider", "absent", "elsewhere", "nowhere") | {
        "other.banned": named["other"],
        "other.operator": named["other"],
    }


async def _banned_by(case: Case, of: str) -> None:
    if of == "other.banned":
        await _put_out(case, of)
    elif of == "other.operator":
        prey = case.cast.prey.values()
        await asyncio.gather(*(case.cast.act("member.kick", group=case.group, sub=one.sub, ban=True) for one in prey))


def _prey(**more: Any) -> Ask:
    return Ask(members(**more), settings={"prey": True})


ASKS: Final = {
    "member.add": Ask(_add(), _added, prepare=_prepare_pull, house="row"),
    "member.suggest": Ask(places(), house="shared"),
    "member.leave": Ask(_leave(), house="row"),
    "member.kick": _prey(),
    "member.role": Ask(_roles(), house="row", settings={"prey": True}),
    "member.ban": Ask(_ban(), settings={"prey": True}),
    "member.unban": Ask(_unban(), prepare=_banned_by, house="row"),
    "member.bans": Ask(places(), house="shared"),
    "member.restrict": _prey(),
    "member.unrestrict": _prey(),
    "group.restrict": Ask(places()),
    "group.unrestrict": Ask(places()),
    "group.slow": Ask(places(slow_s=5)),
    "audit.list": Ask(places(), house="shared"),
}
