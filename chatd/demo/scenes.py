"""Reads a scene: who said what in a group, and when, as a person can write it down.

    # a comment
    day 5 20:00              five days before the start at this time of day; `ago 45m`: 45 minutes before the start
    ali: 直播开始了           somebody says something
    kai: <2 on my way        answers the second message before this one
      + 👍 ali mina           these react to the message above
      = 直播开始啦            its sender rewrites it
      -                      its sender takes it back
    mina: [product bowl] nice  a card of that item of the catalogue, with or without words
    * ali pulls yuzu         the first pulls in the others

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
_PULL: Final = re.compile(r"\* (\w+) pulls (.+)")


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


Act = Said | Reacted | Rewritten | TakenBack | Pulled


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
            who, back, text = match.groups()
            answers = None if back is None else self._said[-int(back)].number
            card = _CARD.fullmatch(text)
            item = (card[1], card[2]) if card else None
            text = card[3] if card else text
            said = Said(who, text, len(self._said) + 1, answers, item)
            self._said.append(said)
            yield THINK_S + TYPE_S * len(text), said
        elif match := _REACT.fullmatch(line):
            for who in match[2].split():
                yield REACT_S, Reacted(who, match[1], self._said[-1].number)
        elif match := _EDIT.fullmatch(line):
            yield REGRET_S, Rewritten(self._said[-1].who, match[1], self._said[-1].number)
        elif line == "  -":
            yield REGRET_S, TakenBack(self._said[-1].who, self._said[-1].number)
        elif match := _PULL.fullmatch(line):
            yield THINK_S, Pulled(match[1], match[2].split())
        else:
            raise ValueError("not a line of a scene")
