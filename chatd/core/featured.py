"""Featured posts (精华): a list that those with the right keep, for the best of a group. Judged inside the commit."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chatd.core.board import Featured, board_of, sweep_again
from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.pins import audit_keeper, board_keeper, need_board
from chatd.core.proposal import Command
from chatd.core.refusal import Refused


class Feature(Command, frozen=True, tag="feature"):
    """Make a message a featured post, or change its note."""

    group: str
    pos: int
    note: str

    def needs(self, need: Needs) -> None:
        need_board(need, self.group, self.actor, self.pos)
        need.record(Featured, self.group, self.pos)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `forbidden`, `read_only`, `limit`."""
        group, _ = board_keeper(facts, self.group, self.actor, self.pos, "feature")
        before = facts.find(Featured, self.group, self.pos)
        if before is not None and before.note == self.note:
            return {"group": group.id, "target": self.pos}
        board, most = board_of(facts, self.group), facts.bounds.featured_per_group
        if before is None and board.featured >= most:
            raise Refused("limit", bound="featured_per_group", max=most)
        if before is None:
            facts.put(replace(board, featured=board.featured + 1))
        facts.put(Featured(self.group, self.pos, self.actor, facts.now_ms, self.note))
        body = {"note": self.note}
        entry = facts.append(group, "feature", self.actor, body, cid=self.cid, digest=self.digest, target=self.pos)
        audit_keeper(facts, group, self.actor, "feature.add", self.pos, entry.pos)
        return {"group": group.id, "pos": entry.pos, "target": self.pos}


class Unfeature(Command, frozen=True, tag="unfeature"):
    """Take a message off the list."""

    group: str
    pos: int

    def needs(self, need: Needs) -> None:
        need_board(need, self.group, self.actor, self.pos)
        need.record(Featured, self.group, self.pos)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `forbidden`, `read_only`."""
        group, _ = board_keeper(facts, self.group, self.actor, self.pos, "feature")
        if facts.find(Featured, self.group, self.pos) is None:
            return {"group": group.id, "target": self.pos}
        board = board_of(facts, self.group)
        facts.drop(Featured, self.group, self.pos)
        facts.put(replace(board, featured=board.featured - 1))
        sweep_again(facts, group.id, self.pos)
        entry = facts.append(group, "unfeature", self.actor, {}, cid=self.cid, digest=self.digest, target=self.pos)
        audit_keeper(facts, group, self.actor, "feature.remove", self.pos, entry.pos)
        return {"group": group.id, "pos": entry.pos, "target": self.pos}
