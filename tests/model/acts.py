"""What people may do, drawn from small numbers: turns (kind, a, b, c) into a request that means something in the world.

About one in ten is meant to be refused. It knows the model, for picking; it must not know the server.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from tests.model.rules import Entry, Group, World

Json = dict[str, Any]
T = TypeVar("T")
SIGNS = ("👍", "❤", "x")
RULES = ("none", "last:1", "last:2", "all")
NOBODY = "u" + "0" * 20


class Act(NamedTuple):
    """A request of somebody."""

    user: str
    op: str
    data: Json


def pick(things: Sequence[T], number: int) -> T | None:
    return things[number % len(things)] if things else None


class Acts:
    """Makes acts; remembers those that were made, so that they can be repeated."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.made: list[Act] = []
        self.present: Sequence[str] = ()
        self._numbers = itertools.count(1)

    def make(self, kind: str, a: int, b: int, c: int, present: Sequence[str]) -> Act | None:
        """The act of somebody who is there, or None if the world has nothing to do it with yet."""
        self.present = present
        user = pick(present, a)
        act = KINDS[kind](self, user, b, c) if user else None
        if act is not None and act not in self.made:
            self.made.append(act)
        return act

    def cid(self) -> str:
        number = next(self._numbers).to_bytes(16, "big")
        return base64.urlsafe_b64encode(number).rstrip(b"=").decode()

    def text(self) -> str:
        return f"第 {next(self._numbers)} words"

    # -- picking

    def other(self, number: int) -> str:
        return NOBODY if number % 23 == 22 else self.world.users[number % len(self.world.users)]

    def group(self, user: str, number: int) -> Group | None:
        """Nearly always one that the user is in."""
        groups = list(self.world.groups.values())
        mine = [group for group in groups if group.stay(user)]
        return pick(groups if number % 11 == 10 else mine, number)

    def boss(self, user: str, group: Group, number: int) -> str:
        """Mostly somebody who may, where members may not."""
        bosses = [one for one in self.present if (stay := group.stay(one)) and stay.role != "member"]
        return pick(bosses, number) or user if number % 4 else user

    def message(self, group: Group, user: str, number: int, *, own: bool) -> Entry | None:
        """Nearly always one that is still there; recent ones more often, `own` ones if there are some."""
        messages = [entry for entry in group.log if entry.kind == "message"]
        there = [entry for entry in messages if not entry.recalled] if number % 7 else messages
        mine = [entry for entry in there if entry.by == user] if own and number % 5 else []
        chosen = mine or there or messages
        return pick(chosen[-3:] if number % 3 else chosen, number // 3)

    # -- relations

    def edge(self, user: str, op: str, number: int) -> Act:
        return Act(user, op, {"user": self.other(number), "cid": self.cid()})

    # -- groups

    def create(self, user: str, b: int, c: int) -> Act:
        data: Json = {"cid": self.cid(), "kind": "private", "title": f"group {b}", "history": RULES[c % 4]}
        if b % 3 == 0:
            data["limit"] = 2 + c % 6
        return Act(user, "group.create", data)

    def direct(self, user: str, b: int, _: int) -> Act:
        return Act(user, "group.create", {"cid": self.cid(), "kind": "direct", "user": self.other(b)})

    def update(self, user: str, b: int, c: int) -> Act | None:
        change: Json = (
            {"title": f"title {c}"},
            {"history": RULES[c % 4]},
            {"limit": 2 + c % 6},
            {"intro": "x" * (c % 2)},
        )[b % 4]
        return self._in_group(user, "group.update", b, change, boss=True)

    def add(self, user: str, b: int, c: int) -> Act | None:
        people = self.world.users
        chosen = [people[(b + i) % len(people)] for i in range(1 + c % 3)]
        return self._in_group(user, "member.add", c, {"users": chosen})

    def leave(self, user: str, b: int, _: int) -> Act | None:
        return self._in_group(user, "member.leave", b, {})

    def kick(self, user: str, b: int, c: int) -> Act | None:
        return self._in_group(user, "member.kick", c, {"user": self.other(b)}, boss=True)

    def role(self, user: str, b: int, c: int) -> Act | None:
        role = ("admin", "admin", "member")[c % 3]
        return self._in_group(user, "member.role", c, {"user": self.other(b), "role": role}, boss=True)

    def _in_group(self, user: str, op: str, number: int, data: Json, *, boss: bool = False) -> Act | None:
        group = self.group(user, number)
        if group is None:
            return None
        actor = self.boss(user, group, number) if boss else user
        return Act(actor, op, {"group": group.id, "cid": self.cid()} | data)

    # -- messages

    def send(self, user: str, b: int, c: int) -> Act | None:
        group = self.group(user, b)
        if group is None:
            return None
        data: Json = {"group": group.id, "cid": self.cid(), "kind": "text", "body": {"text": self.text()}}
        before = [act for act in self.made if act.op == "message.send" and act.user == user]
        if before and c % 4 == 3:
            data["after"] = before[-1 - c % len(before)].data["cid"]
        return Act(user, "message.send", data)

    def reply(self, user: str, b: int, c: int) -> Act | None:
        act, target = self.send(user, b, 0), self._target(user, b, c)
        if act is None or target is None:
            return None
        return Act(user, act.op, act.data | {"reply_to": target["pos"]})

    def edit(self, user: str, b: int, c: int) -> Act | None:
        return self._change(user, "message.edit", b, c, {"text": self.text()}, own=True)

    def recall(self, user: str, b: int, c: int) -> Act | None:
        return self._change(user, "message.recall", b, c, {}, own=True)

    def react(self, user: str, b: int, c: int) -> Act | None:
        return self._change(user, "reaction.add", b, c, {"emoji": SIGNS[c % 3]})

    def unreact(self, user: str, b: int, c: int) -> Act | None:
        return self._change(user, "reaction.remove", b, c, {"emoji": SIGNS[c % 3]})

    def _target(self, user: str, b: int, c: int, *, own: bool = False) -> Json | None:
        group = self.group(user, b)
        entry = self.message(group, user, c, own=own) if group else None
        if group is None or entry is None:
            return None
        return {"group": group.id, "pos": entry.pos + (c % 19 == 18)}

    def _change(self, user: str, op: str, b: int, c: int, data: Json, *, own: bool = False) -> Act | None:
        target = self._target(user, b, c, own=own)
        return Act(user, op, target | {"cid": self.cid()} | data) if target else None

    # -- once more

    def again(self, user: str, b: int, c: int) -> Act | None:
        """The very same request, of whoever made it."""
        return pick(self.made, -1 - b * 16 - c)

    def conflict(self, user: str, b: int, c: int) -> Act | None:
        """Another request under a cid that its maker used before."""
        old = pick(self.made, -1 - b)
        new = self.edge(old.user, "follow.add", c) if old and c % 2 else old and self.send(old.user, b, c)
        return Act(old.user, new.op, new.data | {"cid": old.data["cid"]}) if old and new else None


KINDS: dict[str, Callable[[Acts, str, int, int], Act | None]] = {
    "follow": lambda acts, user, b, _: acts.edge(user, "follow.add", b),
    "unfollow": lambda acts, user, b, _: acts.edge(user, "follow.remove", b),
    "block": lambda acts, user, b, _: acts.edge(user, "block.add", b),
    "unblock": lambda acts, user, b, _: acts.edge(user, "block.remove", b),
    "create": Acts.create,
    "direct": Acts.direct,
    "update": Acts.update,
    "add": Acts.add,
    "leave": Acts.leave,
    "kick": Acts.kick,
    "role": Acts.role,
    "send": Acts.send,
    "reply": Acts.reply,
    "edit": Acts.edit,
    "recall": Acts.recall,
    "react": Acts.react,
    "unreact": Acts.unreact,
    "again": Acts.again,
    "conflict": Acts.conflict,
}
