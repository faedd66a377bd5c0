"""Imported follows in the store: each step once, whatever happens in between, and nothing by number of edges."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import count

import pytest

from chatd.core.follows import ChangeFollows, Edge, FollowImport, MakeUsers, Step
from chatd.core.refusal import Refused
from chatd.core.wishes import AnyWish
from chatd.service.follows import Follows, Told
from chatd.service.secrets import Secrets
from chatd.store.follows import edges_page, import_in, import_of, users_in
from chatd.store.outcome import Verdict
from chatd.store.readers import Readers
from tests.store.kit import Store, follow, run
from tests.store.test_store_invites import problems


def follows_of(store: Store) -> Follows:
    ids = count(1)

    async def ask(wish: AnyWish) -> Verdict:
        return store.decide(wish)[0]

    async def find(subs: Iterable[str]) -> dict[str, str]:
        return users_in(store.database, subs)

    return Follows(ask, find, lambda prefix: f"{prefix}{next(ids)}", Secrets(b"k" * 32).hash_sub)


def test_a_portion_makes_its_people_and_happens_once(store: Store) -> None:
    follows = follows_of(store)
    told = [Told("茶", "b"), Told("b", "茶"), Told("b", "c"), Told("b", "c", False)]
    step = Step("graph", 0, 4, 0, [1, 2, 3, 4], False)
    assert asyncio.run(follows.change(told, True, step)) == ["added", "added", "added", "removed"]
    before = store.everything()
    with pytest.raises(Refused) as refusal:
        asyncio.run(follows.change(told, True, step))
    assert refusal.value.code == "conflict"
    assert store.everything() == before
    assert store.rows("SELECT count(*) FROM mine") == [(0,)]
    ids = users_in(store.database, ["茶", "b", "c", "nobody"])
    assert sorted(ids) == ["b", "c", "茶"]
    assert sorted(store.rows("SELECT user_id, target_id FROM follows")) == sorted(
        [(ids["茶"], ids["b"]), (ids["b"], ids["茶"])]
    )
    assert problems(store) == []


def test_who_is_unknown_is_made_only_if_that_is_wished(store: Store) -> None:
    store.people("ann")
    follows = follows_of(store)
    told = [Told("sub of ann", "somebody")]
    assert asyncio.run(follows.change(told, False)) == ["unknown"]
    assert store.rows("SELECT count(*) FROM users") == [(1,)]
    assert asyncio.run(follows.change(told, True)) == ["added"]
    assert problems(store) == []


def test_people_who_came_meanwhile_are_not_made_twice(store: Store) -> None:
    store.people("ann")
    (answer,) = store.done(MakeUsers([("u1", "sub of ann", ""), ("u2", "new", "")]))
    assert answer == {"users": {"sub of ann": "ann", "new": "u2"}}


def test_versions_outlive_a_restart_and_hold_in_one_batch_as_in_several(store: Store) -> None:
    store.people("ann", "ben")
    newer, older = ChangeFollows([Edge("ann", "ben", False, 9)]), ChangeFollows([Edge("ann", "ben", True, 8)])
    assert [answer["results"] for answer in store.done(newer, older)] == [["same"], ["older"]]
    store.reopen()
    assert store.done(older)[0]["results"] == ["older"]
    again = ChangeFollows([Edge("ann", "ben", True, 10)])
    assert [answer["results"] for answer in store.done(again, follow("ben", "ann"), again) if "results" in answer] == [
        ["added"],
        ["same"],
    ]
    assert problems(store) == []


def test_how_far_an_import_is_is_read_as_it_was_kept_and_forgotten_when_it_is_old(store: Store) -> None:
    store.people("ann", "ben")
    edges = [Edge("ann", "ben", True), Edge("ann", "", True)]
    store.done(ChangeFollows(edges, Step("graph", 0, 7, 3, [2, 5], True)))
    counts = {"added": 1, "unknown": 1, "unread": 3}
    kept = FollowImport("graph", 7, store.now_ms, True, counts, [(5, "unknown")])
    found = import_in(store.database, "graph")

    async def read() -> tuple[FollowImport | None, list[tuple[str, str, str, int]]]:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await import_of(reader, "graph"), await edges_page(reader, "ben", "followers", "", 10)
        finally:
            await readers.close()

    state, followers = run(read())
    assert found is not None
    assert state is not None
    for one in (found, state):
        assert (one.line, one.counts, [tuple(x) for x in one.refused], one.done) == (7, counts, kept.refused, True)
    assert followers == [("ann", "sub of ann", "ann", store.now_ms)]
    store.engine.tidy(store.now_ms, 100)
    assert import_in(store.database, "graph") is not None
    store.engine.tidy(store.now_ms + 1, 100)
    assert import_in(store.database, "graph") is None


def test_what_an_unfollow_leads_to_is_in_the_commit_of_the_import(tea: Store) -> None:
    from tests.store.kit import direct, send, update

    tea.done(update("ann", "tea", on_unfollow_owner="remove"), direct("ann", "d", "ben"))
    tea.done(ChangeFollows([Edge("ben", "ann", False)], Step("graph", 0, 1, 0, [1], True)))
    assert tea.codes(send("ben", "tea"), send("ben", "d")) == ["not_found", "read_only"]
    assert problems(tea) == []
