"""How sections are asked for. Their house has an announcement board as section 1."""

from __future__ import annotations

from typing import Any, Final

from tests.matrix.asks import Ask, Build, Case, places

_BOARD = 1
_ABSENT = 9


def _in(section: int, **more: Any) -> Build:
    return lambda c, _: {"group": c.group, "section": section} | more


async def make_board(case: Case, _: str) -> None:
    """Section 1, where admins write."""
    owner = case.cast.callers["owner"]
    if len((await owner.ask("section.list", group=case.group))["sections"]) == 1:
        await owner.do("section.create", group=case.group, kind="announce", title="Board")


async def make_sections(case: Case) -> None:
    """One in which only admins write, and one that was closed, with a message in each, if they are not there yet."""
    if "announce" in case.more:
        return
    owner = case.cast.callers["owner"]
    known = {line["title"]: line["section"] for line in (await owner.ask("section.list", group=case.group))["sections"]}
    if "announce" in known:  # made for another op in this group
        case.more |= {name: known[name] for name in ("announce", "closed")}
        return
    for name, kind in (("announce", "announce"), ("closed", "chat")):
        made = await owner.do("section.create", group=case.group, kind=kind, title=name)
        place = case.more[name] = made["section"]
        body = {"text": "hello"}
        await owner.do("message.send", group=case.group, section=place, kind="text", body=body)
    await owner.do("section.update", group=case.group, section=case.more["closed"], closed=True)


def sections(**more: Any) -> dict[str, Build]:
    """The ways to name a section of those."""
    return {
        "section": lambda c, _: {"group": c.group, "section": c.more["announce"]} | more,
        "section.closed": lambda c, _: {"group": c.group, "section": c.more["closed"]} | more,
        "section.absent": lambda c, _: {"group": c.group, "section": _ABSENT} | more,
    }


ASKS: Final = {
    "section.create": Ask(places(kind="chat", title="mine"), house="row"),
    "section.update": Ask(
        places(section=0, title="ours") | {"here.board": _in(_BOARD, title="News"), "absent": _in(9, title="none")},
        prepare=make_board,
    ),
    "section.order": Ask(places(sections=[0])),
    "section.list": Ask(places(), house="shared"),
}
