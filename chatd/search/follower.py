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
from chatd.search.log import Commit, Log, Span
from chatd.search.tokens import runs_in

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
        self._floors: dict[str, int] = {}
        """Up to where nothing is to be found in groups that have gone through our hands: what is pinned there is read
        on the board."""
        self.behind = False
        """Whether the last portion was full: there is more to be had at once."""

    def open(self) -> None:
        """Take up where the index is."""
        self._index.open(self._log.epoch(), self._new_generation())

    def rebuild(self) -> None:
        """Empty the index; the next work fills it."""
        self._floors.clear()
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
        commits = self._log.commits_after(self.state.n, COMMITS_MAX)
        if not self.sweeping and not self._goes_on_with(commits):
            self._begin_sweep()
        if self.sweeping:
            yield from self._sweep()
            commits = self._log.commits_after(self.state.n, COMMITS_MAX)
        while commits:
            groups = dict.fromkeys(group for _, touched in commits for group in touched)
            yield from self._read_groups(self._log.heads(list(groups)))
            self._apply(msgspec.structs.replace(self.state, n=commits[-1][0]))
            self.behind = len(commits) == COMMITS_MAX
            yield
            commits = self._log.commits_after(self.state.n, COMMITS_MAX)

    # -- group after group

    def _goes_on_with(self, commits: list[Commit]) -> bool:
        """Whether the list of commits goes on where the index is. An index that is ahead is of another past."""
        if not commits:
            last = self._log.last_commit()
            if last < self.state.n:
                self.rebuild()
                return False
            if last == self.state.n:
                return True
            commits = self._log.commits_after(self.state.n, 1)
        return bool(commits) and commits[0][0] == self.state.n + 1

    def _begin_sweep(self) -> None:
        fresh = msgspec.structs.replace(self.state, n=self._log.last_commit(), sweep_after="", swept=0)
        fresh.total = self._log.size()
        self._index.apply(Portion(), fresh)

    def _sweep(self) -> Iterator[None]:
        if not self.state.total and not self.state.sweep_after:
            self._begin_sweep()
        while groups := self._log.groups_after(self.state.sweep_after or "", GROUPS_MAX):
            yield from self._read_groups(dict(groups))
            self._apply(msgspec.structs.replace(self.state, sweep_after=groups[-1][0]))
            yield
        self._index.apply(Portion(), msgspec.structs.replace(self.state, sweep_after=None))

    # -- portions

    def _read_groups(self, heads: dict[str, int]) -> Iterator[None]:
        """Take in what these groups have beyond what the index has; the last piece stays open."""
        places = self._index.places(list(heads)) if heads else {}
        for group, floor in self._log.floors(list(heads)).items():
            if floor > self._floors.get(group, 0):
                self._floors[group] = self._portion.cuts[places[group].gid] = floor
        for spans in self._cut_spans(heads, places):
            for entry, target in self._log.read(spans):
                self._take(places[entry.group], entry, target)
            for group, after, upto in spans:
                places[group].upto = upto
                self._portion.places[group] = places[group]
                self._portion.read += upto - after
            if self._portion.read >= self._portion_entries:
                self._apply(self.state)
                self.behind = True
                yield

    def _cut_spans(self, heads: dict[str, int], places: dict[str, Place]) -> Iterator[list[Span]]:
        """What the index does not have, in pieces that fit into what is left of the portion."""
        spans: list[Span] = []
        room = self._portion_entries - self._portion.read
        for group, head in heads.items():
            after = places[group].upto
            while after < head:
                upto = min(head, after + room)
                spans.append((group, after, upto))
                room -= upto - after
                after = upto
                if not room:
                    yield spans
                    spans, room = [], self._portion_entries - self._portion.read
        if spans:
            yield spans

    def _apply(self, state: State) -> None:
        portion, self._portion = self._portion, Portion()
        if self.sweeping:
            state = msgspec.structs.replace(state, swept=self.state.swept + portion.read)
        try:
            self._index.apply(portion, state)
        except BaseException:
            self._floors.clear()  # it is looked up again, and taken out then
            raise

    def _take(self, place: Place, entry: Entry, target: Entry | None) -> None:
        floor = self._floors.get(entry.group, 0)
        if floor and (entry.pos <= floor if entry.kind == "message" else (entry.target or floor + 1) <= floor):
            return
        if entry.kind == "message":
            # Messages of one moment stay in their order, whatever becomes of some of them later.
            place.clock = max(ticks_of(entry.at), place.clock + 1)
            self._put(place.gid, entry, place.clock)
        elif entry.kind in REWRITES and target is not None:
            self._put(place.gid, target, ticks_of(target.at))
        elif entry.kind == "erased":
            self._portion.erased.add((place.gid, entry.body["user"]))

    def _put(self, gid: int, message: Entry, ticks: int) -> None:
        """The message as it is now."""
        key = (gid, message.pos)
        runs = runs_in(search_text(message) or "")
        if not runs:
            self._portion.docs.pop(key, None)
            self._portion.gone.add(key)
            return
        known = self._portion.docs.get(key)
        number = known.id if known is not None else doc_id(ticks, bits_of(message.group))
        self._portion.gone.discard(key)
        self._portion.docs[key] = Doc(number, gid, message.pos, message.actor or "", message.body["type"], runs)
