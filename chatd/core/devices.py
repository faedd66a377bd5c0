"""The devices that people use: when each was last here, and taking its tokens away."""

from __future__ import annotations

from typing import Any, ClassVar

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command, Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused


class Devices(Record):
    """Device -> [program, first seen, last seen], of one person; `revoked` counts revocations of single devices."""

    table: ClassVar[str] = "devices"

    user_id: str
    devices: dict[str, list[Any]]
    revoked: int = 0


class SaveDevices(Wish, frozen=True, tag="devices"):
    """Devices that were seen: (user, device, program, when). Nothing else depends on them."""

    seen: list[tuple[str, str, str, int]]

    def needs(self, need: Needs) -> None:
        for user, *_ in self.seen:
            need.users.add(user)
            need.record(Devices, user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        for user, device, program, at in self.seen:
            if not facts.exists(user):
                continue
            before = facts.find(Devices, user) or Devices(user, {})
            facts.put(Devices(user, see_device(before.devices, device, program, at, facts), before.revoked))
        return {}


def see_device(devices: dict[str, list[Any]], device: str, program: str, at: int, facts: Facts) -> dict[str, list[Any]]:
    """The devices with one of them seen; beyond the bound the one that was away for longest is forgotten."""
    known = devices.get(device, [program, at, at])
    devices = devices | {device: [program or known[0], known[1], max(known[2], at)]}
    if len(devices) > facts.bounds.devices_per_user:
        del devices[min(devices, key=lambda one: (devices[one][2], one))]
    return devices


class RevokeDevice(Command, frozen=True, tag="revoke_device"):
    """Tokens issued so far are refused on one of the actor's devices, or on all."""

    device: str | None

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.record(Devices, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `limit` when single devices were revoked too often; revoking all is always possible."""
        user, now = facts.users[self.actor], facts.now_ms
        if self.device is None:
            user.valid_after = max(user.valid_after, now)
            facts.changed_users.add(user.id)
            return {"before": now}
        row = facts.find(Devices, self.actor) or Devices(self.actor, {})
        most = facts.bounds.device_revocations
        if row.revoked >= most:
            raise Refused("limit", bound="device_revocations", max=most)
        rest = {name: seen for name, seen in row.devices.items() if name != self.device}
        facts.put(Devices(self.actor, rest, row.revoked + 1))
        key = (self.actor, self.device)
        facts.revocations[key] = max(now, facts.revocations.get(key, 0))
        return {"before": now}
