"""Servers with exactly one fault each, so that the judge can be seen to find it.

`python -m tests.chaos.planted FAULT --port N` is `chatd serve` with that fault: a part of the hub replaced before it
starts, or another engine named to the writer. Nothing of it is in the server itself.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from chatd.core.messages import Send
from chatd.core.wishes import AnyWish
from chatd.store.database import Row
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed
from tests.chaos.planted_daily import CardsForgotten, UsesApart, is_pin, skip_index
from tests.chaos.planted_menus import PressAgain, PressForgotten, is_press
from tests.chaos.planted_people import DeclineForgotten, SectionNumberReused, SixSections, keep_only_main_reads

__all__ = [
    "CardsForgotten",
    "DeclineForgotten",
    "PressAgain",
    "PressForgotten",
    "SectionNumberReused",
    "SixSections",
    "UsesApart",
]
LATE_S: Final = 0.02
"""How long a snapshot lies before it is used, by which what comes late is sure to be late."""

# -- faults of the engine: classes that the writer is told to run


class _Late(Engine):
    """Commits a batch with messages only when the next one comes (read positions follow them before long)."""

    _held: Outcome | None = None

    def is_late(self, wish: AnyWish) -> bool:
        """Whether this delays its commit."""
        return isinstance(wish, Send)

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        before = self._let_go()
        if not any(self.is_late(proposed.wish) for proposed in batch):
            return before + super().settle(batch)
        commit = self._db.commit
        self._db.commit = lambda: None  # type: ignore[method-assign]
        try:
            outcome = self._commit(batch)
        except Exception:  # noqa: BLE001 - as the engine does it: what spoils a batch is found by halves
            self._roll_back()
            self._db.commit = commit  # type: ignore[method-assign]
            return before + super().settle(batch)
        finally:
            self._db.commit = commit  # type: ignore[method-assign]
        if outcome.n == 0:
            return [*before, outcome]
        self._held = outcome
        return [*before, self.early(outcome)]

    def _let_go(self) -> list[Outcome]:
        if self._held is None:
            return []
        outcome, self._held = self._held, None
        self._db.commit()
        return [self.late(outcome)]

    def early(self, outcome: Outcome) -> Outcome:
        """What is told before the commit."""
        raise NotImplementedError

    def late(self, outcome: Outcome) -> Outcome:
        """What is told after it."""
        raise NotImplementedError


class AckBeforeCommit(_Late):
    """The answers leave before the commit."""

    def early(self, outcome: Outcome) -> Outcome:
        return Outcome(0, outcome.verdicts, [], [])

    def late(self, outcome: Outcome) -> Outcome:
        return Outcome(outcome.n, [], outcome.groups, outcome.mine, outcome.items)


class PinBeforeCommit(_Late):
    """The answers about pins leave before the commit."""

    _told: frozenset[int] = frozenset()

    def is_late(self, wish: AnyWish) -> bool:
        return is_pin(wish)

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        before = self._let_go()
        self._told = frozenset(proposed.pid for proposed in batch if self.is_late(proposed.wish))
        return before + super().settle(batch)

    def _let_go(self) -> list[Outcome]:
        if self._held is not None:
            time.sleep(LATE_S)
        return super()._let_go()

    def early(self, outcome: Outcome) -> Outcome:
        return Outcome(0, [verdict for verdict in outcome.verdicts if verdict.pid in self._told], [], [])

    def late(self, outcome: Outcome) -> Outcome:
        others = [verdict for verdict in outcome.verdicts if verdict.pid not in self._told]
        return Outcome(outcome.n, others, outcome.groups, outcome.mine, outcome.items)


class PressBeforeCommit(PinBeforeCommit):
    """The answers about presses leave before the commit."""

    def is_late(self, wish: AnyWish) -> bool:
        return is_press(wish)


class FanOutBeforeCommit(_Late):
    """The entries leave before the commit."""

    def early(self, outcome: Outcome) -> Outcome:
        return Outcome(outcome.n, [], outcome.groups, outcome.mine, outcome.items)

    def late(self, outcome: Outcome) -> Outcome:
        return Outcome(0, outcome.verdicts, [], [])


class NoDedupe(Engine):
    """Nobody looks whether a `cid` was there before, and nothing else keeps it from coming twice."""

    def _take_over(self) -> int:
        self._db.begin()
        self._db.run("DROP INDEX IF EXISTS entries_by_cid")
        self._db.commit()
        return super()._take_over()

    def _load_known(self, cids: set[tuple[str, str]]) -> Any:
        class Forgetful(type(super(NoDedupe, self)._load_known(set()))):  # type: ignore[misc]
            def add(self, *_: object) -> None:
                """Keeps nothing."""

        return Forgetful()


class NumberReused(Engine):
    """A new writer gives the number of each group's newest message to the next one."""

    def _take_over(self) -> int:
        newest: list[Row]
        self._db.begin()
        newest, _ = self._db.run(
            "SELECT g.group_id, g.head, g.seq FROM groups AS g JOIN entries AS e"
            " ON e.group_id = g.group_id AND e.pos = g.head"
            " WHERE e.kind = 'message' AND e.seq IS NOT NULL AND e.section = 0"
        )
        for group, head, seq in newest:
            self._db.run("DELETE FROM entries WHERE group_id = ? AND pos = ?", (group, head))
            self._db.run("UPDATE groups SET head = ?, seq = ? WHERE group_id = ?", (head - 1, seq - 1, group))
        self._db.commit()
        return super()._take_over()


