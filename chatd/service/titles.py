"""Finding public groups by their title."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from chatd.core.titles import terms_asked
from chatd.store import titles as stored
from chatd.store.readers import Reader
from chatd_protocol import titles as wire
from chatd_protocol.codec import Invalid


async def find_groups(reader: Reader, request: wire.FindGroups, joined: Container[str]) -> dict[str, Any]:
    """A page of what is found. Raises `Invalid` for a cursor that is none."""
    below = None if request.after is None else _below(request.after)
    found = await stored.groups_titled(reader, terms_asked(request.text), below, request.limit + 1)
    groups = []
    for group in found[: request.limit]:
        shown = {"group": group.id, "title": group.title, "members": group.members, "limit": group.member_limit}
        optional = {"intro": group.intro, "avatar": group.settings.get("avatar"), "joined": group.id in joined}
        groups.append(shown | {key: value for key, value in optional.items() if value})
    page: dict[str, Any] = {"groups": groups}
    if len(found) > request.limit:
        page["more"] = f"{groups[-1]['members']}:{groups[-1]['group']}"
    return page


def _below(cursor: str) -> tuple[int, str]:
    members, _, group = cursor.partition(":")
    if not (members.isascii() and members.isdecimal() and len(members) < 10 and group):
        raise Invalid("$.data.after", "Expected the `more` of a page")
    return int(members), group
