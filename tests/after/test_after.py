"""A short form of the battery, and that its judge finds what it looks for. The long one is `python -m tests.after`."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.after.battery import Round, battery
from tests.after.judge import EVER, Heard, Judge, Marks, Place, Stay

PATIENCE_S = 300.0
"""On a machine that has much else to do."""
GROUP = "gGroupGroupGroupGroup"
STAYS = [Stay(9, 21), Stay(30, EVER)]


@pytest.mark.promise("P7", "after")
def test_nothing_of_a_group_reaches_who_is_out_of_it_by_any_path(store_url: str, tmp_path: Path) -> None:
    async def play() -> Round:
        async with asyncio.timeout(PATIENCE_S), battery(store_url, tmp_path) as town:
            played = Round(town, random.Random(), again=("leave", "kicked"))
            assert await played.play() == []
            return played

    played = uvloop.run(play())
    assert played.tally["deliveries"] > 200
    assert played.tally["asked"] > 500


def line(floor: int, head: int) -> dict[str, Any]:
    return {"group": GROUP, "floor": floor, "head": head}


def entries(*positions: int, text: str = "") -> dict[str, Any]:
    shown = [{"pos": pos, "kind": "message", "body": {"text": text}} for pos in positions]
    return {"ev": "entries", "data": {"group": GROUP, "after": 9, "as_of": positions[-1], "entries": shown}}


def own(kind: str, pos: int) -> dict[str, Any]:
    return {"ev": "mine", "data": {"after": 0, "entries": [{"upos": 1, "kind": kind, "group": GROUP, "pos": pos}]}}


def judged(*messages: dict[str, Any], **asked: Any) -> list[str]:
    """The leaks that the judge finds in what came after hello."""
    marks = Marks()
    for pos in (5, 15, 25, 35):
        marks.put(marks.new(), Place(GROUP, pos))
    marks.put(marks.new(), Place(GROUP, 22, target=12))
    came = [{"re": 1, "ok": {"epoch": "e", "groups": [line(9, 20)]}}, *messages]
    questions = {1: ("session.hello", {}), 2: (asked.get("op", ""), {"group": GROUP})}
    heard = Heard("somebody", "u", [str(message).encode() for message in came], came, questions)
    return Judge(heard, GROUP, STAYS, marks).judge()


FIRST, SEEN, GAP, LATER, EDITED = (f"zq{number:07d}x" for number in range(1, 6))
GOOD: dict[str, list[dict[str, Any]]] = {
    "what they see": [entries(10, 15, 20, text=SEEN)],
    "that they are out": [entries(20), own("removed", 21), {"ev": "heads", "data": {"heads": {}}}],
    "back again": [own("removed", 21), own("added", 31), entries(31, 35, text=LATER)],
}
BAD: dict[str, list[dict[str, Any]]] = {
    "an entry from before": [entries(9)],
    "the entry that puts them out": [entries(20, 21)],
    "an entry behind it": [own("removed", 21), entries(22)],
    "an old entry behind it": [own("removed", 21), entries(15, text=SEEN)],
    "words from before": [entries(15, text=FIRST)],
    "words from behind it": [entries(15, text=GAP)],
    "words that came in by an edit behind it": [entries(15, text=EDITED)],
    "the gap, when they are back": [own("removed", 21), own("added", 31), entries(25)],
    "words of the gap, when they are back": [own("removed", 21), own("added", 31), entries(35, text=GAP)],
    "the first stay, when they are back": [own("removed", 21), own("added", 31), entries(35, text=SEEN)],
    "a head": [own("removed", 21), {"ev": "heads", "data": {"heads": {GROUP: [22, 0]}}}],
    "who is here": [own("removed", 21), {"ev": "presence", "data": {"people": []}}],
    "that there is more": [{"ev": "entries", "data": {"group": GROUP, "after": 9, "as_of": 22, "entries": []}}],
    "a note to themselves": [own("removed", 21), own("chat", 0)],
}


@pytest.mark.parametrize("what", GOOD)
def test_what_is_for_somebody_is_no_leak(what: str) -> None:
    assert judged(*GOOD[what]) == []


@pytest.mark.parametrize("what", BAD)
def test_the_judge_finds(what: str) -> None:
    assert judged(*BAD[what]) != []


@pytest.mark.parametrize("op", ["message.history", "pin.list", "presence.get", "group.get"])
def test_any_answer_about_the_group_is_a_leak_when_they_are_out(op: str) -> None:
    answer = {"re": 2, "ok": {"people": []}}
    assert judged(own("removed", 21), answer, op=op) != []
    assert judged(answer, own("removed", 21), op=op) == []
