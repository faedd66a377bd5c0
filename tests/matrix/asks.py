"""How an op is asked for each object, and how its answer is read. One `Ask` for each op; the modules beside it fill the
list. None of it says what is right: that stands in the table.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.matrix.cast import Cast, no_id
from tests.matrix.house import Elsewhere, House


class Case:
    """What one line is driven on. `more` is what the op's own preparation left."""

    def __init__(self, cast: Cast, house: House, elsewhere: Elsewhere) -> None:
        self.cast = cast
        self.house = house
        self.elsewhere = elsewhere
        self.nowhere = no_id("g")
        self.nobody = no_id("u")
        self.more: dict[str, Any] = {}

    @property
    def group(self) -> str:
        return self.house.group

    def user(self, who: str) -> str:
        """The id of a caller. Raises KeyError for one who has no session."""
        return self.cast.callers[who].user


Data = dict[str, Any]
Build = Callable[[Case, str], Data]
"""The request of a caller. Raises KeyError if there is no such case."""
Said = Callable[[Case, str, str, Data], str | Awaitable[str]]
"""What an answer says, by case, caller and object."""
Prepare = Callable[[Case, str], Awaitable[None]]
HouseOf = Literal["shared", "op", "row", "none"]


def done(_: Case, __: str, ___: str, ____: Data) -> str:
    """It was answered, which is all."""
    return "ok"


@dataclass(frozen=True)
class Ask:
    """`house`: whether a house is shared with other ops, which then only read, for the op alone, or for each line anew.
    `settings`: of the house. `alone`: each case has a connection of its own. `same_blank`: answers without the object
    are alike. `compared`: so are refusals, unless the caller asks by something that only they have.
    """

    builds: Mapping[str, Build]
    said: Said = done
    prepare: Prepare | None = None
    house: HouseOf = "op"
    settings: Mapping[str, bool] = field(default_factory=dict)
    alone: bool = False
    same_blank: bool = False
    compared: bool = True


def shows(needle: Callable[[Case, str, str], str]) -> Said:
    """Whether the answer has something in it."""

    def said(case: Case, who: str, of: str, answer: Data) -> str:
        text = json.dumps(answer, ensure_ascii=False)
        return "ok" if needle(case, who, of) in text else "not there"

    return said


def among(op: str, key: str, sought: Callable[[Case, str, str], Any], found: Callable[[Data], Any]) -> Said:
    """Whether something is in a list, of which the answer is the first page."""

    async def said(case: Case, who: str, of: str, answer: Data) -> str:
        while True:
            if sought(case, who, of) in map(found, answer[key]):
                return "ok"
            if "more" not in answer:
                return "not there"
            answer = await case.cast.callers[who].ask(op, after=answer["more"])

    return said


def says(key: str, **words: str) -> Said:
    """The answer's own word for what happened; `words` are what others are called in the table."""

    def said(_: Case, __: str, ___: str, answer: Data) -> str:
        found = str(answer[key])
        return words.get(found, found)

    return said


def places(**more: Any) -> dict[str, Build]:
    """The ways to name a group: this one, another one, none."""
    return {
        "here": lambda c, _: {"group": c.group} | more,
        "elsewhere": lambda c, _: {"group": c.elsewhere.group} | more,
        "nowhere": lambda c, _: {"group": c.nowhere} | more,
    }


def messages(**more: Any) -> dict[str, Build]:
    """The ways to name a message by group and position."""

    def here(pos: Callable[[House, str], int]) -> Build:
        return lambda c, who: {"group": c.group, "pos": pos(c.house, who)} | more

    return {
        "own": here(lambda h, who: h.own[who]),
        "other": here(lambda h, _: h.other),
        "recalled": here(lambda h, _: h.recalled),
        "before": here(lambda h, _: h.before),
        "absent": here(lambda _, __: 9_000),
        "elsewhere": lambda c, _: {"group": c.elsewhere.group, "pos": c.elsewhere.pos} | more,
        "nowhere": lambda c, _: {"group": c.nowhere, "pos": 2} | more,
    }


def members(**more: Any) -> dict[str, Build]:
    """The ways to name somebody to do something to. `other` is the caller's prey, so that each has their own."""

    def here(user: Callable[[Case, str], str]) -> Build:
        return lambda c, who: {"group": c.group, "user": user(c, who)} | more

    def above(c: Case, who: str) -> str:
        if who == "owner":
            raise KeyError(who)
        return c.user("owner")

    return {
        "other": here(lambda c, who: c.cast.prey[who].user),
        "other.admin": here(lambda c, _: c.cast.staff["deputy"].user),
        "other.owner": here(above),
        "own": here(lambda c, who: c.user(who)),
        "outsider": here(lambda c, _: c.cast.resident.user),
        "absent": here(lambda c, _: c.nobody),
        "elsewhere": lambda c, _: {"group": c.elsewhere.group, "user": c.elsewhere.user} | more,
        "nowhere": lambda c, _: {"group": c.nowhere, "user": c.cast.staff["mate"].user} | more,
    }


def only(builds: Mapping[str, Build], *names: str) -> dict[str, Build]:
    """Some of them."""
    return {name: builds[name] for name in names}


def but(builds: Mapping[str, Build], *names: str) -> dict[str, Build]:
    """All but some of them."""
    return {name: build for name, build in builds.items() if name not in names}
