"""Who a person is to the host: a `sub` and a name. Must not know the store: tokens are signed without one."""

from __future__ import annotations

from typing import Final

from chatd_protocol.codec import Invalid

NAME_MAX: Final = 80
SUB_MAX: Final = 200


def check_person(sub: object, name: object) -> tuple[str, str]:
    """A `sub` and a name that a user may have. Raises `Invalid` naming the one that will not do."""
    if not isinstance(sub, str) or not 1 <= len(sub) <= SUB_MAX or not sub.isprintable():
        raise Invalid("sub", f"`sub` is not 1 to {SUB_MAX} printable characters")
    if not isinstance(name, str) or len(name) > NAME_MAX or not name.isprintable():
        raise Invalid("name", f"`name` is not at most {NAME_MAX} printable characters")
    return sub, name
