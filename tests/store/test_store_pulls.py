"""Asking before pulling in, in the store: one invite, found by what it is between, on both databases."""

from __future__ import annotations

import pytest

from chatd.core.invites import DeclineInvite, RedeemInvite
from chatd.core.profiles import SetPrivacy
from chatd.core.pulls import ask_id
from tests.store.kit import DIGEST, Store, add, follow, leave, new_cid
from tests.store.test_store_invites import problems

pytestmark = pytest.mark.promise("P6", "pull.asked")


def asked_first(store: Store, user: str) -> SetPrivacy:
    return SetPrivacy(user, new_cid(), DIGEST, None, None, pull="ask")


def accept(user: str, invite: str) -> RedeemInvite:
    return RedeemInvite(user, new_cid(), DIGEST, None, invite, "")


def test_asking_is_one_row_in_one_commit_and_over_many_and_verifies(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben, cat = store.people("ann", "ben", "cat")
        store.make_mutual(ann, ben, cat)
        store.found("g", ann)
        store.done(asked_first(store, ben))
        answers = store.done(add(ann, "g", ben), add(ann, "g", cat, ben))
        assert [[r["result"] for r in answer["results"]] for answer in answers] == [["asked"], ["added", "asked"]]
        store.done(add(ann, "g", ben))
        assert store.rows("SELECT invite_id, target, pull, uses FROM invites") == [(ask_id("g", ann, ben), ben, 1, 0)]
        assert store.rows("SELECT kind FROM mine WHERE user_id = 'ben'") == [("invited",)]
        assert problems(store) == []
        store.done(accept(ben, ask_id("g", ann, ben)))
        store.done(leave(ben, "g"))
        store.done(add(ann, "g", ben))
        store.done(DeclineInvite(ben, new_cid(), DIGEST, ask_id("g", ann, ben)))
        assert store.codes(accept(ben, ask_id("g", ann, ben))) == ["invite_invalid"]
        assert store.rows("SELECT uses, max_uses FROM invites") == [(1, 2)]
        assert problems(store) == []


def test_saying_yes_and_no_longer_following_in_one_commit_go_in_their_order(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben, cat = store.people("ann", "ben", "cat")
        store.make_mutual(ann, ben, cat)
        store.found("g", ann)
        store.done(asked_first(store, ben), asked_first(store, cat), add(ann, "g", ben, cat))
        yes = {user: accept(user, ask_id("g", ann, user)) for user in (ben, cat)}
        codes = store.codes(yes[ben], follow(ben, ann, False), follow(cat, ann, False), yes[cat])
        assert codes == ["", "", "", "invite_invalid"]
        assert problems(store) == []


def test_verify_sees_an_answer_to_an_invite_that_nobody_was_asked_by(tables_url: str) -> None:
    with Store(tables_url) as store:
        ann, ben = store.people("ann", "ben")
        store.make_mutual(ann, ben)
        store.found("g", ann)
        store.done(asked_first(store, ben), add(ann, "g", ben))
        store.done(DeclineInvite(ben, new_cid(), DIGEST, ask_id("g", ann, ben)))
        assert problems(store) == []
        store.database.begin()
        store.database.run("UPDATE invites SET declined_at = NULL")
        store.database.commit()
        assert any("(declined) fits no membership" in problem for problem in problems(store))
