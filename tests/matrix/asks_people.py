"""How sessions, people, and how they stand to each other are asked for."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Final

from tests.matrix.asks import Ask, Build, Case, Data, says, shows
from tests.matrix.cast import Caller, no_id
from tests.matrix.relations import ABSENT, OTHER, OWN, be_asked, be_blocked, stand_to_another
from tests.matrix.table import LOCKED_OUT, PEOPLE

_devices = itertools.count(1)
_SILENT: Final[dict[str, Build]] = {"other.silent": OTHER["other"]}


def _device() -> str:
    return f"device-{next(_devices)}"


def _another_device(c: Case, who: str) -> Data:
    """A token of ours, on a device that it is not for."""
    return {"token": c.cast.bearer_of.get(who, c.cast.token_of[who]), "device": _device()}


def _of_nobody(c: Case, _: str) -> Data:
    token = c.cast.own_token(no_id("u"), "device-of-nobody", 3600)
    return {"token": token, "device": "device-of-nobody"}


def _hello_again(c: Case, who: str) -> Data:
    if who in LOCKED_OUT:
        raise KeyError(who)
    return {"token": c.cast.token_of[who], "device": _device()}


HELLO: Final[dict[str, Build]] = {
    "own": lambda c, who: {"token": c.cast.token_of[who], "device": _device()},
    "other": _another_device,
    "absent": _of_nobody,
    "again": _hello_again,
}


def _renew() -> dict[str, Build]:
    return {
        "own": lambda c, who: {"token": c.cast.token_of.get(who, "none")},
        "other": lambda c, _: {"token": c.cast.server.token(c.cast.resident.sub)},
        "absent": lambda c, _: {"token": c.cast.server.token(f"nobody.{secrets.token_hex(8)}")},
    }


def _named(case: Case, who: str, of: str) -> str:
    if of == "own":
        return case.user(who)
    return case.more["another"].user if of.startswith("other") else case.nobody


def _users() -> dict[str, Build]:
    def one(build: Build) -> Build:
        return lambda c, who: {"users": [build(c, who)["user"]]}

    return {of: one(build) for of, build in (OWN | OTHER | ABSENT).items()}


def _search() -> dict[str, Build]:
    return {
        "other": lambda c, _: {"query": c.more["name"]},
        "hidden": lambda c, _: {"query": c.more["name"]},
        "absent": lambda *_: {"query": secrets.token_hex(6)},
    }


async def _be_named(case: Case, of: str) -> None:
    """Somebody with a name; `hidden` does not want to be found."""
    case.more["name"] = secrets.token_hex(6)
    another = case.more["another"] = await case.cast.enter("another")
    await another.do("user.update", name=case.more["name"])
    if of == "hidden":
        await another.do("privacy.set", findable=False)


def _found(case: Case, _: str, of: str) -> str:
    return case.nobody if of == "absent" else case.more["another"].user


def _handles() -> dict[str, Build]:
    return {
        "own": lambda *_: {"handle": f"h{secrets.token_hex(8)}"},
        "other": lambda c, _: {"handle": c.more["handle"]},
    }


async def _take_handle(case: Case, _: str) -> None:
    if "handle" not in case.more:
        case.more["handle"] = f"h{secrets.token_hex(8)}"
        await case.cast.resident.do("user.handle", handle=case.more["handle"])


async def _tablets(case: Case, of: str) -> None:
    """Each caller has a second device, or somebody else has one of that name."""
    if of == "own":
        callers = case.cast.callers
        made = await asyncio.gather(*(case.cast.again(callers[who], f"tablet-of-{who}") for who in PEOPLE))
        case.more |= dict(zip(PEOPLE, made, strict=True))
    else:
        case.more["another"] = await case.cast.enter("another", "tablet-of-another")


async def _tablet_closed(case: Case, who: str, of: str, _: Data) -> str:
    if of == "own":
        await case.more[who].closed()
        return "ok"
    another: Caller = case.more["another"]
    still_there = await another.attempt("privacy.get", {})
    return "not there" if still_there.closed is None else "ok"


def _revoke_device() -> dict[str, Build]:
    return {
        "own": lambda _, who: {"device": f"tablet-of-{who}"},
        "other": lambda *_: {"device": "tablet-of-another"},
    }


def _lists() -> dict[str, Build]:
    def which(name: str) -> Build:
        return lambda *_: {"which": name, "limit": 200}

    return {
        "other": which("following"),
        "other.followers": which("followers"),
        "other.mutual": which("mutual"),
    }


async def _block(case: Case, of: str) -> None:
    another = case.more["another"] = await case.cast.enter("another")
    people = [case.cast.callers[who] for who in PEOPLE]
    pairs = [(one, another) if of == "own" else (another, one) for one in people]
    await asyncio.gather(*(one.do("block.add", user=other.user) for one, other in pairs))


def _in_list(case: Case, _: str, __: str) -> str:
    user: str = case.more["another"].user
    return user


def _mine(**data: object) -> dict[str, Build]:
    return {"own": lambda *_: dict(data)}


_NONE: Final = "none"
_EVERYBODY: Final = OTHER | OWN | ABSENT
_LIST: Final[Build] = lambda *_: {"limit": 200}  # noqa: E731
ASKS: Final = {
    "session.hello": Ask(HELLO, house=_NONE, alone=True, compared=False),
    "session.renew": Ask(_renew(), house=_NONE, alone=True, compared=False),
    "user.get": Ask(_users(), shows(_named), prepare=stand_to_another, house=_NONE),
    "user.search": Ask(_search(), shows(_found), prepare=_be_named, house=_NONE, same_blank=True),
    "user.update": Ask(_mine(bio="hello"), house=_NONE),
    "user.handle": Ask(_handles(), prepare=_take_handle, house=_NONE),
    "privacy.get": Ask(_mine(), house=_NONE),
    "privacy.set": Ask(_mine(receipts=True), house=_NONE),
    "device.list": Ask(_mine(), house=_NONE),
    "device.revoke": Ask(_revoke_device(), _tablet_closed, prepare=_tablets, house=_NONE),
    "follow.add": Ask(_EVERYBODY, prepare=stand_to_another, house=_NONE),
    "follow.remove": Ask(_EVERYBODY, prepare=stand_to_another, house=_NONE),
    "follow.list": Ask(_lists(), shows(_in_list), prepare=stand_to_another, house=_NONE),
    "block.add": Ask(_EVERYBODY, prepare=stand_to_another, house=_NONE),
    "block.remove": Ask(_EVERYBODY, prepare=stand_to_another, house=_NONE),
    "block.list": Ask({"own": _LIST, "other": _LIST}, shows(_in_list), prepare=_block, house=_NONE),
    "contact.request": Ask(
        _EVERYBODY | {f"other.{how}": OTHER["other"] for how in ("blocking", "unwilling")},
        says("state", sent="ok", mutual="already"),
        prepare=be_blocked,
        house=_NONE,
    ),
    "contact.accept": Ask(OTHER | _SILENT | ABSENT, prepare=be_asked, house=_NONE),
    "contact.decline": Ask(OTHER | _SILENT | ABSENT, prepare=be_asked, house=_NONE),
    "contact.list": Ask({"other": _LIST, "other.silent": _LIST}, shows(_in_list), prepare=be_asked, house=_NONE),
}
