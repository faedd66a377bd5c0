"""Boards and mentions in the store: what the engine leaves, what readers find, and what `verify` says of damage."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.featured import Feature, Unfeature
from chatd.core.forwards import Forward
from chatd.core.messages import Edit, Send
from chatd.core.pins import Pin, Unpin
from chatd.store import boards, chats, messages
from chatd.store.mentions import Place, mentions_of
from chatd.store.readers import Readers
from tests.store.kit import DIGEST, START_MS, Store, add, block, leave, new_cid, put_video, recall, run, send_card
from tests.store.test_store_verify import check

pytestmark = pytest.mark.relaxed_durability
END = Place(2**53, 2**53, "")


def call(user: str, group: str, *who: str) -> Send:
    """A text that mentions people; `*` is everybody."""
    parts = [
        {"offset": at, "length": 1} | ({"all": True} if one == "*" else {"user": one}) for at, one in enumerate(who)
    ]
    return Send(user, new_cid(), DIGEST, group, "text", {"text": "x" * 50, "entities": parts}, None, None)


def pin(user: str, group: str, pos: int, above: int | None = None) -> Pin:
    return Pin(user, new_cid(), DIGEST, group, pos, above)


@pytest.fixture
def town(store: Store) -> Store:
    """A group whose board had everything happen to it: 3 to 9 are messages, 3 and 7 were taken back."""
    store.people("ann", "ben", "cai")
    store.found("tea", "ann", "ben", "cai")
    store.done(*(call("ann", "tea", "ben", "cai") for _ in range(4)), *(call("ann", "tea", "*") for _ in range(3)))
    store.done(pin("ann", "tea", 3), pin("ann", "tea", 4), pin("ann", "tea", 5, 3), pin("ann", "tea", 4, 3))
    store.done(pin("ann", "tea", 6), Unpin("ann", new_cid(), DIGEST, "tea", 6))
    store.done(*(Feature("ann", new_cid(), DIGEST, "tea", pos, f"note {pos}") for pos in (3, 4, 5)))
    store.done(Feature("ann", new_cid(), DIGEST, "tea", 4, "another"), Unfeature("ann", new_cid(), DIGEST, "tea", 5))
    store.done(recall("ann", "tea", 3), recall("ann", "tea", 7))
    store.done(Edit("ann", new_cid(), DIGEST, "tea", 6, {"text": "y"}, START_MS))
    store.done(Forward("ben", new_cid(), DIGEST, "tea", "tea", [4, 5]))
    return store


def read(store: Store, ask: Any) -> Any:
    """What a reader finds."""

    async def asked() -> Any:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await ask(reader)
        finally:
            await readers.close()

    return run(asked())


def test_the_board_is_as_the_log_says(town: Store) -> None:
    board = read(town, lambda r: boards.board_of(r, "tea"))
    assert [one[:2] for one in board.pins] == [[5, "ann"], [4, "ann"]]
    assert board.featured == 1
    assert [(call[0], call[3]) for call in board.calls] == [(7, False), (8, True), (9, True)]
    page = read(town, lambda r: boards.featured_page(r, "tea", 0, 99, 5))
    assert [(one.pos, one.by, one.note) for one in page] == [(4, "ann", "another")]
    assert town.rows("SELECT user_id, pos FROM mentions ORDER BY user_id, pos") == [
        ("ben", 4),
        ("ben", 5),
        ("cai", 4),
        ("cai", 5),
    ]
    assert check(town.url).problems == []


def test_mentions_are_found_newest_first_with_those_of_everybody(town: Store) -> None:
    places = read(town, lambda r: mentions_of(r, "ben", END, 9))
    assert [place.pos for place in places] == [9, 8, 5, 4]
    assert [place.pos for place in read(town, lambda r: mentions_of(r, "ben", places[1], 1))] == [5]
    assert read(town, lambda r: mentions_of(r, "ann", END, 9)) == [], "her own calls"
    town.done(leave("ben", "tea"))
    assert read(town, lambda r: mentions_of(r, "ben", END, 9)) == []
    town.done(add("ann", "tea", "ben"))
    assert read(town, lambda r: mentions_of(r, "ben", END, 9)) == []


def test_whom_somebody_has_blocked_mentions_them_no_more(town: Store) -> None:
    town.done(block("ben", "ann"))
    assert read(town, lambda r: mentions_of(r, "ben", END, 9)) == []
    found = read(town, lambda r: chats.line_of(r, "ben", "tea"))
    assert (found.mentions, found.mention) == (0, None)
    assert [place.pos for place in read(town, lambda r: mentions_of(r, "cai", END, 9))][:2] == [9, 8], "others hear"
    town.done(block("ben", "ann", on=False))
    assert [place.pos for place in read(town, lambda r: mentions_of(r, "ben", END, 9))] == [9, 8, 5, 4]


def test_a_line_counts_the_mentions_above_what_was_read(town: Store) -> None:
    found = read(town, lambda r: chats.line_of(r, "cai", "tea"))
    assert (found.mentions, found.mention) == (2, 4)
    assert read(town, lambda r: chats.mentions_above(r, "cai", "tea", 2)) == (1, 5)


def test_the_first_entry_since_a_time_is_found_by_halves(store: Store) -> None:
    store.people("ann")
    store.found("tea", "ann")
    for number in range(30):
        store.now_ms = START_MS + 1000 * (number // 3)
        store.say("ann", "tea")
    log = store.rows("SELECT pos, at FROM entries WHERE group_id = 'tea' ORDER BY pos")
    for at in {at + shift for _, at in log for shift in (-1, 0, 1)}:
        for floor, upto in ((0, 31), (4, 20), (31, 31)):
            expected = next(((pos, made) for pos, made in log if made >= at and floor < pos <= upto), None)
            assert read(store, lambda r, f=floor, u=upto, a=at: messages.first_since(r, "tea", f, u, a)) == expected


def test_a_card_is_forwarded_with_a_reference_of_its_own_and_alone(store: Store) -> None:
    store.people("ann", "ben")
    store.found("tea", "ann")
    store.found("inn", "ann", "ben")
    store.done(put_video("v"), send_card("ann", "tea", "video", "v", "look"))
    text = store.say("ann", "tea")

    def forward(*positions: int) -> Forward:
        return Forward("ann", new_cid(), DIGEST, "inn", "tea", list(positions))

    pos = store.done(forward(2))[0]["pos"]
    shown = read(store, lambda r: messages.messages_at(r, [("inn", pos)]))["inn", pos].entry
    assert (shown.body["type"], shown.body["body"]["text"], shown.card["title"]) == ("video_card", "look", "Kiln day")
    assert store.rows("SELECT group_id, pos FROM card_places ORDER BY group_id") == [("inn", pos), ("tea", 2)]
    assert store.codes(forward(2, text)) == ["invalid"], "a bundle is frozen, a card shows what is true now"
    store.done(put_video("v", 2, visibility="private"))
    assert store.codes(forward(2)) == ["no_item"]
    assert check(store.url).problems == []


DAMAGE = {
    "pins in another order": (
        'UPDATE boards SET pins = \'[[4,"ann",1],[5,"ann",1]]\'',
        "its pins are not what its log leads to",
    ),
    "a pin that is gone": ("UPDATE boards SET pins = '[]'", "its pins are not what its log leads to"),
    "no board at all": ("DELETE FROM boards", "its pins are not what its log leads to"),
    "a board of nothing": ("INSERT INTO boards VALUES ('x', '[]', 0, '[]')", "boards: x is no group"),
    "a count of featured posts": ("UPDATE boards SET featured = 7", "counts 7 featured posts, its log leads to 1"),
    "a featured post too few": ("DELETE FROM featured", "its featured posts are not what its log leads to"),
    "another note": ("UPDATE featured SET note = 'x'", "its featured posts are not what its log leads to"),
    "a call that was taken back": (
        "UPDATE boards SET calls = '[[7,5,1,true,\"ann\"]]'",
        "entry 7 does not call everybody as its board says",
    ),
    "a call that calls nobody": (
        "UPDATE boards SET calls = '[[4,2,1,true,\"ann\"]]'",
        "entry 4 does not call everybody as its board says",
    ),
    "a call that is nowhere": (
        "UPDATE boards SET calls = '[[99,9,1,true,\"ann\"]]'",
        "its board says that 99 calls everybody, which is no message",
    ),
    "a mention by a message that was taken back": (
        "UPDATE mentions SET pos = 3, seq = 1 WHERE user_id = 'ben' AND pos = 4",
        "ben is mentioned at 3 of tea, which does not name them",
    ),
    "a mention that the message does not name": (
        "UPDATE mentions SET pos = 6, seq = 4 WHERE user_id = 'ben' AND pos = 4",
        "ben is mentioned at 6 of tea, which does not name them",
    ),
    "a mention of nobody": ("UPDATE mentions SET user_id = 'x' WHERE user_id = 'ben'", "mentions: x is no user"),
    "a pin above what was not pinned": (
        "UPDATE entries SET body = '{\"above\":99}' WHERE kind = 'pin' AND target = 5",
        "pins above 99, which was not pinned",
    ),
    "a forwarded message that was taken back and says where from": (
        'UPDATE entries SET body = replace(body, \'{"type"\', \'{"forwarded":{},"type"\') WHERE pos = 3',
        "entry 3 is recalled and still holds content",
    ),
}


@pytest.mark.promise("P3", "verify")
@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_is_named(town: Store, damage: str) -> None:
    sql, says = DAMAGE[damage]
    town.rows(sql)
    problems = check(town.url).problems
    assert any(says in problem for problem in problems), problems
