"""The operator's acts on users and on the server as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.service.users import check_person


async def stats(operator: Operator, _: Mapping[str, Any]) -> dict[str, Any]:
    """What the server is doing."""
    return operator.hub.figures() | {"url": operator.url, "epoch": operator.hub.life.epoch, "pid": os.getpid()}


async def revoke(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse the tokens issued so far for `sub`, perhaps only on one `device`."""
    sub, device = request["sub"], request.get("device")
    if not (isinstance(sub, str) and isinstance(device, str | None) and f"{sub}{device}".isprintable()):
        raise TypeError("sub, device: expected printable text")
    return {"closed": await operator.hub.revoke_sub(sub, device)}


async def user(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """There is a user for `sub` with this `name`."""
    sub, name = check_person(request["sub"], request.get("name") or "")
    return {"user": await operator.hub.ensure_user(sub, name)}


ACTS: Final = {"stats": stats, "revoke": revoke, "user": user}
