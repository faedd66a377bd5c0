"""Bounds that an operator set narrower than the wire: checked for every request, named like those of the wire."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from chatd_protocol.codec import Invalid


class Narrowed(msgspec.Struct, frozen=True):
    """The configured bounds of requests."""

    text_max: int
    title_max: int
    add_max: int
    history_page_max: int
    list_page_max: int

    def check(self, op: str, request: Any) -> Any:
        """The request, or one with a smaller page if its size was left open. Raises `Invalid` beyond a bound."""
        for path, bound, what in _CHECKS.get(op, ()):
            value = request
            for name in _NAMES[path]:
                value = getattr(value, name, None)  # a body of another kind has no text
            most: int = getattr(self, bound)
            size = 0 if value is None else value if isinstance(value, int) else len(value)
            if size > most and path == "limit" and value == _default_of(type(request)):
                request = msgspec.structs.replace(request, limit=most)
            elif size > most:
                raise Invalid(f"$.data.{path}", f"Expected {what} <= {most}")
        return request


def _default_of(kind: type[msgspec.Struct]) -> object:
    """The page size of a request that names none."""
    return next(field.default for field in msgspec.structs.fields(kind) if field.name == "limit")


_LISTS: Final = (
    *("contact.list", "member.suggest", "message.search"),
    *("follow.list", "block.list", "group.list", "group.members", "reaction.list", "audit.list"),
    *("invite.list", "invite.tree", "request.list"),
    *("group.find", "item.find", "member.bans", "invite.received"),
)
_CHECKS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "message.send": (("body.text", "text_max", "`str` of length"),),
    "message.edit": (("text", "text_max", "`str` of length"),),
    "mention.list": (("limit", "list_page_max", "`int`"),),
    "feature.list": (("limit", "list_page_max", "`int`"),),
    "message.history": (("limit", "history_page_max", "`int`"),),
    "group.create": (("title", "title_max", "`str` of length"),),
    "group.update": (("title", "title_max", "`str` of length"),),
    "draft.save": (("text", "text_max", "`str` of length"),),
    "member.add": (("users", "add_max", "`array` of length"),),
    "group.bots": (("limit", "list_page_max", "`int`"),),
    **dict.fromkeys(_LISTS, (("limit", "list_page_max", "`int`"),)),
}
_NAMES: Final = {path: path.split(".") for checks in _CHECKS.values() for path, _, _ in checks}
