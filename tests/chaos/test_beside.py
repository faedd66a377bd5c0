"""The judge, on what stands beside the logs: an honest history has no violation, and each kind of lie has its name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.history import (
    Attempt,
    Change,
    Connection,
    Entries,
    Found,
    History,
    InviteRow,
    ItemRow,
    PlaceRow,
    Row,
    Shown,
)
from tests.chaos.lies import Lie, Lies
from tests.chaos.test_checker import ANN, BOB, G, change, honest, promises, said

EVE = "u-eve"
CHAT = {"pinned": 3, "level": "mentions"}
CARD = {"product": "pot", "text": "text 9", "title": "Teapot pot"}


def acked(op: str, ok: dict[str, Any], sent: int, **data: Any) -> Attempt:
    return Attempt(op, {"cid": f"cid-{op}-{sent}", "group": G} | data, sent, sent + 1, {"group": G} | ok)


def shown_card(rev: int) -> dict[str, Any]:
    return {"kind": "product", "id": "pot", "rev": rev, "title": "Teapot pot", "price": 1000 + rev}


def daily() -> History:
    """Ann called everybody at 2 and Bob at 7, who came by her invite; 9 is a card that changed at 10, pinned at 11."""
    history = honest()
    group, kept, ann = history.truth.groups[G], history.truth.kept, history.connections[0]
    rows = group.rows
    rows[6].body["body"]["entities"] = [{"offset": 0, "length": 4, "user": BOB}]
    rows[8] = rows[8]._replace(body={"type": "product_card", "body": dict(CARD)})
    rows.append(Row(10, 1010, "card", None, None, None, 9, 0, False, {}, {}))
    rows.append(change(11, "pin", 9))
    group.head = 11
    sends = {attempt.ok["pos"]: attempt for attempt in ann.attempts if attempt.op == "message.send" and attempt.ok}
    sends[2].data["body"]["entities"] = [{"offset": 0, "length": 4, "all": True}]
    sends[9].data["body"] = {"product": "pot", "text": "text 9"}
    ann.attempts += [
        acked("invite.create", {"invite": "i-1", "token": "t-1"}, 60, max_uses=2),
        acked("invite.revoke", {"invite": "i-1"}, 70, invite="i-1"),
        acked("request.approve", {"user": EVE, "state": "refused"}, 72, user=EVE, number=1),
        acked("member.ban", {"user": EVE, "banned": True}, 74, user=EVE),
        acked("member.restrict", {"user": BOB}, 76, user=BOB),
        acked("chat.update", {"chat": CHAT | {"marked": False}}, 78),
        acked("pin.add", {"pos": 11, "target": 9}, 80, pos=9),
    ]
    ann.attempts[-1].data["cid"] = "cid-11"
    history.connections[1].attempts.append(acked("invite.redeem", {"result": "added", "pos": 3}, 62, secret="t-1"))
    history.connections[1].attempts.append(Attempt("draft.save", {"group": G, "text": "unsent"}, 64))
    history.connections.append(desk())
    kept.invites["i-1"] = InviteRow(G, ANN, 2, 1, True)
    kept.bans, kept.restricted, kept.calls = {(G, EVE)}, {(G, BOB)}, {G: [2]}
    kept.mentions, kept.chats, kept.drafts = {(BOB, G, 7)}, {(ANN, G): dict(CHAT)}, {(BOB, G): "unsent"}
    kept.items, kept.places = {"pot": ItemRow(2, 2, 1010, 1002)}, [PlaceRow(G, 9, "pot", 1009)]
    history.changes = [Change("pot", 1, accepted=True), Change("pot", 2, accepted=True)]
    history.found = [Found(ANN, G, "text", frozenset({7, 9}))]
    return history


def desk() -> Connection:
    """Ann's other device followed from 8 to the end."""
    message = {"kind": "message", "pos": 9, "at": 1009, "seq": 4, "sender": ANN, "cid": "cid-9", "type": "product_card"}
    pin = {"kind": "pin", "pos": 11, "at": 1011, "by": ANN, "cid": "cid-11", "target": 9}
    quote = {"pos": 9, "sender": ANN, "type": "product_card", "text": "Teapot pot\ntext 9"}
    shown = (
        Shown(message | {"body": {"text": "text 9", "card": shown_card(1)}}),
        Shown({"kind": "card", "pos": 10, "at": 1010, "target": 9, "card": shown_card(2)}),
        Shown(pin | {"quote": quote}),
    )
    line = {"group": G, "floor": 0, "head": 8, "live": True, "after": 8}
    hello = {"epoch": "e", "mine": 1, "groups": [line]}
    return Connection(ANN, "desk", {}, hello, [Entries(G, 8, 11, shown)], open_at_end=True)


def test_an_honest_history_of_daily_acts_has_no_violation() -> None:
    assert check(daily()) == []


lie = Lies()


@lie("lost")
def an_invite_is_not_there(history: History) -> None:
    del history.truth.kept.invites["i-1"]


@lie("lost")
def an_invite_that_was_revoked_stands(history: History) -> None:
    history.truth.kept.invites["i-1"] = InviteRow(G, ANN, 2, 1, revoked=False)


