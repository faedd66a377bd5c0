"""The ring of a group: dense and bounded, and asked for what lies behind a cursor from whichever end is nearer."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.values import Entry
from chatd.hub.ports import Format
from chatd.hub.ring import Item, Ring


def item(pos: int, text: str = "x") -> Item:
    body = {"type": "text", "body": {"text": text}}
    return Item(Entry("tea", pos, 1, "message", "ann", f"cid{pos}", pos, None, 0, False, {}, body), None)


@given(pushed=st.integers(0, 20), room=st.integers(1, 8), after=st.integers(-3, 25), most=st.integers(0, 10))
def test_what_lies_behind_a_cursor(pushed: int, room: int, after: int, most: int) -> None:
    ring = Ring(room, 10**9)
    for pos in range(1, pushed + 1):
        ring.push(item(pos))
    here = list(range(max(1, pushed - room + 1), pushed + 1))
    behind = ring.behind(after, most)
    if not here or after < here[0] - 1:
        assert behind is None, "it does not reach back so far"
    else:
        assert behind is not None
        assert [one.entry.pos for one in behind] == [pos for pos in here if pos > after][:most]


@given(pushed=st.integers(1, 20), floor=st.integers(0, 25), answered=st.integers(1, 20))
def test_what_went_is_not_in_the_ring_nor_quoted_from_it(pushed: int, floor: int, answered: int) -> None:
    ring = Ring(30, 10**9)
    for pos in range(1, pushed + 1):
        ring.push(item(pos))
    answer = item(pushed + 1)
    answer.entry.target = answered
    answer.target = item(answered).entry
    ring.push(answer)
    before = answer.encoded("json", 0)
    ring.cut(floor, range(1, floor + 1))
    assert [one.entry.pos for one in ring] == [pos for pos in range(1, pushed + 2) if pos > floor]
    if floor <= pushed:
        assert (answer.target is None) == (answered <= floor)
        assert (b"quote" in answer.encoded("json", 0)) == (b"quote" in before and answered > floor)
    assert ring.behind(floor - 1, 5) is None or floor == 0 or not len(ring)


def traced(make: Callable[[], object]) -> int:
    """What is held of what it returns, in bytes."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = make()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made
    return after - before


@pytest.mark.parametrize("text", ["x", "x" * 300, "字", "字" * 300])
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
def test_an_item_costs_what_it_is_counted_as(text: str, fmt: Format) -> None:
    """As it comes from the writer, and encoded once: else rings take several times the room that they may."""
    many = range(1000, 1200)
    sent = [msgspec.msgpack.encode([item(pos, text).entry]) for pos in many]

    def come() -> list[Item]:
        items = [Item(msgspec.msgpack.decode(raw, type=list[Entry])[0], None) for raw in sent]
        for one in items:
            one.encoded(fmt, 0)
        return items

    come()
    counted = len(many) * item(1000, text).size_bytes
    assert traced(come) <= 1.1 * counted
