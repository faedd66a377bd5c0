"""The rules of density, without a socket."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatd_client import Cursors, EntriesEvent, Expired, Opened, Reset, Truncated
from chatd_client.feed import Feed, last_pos
from chatd_protocol.codec import Malformed
from chatd_protocol.groups import GroupLine
from chatd_protocol.log import Entries, Mine, MineEntry, read_entry
from chatd_protocol.session import HelloOk
from chatd_protocol.signals import Heads
from tests.client.peer import EPOCH, GROUP, OTHER, hello_ok, hidden, line, message


def fed(**more: Any) -> Feed:
    """A feed after its first hello, in a group that was received up to 40."""
    feed = Feed(Cursors())
    feed.greet(hello(**({"groups": [line()]} | more)))
    return feed


def hello(**more: Any) -> HelloOk:
    return msgspec.convert(hello_ok(**more), HelloOk)


def entries(after: int, *raw: dict[str, Any], group: str = GROUP) -> Entries:
    return Entries(group, after, 0, list(raw))


def taken(feed: Feed, raw: Entries) -> list[int]:
    """What comes through, as numbers."""
    event = feed.take_entries(raw)
    if event is None:
        return []
    feed.accept_entries(event)
    return [last_pos(entry) for entry in event.entries]


def opened_line(**more: Any) -> GroupLine:
    return msgspec.convert(line(**more), GroupLine)


def mine(upos: int, kind: str, pos: int, group: str = GROUP) -> MineEntry:
    return MineEntry(upos=upos, at=upos, kind=kind, group=group, pos=pos)


def test_what_follows_comes_through() -> None:
    feed = fed()
    assert taken(feed, entries(40, message(41), message(42))) == [41, 42]
    assert taken(feed, entries(42, message(43))) == [43]
    assert feed.resume().heads == {GROUP: (43, 430)}


def test_what_overlaps_is_cut() -> None:
    feed = fed()
    assert taken(feed, entries(38, message(39), message(40), message(41))) == [41]
    assert taken(feed, entries(38, message(39), message(40), message(41))) == []
    assert taken(feed, entries(40, hidden(41, 45))) == [45]
    assert not feed.wanted


def test_the_event_says_behind_which_entry_it_really_goes_on() -> None:
    event = fed().take_entries(entries(38, message(39), message(40), message(41)))
    assert isinstance(event, EntriesEvent)
    assert event.after == 40


def test_a_gap_is_asked_for_once() -> None:
    feed = fed()
    assert taken(feed, entries(41, message(42))) == []
    assert feed.wanted == {GROUP}
    assert feed.cursor(GROUP) == (40, 400)
    feed.wanted.clear()
    assert taken(feed, entries(42, message(43))) == []
    assert not feed.wanted
    assert taken(feed, entries(40, message(41), message(42), message(43))) == [41, 42, 43]
    feed.opened(opened_line(head=43, after=40))
    assert taken(feed, entries(43, message(44))) == [44]
    assert not feed.wanted


def test_entries_without_a_time_do_not_move_what_a_resume_names() -> None:
    feed = fed()
    strange = {"kind": "weather", "pos": 42}
    assert taken(feed, entries(40, message(41), strange)) == [41, 42]
    assert feed.resume().heads == {GROUP: (41, 410)}
    assert taken(feed, entries(41, strange, hidden(43, 50))) == [50]
    assert feed.resume().heads == {GROUP: (50, 500)}


def test_a_refused_event_is_wanted_again() -> None:
    feed = fed()
    event = feed.take_entries(entries(40, message(41)))
    assert isinstance(event, EntriesEvent)
    assert feed.refuse_entries(event)
    assert not feed.refuse_entries(event)
    assert taken(feed, entries(41, message(42))) == []
    feed.catch_up()
    assert feed.wanted == {GROUP}
    assert feed.cursor(GROUP) == (40, 400)


def test_a_resume_that_goes_on_elsewhere_is_mended() -> None:
    feed = fed(groups=[line(), line(OTHER)])
    events, missed = feed.greet(hello(groups=[line(head=45, after=43), line(OTHER, head=42, live=False, after=None)]))
    assert (events, missed) == ([], 7)
    assert feed.wanted == {GROUP, OTHER}


def test_what_was_let_go_meanwhile_does_not_count_as_missed() -> None:
    feed = fed(groups=[line()])
    events, missed = feed.greet(hello(groups=[line(head=60, after=57, truncated=57)]))
    assert (events, missed) == ([Truncated(GROUP, 57)], 3)


def test_groups_that_were_opened_are_opened_again() -> None:
    feed = fed(groups=[])
    feed.follow(GROUP, from_start=False)
    assert feed.opened(opened_line()) == [Opened(opened_line())]
    feed.greet(hello())
    assert feed.wanted == {GROUP}
    feed.wanted.clear()
    feed.greet(hello(groups=[line(head=41)]))
    assert not feed.wanted


def test_what_the_first_page_did_not_tell_is_asked_for() -> None:
    feed = fed()
    feed.greet(hello(more="next"))
    assert feed.wanted == {GROUP}


def test_truncated_and_reset_of_a_group() -> None:
    feed = fed()
    events, _ = feed.greet(hello(groups=[line(head=90, after=80, truncated=80)]))
    assert events == [Truncated(GROUP, 80)]
    assert taken(feed, entries(80, message(81))) == [81]
    events, _ = feed.greet(hello(groups=[line(head=7, at=70, after=7, reset=True)]))
    assert events == [Reset(GROUP)]
    assert feed.resume().heads == {GROUP: (7, 70)}
    assert taken(feed, entries(7, message(8))) == [8]


def test_what_is_no_longer_kept_is_told_to_who_is_below_and_to_who_is_not() -> None:
    feed = fed()
    cut = Entries(GROUP, 40, 90, [], truncated=44)
    assert feed.cut_entries(cut) == Truncated(GROUP, 44)
    assert taken(feed, cut) == []
    assert not feed.wanted
    assert feed.cursor(GROUP) == (0, None), "no entry with a time is known there"
    assert taken(feed, entries(44, message(45))) == [45]
    assert feed.cut_entries(Entries(GROUP, 45, 90, [], truncated=45)) == Expired(GROUP, 45)
    assert taken(feed, entries(45, message(46))) == [46]
    assert feed.cut_entries(entries(46, message(47))) is None


def test_what_is_told_behind_a_gap_is_left_to_the_line_of_the_group() -> None:
    feed = fed()
    cut = Entries(GROUP, 42, 90, [], truncated=44)
    assert feed.cut_entries(cut) is None
    assert taken(feed, cut) == []
    assert feed.wanted == {GROUP}


def test_a_reset_of_everything() -> None:
    feed = fed(mine=3, mine_at=30, groups=[line(), line(OTHER)])
    feed.follow(OTHER, from_start=False)
    events, _ = feed.greet(hello(epoch="second", reset=True, mine=1, mine_at=10, groups=[line(head=5, at=50, after=5)]))
    assert events == [Reset(None)]
    assert feed.resume() == Cursors("second", (1, 10), {GROUP: (5, 50)})
    assert feed.wanted == {OTHER}


def test_a_reader_who_has_seen_nothing_names_no_entry() -> None:
    feed = fed(groups=[line(head=90, after=80, truncated=80)])
    assert feed.cursor(GROUP) == (0, None)
    assert feed.opened(opened_line(head=90, after=80, truncated=80)) == [
        Opened(opened_line(head=90, after=80, truncated=80))
    ]
    assert taken(feed, entries(80, hidden(81, 89), message(90))) == [89, 90]
    assert feed.cursor(GROUP) == (90, 900)
    assert feed.cursor(OTHER) == (None, None)
    feed.follow(OTHER, from_start=True)
    assert feed.cursor(OTHER) == (0, None)


@pytest.mark.parametrize("holed", [[message(42)], [message(41), message(43)], [hidden(41, 44), message(46)]])
def test_a_hole_inside_an_event_is_not_believed(holed: list[dict[str, Any]]) -> None:
    with pytest.raises(Malformed):
        fed().take_entries(entries(40, *holed))


def test_a_server_that_jumps_is_told_and_not_asked_for_ever() -> None:
    feed = fed()
    taken(feed, entries(60, message(61)))
    feed.wanted.clear()
    events = feed.opened(opened_line(head=61, after=60))
    assert events[0] == Truncated(GROUP, 60)
    assert not feed.wanted
    assert taken(feed, entries(60, message(61))) == [61]


def test_heads_that_a_group_does_not_reach() -> None:
    feed = fed()
    ahead = Heads(at=1, heads={GROUP: (41, 410), OTHER: (5, 50)})
    feed.take_heads(ahead)
    assert not feed.wanted
    feed.take_heads(ahead)
    assert feed.wanted == {GROUP}


def test_heads_of_a_group_that_this_connection_never_promised() -> None:
    feed = fed()
    feed.greet(hello())
    feed.take_heads(Heads(at=1, heads={GROUP: (41, 410)}))
    assert feed.wanted == {GROUP}


def test_heads_that_are_reached_meanwhile() -> None:
    feed = fed()
    feed.take_heads(Heads(at=1, heads={GROUP: (41, 410)}))
    assert taken(feed, entries(40, message(41))) == [41]
    feed.take_heads(Heads(at=2, heads={GROUP: (42, 420)}))
    assert not feed.wanted


def test_the_users_own_log() -> None:
    feed = fed(mine=3, mine_at=30)
    assert feed.resume().mine == (3, 30)
    event = feed.take_mine(Mine(2, [mine(3, "added", 1, OTHER), mine(4, "added", 9, OTHER)]))
    assert event is not None
    assert [entry.upos for entry in event.entries] == [4]
    feed.accept_mine(event)
    assert feed.resume().mine == (4, 4)
    assert feed.take_mine(Mine(5, [mine(6, "added", 9, OTHER)])) is None
    gaps = [feed.mine_gap]
    feed.greet(hello(mine=6))
    assert [*gaps, feed.mine_gap] == [True, False]
    assert feed.resume().mine == (4, 4)


def test_an_own_log_that_is_not_kept_so_far_back() -> None:
    feed = Feed(Cursors(EPOCH, (4, 4)))
    events, _ = feed.greet(hello(mine=30, mine_truncated=20))
    assert events == [Truncated(None, 20)]
    assert feed.take_mine(Mine(20, [mine(21, "added", 9, OTHER)])) is not None


def test_an_own_log_that_was_cut_while_it_was_read() -> None:
    feed = Feed(Cursors(EPOCH, (4, 4)))
    feed.greet(hello(mine=30))
    cut = Mine(4, [mine(21, "added", 9, OTHER)], truncated=20)
    assert feed.mine_cut(cut) == Truncated(None, 20)
    event = feed.take_mine(cut)
    assert event is not None
    feed.accept_mine(event)
    assert not feed.mine_gap
    assert feed.mine_cut(cut) is None


def test_an_own_log_whose_time_was_never_told() -> None:
    feed = fed(mine=3)
    assert feed.resume().mine is None
    events, _ = feed.greet(hello(mine=5))
    assert events == [Truncated(None, 5)]


@pytest.mark.parametrize("opened", [True, False])
def test_leaving_and_joining_again_begins_anew(opened: bool) -> None:
    feed = fed()
    if opened:
        feed.follow(GROUP, from_start=False)
    event = feed.take_mine(Mine(0, [mine(1, "removed", 41)]))
    assert event is not None
    feed.accept_mine(event)
    assert feed.resume().heads == {}
    event = feed.take_mine(Mine(1, [mine(2, "added", 60)]))
    assert event is not None
    feed.accept_mine(event)
    assert taken(feed, entries(59, message(60))) == [60]
    assert not feed.wanted


def test_who_is_added_gets_what_follows_over_a_lost_connection() -> None:
    feed = fed(groups=[])
    event = feed.take_mine(Mine(0, [mine(1, "added", 60)]))
    assert event is not None
    feed.accept_mine(event)
    feed.greet(hello(mine=1, groups=[line(head=70, at=700, after=70)]))
    assert feed.wanted == {GROUP}
    assert feed.unmarked(GROUP) == 59
    feed.set_mark(GROUP, map(read_entry, [message(57), hidden(58, 58), {"kind": "weather", "pos": 59}]))
    assert feed.cursor(GROUP) == (58, 580)
    feed.opened(opened_line(head=70, after=58))
    assert taken(feed, entries(58, message(59), message(60), message(61))) == [60, 61]


def test_who_was_added_while_away_gets_what_followed() -> None:
    feed = Feed(Cursors(EPOCH, (0, 0)))
    feed.greet(hello(mine=1, groups=[line(head=70, at=700, after=70)]))
    event = feed.take_mine(Mine(0, [mine(1, "added", 60)]))
    assert event is not None
    feed.accept_mine(event)
    assert feed.wanted == {GROUP}
    feed.set_mark(GROUP, [])
    assert feed.cursor(GROUP) == (0, None)
    assert feed.opened(opened_line(head=70, after=59, truncated=59))[:-1] == []
    assert taken(feed, entries(59, message(60))) == [60]


def test_news_of_an_older_period_do_not_touch_the_present_one() -> None:
    feed = Feed(Cursors(EPOCH, (0, 0), {GROUP: (40, 400)}))
    feed.greet(hello(mine=2, groups=[line(head=61, after=59, truncated=59)]))
    event = feed.take_mine(Mine(0, [mine(1, "removed", 41), mine(2, "added", 60)]))
    assert event is not None
    feed.accept_mine(event)
    assert taken(feed, entries(59, message(60))) == [60]


def test_added_and_not_flowing_is_opened_if_the_caller_had_it_open() -> None:
    feed = fed()
    feed.follow(GROUP, from_start=False)
    feed.greet(hello())
    feed.wanted.clear()
    event = feed.take_mine(Mine(0, [mine(1, "added", 60)]))
    assert event is not None
    feed.positions[GROUP].mending = False
    feed.accept_mine(event)
    assert feed.wanted == {GROUP}
    assert feed.cursor(GROUP) == (0, None)


def test_an_entry_of_a_wrong_type_is_an_error_and_of_an_unknown_kind_is_not() -> None:
    feed = fed()
    with pytest.raises(msgspec.ValidationError):
        feed.take_entries(entries(40, message(41) | {"seq": "x"}))
    assert taken(feed, entries(40, {"kind": "weather", "pos": 41})) == [41]


def test_no_more_groups_are_named_than_the_server_takes() -> None:
    heads = {f"g{n:016d}": (n, n) for n in range(1, 1202)}
    named = Feed(Cursors(EPOCH, (0, 0), heads)).resume().heads
    assert len(named) == 1000
    assert min(at for _, at in named.values()) == 202
