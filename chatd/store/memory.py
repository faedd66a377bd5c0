"""What the engine remembers: commands that were accepted, and the groups and members of the last commits."""

from __future__ import annotations

from typing import Any

import orjson

from chatd.core.facts import Facts
from chatd.core.proposal import Command
from chatd.core.values import Group, Member
from chatd.store.database import Row

CACHED_GROUPS = 20_000
CACHED_MEMBERS = 100_000


class Cache:
    """Groups and memberships as they were after the last commit.

    Only for a database that nobody else writes (the embedded one, by its lock); any rollback empties it. With other
    writers a row would have to be locked to be believed, and a locked row is a read one.
    """

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.members: dict[tuple[str, str], Member] = {}

    def keep(self, facts: Facts) -> None:
        """What a commit has read and changed. Bounded by starting over."""
        if len(self.groups) > CACHED_GROUPS or len(self.members) > CACHED_MEMBERS:
            self.clear()
        self.groups.update(facts.groups)
        self.members.update(facts.members)

    def clear(self) -> None:
        """Forget everything."""
        self.groups.clear()
        self.members.clear()


class Known(dict[tuple[str, str], tuple[bytes, dict[str, Any]]]):
    """Commands that were accepted before, in earlier commits or earlier in this batch; and the rows to keep."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def add(self, wish: Command, answer: dict[str, Any], keep_at_ms: int | None) -> None:
        """Remember an accepted command; with `keep_at_ms`, by a row of its own."""
        self[wish.actor, wish.cid] = (wish.digest, answer)
        if keep_at_ms is not None:
            self.rows.append((wish.actor, wish.cid, wish.digest, orjson.dumps(answer).decode(), keep_at_ms))
