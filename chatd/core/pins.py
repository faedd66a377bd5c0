"""Pinned messages: a group's short list, in an order that those with the right choose. Judged inside the commit."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chatd.core.board import Board, board_of, sweep_again
from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.rights import check_writable, require
from chatd.core.values import Group, Member


class Pin(Command, frozen=True, tag="pin"):
    """Pin a message above the pinned message `above`, or above all; move it there if it is pinned."""

    group: str
    pos: int
    above: int | None

    def needs(self, need: Needs) -> None:
        need_board(need, self.group, self.actor, self.pos)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found` (also if `above` is not pinned), `gone`, `forbidden`, `read_only`, `limit`."""
        group, member = board_keeper(facts, self.group, self.actor, self.pos, "pin")
        board = board_of(facts, self.group)
        before = [pin[0] for pin in board.pins]
        pins = [pin for pin in board.pins if pin[0] != self.pos]
        place = self._place(member, pins)
        most = facts.bounds.pins_per_group
        if len(pins) >= most:
            raise Refused("limit", bound="pins_per_group", max=most)
        pin = next((pin for pin in board.pins if pin[0] == self.pos), [self.pos, self.actor, facts.now_ms])
        pins.insert(place, pin)
        if [pin[0] for pin in pins] == before:
            return {"group": group.id, "target": self.pos}
        facts.put(replace(board, pins=pins))
        body = {"above": pins[place + 1][0]} if place + 1 < len(pins) else {}
        entry = facts.append(group, "pin", self.actor, body, cid=self.cid, digest=self.digest, target=self.pos)
        audit_keeper(facts, group, self.actor, "pin.add", self.pos, entry.pos)
        return {"group": group.id, "pos": entry.pos, "target": self.pos}

    def _place(self, member: Member, pins: list[Any]) -> int:
        if self.above is None or self.above == self.pos:
            return 0
        known = [pin[0] for pin in pins]
        if self.above not in known or self.above <= member.from_pos:
            raise Refused("not_found")
        return known.index(self.above)


class Unpin(Command, frozen=True, tag="unpin"):
    """Take a message off the list."""

    group: str
    pos: int

    def needs(self, need: Needs) -> None:
        need_board(need, self.group, self.actor, self.pos)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `forbidden`, `read_only`."""
        group, _ = board_keeper(facts, self.group, self.actor, self.pos, "pin")
        board = board_of(facts, self.group)
        pins = [pin for pin in board.pins if pin[0] != self.pos]
        if pins == board.pins:
            return {"group": group.id, "target": self.pos}
        facts.put(replace(board, pins=pins))
        sweep_again(facts, group.id, self.pos)
        entry = facts.append(group, "unpin", self.actor, {}, cid=self.cid, digest=self.digest, target=self.pos)
        audit_keeper(facts, group, self.actor, "pin.remove", self.pos, entry.pos)
        return {"group": group.id, "pos": entry.pos, "target": self.pos}


def need_board(need: Needs, group: str, actor: str, pos: int) -> None:
    """What it takes to change something on a group's board."""
    need.groups.add(group)
    need.members.add((group, actor))
    need.entries.add((group, pos))
    need.record(Board, group)


def board_keeper(facts: Facts, group_id: str, user: str, pos: int, right: str) -> tuple[Group, Member]:
    """The group and whoever may keep its board, for a message that they see. In a direct chat both keep it.

    Raises `not_found`, `gone`, `forbidden`, `read_only`.
    """
    member = facts.member(group_id, user)
    group = facts.groups[group_id]
    check_writable(group)
    if not group.direct:
        require(group, member, right)
    facts.visible_message(member, pos)
    return group, member


def audit_keeper(facts: Facts, group: Group, actor: str, act: str, target: int, pos: int) -> None:
    """Write down what was done by right; in a direct chat it is nobody's right."""
    if not group.direct:
        facts.audit(act, by=actor, group=group.id, pos=pos, target=target)
