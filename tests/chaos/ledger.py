"""The log, replayed: who was in when, and what each message looked like after each of its changes.

Everything is worked out again from the rows in their order and from what the clients had asked for. What the database
keeps beside the log (heads, periods, the present state of a message) is compared with it, never believed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.chaos.history import GroupTruth, MineRow, Row, Truth
from tests.chaos.wording import stored_words

REWRITES = frozenset({"edit", "recall", "reaction"})
"""Entries after which a message is another."""
CHANGES = REWRITES | {"card", "pin", "unpin", "feature", "unfeature"}
"""Entries that are for those who see the message they are about."""
Texts = Mapping[tuple[str, str], str]
"""(user, cid) -> the text that was sent or edited in."""


class State(NamedTuple):
    """What a message is from the entry `since` on."""

    since: int
    version: int
    text: str | None
    recalled: bool
    reactions: dict[str, int]


@dataclass(slots=True)
class Stay:
    """One membership. Entries above `floor` and up to `until` are visible; `added`, `removed` in the user's own log."""

    joined: int
    floor: int
    until: int | None = None
    added: int | None = None
    removed: int | None = None

    def sees(self, pos: int) -> bool:
        """Whether an entry lies inside."""
        return self.floor < pos and (self.until is None or pos <= self.until)


@dataclass(slots=True)
class Log:
    """One group."""

    truth: GroupTruth
    rule: str
    by_pos: dict[int, Row] = field(default_factory=dict)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    states: dict[int, list[State]] = field(default_factory=dict)
    seq_pos: list[int] = field(default_factory=lambda: [0])
    """Where the messages with a number stand, through all sections."""
    numbered: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """By section: its messages, each at the index of its number less one."""

    def state(self, pos: int, as_of: int) -> int:
        """The index of the state that a message had after the entry `as_of`."""
        states = self.states[pos]
        index = 0
        while index + 1 < len(states) and states[index + 1].since <= as_of:
            index += 1
        return index

    def member_at_end(self, user: str) -> Stay | None:
        """The stay that has not ended."""
        stays = self.stays.get(user)
        return stays[-1] if stays and stays[-1].until is None else None


