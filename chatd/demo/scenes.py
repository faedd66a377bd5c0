"""Reads a scene: who said what in a group, and when, as a person can write it down.

    # a comment
    day 5 20:00              five days before the start at this time of day; `ago 45m`: 45 minutes before the start
    ali: 直播开始了           somebody says something
    kai: <2 on my way        answers the second message before this one
      + 👍 ali mina           these react to the message above
      = 直播开始啦            its sender rewrites it
      -                      its sender takes it back
    mina: [product bowl] nice  a card of that item of the catalogue, with or without words
    tom: @kai look           somebody is mentioned
      ^ ali                  this one pins the message above
      * ali the first one    this one makes it a featured post, with a note
    * ali pulls yuzu         the first pulls in the others
    * ali announces 周六见   the announcement of the group
    ! product bowl price=5   the catalogue says something else of this item from here on

Times between lines follow from their length: people need longer for longer messages. Knows nothing of the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

TYPE_S: Final = 0.7
"""Seconds for each character, on top of these:"""
THINK_S: Final = 18.0
REACT_S: Final = 7.0
REGRET_S: Final = 25.0

_DAY: Final = re.compile(r"day (\d+) (\d\d):(\d\d)")
_AGO: Final = re.compile(r"ago (\d+)m")
_SAY: Final = re.compile(r"(\w+): (?:<(\d+) )?(.+)")
_CARD: Final = re.compile(r"\[(video|product) (\S+)\] ?(.*)")
_REACT: Final = re.compile(r"  \+ (\S+) (.+)")
_EDIT: Final = re.compile(r"  = (.+)")
_PIN: Final = re.compile(r"  \^ (\w+)")
_FEATURE: Final = re.compile(r"  \* (\w+) (.+)")
_PULL: Final = re.compile(r"\* (\w+) pulls (.+)")
_ANNOUNCE: Final = re.compile(r"\* (\w+) announces (.+)")
_CHANGE: Final = re.compile(r"! (video|product) (\S+)((?: \w+=\d+)+)")


@dataclass(frozen=True)
class Said:
    """A message. `number` counts those of the scene from 1, `answers` is such a number. `card` names an item."""

    who: str
    text: str
    number: int
    answers: int | None
    card: tuple[str, str] | None = None


@dataclass(frozen=True)
class Reacted:
    """A reaction to the message `to`."""

    who: str
    emoji: str
    to: int


@dataclass(frozen=True)
class Rewritten:
    """An edit of the message `to`, by its sender."""

    who: str
    text: str
    to: int


@dataclass(frozen=True)
class TakenBack:
    """A recall of the message `to`, by its sender."""

    who: str
    to: int


@dataclass(frozen=True)
class Pulled:
    """Somebody brings others in."""

    who: str
    others: list[str]


@dataclass(frozen=True)
class Pinned:
    """The message `to` is pinned."""

    who: str
    to: int


@dataclass(frozen=True)
class Featured:
    """The message `to` becomes a featured post."""

    who: str
    note: str
    to: int


@dataclass(frozen=True)
class Announced:
    """What the group's announcement is from here on."""

    who: str
    text: str


@dataclass(frozen=True)
class Changed:
    """The catalogue says something else of an item."""

    item: tuple[str, str]
    values: dict[str, int]


Act = Said | Reacted | Rewritten | TakenBack | Pulled | Pinned | Featured | Announced | Changed


class Misread(Exception):
    """A line that is no part of a scene."""


def read_scene(text: str, now: datetime) -> list[tuple[datetime, Act]]:
    """The acts of a scene in order, with the time of each, which never goes back. Raises `Misread`."""
    reader = _Reader(now)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                reader.take(line)
            except (LookupError, ValueError) as error:
                raise Misread(f"line {number}: {line}") from error
    return reader.acts


class _Reader:
    def __init__(self, now: datetime) -> None:
        self._now = now
        self._at: datetime | None = None
        self._said: list[Said] = []
        self.acts: list[tuple[datetime, Act]] = []

    def take(self, line: str) -> None:
        if self._set_time(line):
            return
        for after_s, act in self._acts_of(line):
            if self._at is None:
                raise ValueError("the time comes first")
            self._at += timedelta(seconds=after_s)
            self.acts.append((self._at, act))

    def _set_time(self, line: str) -> bool:
        if match := _DAY.fullmatch(line):
            days, hour, minute = map(int, match.groups())
            at = self._now.replace(hour=hour, minute=minute, second=0, microsecond=0) - timedelta(days=days)
        elif match := _AGO.fullmatch(line):
            at = self._now - timedelta(minutes=int(match[1]))
        else:
            return False
        self._at = max(self._at, at) if self._at is not None else at
        return True

    def _acts_of(self, line: str) -> Iterator[tuple[float, Act]]:
        if match := _SAY.fullmatch(line):
            said = self._say(*match.groups())
            yield THINK_S + TYPE_S * len(said.text), said
        elif line.startswith("  "):
            yield from self._acts_on(line, self._said[-1])
        elif match := _PULL.fullmatch(line):
            yield THINK_S, Pulled(match[1], match[2].split())
        elif match := _ANNOUNCE.fullmatch(line):
            yield THINK_S + TYPE_S * len(match[2]), Announced(match[1], match[2])
        elif match := _CHANGE.fullmatch(line):
            values = dict(pair.split("=") for pair in match[3].split())
            yield THINK_S, Changed((match[1], match[2]), {name: int(value) for name, value in values.items()})
        else:
            raise ValueError("not a line of a scene")

    def _say(self, who: str, back: str | None, text: str) -> Said:
        answers = None if back is None else self._said[-int(back)].number
        card = _CARD.fullmatch(text)
        item = (card[1], card[2]) if card else None
        said = Said(who, card[3] if card else text, len(self._said) + 1, answers, item)
        self._said.append(said)
        return said

    @staticmethod
    def _acts_on(line: str, said: Said) -> Iterator[tuple[float, Act]]:
        """What is done to a message."""
        if match := _REACT.fullmatch(line):
            for who in match[2].split():
                yield REACT_S, Reacted(who, match[1], said.number)
        elif match := _EDIT.fullmatch(line):
            yield REGRET_S, Rewritten(said.who, match[1], said.number)
        elif match := _PIN.fullmatch(line):
            yield REACT_S, Pinned(match[1], said.number)
        elif match := _FEATURE.fullmatch(line):
            yield THINK_S, Featured(match[1], match[2], said.number)
        elif line == "  -":
            yield REGRET_S, TakenBack(said.who, said.number)
        else:
            raise ValueError("not a line of a scene")
