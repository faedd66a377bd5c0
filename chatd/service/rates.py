"""Which budget of `[rates]` an op is paid from beside the one for all requests. What is not named pays nothing more."""

from __future__ import annotations

from typing import Final

RATED: Final[dict[str, str]] = {
    "message.send": "send",
    "message.edit": "send",
    "reaction.add": "send",
    "reaction.remove": "send",
    "message.search": "search",
    "message.forward": "send",
    "pin.add": "send",
    "pin.remove": "send",
    "feature.add": "send",
    "feature.remove": "send",
    "member.add": "join",
    "group.create": "create",
    "follow.add": "follow",
    "follow.remove": "follow",
    "block.add": "follow",
    "block.remove": "follow",
    "invite.create": "create",
    "invite.redeem": "join",
    "group.join": "join",
    "request.create": "join",
    "group.find": "search",
    "item.find": "search",
    "menu.press": "press",
}
"""By op: the budget of the person who asks."""

GROUP_RATED: Final = frozenset(
    {
        *("message.send", "message.edit", "message.forward", "reaction.add", "reaction.remove"),
        *("pin.add", "pin.remove", "feature.add", "feature.remove", "menu.press"),
    }
)
"""Ops that are also paid from what all members of the group may do together."""
