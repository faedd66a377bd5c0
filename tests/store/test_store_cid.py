"""Exactly once: whatever is asked again under its cid gets the first answer, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from chatd.core.proposal import Abandon, Command
from chatd.core.wishes import AnyWish
from tests.store.kit import (
    DIGEST,
    OTHER_DIGEST,
    Store,
    add,
    block,
    create,
    direct,
    edit,
    follow,
    kick,
    leave,
    new_cid,
    react,
    recall,
    send,
    set_role,
    update,
)

pytestmark = pytest.mark.promise("P2", "cid.retry")

COMMANDS: dict[str, Callable[[], AnyWish]] = {
    "message.send": lambda: send("ann", "tea", "twice"),
    "message.send, a reply": lambda: send("ann", "tea", "twice", 3),
    "message.recall": lambda: recall("ann", "tea", 3),
    "message.edit": lambda: edit("ann", "tea", 3),
    "reaction.add": lambda: react("ann", "tea", 3, "new"),
    "reaction.add, again": lambda: react("ann", "tea", 3, "there"),
    "reaction.remove": lambda: react("ann", "tea", 3, "there", on=False),
    "group.create": lambda: create("ann", "milk"),
    "group.create, direct": lambda: direct("ann", "dd", "ben"),
    "group.update": lambda: update("ann", "tea", title="x"),
    "member.add": lambda: add("ann", "tea", "cat", "ben", "dan"),
    "member.add, nobody": lambda: add("ann", "tea", "dan"),
    "member.leave": lambda: leave("ben", "tea"),
    "member.kick": lambda: kick("ann", "tea", "ben"),
    "member.role": lambda: set_role("ann", "tea", "ben", "admin"),
    "follow.add": lambda: follow("dan", "ann"),
    "follow.remove": lambda: follow("ann", "ben", False),
    "block.add": lambda: block("ann", "ben"),
    "block.remove": lambda: block("ann", "dan", False),
}


@pytest.fixture
def tea(store: Store) -> Store:
    store.people("ann", "ben", "cat", "dan")
    store.found("tea", "ann", "ben")
    store.make_mutual("ann", "cat")
    store.done(block("ann", "dan"))
    assert store.say("ann", "tea", "the third entry") == 3
    store.done(react("ann", "tea", 3, "there"))
    return store


@pytest.mark.parametrize("command", COMMANDS)
def test_asked_again_later_it_gets_the_first_answer(tea: Store, command: str) -> None:
    wish = COMMANDS[command]()
    answer = tea.done(wish)
    before = tea.everything()
    for _ in range(2):
        tea.now_ms += 10**9
        outcome = tea.commit(wish)
        assert [verdict.answer for verdict in outcome.verdicts] == answer
        assert outcome.n == 0
        tea.reopen()
    assert tea.everything() | {"writers": []} == before | {"writers": []}


@pytest.mark.promise("P2", "cid.batch")
@pytest.mark.parametrize("command", COMMANDS)
def test_asked_twice_in_one_batch_it_happens_once(tea: Store, command: str) -> None:
    wish = COMMANDS[command]()
    before = tea.sizes()
    first, second, third = tea.done(wish, wish, wish)
    assert first == second == third
    after = tea.sizes()
    assert after["entries"] - before["entries"] <= 1
    kept = (after["commands"] - before["commands"]) + len(tea.rows("SELECT 1 FROM entries WHERE cid = ?", _cid(wish)))
    assert kept == 1, "one row remembers it"


@pytest.mark.promise("P2", "cid.conflict")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("together", [True, False])
def test_another_request_under_its_cid_is_a_conflict(tea: Store, command: str, together: bool) -> None:
    wish = COMMANDS[command]()
    assert isinstance(wish, Command)
    other = msgspec.structs.replace(wish, digest=OTHER_DIGEST)
    elsewhere = send(wish.actor, "tea", cid=wish.cid, digest=OTHER_DIGEST)
    if together:
        assert tea.codes(wish, other, elsewhere, wish) == ["", "conflict", "conflict", ""]
    else:
        tea.done(wish)
        before = tea.everything()
        assert tea.codes(other) == tea.codes(elsewhere) == ["conflict"]
        assert tea.everything() == before


@pytest.mark.promise("P2", "cid.conflict")
def test_a_cid_has_one_scope_per_user_over_all_groups(tea: Store) -> None:
    tea.done(create("ann", "milk"))
    wish = send("ann", "tea")
    tea.done(wish)
    assert tea.codes(send("ann", "milk", cid=wish.cid, digest=OTHER_DIGEST)) == ["conflict"]
    assert tea.codes(send("ben", "tea", cid=wish.cid, digest=OTHER_DIGEST)) == [""], "another user's cid is another one"


@pytest.mark.promise("P2", "cid.refused")
def test_a_refusal_is_not_remembered(tea: Store) -> None:
    wish = send("cat", "tea")
    before = tea.sizes()
    assert tea.codes(wish, wish) == ["not_found", "not_found"]
    assert tea.sizes() == before
    tea.done(add("ann", "tea", "cat"))
    first = tea.done(wish)
    assert tea.codes(msgspec.structs.replace(wish, digest=OTHER_DIGEST)) == ["conflict"]
    assert tea.done(wish) == first


@pytest.mark.promise("P2", "cid.refused")
def test_a_refused_request_leaves_its_cid_free_in_the_same_batch(tea: Store) -> None:
    cid = new_cid()
    again = send("cat", "tea", cid=cid, digest=OTHER_DIGEST)
    assert tea.codes(send("cat", "tea", cid=cid), add("ann", "tea", "cat"), again) == ["not_found", "", ""]


def test_the_answer_outlives_what_was_made_since(tea: Store) -> None:
    """The first answer, even of what was recalled, edited again or undone."""
    sent, changed = send("ben", "tea", "x"), []
    answers = tea.done(sent)
    for wish in (edit("ben", "tea", 5), react("ben", "tea", 5), edit("ben", "tea", 5)):
        changed.append(wish)
        answers += tea.done(wish)
    tea.done(recall("ben", "tea", 5), kick("ann", "tea", "ben"))
    assert tea.done(sent, *changed) == answers


def test_what_stands_in_for_a_command_answers_what_was_done(tea: Store) -> None:
    done, never = send("ann", "tea"), send("ann", "tea")
    answer = tea.done(done)
    assert tea.done(Abandon("ann", done.cid, DIGEST)) == answer
    assert tea.codes(Abandon("ann", never.cid, DIGEST)) == ["internal"]
    assert tea.codes(never) == [""]


def test_sends_behind_each_other_stay_in_order_over_retries(tea: Store) -> None:
    first, second, third = (new_cid() for _ in range(3))
    chain = [
        send("ann", "tea", "1", cid=first),
        send("ann", "tea", "2", cid=second, after=first),
        send("ann", "tea", "3", cid=third, after=second),
    ]
    assert tea.codes(chain[1], chain[2]) == ["out_of_order", "out_of_order"]
    answers = tea.done(*chain)
    assert tea.done(chain[2]) == answers[2:]
    assert tea.codes(send("ann", "tea", after=third)) == [""]
    assert tea.codes(send("ann", "tea", after=new_cid())) == ["out_of_order"]


def _cid(wish: AnyWish) -> str:
    assert isinstance(wish, Command)
    return wish.cid