@lie("lost")
def a_use_is_not_counted(history: History) -> None:
    history.truth.kept.invites["i-1"] = InviteRow(G, ANN, 2, 0, revoked=True)


@lie("doubled")
def a_use_is_counted_twice(history: History) -> None:
    history.truth.kept.invites["i-1"] = InviteRow(G, ANN, 2, 2, revoked=True)


@lie("ack")
def somebody_came_by_what_had_been_revoked(history: History) -> None:
    history.connections[1].attempts[0].sent, history.connections[1].attempts[0].answered = 90, 91


@lie("doubled")
def a_request_is_decided_twice(history: History) -> None:
    history.connections[0].attempts.append(
        acked("request.refuse", {"user": EVE, "state": "refused"}, 90, user=EVE, number=1)
    )


@lie("lost")
def a_ban_is_not_there(history: History) -> None:
    history.truth.kept.bans.clear()


@lie("lost")
def a_ban_that_was_lifted_is_there(history: History) -> None:
    history.connections[0].attempts.append(acked("member.unban", {"user": EVE, "banned": False}, 90, user=EVE))


@lie("lost")
def a_restriction_is_not_there(history: History) -> None:
    history.truth.kept.restricted.clear()


@lie("lost")
def a_chat_stands_elsewhere_in_the_list(history: History) -> None:
    history.truth.kept.chats[ANN, G]["pinned"] = 0


@lie("order")
def an_unsent_text_is_from_nobody(history: History) -> None:
    history.truth.kept.drafts[BOB, G] = "another"


@lie("lost")
def a_call_to_everybody_is_not_counted(history: History) -> None:
    history.truth.kept.calls[G] = []


@lie("doubled")
def a_call_to_everybody_counts_twice(history: History) -> None:
    history.truth.kept.calls[G] = [2, 2]


@lie("lost")
def somebody_does_not_find_where_they_are_mentioned(history: History) -> None:
    history.truth.kept.mentions.clear()


@lie("lost")
def an_acknowledged_pin_is_another_entry(history: History) -> None:
    history.truth.groups[G].rows[10] = change(11, "feature", 9)


@lie("order")
def a_forwarded_text_was_never_said(history: History) -> None:
    rows, group = history.truth.groups[G].rows, history.truth.groups[G]
    row = said(12, 5, text="what nobody said")
    rows.append(row._replace(body=row.body | {"forwarded": {}}))
    group.head, group.seq = 12, 5
    ok = {"pos": 12, "seq": 5, "cid": "cid-12", "at": 1012, "recall_until": 121_012}
    history.connections[0].attempts.append(acked("message.forward", ok, 95, source=G, positions=[7]))
    history.connections[0].attempts[-1].data["cid"] = "cid-12"


@lie("lost")
def an_accepted_change_is_not_in_the_catalogue(history: History) -> None:
    history.truth.kept.items["pot"] = ItemRow(1, 1, 1000, 1001)


@lie("order")
def the_catalogue_says_what_nobody_offered(history: History) -> None:
    history.truth.kept.items["pot"] = ItemRow(2, 2, 1010, 1)


@lie("card")
def a_change_waits_for_ever(history: History) -> None:
    history.truth.kept.untold = 1


@lie("card")
def a_group_was_not_told(history: History) -> None:
    history.truth.kept.items["pot"] = ItemRow(2, 2, 1011, 1002)


@lie("card")
def a_group_was_told_twice(history: History) -> None:
    group = history.truth.groups[G]
    group.rows += [group.rows[9]._replace(pos=pos, at=1000 + pos) for pos in (12, 13)]
    group.head = 13


@lie("card")
def a_live_reader_ends_with_an_old_price(history: History) -> None:
    entry = history.connections[2].events[0]
    assert isinstance(entry, Entries)
    entry.entries[1].raw["card"] = shown_card(1)


@lie("card")
def a_page_shows_an_old_price(history: History) -> None:
    page = {"group": G, "floor": 0, "as_of": 11, "more": True, "shown": desk().events[0].entries[:1]}  # type: ignore[union-attr]
    attempt = Attempt("message.history", {"group": G}, 200, 201, page)
    history.connections.append(
        Connection(ANN, "fresh", {}, {"epoch": "e", "mine": 1, "groups": []}, [attempt], fresh=True)
    )


@lie("search")
def a_message_is_not_found(history: History) -> None:
    history.found = [Found(ANN, G, "text", frozenset({9}))]


@lie("search")
def what_was_recalled_is_found(history: History) -> None:
    history.found = [Found(ANN, G, "text", frozenset({2, 7, 9}))]


@lie("order")
def a_pin_is_shown_with_another_quote(history: History) -> None:
    entry = history.connections[2].events[0]
    assert isinstance(entry, Entries)
    entry.entries[2].raw["quote"]["text"] = "another"


@pytest.mark.parametrize(("promise", "tell"), lie.told, ids=lie.names)
def test_a_lie_beside_the_log_is_called_by_its_name(promise: str, tell: Lie) -> None:
    history = daily()
    tell(history)
    assert promise in promises(history)
