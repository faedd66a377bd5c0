"""How far back those who came in see, by the rule that held then: a part of `replay`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from chatd.core.values import Entry, Group, Member


class _Join(msgspec.Struct):
    """A membership, with what decided how far back it sees: the rule (None: that of the founding), the last seq of the
    main section (None: it began where retention took the messages) and the number of messages in all."""

    row: Member
    rule: str | None
    seq: int | None
    messages: int


class FloorReplay:
    """The memberships that entries began. `rows` are all of the group by user and period; `report` takes problems.

    Where the messages have gone, what a rule counted cannot be counted again: there only bounds are looked at.
    """

    def __init__(self, rows: Mapping[tuple[str, int], Member], group: Group, report: Callable[[str], None]) -> None:
        self._rows = rows
        self._group = group
        self._say = report
        self._joins: list[_Join] = []
        self._messages = 0
        # (message number, numbered ones in all, whether it is one) at the positions that some membership names.
        named = {pos for row in rows.values() for pos in (row.from_pos, row.until_pos) if pos is not None}
        self._named: dict[int, tuple[int, int, bool]] = dict.fromkeys(named, (-1, -1, False))
        self._named[0] = (0, 0, True)

    def pass_floor(self, messages: int) -> None:
        """From here on every message is there; so many have gone."""
        self._messages = messages

    def join(self, row: Member, rule: str | None, seq: int | None) -> None:
        """A membership began, under this rule (None: that of the founding), behind the message `seq`."""
        self._joins.append(_Join(row, rule, seq, self._messages))

    def take(self, entry: Entry, seq: int) -> None:
        """The next entry; `seq` is the number of the newest message of the main section with it."""
        self._messages += entry.seq is not None
        if entry.pos in self._named:
            self._named[entry.pos] = (seq, self._messages, entry.seq is not None)

    def finish(self, founding: str | None) -> None:
        """After the last entry. `founding` is the rule that the group was founded with, None if that is not known."""
        for join in self._joins:
            self._check_floor(join, founding)

    def _check_floor(self, join: _Join, founding: str | None) -> None:
        row = join.row
        before = self._rows.get((row.user, row.period - 1))
        until = (before.until_pos or 0, before.until_seq or 0) if before is not None else (0, 0)
        group = self._group
        if group.floor and (join.seq is None or row.from_pos <= group.floor):
            if not until[0] <= row.from_pos < row.joined_pos or row.from_seq > min(group.seq, max(row.from_pos, 0)):
                self._say(f"the floor of {row.user} in period {row.period} fits no entry")
            elif row.from_pos <= group.floor and row.from_seq > group.floor_seq:
                self._say(f"the floor of {row.user} in period {row.period} names messages that are above it")
            return
        seq, messages, is_message = self._named[row.from_pos]
        if row.from_pos >= row.joined_pos or row.from_seq != seq or row.from_pos < until[0]:
            self._say(f"the floor of {row.user} in period {row.period} fits no entry")
            return
        rule = join.rule or founding
        shown = self._named[until[0]][1] if until[0] > group.floor or not group.floor else -1
        if rule is not None and not _fits(rule, join, until, shown, messages if is_message else -1):
            self._say(f"the floor of {row.user} in period {row.period} is not what the history rule gives")


def _fits(rule: str, join: _Join, until: tuple[int, int], shown: int, at_floor: int) -> bool:
    """Whether a floor is what the rule gave: never below what an earlier period showed, which had `shown` messages
    below its end. `at_floor`: the number of messages up to the floor, -1 if that is no message."""
    row, floor = join.row, (join.row.from_pos, join.row.from_seq)
    if rule == "none":
        return floor == (row.joined_pos - 1, join.seq)
    newest = join.messages if rule == "all" else int(rule.removeprefix("last:"))
    boundary = join.messages - newest
    if boundary <= 0 or shown >= boundary:
        return floor == until
    return at_floor == boundary
