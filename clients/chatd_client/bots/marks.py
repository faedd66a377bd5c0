"""How far the bot has got: the cursor of each group, and that of its own log, whose entries are done out of order.

An entry of the bot's own log belongs to a group and is handled in that group's turn. So its cursor stays before the
first that is not done, and those behind it that are done are kept by number until it has passed them.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatd_client.bots.happenings import Unit
from chatd_client.bots.store import MINE, Step
from chatd_client.cursors import FLOOR, Cursors, Mark
from chatd_client.feed import last_pos
from chatd_protocol.log import MineEntry, UnknownEntry


class Marks:
    """What is handled. `pass_over` says what becomes true with a unit, `passed` that it has."""

    def __init__(self, cursors: Cursors, taken: Iterable[int]) -> None:
        self.groups: dict[str, Mark] = dict(cursors.heads)
        self.mine = cursors.mine
        self._times: dict[int, int] = {}
        """Entries of the bot's own log that came and are not behind its cursor, in order, with their times."""
        self._taken = set(taken)
        self.done: dict[str, int] = {}
        """The last entry of each group that was handled, also where it has no time."""

    def receive(self, entries: Iterable[MineEntry]) -> list[MineEntry]:
        """Entries of the bot's own log came. Those that are not done yet."""
        fresh = []
        for entry in entries:
            self._times[entry.upos] = entry.at
            if entry.upos not in self._taken:
                fresh.append(entry)
        return fresh

    @property
    def load(self) -> int:
        """How many of the bot's own log are not behind its cursor."""
        return len(self._times)

    def base(self, place: str, mark: Mark | None, step: Step) -> None:
        """Where a place begins that nothing is known of yet."""
        if mark is None:
            return
        if place == MINE:
            self.mine = step.cursors[MINE] = mark
        elif place != MINE and place not in self.groups:
            self.groups[place] = step.cursors[place] = mark

    def pass_over(self, unit: Unit, step: Step) -> None:
        """What becomes true when this has been handled."""
        if unit.entry is not None and not isinstance(unit.entry, UnknownEntry):
            step.cursors[unit.place] = (last_pos(unit.entry), unit.entry.at)
        elif unit.floor is not None and unit.floor < 0:
            step.cursors[unit.place] = None
        elif unit.mine is not None:
            self._pass_mine(unit.mine, step)

    def passed(self, unit: Unit) -> None:
        """It has been."""
        step = Step()
        self.pass_over(unit, step)
        for place, mark in step.cursors.items():
            if place == MINE:
                continue
            if mark is None:
                self.groups.pop(place, None)
            else:
                self.groups[place] = mark
        if unit.entry is not None:
            self.done[unit.place] = last_pos(unit.entry)
        elif unit.floor is not None:
            self.done[unit.place] = max(unit.floor, 0)
        elif unit.mine is not None:
            self._taken.add(unit.mine.upos)
            for number, at in list(self._times.items()):
                if number not in self._taken:
                    break
                self.mine = (number, at)
                del self._times[number]
                self._taken.discard(number)

    def caught_up(self, upos: int) -> bool:
        """Whether everything of the bot's own log up to here is handled."""
        return self.mine is not None and self.mine[0] >= upos

    def start_anew(self) -> None:
        """The past is another one."""
        self.groups.clear()
        self.done.clear()
        self._times.clear()
        self._taken.clear()
        self.mine = None

    def _pass_mine(self, entry: MineEntry, step: Step) -> None:
        mark: Mark | None = None
        for number, at in self._times.items():
            if number != entry.upos and number not in self._taken:
                break
            mark = (number, at)
        if mark is not None:
            step.cursors[MINE] = mark
        else:
            step.taken.append(entry.upos)
        if entry.group is None:
            return
        known = self.groups.get(entry.group)
        if entry.kind == "added" and known is None:
            step.cursors[entry.group] = FLOOR
        elif entry.kind == "removed" and (known is None or known[0] <= (entry.pos or 0)):
            step.cursors[entry.group] = None
            step.ended = entry.group
