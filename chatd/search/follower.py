"""Follows the log into an index, in portions: commit after commit, or, when that list does not reach back far enough,
group after group.

Each portion is one transaction of the index, with how far it is; whoever stops between two goes on from there. Nothing
is held while it waits: `work` yields after each portion, and its caller decides when the next one is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from chatd.core.messages import search_text
from chatd.core.values import Entry
from chatd.search.index import Doc, Index, Place, Portion, State, bits_of, doc_id, ticks_of
from chatd.search.log import Log
from chatd.search.tokens import runs_of, terms_of

REWRITES: Final = frozenset({"edit", "recall"})
"""Entries after which the message they refer to has another text, or none."""
COMMITS_MAX: Final = 500
GROUPS_MAX: Final = 500


class Follower:
    """`new_generation` names an index that is made anew; `portion_entries` bounds one transaction."""

    def __init__(self, log: Log, index: Index, portion_entries: int, new_generation: Callable[[], str]) -> None:
        self._log = log
        self._index = index
        self._portion_entries = portion_entries
        self._new_generation = new_generation
        self._portion = Portion()

    def open(self) -> None:
        """Take up where the index is."""
        self._index.open(self._log.epoch(), self._new_generation())

    def rebuild(self) -> None:
        """Empty the index; the next work fills it."""
        self._index.wipe(self._log.epoch(), self._new_generation())

    @property
    def state(self) -> State:
        return self._index.state

    @property
    def sweeping(self) -> bool:
        """Whether older entries than the newest commits are still missing."""
        return self.state.sweep_after is not None

    def work(self) -> Iterator[None]:
        """Everything there is to do now; yields after each portion."""
        self._portion = Portion()
        if self.state.sweep_after is None and not self._reaches_back():
            self._begin_sweep()
        if self.state.sweep_after is not None:
            yield from self._sweep()
        while commits := self._log.commits_after(self.state.n, COMMITS_MAX):
            groups = dict.fromkeys(group for _, touched in commits for group in touched)
            yield from self._read_groups(list(groups))
            self._apply(msgspec.structs.replace(self.state, n=commits[-1][0]))
            yield

    # -- group after group

    def _reaches_back(self) -> bool:
        """Whether the list of commits goes on where the index is. One that is ahead is of another past."""
        last = self._log.last_commit()
        if last < self.state.n:
            self.rebuild()
            return False
        if last == self.state.n:
            return True
        first = self._log.commits_after(self.state.n, 1)
        return bool(first) and first[0][0] == self.state.n + 1

    def _begin_sweep(self) -> None:
        fresh = msgspec.structs.replace(self.state, n=self._log.last_commit(), sweep_after="", swept=0)
        fresh.total = self._log.size()
        self._index.apply(Portion(), fresh)

    def _sweep(self) -> Iterator[None]:
        if not self.state.total and not self.state.sweep_after:
            self._begin_sweep()
        while groups := self._log.groups_after(self.state.sweep_after or "", GROUPS_MAX):
            yield from self._read_groups([group for group, _ in groups])
            self._apply(msgspec.structs.replace(self.state, sweep_after=groups[-1][0]))
            yield
        self._index.apply(Portion(), msgspec.structs.replace(self.state, sweep_after=None))

    # -- portions

    def _read_groups(self, groups: list[str]) -> Iterator[None]:
        """Take in what these groups have beyond what the index has; the last piece stays open."""
        for group, place in self._index.places(groups).items():
            more = True
            while more:
                asked = self._portion_entries - self._portion.read
                entries = self._log.page(group, place.upto, asked)
                for entry, target in entries:
                    self._take(place, entry, target)
                if entries:
                    self._portion.places[group] = place
                more = len(entries) == asked
                if self._portion.read >= self._portion_entries:
                    self._apply(self.state)
                    yield

    def _apply(self, state: State) -> None:
        portion, self._portion = self._portion, Portion()
        if self.sweeping:
            state = msgspec.structs.replace(state, swept=self.state.swept + portion.read)
        self._index.apply(portion, state)

    def _take(self, place: Place, entry: Entry, target: Entry | None) -> None:
        portion = self._portion
        portion.read += 1
        place.upto = entry.pos
        if entry.kind == "message":
            # Messages of one moment stay in their order, whatever becomes of some of them later.
            place.clock = max(ticks_of(entry.at), place.clock + 1)
            self._put(place.gid, entry, place.clock)
        elif entry.kind in REWRITES and target is not None:
            self._put(place.gid, target, ticks_of(target.at))

    def _put(self, gid: int, message: Entry, ticks: int) -> None:
        """The message as it is now."""
        key = (gid, message.pos)
        runs = runs_of(terms_of(search_text(message) or ""))
        if not runs:
            self._portion.docs.pop(key, None)
            self._portion.gone.add(key)
            return
        known = self._portion.docs.get(key)
        number = known.id if known is not None else doc_id(ticks, bits_of(message.group))
        self._portion.gone.discard(key)
        self._portion.docs[key] = Doc(number, gid, message.pos, message.actor or "", message.body["type"], runs)