class Ledger:
    """All groups. `problems` is what is wrong with the log itself, as (promise, sentence)."""

    def __init__(self, truth: Truth, texts: Texts, rules: Mapping[str, str]) -> None:
        self.truth = truth
        self.texts = texts
        self.problems: list[tuple[str, str]] = []
        self.logs = {group: self._replay(group, of, rules.get(group, "none")) for group, of in truth.groups.items()}
        self._check_mine()
        self._check_periods()

    def _wrong(self, promise: str, problem: str) -> None:
        self.problems.append((promise, problem))

    # -- one group

    def _replay(self, group: str, truth: GroupTruth, rule: str) -> Log:
        log = Log(truth, rule)
        if [row.pos for row in truth.rows] != list(range(1, len(truth.rows) + 1)) or truth.head != len(truth.rows):
            self._wrong("hole", f"{group}: {len(truth.rows)} rows up to {truth.head} are not 1, 2, 3 …")
        at = 0
        for row in truth.rows:
            log.by_pos[row.pos] = row
            if row.at < at:
                self._wrong("order", f"{group} {row.pos}: its time is before that of the entry before")
            at = row.at
            self._apply(group, log, row)
        if truth.seq != len(log.numbered[0]):
            self._wrong("hole", f"{group}: {len(log.numbered[0])} messages, but the number is {truth.seq}")
        due = {section: (len(rows), rows[-1].pos) for section, rows in log.numbered.items() if section and rows}
        kept = {section: count for section, count in truth.sections.items() if count != (0, 0)}
        if kept != due:
            self._wrong("hole", f"{group}: its sections have {due} messages, but the numbers are {kept}")
        self._check_states(group, log)
        return log

    def _apply(self, group: str, log: Log, row: Row) -> None:
        if row.kind == "message":
            self._number(group, log, row)
            log.states[row.pos] = [State(row.pos, 0, self._said(row), False, {})]
        elif row.kind in CHANGES - REWRITES:
            if row.target not in log.states:
                self._wrong("order", f"{group} {row.pos}: {row.kind} of {row.target}, which is no message")
        elif row.kind in REWRITES:
            self._apply_change(group, log, row)
        elif row.kind == "created":
            for user in row.body["members"]:
                self._join(log, user, row.pos)
        elif row.kind == "members":
            for left in row.body.get("left", ()):
                self._leave(group, log, left["user"], row.pos)
            for joined in row.body.get("joined", ()):
                self._join(log, joined["user"], row.pos)
        elif row.kind == "settings":
            log.rule = row.body.get("history", log.rule)

    def _number(self, group: str, log: Log, row: Row) -> None:
        """A message is the next of its section; a notice has no number."""
        if row.body["type"] == "notice":
            if row.seq is not None:
                self._wrong("hole", f"{group} {row.pos}: a notice with the number {row.seq}")
            return
        rows = log.numbered[row.section]
        rows.append(row)
        log.seq_pos.append(row.pos)
        if row.seq != len(rows):
            where = f" of section {row.section}" if row.section else ""
            self._wrong("hole", f"{group} {row.pos}: message number {row.seq}{where} instead of {len(rows)}")

    def _said(self, row: Row) -> str | None:
        """What the author said; of a forwarded message, what stands there: `beside` asks whether its source said so."""
        if "forwarded" in row.body:
            return stored_words(row.body["body"])
        return self.texts.get((row.actor or "", row.cid or ""))

    def _apply_change(self, group: str, log: Log, row: Row) -> None:
        states = log.states.get(row.target or 0)
        if states is None or states[-1].recalled:
            self._wrong("order", f"{group} {row.pos}: {row.kind} of {row.target}, which is no message any more")
            return
        last = states[-1]._replace(since=row.pos)
        if row.kind == "recall":
            states.append(last._replace(recalled=True, text=None, reactions={}))
        elif row.kind == "edit":
            text = self.texts.get((row.actor or "", row.cid or ""))
            states.append(last._replace(version=last.version + 1, text=text))
        else:
            count = last.reactions.get(row.body["emoji"], 0) + (1 if row.body["on"] else -1)
            counts = last.reactions | {row.body["emoji"]: count}
            states.append(last._replace(reactions={sign: n for sign, n in counts.items() if n > 0}))

    def _join(self, log: Log, user: str, pos: int) -> None:
        stays = log.stays.setdefault(user, [])
        floor = floor_of(log.rule, log.seq_pos, pos)
        if stays and stays[-1].until is None:
            self._wrong("order", f"{user} joined at {pos} while being in")
            return
        if stays:
            floor = max(floor, stays[-1].until or 0)
        stays.append(Stay(pos, floor))

    def _leave(self, group: str, log: Log, user: str, pos: int) -> None:
        stays = log.stays.get(user)
        if not stays or stays[-1].until is not None:
            self._wrong("order", f"{group} {pos}: {user} left without being in")
            return
        stays[-1].until = pos - 1

    def _check_states(self, group: str, log: Log) -> None:
        for pos, states in log.states.items():
            row, last = log.by_pos[pos], states[-1]
            text = None if row.recalled else stored_words(row.body["body"])
            if (row.version, row.recalled, row.reactions, text) != (
                last.version,
                last.recalled,
                last.reactions,
                last.text,
            ):
                self._wrong("order", f"{group} {pos}: the row is not what its changes make of it: {row} {last}")
            if row.recalled and "body" in row.body:
                self._wrong("recalled", f"{group} {pos}: the row still has its content")

    # -- beside the groups

    def _check_periods(self) -> None:
        for group, log in self.logs.items():
            kept = {(p.user, p.joined): (p.floor, p.until) for p in log.truth.periods}
            due = {(u, s.joined): (s.floor, s.until) for u, stays in log.stays.items() for s in stays}
            for key in kept.keys() | due.keys():
                if kept.get(key) != due.get(key):
                    self._wrong("audience", f"{group} {key}: the database has {kept.get(key)}, due is {due.get(key)}")

    def _check_mine(self) -> None:
        """Every user's own log is dense, and says each joining and leaving once."""
        for user, head in self.truth.users.items():
            rows = self.truth.mine.get(user, [])
            first = self.truth.mine_floor.get(user, 0) + 1
            if [row.upos for row in rows] != list(range(first, head + 1)):
                self._wrong("mine", f"{user}: the own log is not {first}…{head}")
            for row in rows:
                self._place_mine(user, row)
            if first == 1:
                self._check_stays_told(user)

    def _place_mine(self, user: str, row: MineRow) -> None:
        if row.kind not in {"added", "removed"}:
            return
        for stay in self.logs[row.group].stays.get(user, ()) if row.group in self.logs else ():
            if row.kind == "added" and stay.joined == row.pos and stay.added is None:
                stay.added = row.upos
                return
            if row.kind == "removed" and stay.until == (row.pos or 0) - 1 and stay.removed is None:
                stay.removed = row.upos
                return
        self._wrong("mine", f"{user} {row.upos}: {row.kind} {row.group} {row.pos} has no counterpart in that log")

    def _check_stays_told(self, user: str) -> None:
        for group, stay in self.stays_of(user):
            if stay.added is None or (stay.removed is None) != (stay.until is None):
                self._wrong("mine", f"{user}: the own log does not say {stay} of {group}")

    # -- questions

    def stays_of(self, user: str) -> Iterator[tuple[str, Stay]]:
        """Every stay of somebody."""
        for group, log in self.logs.items():
            for stay in log.stays.get(user, ()):
                yield group, stay

    def stay_at(self, user: str, group: str, pos: int) -> Stay | None:
        """The stay in which an entry is visible to somebody."""
        log = self.logs.get(group)
        for stay in log.stays.get(user, ()) if log is not None else ():
            if stay.sees(pos):
                return stay
        return None


def floor_of(rule: str, seq_pos: list[int], joined: int) -> int:
    """The newest entry that a newcomer at `joined` does not see; `seq_pos[n]` is where message n stands."""
    if rule == "all":
        return 0
    if rule == "none":
        return joined - 1
    boundary = len(seq_pos) - 1 - int(rule.removeprefix("last:"))
    return seq_pos[boundary] if boundary > 0 else 0


def counts_of(shown: list[dict[str, Any]]) -> dict[str, int]:
    """Reactions off the wire as a table."""
    return {one["emoji"]: one["count"] for one in shown}
