"""The ring of a group: dense and bounded, and asked for what lies behind a cursor from whichever end is nearer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.values import Entry
from chatd.hub.ring import Item, Ring


def item(pos: int) -> Item:
    body = {"type": "text", "body": {"text": "x"}}
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
