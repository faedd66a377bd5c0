"""What goes by age: a portion is one commit, what hangs on a message goes with it, and replay still equals state."""

from __future__ import annotations

import random

import pytest

from chatd.core.featured import Feature, Unfeature
from chatd.core.messages import Send
from chatd.core.pins import Pin, Unpin
from chatd.core.retention import DAY_MS, CutLog, NoteRetention, SetRetention
from chatd.core.wishes import AnyWish
from chatd.store import retention
from chatd.store.database import connect
from chatd.store.verify import verify
from tests.store.kit import (
    DIGEST,
    OTHER_DIGEST,
    Store,
    add,
    announce,
    create,
    edit,
    leave,
    new_cid,
    put_product,
    react,
    recall,
    send,
    send_card,
)
from tests.store.test_store_queries import read
from tests.store.town import build_town

pytestmark = pytest.mark.relaxed_durability


def pin(user: str, group: str, pos: int, above: int | None = None) -> Pin:
    return Pin(user, new_cid(), DIGEST, group, pos, above)


def unpin(user: str, group: str, pos: int) -> Unpin:
    return Unpin(user, new_cid(), DIGEST, group, pos)


def feature(user: str, group: str, pos: int) -> Feature:
    return Feature(user, new_cid(), DIGEST, group, pos, "worth it")


def unfeature(user: str, group: str, pos: int) -> Unfeature:
    return Unfeature(user, new_cid(), DIGEST, group, pos)


def problems(store: Store) -> list[str]:
    database = connect(store.url)
    try:
        return verify(database).problems
    finally:
        database.close()


def place(store: Store, group: str) -> tuple[int, int, int]:
    """(swept, floor, head)."""
    (row,) = store.rows("SELECT swept, floor, head FROM groups WHERE group_id = ?", group)
    return int(row[0]), int(row[1]), int(row[2])


def cut(store: Store, group: str, upto: int, *, portion: int = 1000, keep: bool = True) -> int:
    """Let everything up to a position go, portion by portion. Returns how many entries went."""
    gone = 0
    while (after := place(store, group)[0]) < upto:
        end = min(after + portion, upto)
        gone += store.done(CutLog(group, after, end, keep))[0]["gone"]
    return gone


def messages_of(store: Store, group: str) -> list[int]:
    sql = "SELECT pos FROM entries WHERE group_id = ? AND kind = 'message' ORDER BY pos"
    return [pos for (pos,) in store.rows(sql, group)]


@pytest.mark.parametrize("portion", [1, 3, 1000])
def test_whatever_the_floor_replay_equals_state(tables_url: str, portion: int) -> None:
    with Store(tables_url) as store:
        build_town(store)
        store.done(pin("ann", "tea", 3), pin("ann", "tea", 6, 3), feature("ann", "tea", 4))
        for group in ("tea", "old", "new", "d1", "pub", "end"):
            head = place(store, group)[2]
            for upto in range(1, head + 1):
                cut(store, group, upto, portion=portion)
                assert problems(store) == [], (group, upto)
            assert place(store, group) == (head, head, head)
        assert messages_of(store, "tea") == [3, 4, 6], "what stands on the board is there"
        assert messages_of(store, "old") == []
        kinds = {kind for (kind,) in store.rows("SELECT DISTINCT kind FROM entries WHERE group_id = 'tea'")}
        assert {"created", "members", "role", "settings"} < kinds


