"""What becomes of groups in the store: who follows an owner, what is swept, what is found, on both databases."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chatd.core.bans import Expel
from chatd.core.dissolution import Disband, EndStay, Sweep
from chatd.core.featured import Feature
from chatd.core.limits import Bounds
from chatd.core.ownership import Appoint
from chatd.core.titles import terms_asked
from chatd.core.users import DisableUser
from chatd.store import sweeping
from chatd.store.outcome import Proposed
from chatd.store.readers import Readers
from chatd.store.titles import groups_titled
from tests.store.kit import DIGEST, Store, add, ban, create, leave, new_cid, run, send, set_role, transfer, update
from tests.store.test_store_boards import call, pin
from tests.store.test_store_verify import check

pytestmark = pytest.mark.relaxed_durability


def disable(user: str) -> DisableUser:
    return DisableUser(user, True)


@pytest.fixture
def groups(store: Store) -> Store:
    """ann owns "one" (ben, cat, dan; dan an admin) and "two" (cat) and "solo"; ben owns "bens" (ann)."""
    store.people("ann", "ben", "cat", "dan")
    store.found("one", "ann", "ben", "cat", "dan")
    store.done(set_role("ann", "one", "dan", "admin"), create("ann", "two"), create("ann", "solo"))
    store.done(add("ann", "two", "cat"), create("ben", "bens"), add("ben", "bens", "ann"))
    return store


def owners(store: Store) -> dict[str, str]:
    sql = "SELECT group_id, user_id FROM memberships WHERE role = 'owner' AND until_pos IS NULL"
    return dict(store.rows(sql))


def vanish(store: Store, *wishes: Any) -> list[dict[str, Any] | None]:
    outcomes = store.engine.settle([Proposed(number, wish) for number, wish in enumerate(wishes)])
    return [verdict.answer for outcome in outcomes for verdict in outcome.verdicts]


def test_who_vanishes_is_followed_in_every_group_they_own_and_in_no_other(groups: Store) -> None:
    vanish(groups, disable("ann"))
    assert owners(groups) == {"one": "dan", "two": "cat", "bens": "ben", "solo": "ann"}
    kinds = groups.rows("SELECT group_id, actor FROM entries WHERE kind = 'dissolved'")
    assert kinds == [("solo", None)]
    assert check(groups.url).problems == []
    vanish(groups, disable("dan"), disable("ben"))
    assert owners(groups) == {"one": "cat", "two": "cat", "bens": "ben", "solo": "ann"}
    assert check(groups.url).problems == []


def test_one_batch_in_which_all_of_them_vanish(groups: Store) -> None:
    """Nobody who comes next is known only because the batch before knew them."""
    vanish(groups, transfer("ann", "one", "ben"), *(disable(user) for user in ("ann", "ben", "dan", "cat")))
    heirs = groups.rows("SELECT body FROM entries WHERE group_id = 'one' AND kind = 'owner' ORDER BY pos")
    assert [orjson.loads(body)["user"] for (body,) in heirs] == ["ben", "dan", "cat"]
    dissolved = {group for (group,) in groups.rows("SELECT group_id FROM groups WHERE dissolved_at IS NOT NULL")}
    assert dissolved == {"one", "two", "solo", "bens"}
    assert check(groups.url).problems == []


def test_who_becomes_the_owner_and_vanishes_in_one_batch_is_followed_too(groups: Store) -> None:
    vanish(groups, leave("ann", "one", "ben"), disable("ben"))
    assert owners(groups)["one"] == "dan"
    assert check(groups.url).problems == []


def test_who_comes_next_is_found_however_many_go_before_them(groups: Store) -> None:
    """The batch puts out all but the youngest member, in front of the owner's vanishing."""
    people = [f"p{number:02}" for number in range(30)]
    groups.people(*people)
    groups.make_mutual("ann", *people)
    groups.done(add("ann", "two", *people))
    vanish(
        groups, *(Expel("two", user, "", ban=False) for user in ["cat", *people[:-1]]), Expel("two", "ann", "", False)
    )
    assert owners(groups)["two"] == people[-1]
    assert check(groups.url).problems == []


