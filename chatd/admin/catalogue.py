"""The operator's acts on the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.service.catalogue import change_catalogue

OF_OPERATOR: Final = "catalogue.change"
"""What the audit log calls it."""


async def change(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Put `items` into the catalogue and carry out `deletions`; a result for each."""
    items, deletions = request.get("items", []), request.get("deletions", [])
    if not (isinstance(items, list) and isinstance(deletions, list)):
        raise TypeError("items, deletions: expected lists")
    return {"results": await change_catalogue(operator.hub.link.ask, items, deletions, OF_OPERATOR)}


ACTS: Final = {"catalogue": change}
