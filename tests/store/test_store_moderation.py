"""Restrictions and slow mode on both databases: what is stored, what it costs, and the order of commits."""

from __future__ import annotations

import pytest

from chatd.core.moderation import RestrictGroup, RestrictMember, SlowDown, UnrestrictMember
from chatd.store.database import connect
from chatd.store.verify import verify
from tests.store.kit import DIGEST, Store, add, edit, leave, new_cid, react, send

pytestmark = pytest.mark.relaxed_durability


@pytest.fixture
def town(store: Store) -> Store:
    store.people("ann", "ben", "cat")
    store.found("tea", "ann", "ben", "cat")
    return store


def restrict(user: str, for_s: int | None = 60) -> RestrictMember:
    return RestrictMember("ann", new_cid(), DIGEST, "tea", user, for_s, "", False)


def unrestrict(user: str) -> UnrestrictMember:
    return UnrestrictMember("ann", new_cid(), DIGEST, "tea", user)


def quiet(on: bool = True) -> RestrictGroup:
    return RestrictGroup("ann", new_cid(), DIGEST, "tea", on, None, "")


def slow(slow_s: int) -> SlowDown:
    return SlowDown("ann", new_cid(), DIGEST, "tea", slow_s)


def problems(store: Store) -> list[str]:
    database = connect(store.url)
    try:
        return verify(database).problems
    finally:
        database.close()


def test_within_a_batch_and_over_batches_the_order_decides(town: Store) -> None:
    pos = town.say("ben", "tea")
    assert town.codes(send("ben", "tea"), restrict("ben"), send("ben", "tea"), edit("ben", "tea", pos)) == [
        "",
        "",
        "restricted",
        "restricted",
    ]
    assert town.codes(react("ben", "tea", pos), unrestrict("ben"), react("ben", "tea", pos)) == ["restricted", "", ""]
    assert town.codes(quiet(), send("ben", "tea"), send("ann", "tea"), quiet(False), send("ben", "tea")) == [
        "",
        "restricted",
        "",
        "",
        "",
    ]


def test_a_restriction_outlives_the_writer_and_a_stay_in_the_group(town: Store) -> None:
    town.done(restrict("ben"))
    town.reopen()
    assert town.codes(send("ben", "tea")) == ["restricted"]
    town.done(leave("ben", "tea"))
    town.done(add("ann", "tea", "ben"))
    assert town.codes(send("ben", "tea")) == ["restricted"]
    assert problems(town) == []
    town.now_ms += 60_000
    assert town.codes(send("ben", "tea")) == [""]
    assert problems(town) == []


def test_slow_mode_that_comes_on_in_the_batch_holds_in_the_batch(town: Store) -> None:
    wishes = (send("ben", "tea"), slow(30), send("ben", "tea"), send("ben", "tea"), send("ann", "tea"))
    outcome = town.commit(*wishes)
    assert [v.code for v in outcome.verdicts] == ["", "", "", "slow_mode", ""], "and in one commit: nothing failed"
    assert town.codes(send("ben", "tea"), send("cat", "tea")) == ["slow_mode", ""]
    town.reopen()
    assert town.codes(send("ben", "tea"), send("cat", "tea")) == ["slow_mode", "slow_mode"]
    town.now_ms += 30_000
    assert town.codes(send("ben", "tea"), send("ben", "tea"), slow(0), send("ben", "tea")) == ["", "slow_mode", "", ""]


@pytest.mark.promise("P8", "slow_mode.rows")
def test_slow_mode_costs_one_row_a_member_and_only_where_it_is_on(town: Store) -> None:
    for _ in range(3):
        town.say("ben", "tea")
        town.say("cat", "tea")
    assert town.sizes()["paces"] == 0
    town.done(slow(30))
    for _ in range(5):
        town.done(send("ben", "tea"), send("cat", "tea"), send("ann", "tea"))
        town.now_ms += 30_000
    assert town.sizes()["paces"] == 2
    assert problems(town) == []


@pytest.mark.promise("P3", "verify")
def test_verify_finds_restrictions_that_nobody_set(town: Store) -> None:
    town.done(restrict("ben"), slow(30), quiet(), send("ann", "tea"))
    assert problems(town) == []
    for damage, part in (
        ("UPDATE memberships SET restricted_until = 5 WHERE user_id = 'ben'", "ben is restricted until 5"),
        ("UPDATE memberships SET restricted_until = 9 WHERE user_id = 'cat'", "cat is restricted until 9"),
        ("UPDATE memberships SET restricted_until = 0", "ben is not restricted"),
        ("UPDATE groups SET settings = '{}'", "slow_s is not what"),
        ("UPDATE groups SET settings = '{}'", "restricted_until is not what"),
        ("UPDATE audit SET details = 'x'", "is no whole row"),
        ("INSERT INTO paces (group_id, user_id, at) VALUES ('tea', 'nobody', 1)", "nobody wrote in tea"),
    ):
        town.database.begin()
        town.database.run(damage)
        found = _problems_within(town)
        town.database.rollback()
        assert any(part in problem for problem in found), (part, found)


def _problems_within(store: Store) -> list[str]:
    """What verify says of the damaged state, which is never committed."""
    from chatd.store import verify as module

    report = module.Report({}, [])
    module._Check(store.database, report).run()
    return report.problems
