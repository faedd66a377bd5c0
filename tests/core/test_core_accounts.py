"""Accounts, codes for signing up and codes for a new password; by values alone."""

from __future__ import annotations

import pytest

from chatd.core.accounts import (
    Account,
    DropCodes,
    FinishReset,
    MakeSignupCode,
    ResetCode,
    SetPassword,
    SignUp,
    SignupCode,
    StartReset,
)
from tests.core.world import START_MS, World

TTL_MS, TRIES = 1000, 3


def sign_up(login: str, user: str = "u1", code: str | None = None) -> SignUp:
    return SignUp(user, login, "Ann", "hash", code)


def world_with_ann() -> World:
    world = World()
    world.act(sign_up("ann"))
    world.next_commit()
    return world


def finish(digest: str, login: str = "ann", user: str = "u1") -> FinishReset:
    return FinishReset(login, user, digest, "new hash", TRIES)


def test_signing_up_makes_a_user_whose_sub_is_of_our_own() -> None:
    world = World()
    assert world.act(sign_up("ann")) == {"user": "u1"}
    assert world.facts.users["u1"].sub == "account:u1"
    assert world.facts.find(Account, "ann") == Account("ann", "u1", "hash", START_MS)
    assert world.refuse(sign_up("ann", "u2")).code == "taken"


def test_a_code_lets_so_many_sign_up_until_its_time() -> None:
    world = World()
    assert world.refuse(sign_up("ann", code="x")).code == "code_invalid"
    world.act(MakeSignupCode("x", 2, START_MS + TTL_MS, "for friends"))
    world.act(sign_up("ann", "u1", "x"))
    assert world.refuse(sign_up("ann", "u2", "x")).code == "taken", "a refusal costs no use"
    world.act(sign_up("ben", "u2", "x"))
    assert world.refuse(sign_up("cat", "u3", "x")).code == "code_invalid"
    assert world.facts.find(SignupCode, "x") is None
    world.act(MakeSignupCode("y", 1, START_MS + TTL_MS, ""))
    world.next_commit(TTL_MS)
    assert world.refuse(sign_up("cat", "u3", "y")).code == "code_invalid"


def test_who_has_no_code_does_not_learn_which_logins_are_taken() -> None:
    world = world_with_ann()
    assert world.refuse(sign_up("ann", "u2", "wrong")).code == "code_invalid"


def test_a_new_password_ends_every_token_of_before() -> None:
    world = world_with_ann()
    answer = world.act(SetPassword("ann", "u1", "hash", "new hash"))
    assert answer == {"user": "u1", "before": world.facts.now_ms + 1}
    assert world.facts.users["u1"].valid_after == world.facts.now_ms + 1, "those of this very millisecond too"
    assert world.refuse(SetPassword("ann", "u1", "hash", "another")).code == "unauthenticated", "it was changed"
    assert world.refuse(SetPassword("nobody", "u1", "hash", "another")).code == "unauthenticated"


def test_a_code_sets_a_new_password_once() -> None:
    world = world_with_ann()
    world.act(StartReset("ann", "right", TTL_MS))
    assert world.act(finish("right"))["user"] == "u1"
    account = world.facts.find(Account, "ann")
    assert account is not None
    assert account.password == "new hash"
    assert world.facts.users["u1"].valid_after == world.facts.now_ms + 1
    assert world.act(finish("right")) == {}


def test_a_code_that_is_too_old_counts_no_more() -> None:
    world = world_with_ann()
    world.act(StartReset("ann", "right", TTL_MS))
    world.next_commit(TTL_MS)
    assert world.act(finish("right")) == {}


@pytest.mark.promise("P8", "limits.code_tries")
def test_tries_are_bounded_and_another_code_gives_none_back() -> None:
    world = world_with_ann()
    world.act(StartReset("ann", "right", TTL_MS))
    for _ in range(TRIES - 1):
        assert world.act(finish("wrong")) == {}
    world.act(StartReset("ann", "second", TTL_MS))
    assert world.act(finish("right")) == {}, "only the newest code counts"
    assert world.act(finish("second")) == {}, "the tries are used up"
    world.next_commit(TTL_MS - 1)
    world.act(StartReset("ann", "third", TTL_MS))
    assert world.act(finish("third")) == {}
    world.next_commit(1)
    world.act(StartReset("ann", "fourth", TTL_MS))
    assert world.act(finish("fourth"))["user"] == "u1"


def test_a_login_that_does_not_exist_is_kept_like_one_that_does() -> None:
    world = world_with_ann()
    world.act(StartReset("nobody", "right", TTL_MS))
    assert world.act(finish("right", "nobody", "")) == {}
    row = world.facts.find(ResetCode, "nobody")
    assert row is not None
    assert row.tries == 1


def test_only_codes_that_have_outlived_their_use_are_dropped() -> None:
    world = world_with_ann()
    world.act(StartReset("ann", "a", TTL_MS))
    world.act(MakeSignupCode("x", 1, START_MS + 2 * TTL_MS, ""))
    world.next_commit(TTL_MS - 1)
    world.act(DropCodes(["ann"], ["x"]))
    assert world.facts.find(ResetCode, "ann") is not None
    assert world.facts.find(SignupCode, "x") is not None
    world.next_commit(TTL_MS)
    world.act(DropCodes(["ann", "nobody"], ["x", "y"]))
    assert world.facts.find(ResetCode, "ann") is None
    assert world.facts.find(SignupCode, "x") is None
