"""How messages, and what is about messages, are asked for."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Final

from tests.matrix.asks import Ask, Build, Case, Data, among, but, messages, only, places, shows
from tests.matrix.asks_sections import make_sections, sections
from tests.matrix.house import House, new_word
from tests.matrix.table import PEOPLE

MENU: Final = [[{"id": "yes", "label": "Yes"}]]
TEXT: Final[Data] = {"kind": "text", "body": {"text": "hello"}}
_PRIVATE, _PUBLIC = "matrix:private", "matrix:public"


def _message(case: Case, who: str, of: str) -> str:
    """The word of the message that an object is."""
    house = case.house
    if of.startswith("section"):
        return '"type": "text"'
    if of in ("elsewhere", "absent"):
        return case.elsewhere.word
    positions = {"own": house.own.get(who, 0), "recalled": house.recalled, "before": house.before}
    return house.word.get(positions.get(of.partition(".")[0], house.other), "")


def _at_place(case: Case, who: str, of: str) -> str:
    pos = {"before": case.house.before, "absent": 9_000}.get(of, case.house.other)
    return f'"pos": {pos}'


async def _with_sections(case: Case, of: str) -> None:
    if of.startswith("section"):
        await make_sections(case)


def _send() -> dict[str, Build]:
    def card(kind: str, item: str) -> Build:
        return lambda c, _: {"group": c.group, "kind": f"{kind}_card", "body": {kind: item}}

    def reply(pos: Any) -> Build:
        return lambda c, _: {"group": c.group, "reply_to": pos(c.house)} | TEXT

    return places(**TEXT) | {
        "other": reply(lambda h: h.other),
        "recalled": reply(lambda h: h.recalled),
        "before": reply(lambda h: h.before),
        "absent": reply(lambda _: 9_000),
        "menu": lambda c, _: {"group": c.group, "kind": "text", "body": {"text": "hello", "menu": MENU}},
        "notice": lambda c, _: {"group": c.group, "kind": "notice", "body": {"text": "hear"}},
        **sections(**TEXT),
        "item": card("video", _PUBLIC),
        "item.private": card("video", _PRIVATE),
        "item.absent": card("video", "matrix:none"),
    }


async def _stock(case: Case, of: str) -> None:
    await _with_sections(case, of)
    item = {"kind": "video", "rev": 1, "title": "Kiln day", "url": "https://video/1", "cover": "https://cdn/k.jpg"}
    items = [item | {"id": _PUBLIC}, item | {"id": _PRIVATE, "title": "Hidden day", "visibility": "private"}]
    await case.cast.act("catalogue", items=items)


def _find_item() -> dict[str, Build]:
    return {
        "item": lambda *_: {"text": "kiln", "kind": "video"},
        "item.private": lambda *_: {"text": "hidden"},
        "item.absent": lambda *_: {"text": f"zz{secrets.token_hex(6)}"},
    }


def _item_id(_: Case, __: str, of: str) -> str:
    return {"item": _PUBLIC, "item.private": _PRIVATE}.get(of, "matrix:none")


def _recall() -> dict[str, Build]:
    def owners(c: Case, who: str) -> Data:
        if who == "owner":
            raise KeyError(who)
        return {"group": c.group, "pos": c.more["owners"]}

    return messages() | {
        "other": lambda c, who: {"group": c.group, "pos": c.more[who]},
        "other.admin": lambda c, _: {"group": c.group, "pos": c.house.admins},
        "other.owner": owners,
    }


async def _one_each(case: Case, of: str) -> None:
    """A message of the mate's for each caller, as the first who may takes it back."""
    if of == "other":
        mate = case.cast.staff["mate"]
        said = await asyncio.gather(*(case.house.say(mate) for _ in PEOPLE))
        case.more |= dict(zip(PEOPLE, said, strict=True))
    elif of == "other.owner":
        case.more["owners"] = await case.house.say(case.cast.callers["owner"])


async def _dens(case: Case, of: str) -> None:
    """Each caller has a group of their own to forward into and out of."""
    await _with_sections(case, of)
    if "stranger" in case.more:
        return
    made = await asyncio.gather(
        *(case.cast.callers[who].do("group.create", kind="private", title="den") for who in PEOPLE)
    )
    case.more |= {who: group["group"] for who, group in zip(PEOPLE, made, strict=True)}
    said = await asyncio.gather(
        *(case.cast.callers[who].say(group["group"], "from my den") for who, group in zip(PEOPLE, made, strict=True))
    )
    case.more |= {f"said {who}": pos for who, pos in zip(PEOPLE, said, strict=True)}


def _forward() -> dict[str, Build]:
    def out(build: Build) -> Build:
        def built(c: Case, who: str) -> Data:
            named = build(c, who)
            return {"group": c.more.get(who, c.nowhere), "source": named["group"], "positions": [named["pos"]]}

        return built

    def into(build: Build) -> Build:
        def built(c: Case, who: str) -> Data:
            source = {"source": c.more.get(who, c.nowhere), "positions": [c.more.get(f"said {who}", 1)]}
            return build(c, who) | source

        return built

    away = {of: out(build) for of, build in messages().items()}
    named = places() | only(sections(), "section")
    return away | {f"{of}.into": into(build) for of, build in named.items()}


