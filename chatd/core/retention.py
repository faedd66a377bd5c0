"""Retention: what was said goes by age, group by group, and the log of a group begins behind its floor. Decided in the
commit.

What holds, whatever is interrupted when:

    above the floor      every entry is there, number after number, as if nothing had ever gone
    at or below it       no message, and nothing that refers to one, unless the message stands on the group's board
                         (pinned, featured): then it is there whole, with all that was done to it
                         who came and went and what was set: kept, for it is what proves who is in the group, with
                         which role and brought by whom; a floor without it would have to carry all of that as a copy
                         that nothing proves. Announcements that were replaced are emptied
    the floor            only ever rises. It moves and what lies below it goes in one commit, a portion at a time:
                         whoever is interrupted has a lower floor, and goes on from there
    `swept`              lies below the floor only where something left the board when its time was over already. Up to
                         there the above is strictly so; from there on it goes at the next portion

Numbers stay: positions and message numbers go on, and what is unread is counted above the floor only. Whoever repeats a
command still gets its first answer: that of a message that went is kept for as long as those of others are.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from chatd.core.board import Board, Featured, mentioned_in
from chatd.core.erasure_rows import Cut
from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.refusal import Refused
from chatd.core.section_rows import SectionCount
from chatd.core.values import Entry, Group

DAYS_MAX: Final = 36_500
DAY_MS: Final = 86_400_000


class CutLog(Wish, frozen=True, tag="cut"):
    """The messages of a group behind `after` and up to `upto` go. `keep_pinned`: not those that stand on its board;
    else they are taken off it.

    Where the group is not at `after`, or has not come to `upto`, nothing happens: whoever looked it up looks again.
    """

    group: str
    after: int
    upto: int
    keep_pinned: bool

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.record(Board, self.group)
        need.ranges.add((self.group, self.after, self.upto))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        group = facts.groups.get(self.group)
        if group is None:
            raise Refused("not_found")
        if self.after > group.swept or not self.after < self.upto <= group.head:
            return {"group": group.id, "floor": group.floor, "gone": 0}
        rows = facts.ranges[self.group, self.after, self.upto]
        if not self.keep_pinned:
            _clear_board(facts, group, [entry.pos for entry, _ in rows if entry.kind == "message"])
        cut = facts.going.cuts.setdefault(group.id, Cut())
        gone = [(entry, digest) for entry, digest in rows if _goes(facts, entry)]
        for entry, digest in gone:
            _let_go(facts, cut, entry, digest)
        for entry, _ in rows:
            if entry.kind == "announcement":
                _empty_old(facts, group, entry)
        if self.upto > group.floor:
            _raise_floor(facts, group, [entry for entry, _ in rows if entry.pos > group.floor])
        group.swept = max(group.swept, self.upto) if self.upto >= group.floor else self.upto
        facts.changed_groups.add(group.id)
        return {"group": group.id, "floor": group.floor, "gone": len(gone)}


def _goes(facts: Facts, entry: Entry) -> bool:
    """Whether an entry at or below the floor goes: a message, or what refers to one, that stands on no board."""
    about = entry.pos if entry.kind == "message" else entry.target
    return about is not None and not _stands(facts, entry.group, about)


def _stands(facts: Facts, group: str, pos: int) -> bool:
    board = facts.find(Board, group)
    pinned = board is not None and any(pin[0] == pos for pin in board.pins)
    return pinned or facts.find(Featured, group, pos) is not None


def _clear_board(facts: Facts, group: Group, positions: list[int]) -> None:
    board, going = facts.find(Board, group.id), set(positions)
    if board is None:
        return
    featured = [pos for pos in positions if facts.find(Featured, group.id, pos) is not None]
    pins = [pin for pin in board.pins if pin[0] not in going]
    for pos in featured:
        facts.drop(Featured, group.id, pos)
    if featured or pins != board.pins:
        facts.put(replace(board, pins=pins, featured=board.featured - len(featured)))


def _let_go(facts: Facts, cut: Cut, entry: Entry, digest: bytes | None) -> None:
    cut.gone.add(entry.pos)
    # What this batch decides behind it finds nothing there.
    facts.entries.pop((entry.group, entry.pos), None)
    facts.rewritten.pop((entry.group, entry.pos), None)
    erased = entry.recalled and entry.body["recalled"].get("erased")
    if (
        entry.cid is not None
        and digest is not None
        and entry.at > facts.now_ms - facts.bounds.cid_ttl_ms
        and not erased
    ):
        cut.commands.append((entry, digest))
    if entry.kind == "message" and not entry.recalled:
        named = mentioned_in(entry.body["type"], entry.body["body"])
        cut.mentions += [(user, entry.group, entry.section, entry.seq or 0) for user in named]


def _empty_old(facts: Facts, group: Group, entry: Entry) -> None:
    """What was announced and is no longer: its words go, that there was something stays."""
    if entry.body.get("text") and entry.body["version"] != group.settings.get("announcement", {}).get("version"):
        entry.body = entry.body | {"text": ""}
        facts.rewrite(entry)


def _raise_floor(facts: Facts, group: Group, passed: list[Entry]) -> None:
    """`passed`: the entries from the old floor to the new one, without a hole."""
    for entry in passed:
        if entry.seq is None:
            continue
        if not entry.section:
            group.floor_seq = entry.seq
        elif (count := facts.find(SectionCount, group.id, entry.section)) is not None:
            facts.put(replace(count, floor_seq=entry.seq))
    group.floor, group.floor_at = passed[-1].pos, passed[-1].at
    facts.redact("floor", group.id, group.floor, made_at=group.floor_at)


class SetRetention(Wish, frozen=True, tag="retain"):
    """The operator says how long a group keeps its messages: so many days, 0 for ever, None as the server says."""

    group: str
    days: int | None

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, for a group that is gone too."""
        group = facts.groups.get(self.group)
        if group is None or (group.dissolved_at is not None and not group.members):
            raise Refused("not_found")
        if group.keep_days != self.days:
            group.keep_days = self.days
            facts.changed_groups.add(group.id)
            facts.audit("retention.set", by=None, group=group.id, days=self.days, default=self.days is None or None)
        return {"group": group.id, "days": self.days}


class NoteRetention(Wish, frozen=True, tag="retention"):
    """The operator has everything go whose time is over, in all groups or in one."""

    group: str | None

    def needs(self, need: Needs) -> None:
        if self.group is not None:
            need.groups.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        if self.group is not None and self.group not in facts.groups:
            raise Refused("not_found")
        facts.audit("retention.run", by=None, group=self.group)
        return {}


def over_at(keep_days: int | None, server_days: int, now_ms: int) -> int | None:
    """The newest time that is over for the messages of a group; None where they are kept for ever."""
    days = server_days if keep_days is None else keep_days
    return now_ms - days * DAY_MS if days else None
