"""Whom the operator means: a person is named by what their tokens speak for, by their id, or by their handle.

Every act that takes a person finds them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.core.refusal import Refused
from chatd.core.values import User
from chatd.store.users import person, users_named

NAME_MAX: Final = 200


async def person_of(operator: Operator, request: Mapping[str, Any], field: str = "sub") -> User:
    """The user that a field of the request names. Raises KeyError, TypeError, `Refused`: `not_found`."""
    name = request[field]
    if not (isinstance(name, str) and 1 <= len(name) <= NAME_MAX and name.isprintable()):
        raise TypeError(f"{field}: expected 1 to {NAME_MAX} printable characters")
    async with operator.hub.readers.snapshot() as reader:
        user = await person(reader, name)
    if user is None:
        raise Refused("not_found", f"There is no such person: {name}")
    return user


async def user_of(operator: Operator, request: Mapping[str, Any], field: str = "sub") -> str:
    """The id of that user. Raises as `person_of`."""
    return (await person_of(operator, request, field)).id


async def name_people(operator: Operator, ids: set[str]) -> dict[str, str]:
    """What people go by in commands, by their ids."""
    async with operator.hub.readers.snapshot() as reader:
        return {user.id: user.sub for user in await users_named(reader, sorted(ids), [])}