def test_what_hangs_on_a_message_goes_with_it_and_with_its_neighbours_stays(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben", history="all")
        store.done(put_product("p1"))
        calls: dict[str, object] = {"text": "hey @ben", "entities": [{"offset": 4, "length": 4, "user": "ben"}]}
        old, new = (_traces(store, calls) for _ in range(2))
        assert cut(store, "tea", old[-1]) == 6
        assert messages_of(store, "tea") == [pos for pos in new if pos in messages_of(store, "tea")]
        for table in ("reactions", "card_places", "mentions"):
            assert {pos for (pos,) in store.rows(f"SELECT pos FROM {table}")} <= set(new), table
            assert store.rows(f"SELECT pos FROM {table}"), f"{table} keeps what is of newer ones"
        assert problems(store) == []


def _traces(store: Store, calls: dict[str, object]) -> list[int]:
    called = store.done(_send_body("ann", "tea", calls))[0]["pos"]
    card = store.done(send_card("ann", "tea", "product", "p1"))[0]["pos"]
    reacted = store.done(react("ben", "tea", called))[0]["pos"]
    edited = store.done(edit("ann", "tea", called, "hey you"))[0]["pos"]
    again = store.done(_send_body("ann", "tea", calls))[0]["pos"]
    both = store.done(react("ann", "tea", card))[0]["pos"]
    return [called, card, reacted, edited, again, both]


def _send_body(user: str, group: str, body: dict[str, object]) -> Send:
    return Send(user, new_cid(), DIGEST, group, "text", body, None, None)


def test_a_retry_of_what_went_gets_its_first_answer_while_others_do(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        old = send("ann", "tea", "old")
        store.done(old)
        store.now_ms += 31 * DAY_MS
        new = send("ann", "tea", "new")
        (first,) = store.done(new)
        cut(store, "tea", place(store, "tea")[2])
        assert messages_of(store, "tea") == []
        assert store.done(new) == [first]
        other = type(new)("ann", new.cid, OTHER_DIGEST, "tea", "text", {"text": "x"}, None, None)
        assert store.codes(other) == ["conflict"]
        assert store.rows("SELECT cid FROM commands WHERE cid IN (?, ?)", old.cid, new.cid) == [(new.cid,)]
        assert problems(store) == []


def test_a_message_may_come_after_one_that_went_and_not_after_what_was_none(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        store.found("den", "ann", "ben")
        first = new_cid()
        like = react("ann", "tea", store.done(send("ann", "tea", cid=first))[0]["pos"])
        store.done(like)
        assert cut(store, "tea", place(store, "tea")[2]) == 2
        store.done(send("ann", "tea", after=first))
        wrong = (send("ann", "tea", after=like.cid), send("ann", "den", after=first), send("ben", "tea", after=first))
        assert store.codes(*wrong) == ["out_of_order"] * 3


def test_what_is_gone_cannot_be_answered_changed_or_pinned(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        pos = store.say("ann", "tea")
        cut(store, "tea", pos)
        acts = (send("ann", "tea", "?", pos), react("ann", "tea", pos), edit("ann", "tea", pos), pin("ann", "tea", pos))
        for act in (*acts, recall("ann", "tea", pos), feature("ann", "tea", pos)):
            assert store.codes(act) == ["not_found"]


def test_of_one_batch_the_cut_comes_before_or_behind_but_never_between(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        one, two, three = (store.say("ann", "tea") for _ in range(3))
        late = (react("ann", "tea", one), pin("ann", "tea", one), send("ann", "tea", "?", one))
        assert store.codes(CutLog("tea", 0, two, True), *late) == ["", *["not_found"] * 3]
        early = (react("ann", "tea", three), send("ann", "tea", "yes", three), recall("ann", "tea", three))
        assert store.codes(*early, CutLog("tea", two, three, True)) == [""] * 4
        assert place(store, "tea")[1] == three
        assert [pos for pos in messages_of(store, "tea") if pos <= three] == []
        assert store.rows("SELECT * FROM reactions") == []
        assert problems(store) == []


def test_pinned_and_featured_ones_stay_whole_until_they_leave_the_board(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben", history="all")
        pinned, featured, plain = (store.say("ann", "tea", f"m{n}") for n in range(3))
        store.done(pin("ann", "tea", pinned), feature("ann", "tea", featured), react("ben", "tea", pinned))
        last = store.say("ben", "tea", "later")
        cut(store, "tea", last)
        assert messages_of(store, "tea") == [pinned, featured]
        store.done(react("ann", "tea", pinned), edit("ann", "tea", featured, "even better"))
        assert problems(store) == []
        store.done(unpin("ann", "tea", pinned))
        assert place(store, "tea")[:2] == (pinned - 1, last)
        assert problems(store) == [], "it is still to go"
        assert read(store, lambda r: retention.leftovers(r, 9)) == [("tea", pinned - 1, last)]
        cut(store, "tea", last, portion=1)
        assert messages_of(store, "tea") == [featured]
        assert problems(store) == []
        store.done(recall("ann", "tea", featured))
        assert place(store, "tea")[0] == featured - 1
        cut(store, "tea", last)
        assert messages_of(store, "tea") == []
        assert store.rows("SELECT * FROM reactions") == []
        assert problems(store) == []
        assert plain < last


def test_without_keeping_the_board_is_cleared_too(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        old, both, new = (store.say("ann", "tea", f"m{n}") for n in range(3))
        store.done(pin("ann", "tea", new), pin("ann", "tea", old), feature("ann", "tea", both), pin("ann", "tea", both))
        cut(store, "tea", old)
        assert messages_of(store, "tea") == [old, both, new], "at first it is kept"
        store.done(CutLog("tea", old - 1, both, False))
        assert messages_of(store, "tea") == [new]
        assert store.rows("SELECT featured FROM boards") == [(0,)]
        assert store.rows("SELECT pos FROM featured") == []
        assert problems(store) == []


def test_a_portion_that_was_looked_up_too_long_ago_does_nothing(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        for _ in range(5):
            store.say("ann", "tea")
        before = store.everything()
        head = place(store, "tea")[2]
        for after, upto in ((2, 4), (0, head + 1), (3, 3)):
            assert store.done(CutLog("tea", after, upto, True))[0]["gone"] == 0
        assert store.everything() == before
        assert store.codes(CutLog("none", 0, 1, True)) == ["not_found"]
        cut(store, "tea", 4)
        store.done(CutLog("tea", 0, 2, True))
        assert place(store, "tea")[:2] == (2, 4), "it is gone through once more"
        cut(store, "tea", 4)
        assert problems(store) == []


def test_announcements_that_were_replaced_lose_their_words(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        store.done(announce("ann", "tea", "old words"), announce("ann", "tea", "new words"))
        cut(store, "tea", place(store, "tea")[2])
        bodies = [body for (body,) in store.rows("SELECT body FROM entries WHERE kind = 'announcement' ORDER BY pos")]
        assert ["old words" in body for body in bodies] == [False, False]
        assert ["new words" in body for body in bodies] == [False, True]
        assert problems(store) == []


def test_the_operator_chooses_for_a_group_and_it_is_written_down(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        assert not read(store, retention.any_chosen)
        store.done(SetRetention("tea", 30), SetRetention("tea", 30), NoteRetention(None))
        assert read(store, retention.any_chosen)
        assert store.rows("SELECT keep_days FROM groups") == [(30,)]
        store.done(SetRetention("tea", 0))
        assert not read(store, retention.any_chosen)
        store.done(SetRetention("tea", None))
        assert store.rows("SELECT keep_days FROM groups") == [(None,)]
        acts = store.rows("SELECT act, details FROM audit WHERE act LIKE 'retention%%' ORDER BY audit_id")
        assert acts == [
            ("retention.set", '{"days":30}'),
            ("retention.run", "{}"),
            ("retention.set", '{"days":0}'),
            ("retention.set", '{"default":true}'),
        ]
        assert store.codes(SetRetention("none", 1), NoteRetention("none")) == ["not_found"] * 2
        assert problems(store) == []


LIES = (
    "UPDATE groups SET floor_seq = floor_seq + 1 WHERE group_id = 'tea'",
    "UPDATE groups SET floor = 6, swept = 6 WHERE group_id = 'tea'",
    "UPDATE groups SET floor = 9, swept = 9 WHERE group_id = 'tea'",
    "UPDATE groups SET swept = 9 WHERE group_id = 'tea'",
    "UPDATE groups SET floor_at = floor_at + 10000000 WHERE group_id = 'tea'",
    "DELETE FROM entries WHERE group_id = 'tea' AND pos = 9",
    "DELETE FROM entries WHERE group_id = 'tea' AND pos = 2",
    "INSERT INTO mentions (user_id, group_id, section, seq, pos, at) VALUES ('ben', 'tea', 0, 1, 3, 5)",
    "INSERT INTO reactions (group_id, pos, user_id, emoji) VALUES ('tea', 3, 'ben', 'x')",
    "INSERT INTO featured (group_id, pos, \"by\", at, note) VALUES ('tea', 3, 'ben', 5, '')",
    "UPDATE entries SET pos = 3 WHERE group_id = 'old' AND pos = 4",
)


@pytest.mark.parametrize("lie", LIES)
def test_a_floor_that_lies_about_the_log_is_found(tables_url: str, lie: str) -> None:
    """What is left below it, what is missing above, and numbers at the floor that are others."""
    with Store(tables_url) as store:
        build_town(store)
        cut(store, "tea", 8)
        cut(store, "old", 3)
        assert problems(store) == []
        store.database.begin()
        assert store.database.run(lie)[1] == 1
        store.database.commit()
        assert problems(store)


@pytest.mark.parametrize("seed", range(6))
def test_in_whatever_order_things_happen_replay_equals_state(tables_url: str, seed: int) -> None:
    chance = random.Random(seed)
    with Store(tables_url) as store:
        store.people("ann", "ben", "cat")
        store.found("tea", "ann", "ben", history=chance.choice(["all", "last:3", "none"]))
        store.make_mutual("ann", "cat")
        for step in range(120):
            store.now_ms += 10
            known = messages_of(store, "tea")
            pos = chance.choice(known) if known else 1
            swept, floor, head = place(store, "tea")
            acts: list[AnyWish] = [
                send(chance.choice(["ann", "ben"]), "tea", f"m{step}", chance.choice([None, pos])),
                send("ann", "tea", "more"),
                react(chance.choice(["ann", "ben"]), "tea", pos, on=chance.random() < 0.7),
                pin("ann", "tea", pos),
                unpin("ann", "tea", pos),
                feature("ann", "tea", pos),
                unfeature("ann", "tea", pos),
                edit("ann", "tea", pos),
                recall("ann", "tea", pos),
                add("ann", "tea", "cat") if chance.random() < 0.5 else leave("cat", "tea"),
                announce("ann", "tea", f"words {step}"),
                CutLog("tea", swept, min(head, swept + chance.randrange(1, 9)), chance.random() < 0.9),
                CutLog("tea", swept, min(head, max(floor, swept + 2)), True),
            ]
            store.decide(*chance.sample(acts, chance.randrange(1, 4)))
            if step % 4 == 0:
                assert problems(store) == [], step
        assert place(store, "tea")[1] > 10
        assert problems(store) == []


def test_a_board_is_cleared_from_the_very_first_entry_of_a_group_on(tables_url: str) -> None:
    with Store(tables_url) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        said = [store.done(send("ann", "tea", text))[0]["pos"] for text in ("pinned", "plain")]
        store.done(pin("ann", "tea", said[0]), feature("ann", "tea", said[1]))
        cut(store, "tea", place(store, "tea")[2], keep=False)
        assert messages_of(store, "tea") == []
        assert problems(store) == []
