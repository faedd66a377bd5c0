"""The judge, on histories made by hand: an honest one has no violation, and each kind of lie has its name."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.history import (
    Attempt,
    Connection,
    Entries,
    GroupTruth,
    History,
    Mine,
    MineRow,
    Period,
    Row,
    Shown,
    Truth,
)
from tests.chaos.lies import Lie, Lies

G, ANN, BOB = "g-one", "u-ann", "u-bob"


def said(pos: int, seq: int, who: str = ANN, text: str = "") -> Row:
    body = {"type": "text", "body": {"text": text or f"text {pos}"}}
    return Row(pos, 1000 + pos, "message", who, f"cid-{pos}", seq, None, 0, False, {}, body)


def change(pos: int, kind: str, target: int, body: dict[str, Any] | None = None, version: int = 0) -> Row:
    return Row(pos, 1000 + pos, kind, ANN, f"cid-{pos}", None, target, version, False, {}, body or {})


def moved(pos: int, *, joined: str = "", left: str = "") -> Row:
    body: dict[str, Any] = {"count": 1, "joined": [], "left": []}
    if joined:
        body["joined"].append({"user": joined, "by": ANN})
    if left:
        body["left"].append({"user": left, "by": ANN})
    return Row(pos, 1000 + pos, "members", None, None, None, None, 0, False, {}, body)


def shown_message(pos: int, seq: int, **more: Any) -> Shown:
    base = {"kind": "message", "pos": pos, "at": 1000 + pos, "seq": seq, "sender": ANN, "cid": f"cid-{pos}"}
    return Shown(base | {"type": "text", "body": {"text": f"text {pos}"}} | more)


def shown_change(row: Row, **more: Any) -> Shown:
    base = {"kind": row.kind, "pos": row.pos, "at": row.at, "by": ANN, "cid": row.cid, "target": row.target}
    return Shown(base | more)


JOINED = Shown({"kind": "members", "pos": 3, "at": 1003, "count": 1, "joined": [{"user": BOB, "by": ANN}]})
EDIT = change(5, "edit", 4, version=1)
RECALL = change(6, "recall", 2)
TAIL = (
    JOINED,
    shown_message(4, 2, version=1, body={"text": "edited"}),
    shown_change(EDIT, version=1, body={"text": "edited"}),
    Shown({"kind": "hidden", "pos": 6, "to": 6}),
    shown_message(7, 3),
)


def honest() -> History:
    """Ann says 2, pulls Bob in at 3 (who sees nothing older), says 4, edits it, recalls 2, says 7, puts him out."""
    recalled = said(2, 1)._replace(recalled=True, body={"type": "text", "recalled": {"by": ANN, "at": 1006}})
    edited = said(4, 2, text="edited")._replace(version=1)
    rows = [
        Row(1, 1001, "created", ANN, None, None, None, 0, False, {}, {"members": [ANN], "group_kind": "private"}),
        recalled,
        moved(3, joined=BOB),
        edited,
        EDIT,
        RECALL,
        said(7, 3),
        moved(8, left=BOB),
        said(9, 4),
    ]
    group = GroupTruth(9, 4, rows, [Period(ANN, 0, 1, None), Period(BOB, 2, 3, 7)])
    truth = Truth("e", {G: group}, users={ANN: 1, BOB: 2}, mine_floor={ANN: 0, BOB: 0})
    truth.mine[ANN] = [MineRow(1, 1001, "added", G, 1, {})]
    truth.mine[BOB] = [
        MineRow(1, 1003, "added", G, 3, {"by": ANN}),
        MineRow(2, 1008, "removed", G, 8, {"why": "kicked", "by": ANN}),
    ]
    return History(truth, [ann(), bob()])


def ann() -> Connection:
    """She asked for all of it."""
    attempts = [Attempt("group.create", {"cid": "cid-1", "history": "none"}, 1, 2, {"group": G, "pos": 1})]
    for number, (pos, seq) in enumerate(((2, 1), (4, 2), (7, 3), (9, 4))):
        data = {"group": G, "cid": f"cid-{pos}", "body": {"text": f"text {pos}"}}
        ok = {"group": G, "pos": pos, "seq": seq, "cid": f"cid-{pos}", "at": 1000 + pos, "recall_until": 121_000 + pos}
        attempts.append(Attempt("message.send", data, 10 * number + 10, 10 * number + 15, ok))
    edit = {"group": G, "pos": 4, "cid": "cid-5", "text": "edited"}
    attempts.append(Attempt("message.edit", edit, 50, 51, {"group": G, "pos": 5, "target": 4, "version": 1}))
    recall = {"group": G, "pos": 2, "cid": "cid-6"}
    attempts.append(Attempt("message.recall", recall, 52, 53, {"group": G, "pos": 6}))
    hello = {"epoch": "e", "mine": 0, "groups": []}
    return Connection(ANN, "phone", {}, hello, [], attempts)


def bob() -> Connection:
    """He was connected from before he was pulled in until after he was put out."""
    hello = {"epoch": "e", "mine": 0, "groups": []}
    added = {"upos": 1, "at": 1003, "kind": "added", "group": G, "pos": 3, "by": ANN}
    removed = {"upos": 2, "at": 1008, "kind": "removed", "group": G, "pos": 8, "why": "kicked", "by": ANN}
    events: list[Any] = [Mine(0, (added,), None), Entries(G, 2, 9, TAIL), Mine(1, (removed,), None)]
    return Connection(BOB, "phone", {}, hello, events, open_at_end=True)


def promises(history: History) -> set[str]:
    return {violation.promise for violation in check(history)}


def test_an_honest_history_has_no_violation() -> None:
    assert check(honest()) == []


def test_a_coming_in_that_the_own_log_no_longer_keeps_is_no_violation() -> None:
    """A bot's own log ends with the presses of its buttons, which are many."""
    history = honest()
    history.truth.mine[BOB], history.truth.mine_floor[BOB] = history.truth.mine[BOB][1:], 1
    assert check(history) == []


