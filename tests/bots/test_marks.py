"""How far a bot has got: of each group, and of its own log, whose entries are done out of order."""

from __future__ import annotations

from chatd_client.bots.happenings import Unit
from chatd_client.bots.marks import Marks
from chatd_client.bots.store import MINE, Step
from chatd_client.cursors import FLOOR, Cursors
from chatd_protocol.log import Hidden, Message, MineEntry, UnknownEntry

KEPT = Cursors("e", (10, 100), {"g": (5, 50)})


def mine(upos: int, kind: str = "pressed", group: str = "g", pos: int = 1) -> MineEntry:
    return MineEntry(upos, upos * 10, kind, group=group, pos=pos)


def handle(marks: Marks, unit: Unit) -> Step:
    step = Step()
    marks.pass_over(unit, step)
    marks.passed(unit)
    return step


def test_the_cursor_of_a_group_is_that_of_the_last_entry_whose_time_is_known() -> None:
    marks = Marks(KEPT, [])
    assert handle(marks, Unit("g", entry=Message(6, 60, "u", "c", "text"))).cursors == {"g": (6, 60)}
    assert handle(marks, Unit("g", entry=Hidden(7, 90, 9))).cursors == {"g": (9, 90)}
    assert handle(marks, Unit("g", entry=UnknownEntry(10, "new"))).cursors == {}
    assert (marks.groups["g"], marks.done["g"]) == ((9, 90), 10)


def test_the_cursor_of_ones_own_log_stays_before_the_first_that_is_not_done() -> None:
    marks = Marks(KEPT, [])
    entries = [mine(upos) for upos in (11, 12, 13)]
    assert marks.receive(entries) == entries
    third = handle(marks, Unit("g", mine=entries[2]))
    assert (third.cursors, third.taken) == ({}, [13])
    first = handle(marks, Unit("g", mine=entries[0]))
    assert (first.cursors, first.taken) == ({MINE: (11, 110)}, [])
    assert not marks.caught_up(12)
    second = handle(marks, Unit("g", mine=entries[1]))
    assert second.cursors == {MINE: (13, 130)}
    assert marks.caught_up(13)
    assert marks.load == 0


def test_what_was_done_behind_the_cursor_is_not_done_again_after_a_restart() -> None:
    marks = Marks(KEPT, [12])
    entries = [mine(upos) for upos in (11, 12, 13)]
    assert marks.receive(entries) == [entries[0], entries[2]]
    assert handle(marks, Unit("g", mine=entries[0])).cursors == {MINE: (12, 120)}
    assert handle(marks, Unit("g", mine=entries[2])).cursors == {MINE: (13, 130)}


def test_a_group_that_one_came_into_begins_where_one_came_in_and_ends_where_one_left() -> None:
    marks = Marks(KEPT, [])
    added, removed = mine(11, "added", "new", 7), mine(12, "removed", "new", 20)
    marks.receive([added, removed])
    assert handle(marks, Unit("new", mine=added)).cursors == {MINE: (11, 110), "new": FLOOR}
    step = handle(marks, Unit("new", mine=removed))
    assert (step.cursors, step.ended) == ({MINE: (12, 120), "new": None}, "new")
    assert "new" not in marks.groups


def test_who_came_back_before_it_was_noticed_keeps_the_new_time() -> None:
    marks = Marks(KEPT, [])
    removed = mine(11, "removed", "g", 3)
    marks.receive([removed])
    step = handle(marks, Unit("g", mine=removed))
    assert (step.cursors, step.ended) == ({MINE: (11, 110)}, None)


def test_a_place_of_which_something_is_known_does_not_begin_anew() -> None:
    marks, step = Marks(KEPT, []), Step()
    marks.base("g", (40, 400), step)
    marks.base("other", (40, 400), step)
    marks.base("none", None, step)
    assert step.cursors == {"other": (40, 400)}
