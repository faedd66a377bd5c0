"""Bots in the store: their tokens, coming in by right, and presses, in one commit and over many, on both databases."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chatd.core.bots import AddToken, MakeBot, SetScopes
from chatd.core.menus import Press
from chatd.core.messages import Edit, Send
from chatd.core.users import DisableUser
from chatd.core.wishes import AnyWish
from tests.store.kit import DIGEST, START_MS, Store, add, kick, leave, new_cid, recall, send, set_role
from tests.store.test_store_invites import problems

MENU: Final = [[{"id": "yes", "label": "Yes"}]]


def make(name: str) -> MakeBot:
    return MakeBot(name, name, name, "", ["read", "send"], False, f"digest of {name}")


def ask(group: str = "g", menu: Any = MENU) -> Send:
    return Send("bot", new_cid(), DIGEST, group, "text", {"text": "?", "menu": menu}, None, None, bot=True)


def press(pos: int, user: str = "ben", button: str = "yes") -> Press:
    return Press(user, new_cid(), DIGEST, "g", pos, button)


def change(pos: int, menu: Any) -> Edit:
    return Edit("bot", new_cid(), DIGEST, "g", pos, {}, START_MS, True, menu)


@pytest.fixture
def asked(store: Store) -> tuple[Store, int]:
    """Ann's group with the admin ada, ben and a bot, and the place of what the bot asked there."""
    store.people("ann", "ada", "ben")
    store.done(make("bot"), make("other"))
    store.found("g", "ann", "ada", "ben")
    store.done(set_role("ann", "g", "ada", "admin"), add("ann", "g", "bot"))
    return store, store.done(ask())[0]["pos"]


def presses(store: Store) -> list[tuple[Any, ...]]:
    sql = "SELECT user_id, upos, pos, body FROM mine WHERE kind = 'pressed' ORDER BY user_id, upos"
    return [tuple(row) for row in store.rows(sql)]


def test_a_bot_is_a_user_with_two_rows_and_verifies(asked: tuple[Store, int]) -> None:
    store, _ = asked
    store.done(AddToken("bot", "second", False), SetScopes("other", ["pin"]))
    store.done(AddToken("bot", "third", False), AddToken("bot", "fourth", True))
    assert store.rows("SELECT sub FROM users WHERE user_id = 'bot'") == [("bot:bot",)]
    assert store.rows("SELECT digest FROM bot_tokens WHERE user_id = 'bot'") == [("fourth",)]
    assert store.rows("SELECT tokens FROM bots ORDER BY user_id") == [('["fourth"]',), ('["digest of other"]',)]
    assert store.rows("SELECT scopes FROM bots WHERE user_id = 'other'") == [('["pin"]',)]
    assert store.codes(make("bot")) == ["taken"]
    assert problems(store) == []


def test_two_bots_of_one_name_in_one_commit_are_one(store: Store) -> None:
    again = MakeBot("bot2", "bot", "", "", [], False, "digest")
    assert store.codes(make("bot"), again) == ["", "taken"]
    assert store.rows("SELECT user_id FROM bots") == [("bot",)]
    assert problems(store) == []


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM bots WHERE user_id = 'other'", "is a bot by their sub or by its row"),
        ("UPDATE bots SET name = 'x' WHERE user_id = 'bot'", "is a bot by their sub or by its row"),
        ("UPDATE bots SET tokens = '[]' WHERE user_id = 'bot'", "other tokens than its row names"),
        ("DELETE FROM bot_tokens WHERE user_id = 'bot'", "other tokens than its row names"),
    ],
)
def test_verify_names_a_bot_that_is_half_one(asked: tuple[Store, int], sql: str, says: str) -> None:
    store, _ = asked
    store.database.begin()
    store.database.run(sql)
    store.database.commit()
    assert any(says in problem for problem in problems(store))


@pytest.mark.promise("P6", "order.bot")
@pytest.mark.parametrize("apart", [False, True])
def test_two_admins_add_the_same_bot_and_it_is_in_once(asked: tuple[Store, int], apart: bool) -> None:
    store, _ = asked
    wishes = [add("ann", "g", "other"), add("ada", "g", "other")]
    answers = [store.done(wish)[0] for wish in wishes] if apart else store.done(*wishes)
    assert [answer["results"][0]["result"] for answer in answers] == ["added", "already"]
    assert store.rows("SELECT added_by FROM memberships WHERE user_id = 'other'") == [("ann",)]
    assert store.rows("SELECT by FROM audit WHERE act = 'member.add' AND user_id = 'other'") == [("ann",)]
    assert problems(store) == []


