"""Faults of what people do day after day: invites counted beside the commit, pins acknowledged before it, groups that
are never told of a changed card, an index that believes to have what it has not. Planted by `planted`."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from chatd.core import invites, requests
from chatd.core.invite_rows import Invite
from chatd.core.wishes import AnyWish
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed

BATCHES_LATE: Final = 40


class UsesApart(Engine):
    """Uses of invites are counted in a transaction of their own, some commits later."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._uses: list[str] = []
        self._held: list[tuple[int, str]] = []
        self._batch = 0
        for module in (invites, requests):
            module.count_use = self._count_later  # type: ignore[attr-defined]

    def _count_later(self, _: object, invite: Invite) -> None:
        self._uses.append(invite.invite_id)

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        self._batch += 1
        due = [invite for number, invite in self._held if number <= self._batch]
        self._held = [(number, invite) for number, invite in self._held if number > self._batch]
        if due:
            self._db.begin()
            for invite in due:
                self._db.run("UPDATE invites SET uses = uses + 1 WHERE invite_id = ?", (invite,))
            self._db.commit()
        outcomes = super().settle(batch)
        self._held += [(self._batch + BATCHES_LATE, invite) for invite in self._uses]
        self._uses = []
        return outcomes


class CardsForgotten(Engine):
    """Which groups are still to be told of a changed card is known to nobody after a kill."""

    def _take_over(self) -> int:
        self._db.begin()
        self._db.run("DELETE FROM card_changes")
        self._db.commit()
        return super()._take_over()


def is_pin(wish: AnyWish) -> bool:
    """Whether it puts something on a board, or takes it off."""
    return type(wish).__name__ in {"Pin", "Unpin"}


def skip_index() -> None:
    """The index believes to have everything that is there when the server starts."""
    path = Path(os.environ["CHATD_STORE__URL"].removeprefix("sqlite:///"))
    index = path.with_suffix(".search.db")
    if not index.exists():
        return
    with closing(sqlite3.connect(path)) as db:
        heads = db.execute("SELECT head, group_id FROM groups").fetchall()
        (n,) = db.execute("SELECT n FROM writers").fetchone()
    with closing(sqlite3.connect(index, timeout=30)) as db:
        (state,) = db.execute("SELECT value FROM state WHERE key = 'state'").fetchone()
        db.executemany("UPDATE groups SET upto = ? WHERE group_id = ?", heads)
        db.execute("UPDATE state SET value = ? WHERE key = 'state'", (json.dumps(json.loads(state) | {"n": n}),))
        db.commit()
