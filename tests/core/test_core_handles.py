"""Handles and devices, by values alone."""

from __future__ import annotations

import pytest

from chatd.core.devices import Devices, RevokeDevice, SaveDevices
from chatd.core.handles import Handle, SetHandle
from tests.core.world import DIGEST, START_MS, World

PAUSE, RESERVED = 1000, 5000


def world_of(**bounds: int) -> World:
    world = World(handle_pause_ms=PAUSE, handle_reserved_ms=RESERVED, **bounds)
    world.people("ann", "ben")
    return world


def take(world: World, user: str, handle: str) -> SetHandle:
    return SetHandle(user, world.cid(), DIGEST, handle)


def test_a_handle_is_taken_in_whatever_case() -> None:
    world = world_of()
    assert world.act(take(world, "ann", "Ann.B")) == {"handle": "Ann.B", "change_at": START_MS + PAUSE}
    assert world.refuse(take(world, "ben", "aNN.b")).code == "taken"
    assert world.facts.users["ann"].profile["handle"] == "Ann.B"
    assert world.told("ann") == [("profile", None, {"tags": []})]


def test_only_its_case_may_change_at_any_time() -> None:
    world = world_of()
    world.act(take(world, "ann", "ann_b"))
    world.next_commit(10)
    assert world.act(take(world, "ann", "Ann_B")) == {"handle": "Ann_B", "change_at": START_MS + PAUSE}
    assert world.facts.find(Handle, "ann_b") == Handle("ann_b", "Ann_B", "ann", START_MS)


def test_it_is_changed_after_a_pause_and_the_old_one_is_reserved_for_a_while() -> None:
    world = world_of()
    world.act(take(world, "ann", "first"))
    world.next_commit(PAUSE - 1)
    refusal = world.refuse(take(world, "ann", "second"))
    assert (refusal.code, refusal.details) == ("too_soon", {"until": START_MS + PAUSE})
    world.next_commit(1)
    world.act(take(world, "ann", "second"))
    assert world.refuse(take(world, "ben", "first")).code == "taken"
    world.next_commit(PAUSE)
    world.act(take(world, "ann", "FIRST"))
    world.act(take(world, "ben", "third"))
    world.next_commit(PAUSE)
    assert world.refuse(take(world, "ben", "second")).code == "taken"
    world.next_commit(RESERVED - PAUSE)
    world.act(take(world, "ben", "second"))
    assert world.facts.find(Handle, "second") == Handle("second", "second", "ben", world.facts.now_ms)


def test_the_same_handle_in_one_commit_goes_to_the_first() -> None:
    world = world_of()
    world.act(take(world, "ann", "first"))
    assert world.refuse(take(world, "ben", "First")).code == "taken"


def test_devices_are_remembered_with_their_first_and_last_time() -> None:
    world = world_of()
    world.act(SaveDevices([("ann", "phone", "app/1", 10), ("ann", "phone", "", 20), ("nobody", "x", "", 5)]))
    world.act(SaveDevices([("ann", "phone", "app/2", 15), ("ben", "phone", "", 1)]))
    assert world.facts.find(Devices, "ann") == Devices("ann", {"phone": ["app/2", 10, 20]})
    assert world.facts.find(Devices, "ben") == Devices("ben", {"phone": ["", 1, 1]})
    assert world.facts.find(Devices, "nobody") is None


@pytest.mark.promise("P8", "limits.devices_per_user")
def test_only_the_most_recent_devices_are_remembered() -> None:
    world = world_of(devices_per_user=2)
    world.act(SaveDevices([("ann", "a", "", 1), ("ann", "b", "", 2), ("ann", "a", "", 3), ("ann", "c", "", 4)]))
    row = world.facts.find(Devices, "ann")
    assert row is not None
    assert set(row.devices) == {"a", "c"}


def revoke(world: World, device: str | None) -> RevokeDevice:
    return RevokeDevice("ann", world.cid(), DIGEST, device)


@pytest.mark.promise("P8", "limits.device_revocations")
def test_revoking_single_devices_is_bounded_and_revoking_all_is_not() -> None:
    world = world_of(device_revocations=1)
    world.act(SaveDevices([("ann", "tablet", "", 1), ("ann", "phone", "", 2)]))
    assert world.act(revoke(world, "tablet")) == {"before": START_MS}
    row = world.facts.find(Devices, "ann")
    assert row is not None
    assert (set(row.devices), world.facts.revocations) == ({"phone"}, {("ann", "tablet"): START_MS})
    refusal = world.refuse(revoke(world, "phone"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "device_revocations", "max": 1})
    world.act(revoke(world, None))
    assert world.facts.users["ann"].valid_after == START_MS