# -- faults of the hub: functions that replace a part of it


def _run_engine(name: str) -> None:
    from chatd.app import Server

    defaults = Server.__init__.__kwdefaults__
    assert defaults is not None
    defaults["engine"] = f"{__name__ if __name__ != '__main__' else 'tests.chaos.planted'}:{name}"


def _shift_resume(by: int) -> None:
    """Those who resume are sent from one entry further on, or further back, than is said."""
    from chatd.hub import opening
    from chatd.hub.feed import State

    place = opening._place_cursors

    def placed(session: Any, snapshot: Any) -> None:
        place(session, snapshot)
        for follow in session.follows.values():
            if follow.state is State.BEHIND and follow.floor < follow.cursor < follow.feed.published - 1:
                follow.cursor += by

    opening._place_cursors = placed


def _resume_short() -> None:
    _shift_resume(1)


def _resume_long() -> None:
    _shift_resume(-1)


def _late_subscribe() -> None:
    """What was committed between the snapshot and the registration is not made up for."""
    from chatd.hub import opening

    place = opening._place_cursors

    def placed(session: Any, snapshot: Any) -> None:
        place(session, snapshot)
        for at in snapshot.places:
            follow = session.follows[at.group]
            if follow.cursor == at.head < follow.feed.head:
                session.go_live_from(follow, follow.feed.head)

    read = opening._read

    async def read_slowly(*arguments: Any) -> Any:
        snapshot = await read(*arguments)
        await asyncio.sleep(LATE_S)
        return snapshot

    opening._read = read_slowly  # type: ignore[assignment]
    opening._place_cursors = placed
    opening._apply_missed = lambda session, n, missed: None


def _write_across_kick() -> None:
    """Whoever is put out gets all of the frame, their own kick and what follows it."""
    from chatd.hub.receiver import Receiver

    unfollow = Receiver.unfollow

    def across(self: Receiver, group: str, upto: int | None) -> None:
        follow = self.follows.get(group)
        unfollow(self, group, follow.feed.head if follow is not None and upto is not None else upto)

    Receiver.unfollow = across  # type: ignore[method-assign]


def _stale_ring() -> None:
    """What was taken back is served from the ring as it was."""
    from chatd.hub.ring import Ring

    Ring.refresh = lambda self, target: None  # type: ignore[method-assign]


class Fault(NamedTuple):
    """How it is planted, and the promises that the judge must find broken."""

    plant: Callable[[], None]
    breaks: frozenset[str]
    acks_between: tuple[int, int] = (80, 800)
    """Two kills, least and most."""


FAULTS: Final[dict[str, Fault]] = {
    "ack-before-commit": Fault(lambda: _run_engine("AckBeforeCommit"), frozenset({"lost"})),
    "fan-out-before-commit": Fault(lambda: _run_engine("FanOutBeforeCommit"), frozenset({"lost", "order"})),
    "no-dedupe": Fault(lambda: _run_engine("NoDedupe"), frozenset({"doubled"})),
    "resume-short": Fault(_resume_short, frozenset({"resume"})),
    "resume-long": Fault(_resume_long, frozenset({"resume"})),
    "late-subscribe": Fault(_late_subscribe, frozenset({"resume"})),
    "number-reused": Fault(lambda: _run_engine("NumberReused"), frozenset({"lost"})),
    "write-across-kick": Fault(_write_across_kick, frozenset({"audience"})),
    "use-apart": Fault(lambda: _run_engine("UsesApart"), frozenset({"lost"})),
    "pin-before-commit": Fault(lambda: _run_engine("PinBeforeCommit"), frozenset({"lost"})),
    "press-before-commit": Fault(lambda: _run_engine("PressBeforeCommit"), frozenset({"lost"})),
    "press-forgotten": Fault(lambda: _run_engine("PressForgotten"), frozenset({"lost"})),
    "press-again": Fault(lambda: _run_engine("PressAgain"), frozenset({"doubled"})),
    "cards-forgotten": Fault(lambda: _run_engine("CardsForgotten"), frozenset({"card"})),
    "index-skips": Fault(skip_index, frozenset({"search"})),
    "section-number-reused": Fault(lambda: _run_engine("SectionNumberReused"), frozenset({"hole"})),
    "six-sections": Fault(lambda: _run_engine("SixSections"), frozenset({"section"})),
    "decline-forgotten": Fault(lambda: _run_engine("DeclineForgotten"), frozenset({"asked"})),
    # What is read has to be old enough at a kill to be stored for sure.
    "section-reads-unsaved": Fault(keep_only_main_reads, frozenset({"read"}), acks_between=(1500, 2500)),
    "stale-ring": Fault(_stale_ring, frozenset({"recalled"})),
}


def main(arguments: Sequence[str]) -> None:
    """Serve with a fault."""
    from chatd.cli import app

    FAULTS[arguments[0]].plant()
    app(["serve", *arguments[1:]])


if __name__ == "__main__":
    main(sys.argv[1:])