def _around() -> dict[str, Build]:
    def page(build: Build) -> Build:
        def built(c: Case, who: str) -> Data:
            named = build(c, who)
            return {"group": named["group"], "around": named["pos"], "limit": 20}

        return built

    return {of: page(build) for of, build in messages().items()} | sections()


def _search() -> dict[str, Build]:
    def word(pos: Any) -> Build:
        return lambda c, who: {"query": c.house.word[pos(c.house, who)]}

    def named(build: Build) -> Build:
        return lambda c, who: build(c, who) | {"query": c.house.word[c.house.other]}

    return {
        "own": word(lambda h, who: h.own[who]),
        "other": word(lambda h, _: h.other),
        "recalled": word(lambda h, _: h.recalled),
        "before": word(lambda h, _: h.before),
        "absent": lambda _, __: {"query": new_word()},
        "elsewhere": lambda c, _: {"query": c.elsewhere.word},
    } | {f"{of}.named": named(build) for of, build in places().items()}


def _hit(case: Case, who: str, of: str, answer: Data) -> str:
    """A hit shows its text in pieces: its group and position are looked for."""
    house, other = case.house, case.elsewhere
    pos = {"own": house.own.get(who, 0), "recalled": house.recalled, "before": house.before}.get(of, house.other)
    sought = (other.group, other.pos) if of.startswith("elsewhere") else (house.group, pos)
    return "ok" if sought in [(hit["group"], hit["pos"]) for hit in answer["hits"]] else "not there"


async def _indexed(case: Case, _: str) -> None:
    await case.cast.indexed()


def _by(field: str, table: str, absent: int, over: dict[str, Any] | None = None) -> dict[str, Build]:
    """The ways to name a message by its number or its time."""

    def here(pos: Any) -> Build:
        return lambda c, _: {"group": c.group, field: getattr(c.house, table)[pos(c.house)]}

    return {
        "other": here(lambda h: h.other),
        "before": here(lambda h: h.before),
        "absent": lambda c, _: {"group": c.group, field: absent},
        "elsewhere": lambda c, _: {"group": c.elsewhere.group, field: getattr(c.elsewhere, table)},
        "nowhere": lambda c, _: {"group": c.nowhere, field: 1},
    }


def _numbered() -> dict[str, Build]:
    return only(sections(seq=1), "section", "section.absent")


def _mentioned(pos: Any) -> Build:
    def built(c: Case, who: str) -> Data:
        if pos not in ("before", "elsewhere"):
            _ = c.house.own[who]  # who never wrote was never in
        return {}

    return built


def _called(case: Case, _: str, of: str) -> tuple[str, int]:
    house: House = case.house
    pos = {"recalled": house.recalled, "before": house.before}.get(of, house.other)
    return (case.elsewhere.group, case.elsewhere.pos) if of == "elsewhere" else (house.group, pos)


def _call(mention: Data) -> tuple[str, int]:
    return mention["group"], mention["entry"]["pos"]


def _above() -> dict[str, Build]:
    def built(c: Case, _: str) -> Data:
        return {"group": c.group, "pos": c.house.other, "above": c.house.before}

    return but(messages(), "own") | {"before.above": built}


def _listed() -> dict[str, Build]:
    return {of: places()["here"] for of in ("other", "recalled", "before")} | but(places(), "here")


ASKS: Final = {
    "message.send": Ask(_send(), prepare=_stock),
    "message.recall": Ask(_recall(), prepare=_one_each),
    "message.edit": Ask(messages(text="something else")),
    "message.forward": Ask(_forward(), prepare=_dens),
    "message.history": Ask(_around(), shows(_message), prepare=_with_sections, house="shared"),
    "message.search": Ask(_search(), _hit, prepare=_indexed, house="shared", same_blank=True),
    "item.find": Ask(_find_item(), shows(_item_id), prepare=_stock, house="none", same_blank=True),
    "message.at": Ask(_by("at", "at", 2**50), shows(_at_place), house="shared"),
    "reaction.add": Ask(messages(emoji="🎉")),
    "reaction.remove": Ask(messages(emoji="🎉")),
    "reaction.list": Ask(messages(), house="shared"),
    "read.mark": Ask(but(_by("seq", "seq", 9_000) | _numbered(), "before"), prepare=_with_sections, house="shared"),
    "typing.start": Ask(places(), house="shared"),
    "mention.list": Ask(
        {of: _mentioned(of) for of in ("other", "recalled", "before", "elsewhere")},
        among("mention.list", "mentions", _called, _call),
        house="shared",
    ),
    "receipt.get": Ask(_by("seq", "seq", 9_000) | _numbered(), prepare=_with_sections, house="shared"),
    "presence.get": Ask(places(), house="shared"),
    "draft.save": Ask(places(text="not yet"), house="shared"),
    "pin.add": Ask(_above()),
    "pin.remove": Ask(but(messages(), "own")),
    "pin.list": Ask(_listed(), shows(_message), house="shared"),
    "feature.add": Ask(but(messages(note="good"), "own")),
    "feature.remove": Ask(but(messages(), "own")),
    "feature.list": Ask(_listed(), shows(_message), house="shared"),
}