lie = Lies()


@lie("hole")
def a_row_is_missing(history: History) -> None:
    del history.truth.groups[G].rows[6]


@lie("hole")
def the_head_is_ahead(history: History) -> None:
    history.truth.groups[G].head = 10


@lie("lost")
def an_acknowledged_message_is_another(history: History) -> None:
    history.truth.groups[G].rows[8] = said(9, 4)._replace(cid="cid-x")


@lie("doubled")
def a_message_is_there_twice(history: History) -> None:
    group = history.truth.groups[G]
    group.rows.append(said(10, 5)._replace(cid="cid-9"))
    group.head, group.seq = 10, 5


@lie("doubled")
def a_retry_got_another_answer(history: History) -> None:
    again = copy.deepcopy(history.connections[0].attempts[1])
    again.sent, again.answered = 100, 101
    again.ok = {**(again.ok or {}), "pos": 9}
    history.connections[0].attempts.append(again)


@lie("doubled")
def another_request_was_accepted_under_the_cid(history: History) -> None:
    again = copy.deepcopy(history.connections[0].attempts[1])
    again.sent, again.answered = 100, 101
    again.data["body"] = {"text": "not what it was"}
    history.connections[0].attempts.append(again)


@lie("ack")
def a_retry_was_refused(history: History) -> None:
    first = history.connections[0].attempts[1]
    history.connections[0].attempts.append(
        Attempt(first.op, first.data, 100, 101, error={"code": "not_found", "message": ""})
    )


@lie("ack")
def what_was_refused_is_there(history: History) -> None:
    attempt = history.connections[0].attempts[4]
    attempt.ok, attempt.error = None, {"code": "not_found", "message": ""}


@lie("ack")
def an_internal_error(history: History) -> None:
    data = {"group": G, "cid": "cid-y", "body": {"text": "y"}}
    history.connections[0].attempts.append(
        Attempt("message.send", data, 100, 101, error={"code": "internal", "message": ""})
    )


@lie("order")
def a_later_send_stands_before_an_earlier_one(history: History) -> None:
    attempts = history.connections[0].attempts
    attempts[3], attempts[4] = attempts[4], attempts[3]


@lie("order")
def somebody_was_shown_another_text(history: History) -> None:
    replace_shown(history, 4, shown_message(7, 3, body={"text": "another"}))


@lie("order")
def the_row_has_another_text_than_was_sent(history: History) -> None:
    history.truth.groups[G].rows[8] = said(9, 4, text="another")


@lie("lost")
def somebody_was_shown_what_is_not_there(history: History) -> None:
    group = history.truth.groups[G]
    del group.rows[6:]
    group.head, group.seq, group.periods[1] = 6, 2, Period(BOB, 2, 3, None)
    history.truth.mine[BOB].pop()
    history.truth.users[BOB] = 1
    history.connections[1].events.pop()


@lie("order")
def a_page_shows_an_older_state_than_it_says(history: History) -> None:
    replace_shown(history, 1, shown_message(4, 2))


@lie("recalled")
def recalled_text_is_shown_again(history: History) -> None:
    history.connections[0].events = [page(Shown(shown_message(2, 1).raw), as_of=6)]


