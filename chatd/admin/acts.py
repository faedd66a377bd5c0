"""Every act there is, by name: what the operator's socket serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from chatd.admin import (
    accounts,
    audit,
    backups,
    bots,
    broadcasts,
    catalogue,
    erasure,
    follows,
    groups,
    invites,
    retention,
    search,
    tending,
    top,
    users,
    words,
)
from chatd.admin.operator import Operator
from chatd.admin.serving import Act

ACTS: Final[Mapping[str, Callable[[Operator, Mapping[str, Any]], Awaitable[dict[str, Any]]]]] = {
    **users.ACTS,
    **top.ACTS,
    **search.ACTS,
    **invites.ACTS,
    **audit.ACTS,
    **words.ACTS,
    **catalogue.ACTS,
    **backups.ACTS,
    **groups.ACTS,
    **follows.ACTS,
    **tending.ACTS,
    **accounts.ACTS,
    **bots.ACTS,
    **erasure.ACTS,
    **broadcasts.ACTS,
    **retention.ACTS,
}


def acts_of(operator: Operator) -> Mapping[str, Act]:
    """The acts, carried out on this server."""
    return {name: partial(act, operator) for name, act in ACTS.items()}
