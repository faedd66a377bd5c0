"""Faults of menus: presses that a new writer knows nothing of, and presses that count as often as they are said.
Planted by `planted`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatd.core.menus import Press
from chatd.core.wishes import AnyWish
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed


def is_press(wish: AnyWish) -> bool:
    """Whether somebody presses a button."""
    return isinstance(wish, Press)


class PressForgotten(Engine):
    """A new writer takes the newest press of each bot for one that was never told: it is not there any more."""

    def _take_over(self) -> int:
        newest: list[Any]
        self._db.begin()
        newest, _ = self._db.run(
            "SELECT m.user_id, m.upos FROM mine AS m JOIN users AS u ON u.user_id = m.user_id AND u.upos = m.upos"
            " WHERE m.kind = 'pressed'"
        )
        for user, upos in newest:
            self._db.run("DELETE FROM mine WHERE user_id = ? AND upos = ?", (user, upos))
            self._db.run("UPDATE users SET upos = ? WHERE user_id = ?", (upos - 1, user))
        self._db.commit()
        return super()._take_over()


class PressAgain(Engine):
    """A press whose answer did not arrive is a further one when it is said again."""

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        again = [proposed.wish for proposed in batch if isinstance(proposed.wish, Press)]
        if again:
            self._db.begin()
            for wish in again:
                self._db.run("DELETE FROM commands WHERE user_id = ? AND cid = ?", (wish.actor, wish.cid))
            self._db.commit()
        return super().settle(batch)
