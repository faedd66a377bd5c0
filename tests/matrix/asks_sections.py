"""How sections are asked for. Their house has an announcement board as section 1."""

from __future__ import annotations

from typing import Any, Final

from tests.matrix.asks import Ask, Build, Case, places

_BOARD = 1


def _in(section: int, **more: Any) -> Build:
    return lambda c, _: {"group": c.group, "section": section} | more


async def make_board(case: Case, _: str) -> None:
    """Section 1, where admins write."""
    owner = case.cast.callers["owner"]
    if len((await owner.ask("section.list", group=case.group))["sections"]) == 1:
        await owner.do("section.create", group=case.group, kind="announce", title="Board")


ASKS: Final = {
    "section.create": Ask(places(kind="chat", title="mine"), house="row"),
    "section.update": Ask(
        places(section=0, title="ours") | {"here.board": _in(_BOARD, title="News"), "absent": _in(9, title="none")},
        prepare=make_board,
    ),
    "section.order": Ask(places(sections=[0])),
    "section.list": Ask(places(), house="shared"),
}
