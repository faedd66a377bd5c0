"""How groups are asked for."""

from __future__ import annotations

import secrets
from typing import Any, Final

from tests.matrix.asks import Ask, Build, Case, among, but, members, places, shows
from tests.matrix.relations import ABSENT, OTHER, OWN, stand_to_another

_BOTS: Final[dict[str, Build]] = dict.fromkeys(("bot", "bot.closed"), lambda c, _: {"user": c.more["bot"]})


async def _stand_to(case: Case, of: str) -> None:
    if of in _BOTS:
        case.more["bot"] = (await case.cast.make_bot(direct=of == "bot"))["user"]
    await stand_to_another(case, of)


async def _add_bot(case: Case, of: str) -> None:
    if of == "bot":
        case.more["bot"] = (await case.cast.make_bot())["user"]
        await case.cast.callers["owner"].do("member.add", group=case.group, users=[case.more["bot"]])


def _heirs() -> dict[str, Build]:
    return but(members(), "other.admin", "other.owner") | {
        "bot": lambda c, _: {"group": c.group, "user": c.more["bot"]}
    }


def _create() -> dict[str, Build]:
    return {
        "private": lambda *_: {"kind": "private", "title": "mine"},
        "public": lambda *_: {"kind": "public", "title": "ours"},
    } | {of: _direct(build) for of, build in (OTHER | OWN | ABSENT | _BOTS).items()}


def _direct(build: Build) -> Build:
    return lambda c, who: {"kind": "direct"} | build(c, who)


async def _open_public(case: Case, of: str) -> None:
    """A public group that no caller is in."""
    if of == "public":
        title = f"public {secrets.token_hex(6)}"
        made = await case.cast.abroad.do("group.create", kind="public", title=title)
        case.more |= {"public": made["group"], "title": title}


def _public(**more: Any) -> dict[str, Build]:
    return {"public": lambda c, _: {"group": c.more["public"]} | more}


def _titled(case: Case, _: str, of: str) -> str:
    groups = {"here": case.group, "elsewhere": case.elsewhere.group, "public": case.more.get("public", "")}
    return groups.get(of) or case.nowhere


def _find() -> dict[str, Build]:
    return {
        "public": lambda c, _: {"text": c.more["title"]},
        "here": lambda c, _: {"text": c.house.title},
        "elsewhere": lambda c, _: {"text": c.elsewhere.title},
        "nowhere": lambda *_: {"text": f"zz{secrets.token_hex(6)}"},
    }


ASKS: Final = {
    "group.create": Ask(_create(), prepare=_stand_to, house="none"),
    "group.get": Ask(places() | _public(), prepare=_open_public, house="shared"),
    "group.list": Ask(
        {of: (lambda *_: {}) for of in ("here", "elsewhere")},
        among("group.list", "groups", _titled, lambda line: line["group"]),
        house="shared",
    ),
    "group.update": Ask(
        places(intro="anew") | {"here.rights": places(rights={"post": "admin"})["here"]},
    ),
    "group.open": Ask(places() | _public(), prepare=_open_public, house="shared"),
    "group.close": Ask(places()),
    "group.members": Ask(places() | _public(), prepare=_open_public, house="shared"),
    "group.find": Ask(_find(), shows(_titled), prepare=_open_public, house="shared", same_blank=True),
    "group.transfer": Ask(_heirs(), prepare=_add_bot, house="row", settings={"prey": True}),
    "group.dissolve": Ask(places(), house="row"),
    "group.announce": Ask(places(text="come all")),
    "chat.update": Ask(places(marked=True)),
    "nickname.set": Ask(places(nickname="me")),
}
