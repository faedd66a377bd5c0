"""The judge, on sections, read positions and what is between people: an honest history has no violation, each kind of
lie has its name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.history import Attempt, Connection, History, InviteRow, MineRow, Period, Row
from tests.chaos.lies import Lie, Lies
from tests.chaos.test_beside import acked
from tests.chaos.test_checker import ANN, BOB, G, honest, moved, promises, said

EVE = "u-eve"
MAIN = {"section": 0, "kind": "chat", "title": ""}
SHOP = {"section": 1, "kind": "chat", "title": "shop"}
ASKED = InviteRow(G, ANN, 1, 0, revoked=False, target=EVE, pull=True, declined=True)


def told(pos: int, act: str, *sections: dict[str, Any], **named: int) -> Row:
    body = {"act": act, "sections": list(sections)} | named
    return Row(pos, 1000 + pos, "sections", ANN, None, None, None, 0, False, {}, body)


def peopled() -> History:
    """Ann opens a section at 10, says 11 and 12 there, gives notice at 13 and pulls Bob in at 14, who says 15 and then
    ceases to follow her, which puts him out at 16. Eve wants to be asked, and says no. The hub is killed twice."""
    history = honest()
    group, kept, (ann, bob) = history.truth.groups[G], history.truth.kept, history.connections
    notice = said(13, 0)._replace(seq=None, body={"type": "notice", "body": {"text": "text 13"}})
    group.rows += [told(10, "create", MAIN, SHOP, section=1)]
    group.rows += [said(11, 1)._replace(section=1), said(12, 2)._replace(section=1), notice]
    group.rows += [moved(14, joined=BOB), said(15, 5, BOB), moved(16, left=BOB)]
    group.head, group.seq, group.sections[1] = 16, 5, (2, 12)
    group.periods.append(Period(BOB, 13, 14, 15))
    for pos, seq in ((11, 1), (12, 2), (13, None)):
        ann.attempts.append(sent(pos, 100 + pos, seq=seq, section=1 if seq else None))
    bob.attempts.append(sent(15, 160, seq=5))
    history.truth.mine[BOB] += [
        MineRow(3, 1014, "added", G, 14, {"by": ANN}),
        MineRow(4, 1016, "removed", G, 16, {"why": "unfollowed"}),
    ]
    history.truth.mine[EVE] = [
        MineRow(1, 1017, "invited", G, None, {"invite": "i-eve", "by": ANN}),
        MineRow(2, 1018, "declined", G, None, {"invite": "i-eve"}),
    ]
    history.truth.users |= {BOB: 4, EVE: 2}
    bob.open_at_end = False
    pulled = {"results": [{"user": EVE, "result": "asked"}]}
    ann.attempts += [
        acked("section.create", {"pos": 10, "section": 1}, 90, kind="chat", title="shop"),
        acked("group.update", {}, 92, on_unfollow_owner="remove"),
        acked("member.add", pulled, 94, users=[EVE]),
        acked("follow.add", {}, 96, user=BOB),
        Attempt("read.mark", {"group": G, "seq": 2, "section": 1}, 300, 301, {"group": G, "read": 2, "section": 1}),
        acked("follow.add", {}, 400, user=EVE),
        acked("follow.add", {}, 500, user=EVE),
    ]
    bob.attempts += [acked("follow.add", {}, 20, user=ANN), acked("follow.remove", {}, 170, user=ANN)]
    history.connections.append(eve())
    line = {"group": G, "floor": 0, "head": 16, "seq": 5, "read": 4, "unread": 1}
    line["sections"] = [{"section": 0, "seq": 5, "read": 4, "unread": 1}, {"section": 1, "seq": 2, "read": 2}]
    history.connections.append(Connection(ANN, "desk", {}, {"epoch": "e", "mine": 1, "groups": [line]}, asked=700))
    kept.invites["i-eve"], kept.pulls = ASKED, {EVE: "ask"}
    kept.follows = {(ANN, BOB), (ANN, EVE)}
    history.kills, history.clock = [600, 650], [moment / 50 for moment in range(1000)]
    return history


def sent(pos: int, moment: int, **numbers: int | None) -> Attempt:
    named = {key: value for key, value in numbers.items() if value is not None}
    ok = {"group": G, "pos": pos, "cid": f"cid-{pos}", "at": 1000 + pos, "recall_until": 121_000 + pos} | named
    data: dict[str, Any] = {"group": G, "cid": f"cid-{pos}", "body": {"text": f"text {pos}"}}
    data |= {"section": named["section"]} if "section" in named else {}
    return Attempt("message.send", data, moment, moment + 1, ok)


def eve() -> Connection:
    """She comes at the end, too, to see what waits for her."""
    attempts = [
        acked("privacy.set", {"pull": "ask"}, 10, pull="ask"),
        acked("invite.decline", {"invite": "i-eve"}, 200, invite="i-eve"),
    ]
    waits = Attempt("invite.received", {}, 710, 711, {"invites": []})
    hello = {"epoch": "e", "mine": 2, "groups": []}
    return Connection(EVE, "fresh", {}, hello, [waits], attempts, asked=5, fresh=True)


def test_an_honest_history_of_people_has_no_violation() -> None:
    assert check(peopled()) == []


lie = Lies()


@lie("hole")
def a_number_of_a_section_comes_twice(history: History) -> None:
    rows = history.truth.groups[G].rows
    rows[11] = rows[11]._replace(seq=1)


@lie("hole")
def a_section_counts_one_message_less(history: History) -> None:
    history.truth.groups[G].sections[1] = (1, 11)


@lie("hole")
def a_notice_has_a_number(history: History) -> None:
    rows = history.truth.groups[G].rows
    rows[12] = rows[12]._replace(seq=5)


@lie("ack")
def a_message_stands_in_another_section(history: History) -> None:
    del sends(history)[12].data["section"]


@lie("section")
def a_message_stands_in_a_closed_section(history: History) -> None:
    history.truth.groups[G].rows[9] = told(10, "create", MAIN, SHOP | {"closed": True}, section=1)


@lie("section")
def six_are_open(history: History) -> None:
    more = [SHOP | {"section": number} for number in range(2, 6)]
    history.truth.groups[G].rows[9] = told(10, "create", MAIN, SHOP, *more, section=1)


@lie("section")
def six_are_shown(history: History) -> None:
    shown = {"sections": [SHOP | {"section": number} for number in range(6)]}
    history.connections[0].events.append(Attempt("section.list", {"group": G}, 300, 301, shown))


@lie("section")
def a_section_is_gone(history: History) -> None:
    append(history, told(17, "order", MAIN))


@lie("section")
def a_line_shows_a_section_that_is_closed(history: History) -> None:
    append(history, told(17, "close", MAIN, SHOP | {"closed": True}, section=1))
    fresh(history, head=17)


@lie("lost")
def an_acknowledged_section_is_another(history: History) -> None:
    history.truth.groups[G].rows[9] = told(10, "create", MAIN, SHOP | {"title": "another"}, section=1)


@lie("doubled")
def a_section_is_made_twice(history: History) -> None:
    append(history, told(17, "create", MAIN, SHOP, SHOP | {"section": 2}, section=2))


@lie("unread")
def a_section_has_one_unread_too_many(history: History) -> None:
    fresh(history, unread=2)


@lie("unread")
def the_sum_over_the_sections_is_wrong(history: History) -> None:
    fresh(history)
    history.connections[-1].hello["groups"][0]["unread"] = 3  # type: ignore[index]


@lie("hole")
def a_page_of_a_section_leaves_one_out(history: History) -> None:
    fresh(history)
    page = {"group": G, "floor": 0, "as_of": 16, "more": False, "shown": ()}
    data = {"group": G, "section": 1}
    history.connections[-1].events.append(Attempt("message.history", data, 800, 801, page))


@lie("read")
def a_mark_is_forgotten_while_the_hub_lives(history: History) -> None:
    history.kills = []
    forget(history)


@lie("read")
def a_mark_is_forgotten_over_a_kill(history: History) -> None:
    forget(history)


@lie("lost")
def somebody_still_follows(history: History) -> None:
    history.truth.kept.follows.add((BOB, ANN))


@lie("lost")
def a_choice_is_not_there(history: History) -> None:
    history.truth.kept.pulls.clear()


@lie("lost")
def whoever_was_asked_has_no_invite(history: History) -> None:
    history.truth.kept.invites["i-eve"] = ASKED._replace(target="u-another")


@lie("lost")
def whoever_was_asked_was_not_told(history: History) -> None:
    del history.truth.mine[EVE][0]


@lie("doubled")
def somebody_is_asked_twice(history: History) -> None:
    history.truth.mine[EVE].append(history.truth.mine[EVE][0]._replace(upos=3))
    history.truth.users[EVE] = 3


@lie("asked")
def a_no_is_forgotten(history: History) -> None:
    history.truth.kept.invites["i-eve"] = ASKED._replace(declined=False)


@lie("asked")
def a_no_is_forgotten_that_is_in_no_own_log(history: History) -> None:
    history.truth.kept.invites["i-eve"] = ASKED._replace(declined=False)
    history.truth.mine[EVE].pop()
    history.truth.users[EVE] = 1


@lie("asked")
def somebody_comes_in_who_said_no(history: History) -> None:
    history.truth.mine[EVE].append(MineRow(3, 1019, "added", G, 17, {"by": ANN}))
    history.truth.users[EVE] = 3
    append(history, moved(17, joined=EVE))
    history.truth.groups[G].periods.append(Period(EVE, 16, 17, None))
    ok = {"result": "added", "pos": 17}
    history.connections[2].attempts.append(acked("invite.redeem", ok, 210, invite="i-eve"))


@lie("asked")
def what_was_declined_still_waits(history: History) -> None:
    history.connections[2].events[0] = Attempt("invite.received", {}, 710, 711, {"invites": [{"invite": "i-eve"}]})


@lie("asked")
def what_waits_is_not_shown(history: History) -> None:
    history.truth.kept.invites["i-new"] = ASKED._replace(declined=False)


@lie("lost")
def who_follows_no_more_talks_on(history: History) -> None:
    group = history.truth.groups[G]
    group.rows[15] = said(16, 6, BOB)
    group.seq, group.periods[-1] = 6, Period(BOB, 13, 14, None)
    history.truth.mine[BOB].pop()
    history.truth.users[BOB] = 3
    history.connections[1].attempts.append(sent(16, 180, seq=6))


@pytest.mark.parametrize(("promise", "tell"), lie.told, ids=lie.names)
def test_a_lie_about_people_is_called_by_its_name(promise: str, tell: Lie) -> None:
    history = peopled()
    tell(history)
    assert promise in promises(history)


@pytest.mark.parametrize("moment", [480, 590, 601, 620])
def test_a_kill_may_take_back_a_mark_that_nothing_shows_to_be_stored(moment: int) -> None:
    """Too new, or heard of behind the kill, or not followed by two answers, each a second after what was before it."""
    history = peopled()
    mark = next(attempt for attempt in history.connections[0].attempts if attempt.op == "read.mark")
    mark.sent, mark.answered = moment - 1, moment
    forget(history)
    assert check(history) == []


def sends(history: History) -> dict[int, Attempt]:
    attempts = history.connections[0].attempts
    return {attempt.ok["pos"]: attempt for attempt in attempts if attempt.op == "message.send" and attempt.ok}


def append(history: History, row: Row) -> None:
    group = history.truth.groups[G]
    group.rows.append(row)
    group.head = row.pos


def fresh(history: History, head: int = 16, unread: int = 0) -> None:
    """Ann's last device has no past."""
    history.connections[-1].fresh = True
    line = (history.connections[-1].hello or {})["groups"][0]
    line["head"] = head
    line["sections"][1]["unread"] = unread
    line["unread"] += unread


def forget(history: History) -> None:
    line = (history.connections[-1].hello or {})["groups"][0]
    del line["sections"][1]["read"]
    line["sections"][1]["unread"] = 2
    line["unread"] += 2
