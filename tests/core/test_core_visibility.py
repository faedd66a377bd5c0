"""What goes on the wire for a reader with a given floor: never what lies below it, not even by reference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.values import Entry, Mine
from chatd.core.visibility import CHANGES, QUOTE_MAX, page, quote, sees, view, view_mine

pytestmark = pytest.mark.promise("P7", "visibility.view")


def entry(pos: int, kind: str = "message", **changes: Any) -> Entry:
    """An entry as it is stored; a message of ann's unless told otherwise."""
    is_message = kind == "message"
    fields: dict[str, Any] = {
        "group": "g",
        "pos": pos,
        "at": 1000 + pos,
        "kind": kind,
        "actor": "ann",
        "cid": "c" * 21 + "A",
        "seq": pos if is_message else None,
        "target": None,
        "version": 0,
        "recalled": False,
        "reactions": {},
        "body": {"type": "text", "body": {"text": f"text {pos}"}} if is_message else {},
    }
    return Entry(**(fields | changes))


def tombstone(pos: int, **changes: Any) -> Entry:
    body = {"type": "text", "recalled": {"by": "ben", "at": 5}}
    return entry(pos, recalled=True, body=body, **changes)


def test_a_message_as_it_goes_out() -> None:
    shown = view(entry(7, version=2, reactions={"b": 1, "a": 1, "z": 3}), None, 0)
    assert shown == {
        "kind": "message",
        "pos": 7,
        "at": 1007,
        "seq": 7,
        "sender": "ann",
        "cid": "c" * 21 + "A",
        "type": "text",
        "body": {"text": "text 7"},
        "version": 2,
        "reactions": [{"emoji": "z", "count": 3}, {"emoji": "a", "count": 1}, {"emoji": "b", "count": 1}],
    }


@pytest.mark.promise("P7", "visibility.quote")
@pytest.mark.parametrize(("floor", "quoted"), [(0, True), (2, True), (3, False), (4, False)])
def test_the_quote_is_left_out_for_who_may_not_see_the_target(floor: int, quoted: bool) -> None:
    shown = view(entry(5, target=3), entry(3), floor)
    assert shown["reply_to"] == 3
    assert ("quote" in shown) == quoted
    if quoted:
        assert shown["quote"] == {"pos": 3, "sender": "ann", "type": "text", "text": "text 3"}
    else:
        assert "text 3" not in repr(shown)


@pytest.mark.promise("P9", "recall.quote")
def test_the_quote_of_a_recalled_message_says_so_and_nothing_else() -> None:
    shown = view(entry(5, target=3), tombstone(3), 0)
    assert shown["quote"] == {"pos": 3, "sender": "ann", "type": "text", "recalled": True}


@pytest.mark.promise("P9", "recall.view")
def test_a_recalled_reply_shows_neither_text_nor_quote() -> None:
    shown = view(tombstone(5, target=3), entry(3), 0)
    assert shown["recalled"] == {"by": "ben", "at": 5}
    assert {"body", "quote", "reactions", "version"}.isdisjoint(shown)


def test_a_quote_is_short() -> None:
    long = entry(3, body={"type": "text", "body": {"text": "字" * 500}})
    assert quote(long)["text"] == "字" * QUOTE_MAX


@pytest.mark.promise("P7", "visibility.change")
@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_what_changes_an_older_entry_is_for_those_who_see_that_one_too(kind: str) -> None:
    change = entry(9, kind, target=4, version=1, body={"emoji": "👍", "on": True} if kind == "reaction" else {})
    assert view(change, entry(4), 4) == {"kind": "hidden", "pos": 9, "at": 1009, "to": 9}
    assert view(change, entry(4), 3)["target"] == 4
    assert [sees(change, floor) for floor in (3, 4, 9)] == [True, False, False]


def test_an_edit_shows_the_live_row() -> None:
    edit = entry(9, "edit", target=4, version=1)
    now = entry(4, version=3, body={"type": "text", "body": {"text": "newest"}})
    shown = view(edit, now, 0)
    assert (shown["version"], shown["body"]) == (3, {"text": "newest"})
    shown = view(edit, tombstone(4, version=3), 0)
    assert shown["version"] == 3
    assert "body" not in shown


def test_a_reaction_shows_the_counts_as_they_are_now() -> None:
    reaction = entry(9, "reaction", target=4, body={"emoji": "👍", "on": True})
    shown = view(reaction, entry(4, reactions={"👍": 2}), 0)
    assert (shown["by"], shown["emoji"], shown["on"]) == ("ann", "👍", True)
    assert shown["reactions"] == [{"emoji": "👍", "count": 2}]
    assert "reactions" not in view(reaction, tombstone(4), 0)


def test_other_entries_leave_out_what_is_empty() -> None:
    body = {"count": 3, "joined": [{"user": "ben", "by": "ann"}], "left": []}
    shown = view(entry(2, "members", actor=None, cid=None, body=body), None, 0)
    assert shown == {"kind": "members", "pos": 2, "at": 1002, "count": 3, "joined": [{"user": "ben", "by": "ann"}]}
    assert view(entry(1, "created", cid=None, body={"title": ""}), None, 0)["by"] == "ann"


def test_runs_of_hidden_entries_become_one() -> None:
    entries = [
        entry(4),
        entry(5, "recall", target=1),
        entry(6, "edit", target=2),
        entry(7),
        entry(8, "reaction", target=2),
        entry(9, "recall", target=4),
    ]
    shown = page(entries, {1: tombstone(1), 2: entry(2), 4: tombstone(4)}, 3)
    assert [(one["kind"], one["pos"], one.get("to")) for one in shown] == [
        ("message", 4, None),
        ("hidden", 5, 6),
        ("message", 7, None),
        ("hidden", 8, 8),
        ("recall", 9, None),
    ]


KINDS = st.sampled_from(["message", "members", *sorted(CHANGES)])


@given(st.lists(st.tuples(KINDS, st.integers(0, 30)), max_size=30), st.integers(0, 30))
def test_a_page_covers_every_number_once_and_nothing_below_the_floor(kinds: list[tuple[str, int]], floor: int) -> None:
    """Identical numbering whatever the floor; the text of what lies below appears nowhere."""
    log: dict[int, Entry] = {}
    for pos, (wish, back) in enumerate(kinds, 1):
        wanted = pos - 1 - back
        found = log.get(wanted)
        target = wanted if found is not None and found.kind == "message" else None
        kind = "message" if wish in CHANGES and target is None else wish
        log[pos] = entry(pos, kind, target=target, body=_body_of(kind, pos))
    shown = page([one for pos, one in log.items() if pos > floor], log, floor)
    covered = [pos for one in shown for pos in range(one["pos"], one.get("to", one["pos"]) + 1)]
    assert covered == [pos for pos in log if pos > floor]
    words = repr(shown)
    for pos, one in log.items():
        if pos <= floor and one.kind == "message":
            assert f"<{pos}>" not in words


def _body_of(kind: str, pos: int) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "message": {"type": "text", "body": {"text": f"<{pos}>"}},
        "members": {"count": 1, "joined": [], "left": []},
        "reaction": {"emoji": "👍", "on": True},
    }
    return bodies.get(kind, {})


def test_an_entry_of_ones_own_log() -> None:
    assert view_mine(Mine("ann", 3, 5, "removed", "g", 9, {"why": "kicked", "by": "ben"})) == {
        "upos": 3,
        "at": 5,
        "kind": "removed",
        "group": "g",
        "pos": 9,
        "why": "kicked",
        "by": "ben",
    }
    assert "pos" not in view_mine(Mine("ann", 3, 5, "direct", "g", None, {"read_only": True}))
