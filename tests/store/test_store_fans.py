"""Those who cease to follow an owner, in the store: all in the commit of the unfollow, and proved by `verify`."""

from __future__ import annotations

import pytest

from tests.store.kit import Store, add, block, follow, leave, send, transfer, update
from tests.store.test_store_invites import problems


@pytest.fixture
def fans(store: Store) -> Store:
    """Ann's three groups: one keeps, one silences, one puts out. Ben is in all of them, cat owns another."""
    ann, ben, cat = store.people("ann", "ben", "cat")
    store.make_mutual(cat, ben, ann)
    for choice in ("keep", "restrict", "remove"):
        store.found(choice, ann, ben, cat)
        store.done(update(ann, choice, on_unfollow_owner=choice))
    store.found("other", cat, ben, ann)
    store.done(update(cat, "other", on_unfollow_owner="restrict"))
    return store


def test_an_unfollow_is_felt_in_every_group_of_the_owner_in_its_own_commit(fans: Store) -> None:
    n = fans.engine.n
    sends = [send("ben", group) for group in ("keep", "restrict", "remove", "other")]
    answers = fans.decide(follow("ben", "ann", False), *sends)
    assert [verdict.code for verdict in answers] == ["", "", "restricted", "not_found", ""]
    assert fans.engine.n == n + 1
    told = fans.rows("SELECT kind, group_id, body FROM mine WHERE user_id = 'ben' ORDER BY upos DESC LIMIT 2")
    assert sorted(told) == [
        ("removed", "remove", '{"why":"unfollowed"}'),
        ("restricted", "restrict", '{"why":"unfollowed"}'),
    ]
    assert problems(fans) == []
    fans.done(follow("ben", "ann"), send("ben", "restrict"), add("ann", "remove", "ben"), send("ben", "remove"))
    assert problems(fans) == []


def test_choosing_and_unfollowing_in_one_commit_go_in_their_order(fans: Store) -> None:
    minds, minds_not = (update("ann", g, on_unfollow_owner=c) for g, c in (("keep", "remove"), ("restrict", "keep")))
    fans.done(minds, follow("ben", "ann", False), minds_not, send("ben", "restrict"))
    assert fans.codes(send("ben", "keep"), send("ben", "remove")) == ["not_found", "not_found"]
    assert problems(fans) == []
    fans.done(update("ann", "keep", on_unfollow_owner="keep"), transfer("ann", "keep", "cat"), block("cat", "ann"))
    assert fans.codes(send("cat", "keep"), send("cat", "remove")) == ["", "not_found"]
    assert problems(fans) == []


def test_it_outlives_a_restart_and_a_stay(fans: Store) -> None:
    fans.done(follow("ben", "ann", False), leave("ben", "restrict"))
    fans.reopen()
    fans.done(follow("ben", "ann"))
    assert fans.rows("SELECT unfollowed_pos FROM memberships WHERE group_id = 'restrict' AND user_id = 'ben'") == [(0,)]
    fans.done(add("ann", "restrict", "ben"), send("ben", "restrict"), follow("ben", "ann", False))
    fans.reopen()
    assert fans.codes(send("ben", "restrict")) == ["restricted"]
    assert problems(fans) == []


PLANTED = {
    "UPDATE memberships SET unfollowed_pos = 99 WHERE group_id = 'restrict' AND user_id = 'ben'": "and follows",
    "UPDATE fan_groups SET groups = '[]' WHERE user_id = 'cat'": "is not named among those of cat",
    "UPDATE groups SET settings = replace(settings, 'fans_since', 'since_when')": "fans_since is not when its log says",
    "UPDATE groups SET settings = replace(settings, 'remove', 'keep') WHERE group_id = 'remove'": (
        "on_unfollow_owner is not what its last entry about it says"
    ),
    "UPDATE memberships SET why = 'left' WHERE group_id = 'remove' AND user_id = 'cat'": "no membership says so",
}


@pytest.mark.parametrize("sql", PLANTED)
def test_verify_sees_what_is_not_as_the_rules_leave_it(fans: Store, sql: str) -> None:
    fans.done(follow("cat", "ann", False))
    assert problems(fans) == []
    fans.database.begin()
    fans.database.run(sql)
    fans.database.commit()
    assert any(PLANTED[sql] in problem for problem in problems(fans)), problems(fans)
