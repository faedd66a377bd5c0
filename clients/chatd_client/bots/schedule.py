"""When a bot does something by itself: plain rules that say which time comes next. No clock, no waiting.

Every(hours=2)                                  counted from the first start
Daily("09:00", "18:30", zone="Asia/Shanghai")   every day
Daily("08:00", zone="Europe/Berlin", days="mon-fri")
At(datetime(2026, 2, 17, 0, 0, tzinfo=…))       once
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIOD_MIN: Final = timedelta(seconds=1)
LOOK_AHEAD_DAYS: Final = 15
"""More than a week: whatever days are named, one of them comes, also when a time is left out by a change of clocks."""


class Every:
    """Again and again, `weeks`, `days`, `hours`, `minutes`, `seconds` apart; at least one second.

    Raises `ValueError` for less.
    """

    def __init__(
        self, *, weeks: float = 0, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        period = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if period < PERIOD_MIN:
            raise ValueError("`every` needs a period of one second or more")
        self.period_ms = period // timedelta(milliseconds=1)

    def first(self, now_ms: int) -> int | None:
        return now_ms + self.period_ms

    def following(self, due_ms: int, now_ms: int) -> int | None:
        """The next one of the same grid that is still to come: what was missed is not made up for one by one."""
        missed = max(0, now_ms - due_ms) // self.period_ms
        return due_ms + (missed + 1) * self.period_ms


class Daily:
    """At times of day (`HH:MM`, `HH:MM:SS`) of a time zone by its IANA name, on all days or on some (`mon-fri`).

    A time that the clocks skip in spring is taken as long after midnight as it would be otherwise; one that they show
    twice in autumn counts once, the first time. Raises `ValueError` for times, days and zones that there are not.
    """

    def __init__(self, *times: str, zone: str = "UTC", days: str = "mon-sun") -> None:
        if not times:
            raise ValueError("`daily` needs a time such as 09:00")
        self.times = sorted(_read_time(one) for one in times)
        self.days = _read_days(days)
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {zone!r} here (a name such as Asia/Shanghai)") from None

    def first(self, now_ms: int) -> int | None:
        return self._after(now_ms)

    def following(self, due_ms: int, now_ms: int) -> int | None:
        return self._after(max(due_ms, now_ms))

    def _after(self, at_ms: int) -> int:
        today = datetime.fromtimestamp(at_ms / 1000, self.zone).date()
        for ahead in range(-1, LOOK_AHEAD_DAYS):
            day = today + timedelta(days=ahead)
            if day.weekday() in self.days:
                for one in self.times:
                    if (due_ms := self._moment(day, one)) > at_ms:
                        return due_ms
        raise AssertionError("a day of the week comes within a week")

    def _moment(self, day: date, at: time) -> int:
        return ms_of(datetime.combine(day, at, self.zone))


@dataclass(frozen=True)
class At:
    """Once, at a moment with a zone. Raises `ValueError` for one without."""

    moment: datetime

    def __post_init__(self) -> None:
        if self.moment.tzinfo is None:
            raise ValueError("`at` needs a moment with a time zone")

    def first(self, now_ms: int) -> int | None:
        return ms_of(self.moment)

    def following(self, due_ms: int, now_ms: int) -> int | None:
        return None


Rule = Every | Daily | At


def ms_of(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _read_time(text: str) -> time:
    if not re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text, re.ASCII):
        raise ValueError(f"{text!r} is no time of day such as 09:00")
    try:
        hour, minute, second = [*map(int, text.split(":")), 0][:3]
        return time(hour, minute, second)
    except ValueError:
        raise ValueError(f"{text!r} is no time of day such as 09:00") from None


def _read_days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{part!r} is no day and no range of days such as mon-fri")
        begin, end = DAYS.index(first), DAYS.index(last if dash else first)
        found |= {number % 7 for number in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)
