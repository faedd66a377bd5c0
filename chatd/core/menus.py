"""Menus: buttons below a bot's message, and pressing them.

Who presses tells the bot and nobody else: one entry in the bot's own log, which waits for it while it is away. A press
is judged by the message as it is at that moment.
"""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.restrictions import check_unrestricted
from chatd.core.rights import RANK, check_writable
from chatd.core.sections import check_open
from chatd.core.values import Entry


class Press(Command, frozen=True, tag="press"):
    """`actor` presses a button."""

    group: str
    pos: int
    button: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        need.entries.add((self.group, self.pos))
        need.pressed.add((self.group, self.pos))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `read_only`, `restricted`, `forbidden` for a silent viewer, `no_button`."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_writable(group)
        if RANK[member.role] < RANK["member"]:
            raise Refused("forbidden")
        check_unrestricted(facts, group, member)
        entry = facts.visible_message(member, self.pos)
        if entry.section:
            check_open(group, entry.section)
        if not has_button(entry, self.button):
            raise Refused("no_button")
        bot = facts.users.get(entry.actor or "")
        stay = facts.members.get((self.group, entry.actor or ""))
        if bot is None or bot.disabled or stay is None or not stay.present:
            raise Refused("no_button")
        facts.log(bot.id, "pressed", self.group, self.pos, by=self.actor, button=self.button)
        return {"group": self.group, "pos": self.pos, "button": self.button}


def has_button(entry: Entry, button: str) -> bool:
    """Whether the message has this button now."""
    menu = entry.body["body"].get("menu", ()) if entry.kind == "message" and not entry.recalled else ()
    return any(one["id"] == button for row in menu for one in row)


def changed_menu(kept: dict[str, Any], menu: list[Any] | None) -> dict[str, Any]:
    """The menu of a body after a change: None keeps it, an empty one takes it away."""
    rows = kept.get("menu") if menu is None else menu
    return {"menu": rows} if rows else {}
