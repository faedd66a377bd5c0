"""What happens to a database that was brought back to an older state: what has gone since goes again.

The ledger says what. Nobody's right is asked for: it was asked for when it went. Each of these may be done twice, and
does nothing where there is nothing left of it, or something else has taken its place.
"""

from __future__ import annotations

from typing import Any

from chatd.core import cards
from chatd.core.dissolution import dissolve, end_stays, need_stays
from chatd.core.facts import Facts
from chatd.core.messages import need_taking_back, take_back
from chatd.core.needs import Needs
from chatd.core.proposal import Wish


class RecallAgain(Wish, frozen=True, tag="unsay"):
    """A message that was made at `made_at` had been recalled, by `by`. `cid` and `digest` are fresh."""

    group: str
    pos: int
    made_at: int
    by: str
    cid: str
    digest: bytes

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.entries.add((self.group, self.pos))
        need.users.add(self.by)
        need_taking_back(need, self.group, self.pos)

    def decide(self, facts: Facts) -> dict[str, Any]:
        group = facts.groups.get(self.group)
        entry = facts.entries.get((self.group, self.pos))
        if group is None or entry is None or entry.kind != "message" or entry.at != self.made_at or entry.recalled:
            return {"done": False}
        # Whoever recalled it may have come later than this state.
        by = self.by if self.by in facts.users else entry.actor or ""
        take_back(facts, group, entry, by)
        body = {"again": True}
        new = facts.append(group, "recall", by, body, cid=self.cid, digest=self.digest, target=self.pos)
        cards.remove_card(facts, self.group, self.pos, new.pos)
        return {"done": True}


class EndAgain(Wish, frozen=True, tag="unmake"):
    """A group had been dissolved and was gone. `users`: some of those who are in it now; with the last it is gone."""

    group: str
    users: list[str]

    def needs(self, need: Needs) -> None:
        need_stays(need, self.group, self.users)

    def decide(self, facts: Facts) -> dict[str, Any]:
        group = facts.groups.get(self.group)
        if group is None or (group.dissolved_at is not None and not group.members):
            return {"done": False}
        if group.dissolved_at is None:
            dissolve(facts, group, None)
            facts.audit("group.dissolve", by=None, group=group.id, pos=group.head)
        end_stays(facts, group, self.users)
        return {"done": True}


class NoteBackup(Wish, frozen=True, tag="backup"):
    """The operator made a backup, which holds everything up to commit `n`."""

    n: int
    size_bytes: int

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        facts.audit("backup", by=None, n=self.n, bytes=self.size_bytes)
        return {"n": self.n}


class NoteRestore(Wish, frozen=True, tag="restore"):
    """The operator brought back the state of `made_at` (ms), commit `n`; so many things went again, by kind."""

    n: int
    made_at: int
    again: dict[str, int]

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        facts.audit("restore", by=None, n=self.n, made_at=self.made_at, again=self.again or None)
        return {"n": self.n}
