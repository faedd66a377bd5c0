"""Which groups concern those who cease to follow an owner: looked up with the owner locked, before the groups are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import orjson

from chatd.core.needs import Needs
from chatd.store import schema
from chatd.store.database import Row
from chatd.store.statements import Probe

OF_OWNER = Probe(schema.fan_groups, ("user_id",), ("user_id", "groups"))


def ask_fans(find: Callable[[Probe, Iterable[Row]], list[Row]], need: Needs) -> None:
    """Add to what is needed the groups of the owners concerned, and their owners and fans in them."""
    concerned: dict[str, set[str]] = {}
    for owner, group in need.fan_groups:
        concerned.setdefault(owner, set()).add(group)
    owners = {owner for owner, _ in need.fans} | concerned.keys()
    for owner, groups in find(OF_OWNER, ((owner,) for owner in sorted(owners))):
        concerned.setdefault(owner, set()).update(orjson.loads(groups))
    for owner, fan in need.fans:
        need.members.update((group, fan) for group in concerned.get(owner, ()))
    for owner, groups_of in concerned.items():
        need.groups |= groups_of
        need.members.update((group, owner) for group in groups_of)