@lie("recalled")
def a_recalled_row_keeps_its_content(history: History) -> None:
    group = history.truth.groups[G]
    group.rows[1] = group.rows[1]._replace(body=group.rows[1].body | {"body": {"text": "text 2"}})


@lie("resume")
def one_entry_is_left_out(history: History) -> None:
    history.connections[1].events[1] = Entries(G, 3, 9, TAIL[1:])


@lie("hole")
def one_entry_is_left_out_inside(history: History) -> None:
    history.connections[1].events[1] = Entries(G, 2, 9, (*TAIL[:2], *TAIL[3:]))


@lie("resume")
def one_entry_comes_twice(history: History) -> None:
    history.connections[1].events[2:2] = [Entries(G, 6, 9, TAIL[-1:])]


@lie("resume")
def the_cursor_of_hello_is_not_kept(history: History) -> None:
    line = {"group": G, "floor": 2, "head": 7, "live": True, "after": 5}
    resumed(history, line, cursor=4)


@lie("resume")
def truncated_without_a_reason(history: History) -> None:
    resumed(history, {"group": G, "floor": 2, "head": 7, "live": True, "after": 4, "truncated": 2}, cursor=4)


@lie("resume")
def reset_without_a_reason(history: History) -> None:
    resumed(history, {"group": G, "floor": 2, "head": 7, "live": True, "after": 4, "reset": True}, cursor=4)


@lie("resume")
def the_end_never_arrived(history: History) -> None:
    line = {"group": G, "floor": 0, "head": 8, "live": True, "after": 8}
    hello = {"epoch": "e", "mine": 1, "groups": [line]}
    history.connections.append(Connection(ANN, "desk", {}, hello, open_at_end=True))


@lie("resume")
def an_event_before_hello(history: History) -> None:
    history.connections[1].early = 1


@lie("audience")
def who_was_put_out_gets_more(history: History) -> None:
    out = Shown({"kind": "members", "pos": 8, "at": 1008, "count": 1, "left": [{"user": BOB, "by": ANN}]})
    history.connections[1].events[1] = Entries(G, 2, 9, (*TAIL, out))


@lie("audience")
def a_newcomer_gets_what_was_before(history: History) -> None:
    history.connections[1].events[1] = Entries(G, 1, 9, (shown_message(2, 1), *TAIL))


@lie("audience")
def a_change_of_what_is_not_visible_is_shown(history: History) -> None:
    replace_shown(history, 3, shown_change(RECALL))


@lie("audience")
def what_is_visible_is_hidden(history: History) -> None:
    replace_shown(history, 4, Shown({"kind": "hidden", "pos": 7, "to": 7}))


@lie("audience")
def the_database_has_another_floor(history: History) -> None:
    history.truth.groups[G].periods[1] = Period(BOB, 1, 3, 7)


@lie("mine")
def entries_come_before_added(history: History) -> None:
    events = history.connections[1].events
    events[0], events[1] = events[1], events[0]


@lie("mine")
def entries_come_after_removed(history: History) -> None:
    events = history.connections[1].events
    events[1], events[2] = events[2], events[1]


@lie("mine")
def the_own_log_says_less(history: History) -> None:
    history.truth.mine[BOB].pop()
    history.truth.users[BOB] = 1


@lie("unread")
def unread_is_one_too_many(history: History) -> None:
    line = {"group": G, "floor": 0, "head": 9, "seq": 4, "read": 4, "unread": 1}
    connection = Connection(ANN, "fresh", {}, {"epoch": "e", "mine": 1, "groups": [line]}, fresh=True)
    history.connections.append(connection)


@pytest.mark.parametrize(("promise", "tell"), lie.told, ids=lie.names)
def test_a_lie_is_called_by_its_name(promise: str, tell: Lie) -> None:
    history = honest()
    tell(history)
    assert promise in promises(history)


def replace_shown(history: History, index: int, shown: Shown) -> None:
    entries = list(TAIL)
    entries[index] = shown
    history.connections[1].events[1] = Entries(G, 2, 9, tuple(entries))


def page(*shown: Shown, as_of: int) -> Attempt:
    ok = {"group": G, "floor": 0, "as_of": as_of, "more": True, "shown": shown}
    return Attempt("message.history", {"group": G}, 200, 201, ok)


def resumed(history: History, line: dict[str, Any], cursor: int) -> None:
    cursors = {"epoch": "e", "mine": [1, 1003], "heads": {G: [cursor, 1000 + cursor]}}
    history.connections.append(Connection(BOB, "desk", cursors, {"epoch": "e", "mine": 1, "groups": [line]}))
