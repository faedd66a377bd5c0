"""The announcement of a group: one text, in versions, shown on top of the group until it is replaced or taken away."""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.rights import check_writable, require


class AnnounceInGroup(Command, frozen=True, tag="group_announce"):
    """The group's announcement reads `text` from here on; with an empty one there is none."""

    group: str
    text: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        require(group, actor, "announce")
        check_writable(group)
        version = group.settings.get("announcement", {}).get("version", 0) + 1
        body = {"text": self.text, "version": version}
        entry = facts.append(group, "announcement", self.actor, body)
        kept = body | {"by": self.actor, "at": entry.at}
        group.settings = group.settings | {"announcement": kept}
        facts.changed_groups.add(group.id)
        facts.audit("group.announce", by=self.actor, group=group.id, pos=entry.pos, version=version)
        return {"group": group.id, "pos": entry.pos, "version": version}
