"""An engine with one check left out, so that the matrix can be seen to find it. The server itself has nothing of it."""

from __future__ import annotations

from chatd.core.facts import Facts
from chatd.core.refusal import Refused
from chatd.core.values import Entry, Member
from chatd.store.engine import Engine


def _see_anything(facts: Facts, member: Member, pos: int) -> Entry:
    """As `Facts.visible_message`, but for the visible period."""
    entry = facts.entries.get((member.group, pos))
    if entry is None or entry.kind != "message":
        raise Refused("not_found")
    if entry.recalled:
        raise Refused("gone")
    return entry


class SeesTooMuch(Engine):
    """Lets people do something to messages from before their time. It is the only engine of its process."""

    def __init__(self, *args: object) -> None:
        Facts.visible_message = _see_anything  # type: ignore[method-assign,assignment]
        super().__init__(*args)  # type: ignore[arg-type]
