"""Where somebody was mentioned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chatd.core.visibility import view
from chatd.store import messages
from chatd.store.mentions import Place, mentions_of
from chatd.store.readers import Reader
from chatd_protocol import mentions as wire
from chatd_protocol.codec import Invalid
from chatd_protocol.values import SAFE_INTEGER_MAX

_START: Final = Place(SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, "")


def place_of(cursor: str | None) -> Place:
    """The place that a page goes on from. Raises `Invalid` for what is no `more` of a page."""
    if cursor is None:
        return _START
    parts = cursor.split(":")
    numbers = [int(part) for part in parts[:2] if part.isascii() and part.isdecimal() and len(part) < 17]
    if len(parts) != 3 or len(numbers) != 2 or not parts[2]:
        raise Invalid("$.data.after", "Expected the `more` of a page")
    return Place(numbers[0], numbers[1], parts[2])


async def list_mentions(
    reader: Reader, user: str, request: wire.ListMentions, floor_of: Callable[[str], int | None]
) -> dict[str, Any]:
    """A page, as the messages are now. `floor_of` a group: None if the user is not in it any more."""
    places = await mentions_of(reader, user, place_of(request.after), request.limit + 1)
    page = places[: request.limit]
    found = await messages.messages_at(reader, [(place.group, place.pos) for place in page])
    shown = []
    for place in page:
        one, floor = found.get((place.group, place.pos)), floor_of(place.group)
        if one is not None and floor is not None and place.pos > floor:
            shown.append({"group": place.group, "entry": view(one.entry, one.target, floor)})
    last = page[-1] if len(places) > len(page) else None
    return {"mentions": shown} | ({"more": f"{last.at}:{last.pos}:{last.group}"} if last else {})
