"""What people show of themselves, how they are found, and their tags; by values alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.profiles import (
    TAGS_MAX,
    NamePart,
    SetPrivacy,
    SetTag,
    UpdateProfile,
    fold_name,
    name_parts,
    tag_names,
    tags_of,
)
from chatd.core.users import DisableUser, EnsureUser
from chatd.core.values import User
from tests.core.world import DIGEST, START_MS, World


def world_of(**bounds: Any) -> World:
    world = World(profile_fields=("company", "school"), profile_field_max=5, **bounds)
    for name in ("ann", "ben"):
        world.act(EnsureUser(name, name, name.title()))
    world.next_commit()
    return world


def update(world: World, **changes: Any) -> UpdateProfile:
    fields: dict[str, Any] = dict.fromkeys(("name", "avatar", "bio", "fields")) | changes
    return UpdateProfile("ann", world.cid(), DIGEST, **fields)


def parts(world: World, user: str) -> set[bytes]:
    """The rows that this commit wrote and did not remove again."""
    return {
        row.part
        for kind, kept, _ in world.facts.records.changes()
        if kind is NamePart
        for row in kept
        if isinstance(row, NamePart) and row.user_id == user
    }


def dropped(world: World) -> set[tuple[Any, ...]]:
    return {key for kind, _, keys in world.facts.records.changes() if kind is NamePart for key in keys}


def test_what_is_named_changes_and_the_rest_stays() -> None:
    world = world_of()
    world.act(update(world, avatar="a.png", bio="hi", fields={"company": "Pom", "school": "X"}))
    answer = world.act(update(world, bio="", fields={"school": "", "company": "P2"}))
    assert answer == {"user": "ann", "name": "Ann", "avatar": "a.png", "fields": {"company": "P2"}}
    assert world.told("ann") == [("profile", None, {"tags": []})] * 2


def test_a_field_that_is_not_declared_or_too_long_is_refused() -> None:
    world = world_of()
    refusal = world.refuse(update(world, name="New", fields={"car": "red"}))
    assert (refusal.code, refusal.details) == ("invalid", {"path": "$.data.fields.car"})
    refusal = world.refuse(update(world, fields={"school": "x" * 6}))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "profile_field_max", "max": 5})


def test_a_new_name_is_found_and_the_old_one_is_not() -> None:
    world = world_of()
    world.act(update(world, name="Bo"))
    assert parts(world, "ann") == {b"bo", b"o"}
    assert dropped(world) == {("ann", b"ann"), ("ann", b"nn"), ("ann", b"n")}
    world.next_commit()
    world.facts.records = type(world.facts.records)()
    world.act(EnsureUser("x", "ann", "石榴"))
    assert parts(world, "ann") == {"石榴".encode(), "榴".encode()}
    assert dropped(world) == {("ann", b"bo"), ("ann", b"o")}


@pytest.mark.parametrize("how", ["hidden", "disabled"])
def test_who_does_not_want_to_be_found_or_is_disabled_has_no_rows_until_they_come_back(how: str) -> None:
    world = world_of()

    def out(on: bool) -> None:
        if how == "hidden":
            assert world.act(SetPrivacy("ann", world.cid(), DIGEST, not on, None))["findable"] is not on
        else:
            assert world.act(DisableUser("ann", on))["disabled"] is on

    out(True)
    assert name_parts(world.facts.users["ann"]) == set()
    assert dropped(world) == {("ann", b"ann"), ("ann", b"nn"), ("ann", b"n")}
    world.act(update(world, name="Bo"))
    assert parts(world, "ann") == set()
    out(False)
    assert parts(world, "ann") == {b"bo", b"o"}


@given(st.text(max_size=80), st.data())
def test_every_part_of_a_name_begins_one_of_its_endings(name: str, data: st.DataObject) -> None:
    folded = fold_name(name)
    if not folded.strip():
        return
    start = data.draw(st.integers(0, len(folded) - 1))
    looked_for = folded[start : start + data.draw(st.integers(1, 16))].strip()
    found = name_parts(User("u", "s", name, 1))
    assert not looked_for or any(part.decode().startswith(looked_for[:16]) for part in found)


def test_last_seen_and_findable_are_changed_one_by_one() -> None:
    world = world_of()
    assert world.act(SetPrivacy("ann", world.cid(), DIGEST, None, "nobody")) == {
        "findable": True,
        "last_seen": "nobody",
        "receipts": False,
        "pull": "mutual",
        "requests": True,
    }
    assert world.act(SetPrivacy("ann", world.cid(), DIGEST, False, None)) == {
        "findable": False,
        "last_seen": "nobody",
        "receipts": False,
        "pull": "mutual",
        "requests": True,
    }


def test_a_tag_of_the_operator_lasts_until_its_time_and_can_be_taken_back() -> None:
    world = world_of()
    world.act(SetTag("ann", "staff", None, True))
    world.act(SetTag("ann", "seller", world.facts.now_ms + 10, True))
    user = world.facts.users["ann"]
    assert tag_names(user.profile, world.facts.now_ms) == ["staff", "seller"]
    assert tag_names(user.profile, world.facts.now_ms + 9) == ["staff", "seller"]
    assert tag_names(user.profile, world.facts.now_ms + 10) == ["staff"]
    world.act(SetTag("ann", "staff", None, False))
    assert [tag["tag"] for tag in tags_of(user, world.facts.now_ms)] == ["seller"]
    assert world.told("ann")[-1][2]["tags"] == tags_of(user, world.facts.now_ms)
    assert world.refuse(SetTag("nobody", "staff", None, True)).code == "not_found"


def test_the_hosts_tags_are_replaced_by_each_token_that_names_some_and_leave_the_operators_alone() -> None:
    world = world_of()
    world.act(SetTag("ann", "staff", None, True))
    world.act(EnsureUser("x", "ann", "", [{"tag": "seller", "source": "host"}, {"tag": "vip", "source": "host"}]))
    user = world.facts.users["ann"]
    assert tag_names(user.profile, START_MS) == ["staff", "seller", "vip"]
    world.act(EnsureUser("x", "ann", "", None))
    assert tag_names(user.profile, START_MS) == ["staff", "seller", "vip"]
    world.act(EnsureUser("x", "ann", "", [{"tag": "vip", "source": "host"}]))
    assert tag_names(user.profile, START_MS) == ["staff", "vip"]
    world.act(EnsureUser("x", "ann", "", []))
    assert tag_names(user.profile, START_MS) == ["staff"]


@pytest.mark.promise("P8", "limits.tags_per_user")
def test_how_many_tags_somebody_has_is_bounded() -> None:
    world = world_of()
    for number in range(TAGS_MAX):
        world.act(SetTag("ann", f"t{number}", None, True))
    refusal = world.refuse(SetTag("ann", "one more", None, True))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "tags_per_user", "max": TAGS_MAX})
    world.act(SetTag("ann", "t0", None, True))