def test_the_operator_gives_a_group_away(groups: Store) -> None:
    groups.done(Appoint("one", "ben"))
    assert owners(groups)["one"] == "ben"
    assert groups.codes(Appoint("one", "nobody"), Appoint("nowhere", "ben")) == ["not_found", "not_found"]
    assert check(groups.url).problems == []


# -- the end


def test_a_group_that_is_gone_leaves_no_row_of_what_was_written(groups: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PORTION_ROWS", 4)
    other = groups.rows("SELECT * FROM entries WHERE group_id = 'bens'")
    groups.done(*(send("ann", "one", f"secret {number}") for number in range(10)), ban("ann", "one", "cat"))
    groups.done(*(call("ann", "one", "ben", "dan") for _ in range(3)), call("ann", "one", "*"))
    groups.done(pin("ann", "one", 5), *(Feature("ann", new_cid(), DIGEST, "one", pos, "") for pos in (5, 6, 7)))
    groups.done(call("ann", "two", "cat"), pin("ann", "two", 3), Feature("ann", new_cid(), DIGEST, "two", 3, ""))
    groups.done(Disband("one"))
    assert groups.codes(EndStay("one", ["ann"])) == ["too_late"]
    groups.now_ms += Bounds().dissolved_keep_ms
    groups.done(EndStay("one", ["ann", "ben"]), EndStay("one", ["dan"]))
    assert run(_to_sweep(groups)) == ["one"]
    portions = 0
    while run(_to_sweep(groups)):
        before = groups.rows("SELECT count(*) FROM entries")[0][0]
        groups.done(Sweep("one"))
        assert before - groups.rows("SELECT count(*) FROM entries")[0][0] <= 4
        assert check(groups.url).problems == []
        portions += 1
        assert portions < 30, "it comes to an end"
    assert portions > 4
    for table in sweeping.swept_tables():
        assert groups.rows(f'SELECT count(*) FROM "{table.name}" WHERE group_id = ?', "one") == [(0,)], table.name
    assert groups.rows("SELECT title, intro, settings, member_count FROM groups WHERE group_id = 'one'") == [
        ("", "", "{}", 0)
    ]
    assert groups.rows("SELECT * FROM entries WHERE group_id = 'bens'") == other
    groups.done(Sweep("one"))


def test_every_table_that_lies_by_group_is_swept_or_kept_on_purpose() -> None:
    assert {"entries", "reactions", "bans", "group_terms", "boards", "featured", "mentions"} <= {
        table.name for table in sweeping.swept_tables()
    }
    assert sweeping.KEPT.isdisjoint(table.name for table in sweeping.swept_tables())


async def _to_sweep(store: Store) -> list[str]:
    readers = Readers(store.url, 1)
    await readers.open()
    try:
        async with readers.snapshot() as reader:
            return await sweeping.groups_to_sweep(reader, 9)
    finally:
        await readers.close()


# -- found


async def _found(store: Store, query: str, below: tuple[int, str] | None = None, limit: int = 10) -> list[str]:
    readers = Readers(store.url, 1)
    await readers.open()
    try:
        async with readers.snapshot() as reader:
            return [group.id for group in await groups_titled(reader, terms_asked(query), below, limit)]
    finally:
        await readers.close()


def test_public_groups_are_found_the_largest_first_and_page_by_page(groups: Store) -> None:
    for number in range(5):
        groups.done(create("ann", f"p{number}", kind="public", title=f"石榴哥粉丝群 {number}"))
    groups.done(add("ann", "p3", "ben", "cat"), add("ann", "p1", "ben"), create("ann", "q", title="石榴哥粉丝群"))
    assert run(_found(groups, "粉丝")) == ["p3", "p1", "p0", "p2", "p4"]
    assert run(_found(groups, "石榴 粉丝 1")) == ["p1"]
    assert run(_found(groups, "粉丝", (3, "p3"), 2)) == ["p1", "p0"]
    assert run(_found(groups, "粉丝", (1, "p0"), 2)) == ["p2", "p4"]
    assert run(_found(groups, "!!")) == []
    groups.done(update("ann", "p0", title="Fan club"), Disband("p2"), leave("ben", "p1"))
    assert run(_found(groups, "粉丝")) == ["p3", "p1", "p4"]
    assert run(_found(groups, "FAN")) == ["p0"]
    assert check(groups.url).problems == []
