"""Scenes read as they are written."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import get_args

import pytest

from chatd.demo.community import DIRECTS, GROUPS, PEOPLE
from chatd.demo.scenes import (
    Act,
    Announced,
    Changed,
    Featured,
    Misread,
    Pinned,
    Pulled,
    Reacted,
    Rewritten,
    Said,
    TakenBack,
    read_scene,
)

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 3, 10, 0, 5, tzinfo=ZONE)
SCENES = [plan.scene for plan in (*GROUPS, *DIRECTS)]


def text_of(scene: str) -> str:
    return (files("chatd.demo") / "scenes" / f"{scene}.txt").read_text(encoding="utf-8")


def acts_of(text: str) -> list[Act]:
    return [act for _, act in read_scene(text, NOW)]


def test_every_kind_of_line_is_an_act() -> None:
    text = (
        "# c\nday 2 20:00\nann: hi\nbob: <1 ho: ho\n  + 👍 ann cid\n  = hey\n  ^ ann\n  * ann well said\n  -\n\n"
        "* ann pulls dan eve\n* ann announces see you\n! product bowl price=5 stock=0"
    )
    assert acts_of(text) == [
        Said("ann", "hi", 1, None),
        Said("bob", "ho: ho", 2, 1),
        Reacted("ann", "👍", 2),
        Reacted("cid", "👍", 2),
        Rewritten("bob", "hey", 2),
        Pinned("ann", 2),
        Featured("ann", "well said", 2),
        TakenBack("bob", 2),
        Pulled("ann", ["dan", "eve"]),
        Announced("ann", "see you"),
        Changed(("product", "bowl"), {"price": 5, "stock": 0}),
    ]


def test_days_are_days_of_the_reader_and_minutes_count_from_now() -> None:
    (first, _), (second, _) = read_scene("day 1 20:00\nann: a\nago 30m\nann: b", NOW)
    assert timedelta(0) < first - datetime(2026, 3, 9, 20, 0, tzinfo=ZONE) < timedelta(minutes=1)
    assert timedelta(0) < second - (NOW - timedelta(minutes=30)) < timedelta(minutes=1)


def test_time_never_goes_back() -> None:
    times = [at for at, _ in read_scene("ago 1m\nann: " + "a" * 100 + "\nday 5 10:00\nann: b", NOW)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "line",
    [
        "ann hi",
        "ann: ",
        "  + 👍",
        "  ? x",
        "day 2 2000",
        "* ann takes bob",
        "ann: <3 what",
        "  = before anybody",
        "! bowl price=5",
        "  ^ ann bob",
    ],
)
def test_what_is_no_line_of_a_scene_is_named(line: str) -> None:
    with pytest.raises(Misread, match="line 2"):
        read_scene("day 2 20:00\n" + line, NOW)


def test_the_time_comes_first() -> None:
    with pytest.raises(Misread, match="line 1"):
        read_scene("ann: hi", NOW)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_the_scenes_of_the_demo_lie_in_the_past_whatever_the_time_of_day(scene: str, hour: int) -> None:
    now = NOW.replace(hour=hour)
    acts = read_scene(text_of(scene), now)
    assert max(at for at, _ in acts) < now
    assert min(at for at, _ in acts) > now - timedelta(days=9)


def test_together_they_are_some_hundred_messages_in_both_languages_by_known_people() -> None:
    acts = [act for scene in SCENES for act in acts_of(text_of(scene))]
    said = [act for act in acts if isinstance(act, Said)]
    chinese = [act for act in said if any("\u4e00" <= char <= "\u9fff" for char in act.text)]
    assert len(said) > 300
    assert 100 < len(chinese) < len(said) - 100
    assert {act.who for act in acts if not isinstance(act, Changed)} <= PEOPLE.keys()
    assert {type(act) for act in acts} == set(get_args(Act))
    assert [act for act in said if "@" in act.text]
    assert any(act.answers for act in said)
