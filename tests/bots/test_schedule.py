"""When a bot does something by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chatd_client.bots.schedule import At, Daily, Every, ms_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def at(*parts: int, zone: Any = UTC) -> int:
    return ms_of(datetime(*parts, tzinfo=zone))  # type: ignore[misc, arg-type]


def shown(ms: int | None, zone: Any = UTC) -> str:
    assert ms is not None
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%a %d %H:%M")


def test_a_period_is_counted_from_the_first_start_and_what_was_missed_comes_once() -> None:
    rule = Every(minutes=10)
    first = rule.first(at(2026, 1, 5, 9, 3))
    assert shown(first) == "Mon 05 09:13"
    assert first is not None
    assert shown(rule.following(first, first)) == "Mon 05 09:23"
    assert shown(rule.following(first, at(2026, 1, 5, 12, 0))) == "Mon 05 12:03"


def test_a_daily_time_is_that_of_its_zone() -> None:
    rule = Daily("09:00", zone="Asia/Shanghai")
    assert rule.first(at(2026, 1, 5, 8, 59, zone=SHANGHAI)) == at(2026, 1, 5, 9, 0, zone=SHANGHAI)
    assert rule.first(at(2026, 1, 5, 9, 0, zone=SHANGHAI)) == at(2026, 1, 6, 9, 0, zone=SHANGHAI)


def test_several_times_a_day_and_some_days_of_the_week() -> None:
    rule = Daily("18:00", "8:30", days="mon-wed,sat")
    came = []
    now = at(2026, 1, 5, 0, 0)
    for _ in range(9):
        now = rule.first(now) or 0
        came.append(shown(now))
    assert came == [
        "Mon 05 08:30",
        "Mon 05 18:00",
        "Tue 06 08:30",
        "Tue 06 18:00",
        "Wed 07 08:30",
        "Wed 07 18:00",
        "Sat 10 08:30",
        "Sat 10 18:00",
        "Mon 12 08:30",
    ]


def test_a_range_of_days_may_go_round_the_week() -> None:
    assert sorted(Daily("09:00", days="sat-mon").days) == [0, 5, 6]
    assert sorted(Daily("09:00", days="mon-sun").days) == [0, 1, 2, 3, 4, 5, 6]


def test_a_time_that_the_clocks_skip_comes_once_and_one_that_they_repeat_does_too() -> None:
    rule = Daily("02:30", zone="Europe/Berlin")
    spring = [at(2026, 3, 28, 12, 0, zone=BERLIN)]
    autumn = [at(2026, 10, 24, 12, 0, zone=BERLIN)]
    for came in (spring, autumn):
        for _ in range(3):
            came.append(rule.following(came[-1], came[-1]) or 0)
    assert [shown(ms, BERLIN) for ms in spring[1:]] == ["Sun 29 03:30", "Mon 30 02:30", "Tue 31 02:30"]
    assert [shown(ms, BERLIN) for ms in autumn[1:]] == ["Sun 25 02:30", "Mon 26 02:30", "Tue 27 02:30"]


def test_once_is_once() -> None:
    moment = datetime(2026, 2, 17, 0, 0, tzinfo=SHANGHAI)
    assert At(moment).first(0) == ms_of(moment)
    assert At(moment).following(ms_of(moment), ms_of(moment)) is None


@pytest.mark.parametrize("wrong", ["", "9", "24:00", "09:60", "09:00:61", "nine", "0９:00"])
def test_what_is_no_time_of_day_is_refused_when_the_bot_is_written(wrong: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        Daily(wrong)


def test_what_is_no_rule_is_refused_when_the_bot_is_written() -> None:
    with pytest.raises(ValueError, match="one second or more"):
        Every(seconds=0.5)
    with pytest.raises(ValueError, match="needs a time"):
        Daily()
    for zone in ("Mars/Olympus", "../etc", ""):
        with pytest.raises(ValueError, match="no time zone"):
            Daily("09:00", zone=zone)
    with pytest.raises(ValueError, match="no range of days"):
        Daily("09:00", days="someday")
    with pytest.raises(ValueError, match="with a time zone"):
        At(datetime(2026, 1, 1))  # noqa: DTZ001  one without a zone
