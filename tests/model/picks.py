"""Picking people, groups and messages by small numbers, so that what is asked for means something in the world.

About one pick in ten is meant to be refused. It knows the model, for picking; it must not know the server.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from tests.model.rules import Entry, Group, World

Json = dict[str, Any]
T = TypeVar("T")
NOBODY = "u" + "0" * 20
WORDS = ("苹果派", "green tea", "果汁", "tea time", "派对", "time")


class Act(NamedTuple):
    """A request of somebody."""

    user: str
    op: str
    data: Json


def pick(things: Sequence[T], number: int) -> T | None:
    return things[number % len(things)] if things else None


class Picks:
    """Knows who is there and what was asked before."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.made: list[Act] = []
        self.present: Sequence[str] = ()
        self.clocked = True
        """The clock is ours: times may be short."""
        self._numbers = itertools.count(1)

    def cid(self) -> str:
        number = next(self._numbers).to_bytes(16, "big")
        return base64.urlsafe_b64encode(number).rstrip(b"=").decode()

    def text(self) -> str:
        number = next(self._numbers)
        return f"第 {number} {WORDS[number % len(WORDS)]}"

    # -- picking

    def other(self, number: int) -> str:
        return NOBODY if number % 23 == 22 else self.world.known[number % len(self.world.known)]

    def group(self, user: str, number: int) -> Group | None:
        """Nearly always one that the user is in."""
        groups = list(self.world.groups.values())
        mine = [group for group in groups if group.stay(user)]
        return pick(groups if number % 11 == 10 else mine, number)

    def boss(self, user: str, group: Group, number: int) -> str:
        """Mostly somebody who may, where members may not."""
        bosses = [one for one in self.present if group.role(one) in ("admin", "owner")]
        return pick(bosses, number) or user if number % 4 else user

    def place(self, group: Group, number: int) -> Json:
        """Where something is said in a group that has sections: nearly always in one that is open."""
        numbers = [one["section"] for one in group.sections if not one.get("closed")]
        if len(group.sections) > 1 and number % 5 == 4:
            numbers = [len(group.sections), *(one["section"] for one in group.sections if one.get("closed"))]
        section = pick(numbers[::-1], number // 2)
        return {"section": section} if section else {}

    def message(self, group: Group, user: str, number: int, *, own: bool) -> Entry | None:
        """Nearly always one that is still there; recent ones more often, `own` ones if there are some."""
        messages = [entry for entry in group.log if entry.kind == "message"]
        there = [entry for entry in messages if not entry.recalled] if number % 7 else messages
        mine = [entry for entry in there if entry.by == user] if own and number % 5 else []
        chosen = mine or there or messages
        return pick(chosen[-3:] if number % 3 else chosen, number // 3)

    def short(self, seconds: int) -> int:
        """A time that a turned clock passes, or one that never does."""
        return seconds if self.clocked else 86_400

    # -- shapes that many requests have

    def in_group(self, user: str, op: str, number: int, data: Json, *, boss: bool = False) -> Act | None:
        group = self.group(user, number)
        if group is None:
            return None
        actor = self.boss(user, group, number) if boss else user
        return Act(actor, op, {"group": group.id, "cid": self.cid()} | data)

    def on_member(self, user: str, op: str, b: int, c: int, data: Json) -> Act | None:
        """Somebody who may, on somebody who is nearly always in."""
        group = self.group(user, c)
        if group is None:
            return None
        other = pick([one for one in group.people() if group.role(one) != "owner"], b) if b % 5 else self.other(b)
        data = {"group": group.id, "cid": self.cid(), "user": other or self.other(b)} | data
        return Act(self.boss(user, group, c), op, data)

    def on_message(
        self, user: str, op: str, b: int, c: int, data: Json, *, own: bool = False, boss: bool = False
    ) -> Act | None:
        group = self.group(user, b)
        entry = self.message(group, user, c, own=own) if group else None
        if group is None or entry is None:
            return None
        actor = self.boss(user, group, b) if boss else user
        return Act(actor, op, {"group": group.id, "pos": entry.pos + (c % 19 == 18), "cid": self.cid()} | data)

    def outside(self, user: str, number: int) -> tuple[Group | None, str]:
        """Nearly always somebody who is not in, before a door that opens."""
        groups = [group for group in self.world.groups.values() if group.kind != "direct"]
        found = [(group, one) for group in groups for one in self.present if not group.stay(one)]
        doors = [pair for pair in found if pair[0].entry != "invite"]
        chosen = (doors or found) if number % 7 else found
        return pick(chosen, number) or (pick(groups, number), user)