@pytest.mark.promise("P6", "order.demotion")
@pytest.mark.parametrize("apart", [False, True])
def test_an_admin_who_was_demoted_adds_no_bot(asked: tuple[Store, int], apart: bool) -> None:
    store, _ = asked
    demotion, wish = set_role("ann", "g", "ada", "member"), add("ada", "g", "other")
    if apart:
        store.done(demotion)
        (answer,) = store.done(wish)
    else:
        _, answer = store.done(demotion, wish)
    assert answer["results"][0]["result"] == "not_mutual"


ORDERS: Final[dict[str, tuple[Any, str, str]]] = {
    # what a press meets, its code when that came before, and what that gets when the press came before
    "recall": (lambda pos: recall("bot", "g", pos), "gone", ""),
    "no buttons any more": (lambda pos: change(pos, []), "no_button", ""),
    "the bot is put out": (lambda _: kick("ann", "g", "bot"), "no_button", ""),
    "the bot goes": (lambda _: leave("bot", "g"), "no_button", ""),
    "the bot is disabled": (lambda _: DisableUser("bot", True), "no_button", ""),
    "the presser is put out": (lambda _: kick("ann", "g", "ben"), "not_found", ""),
    "the presser is silenced": (lambda _: set_role("ann", "g", "ben", "silent"), "forbidden", ""),
}


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("what", ORDERS)
def test_a_press_meets_what_came_before_it(asked: tuple[Store, int], what: str, apart: bool) -> None:
    store, pos = asked
    wish, code, _ = ORDERS[what]
    assert _codes(store, apart, wish(pos), press(pos)) == ["", code]
    assert presses(store) == []
    assert problems(store) == []


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("what", ORDERS)
def test_a_press_that_came_before_stays(asked: tuple[Store, int], what: str, apart: bool) -> None:
    store, pos = asked
    wish, _, code = ORDERS[what]
    assert _codes(store, apart, press(pos), wish(pos)) == ["", code]
    assert [(user, at) for user, _, at, _ in presses(store)] == [("bot", pos)]
    assert problems(store) == []


def _codes(store: Store, apart: bool, *wishes: AnyWish) -> list[str]:
    return [store.codes(wish)[0] for wish in wishes] if apart else store.codes(*wishes)


def test_a_press_in_the_commit_of_its_message_does_not_meet_it(asked: tuple[Store, int]) -> None:
    store, pos = asked
    assert store.codes(ask(), press(pos + 1)) == ["", "no_button"], "nobody can have seen it"
    store.done(press(pos + 1))
    assert len(presses(store)) == 1


@pytest.mark.promise("P2", "cid.retry", "cid.batch", "cid.conflict")
def test_a_press_is_one_row_and_is_remembered_under_its_cid(asked: tuple[Store, int]) -> None:
    store, pos = asked
    wish, before = press(pos), store.sizes()
    first, again = store.done(wish, wish)
    after = store.sizes()
    grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert grown == {"mine": 1, "commands": 1, "commits": 1}
    store.reopen()
    assert first == again == store.done(wish)[0]
    other = Press("ben", wish.cid, b"another request ", "g", pos, "yes")
    assert store.codes(other) == ["conflict"]
    assert len(presses(store)) == 1


def test_who_presses_in_one_commit_is_told_in_order(asked: tuple[Store, int]) -> None:
    store, pos = asked
    outcome = store.commit(press(pos, "ben"), press(pos, "ann"), send("ann", "g"), press(pos, "ada"))
    assert [entry.body["by"] for entry in outcome.mine if entry.kind == "pressed"] == ["ben", "ann", "ada"]
    assert [upos for _, upos, _, _ in presses(store)] == [2, 3, 4], "behind the entry that it was added"


def test_a_bot_of_which_nothing_is_known_comes_next_nowhere(asked: tuple[Store, int]) -> None:
    """What a bot writes in the commit in which the owner vanishes brings its membership and nothing of its user."""
    store, _ = asked
    store.done(set_role("ann", "g", "bot", "admin"), leave("ada", "g"))
    store.done(ask(), DisableUser("ann", True), ask())
    assert store.rows("SELECT user_id FROM memberships WHERE role = 'owner' AND until_pos IS NULL") == [("ben",)]
    store.done(ask(), DisableUser("ben", True))
    assert store.rows("SELECT dissolved_at IS NOT NULL FROM groups WHERE group_id = 'g'") == [(True,)]
    assert problems(store) == []
