"""What people are called in one group. Everybody in it learns that by one entry, however many they are."""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.restrictions import check_unrestricted
from chatd.core.rights import check_writable


class SetNickname(Command, frozen=True, tag="nickname"):
    """`actor` is called `nickname` here from now on; empty: by their own name."""

    group: str
    nickname: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden` for a direct chat, `read_only`, `restricted`."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if group.direct:
            raise Refused("forbidden")
        check_writable(group)
        check_unrestricted(facts, group, member)
        answer: dict[str, Any] = {"group": group.id, "nickname": self.nickname}
        if member.nickname != self.nickname:
            member.nickname = self.nickname
            answer["pos"] = facts.announce_nickname(group, member)
        return answer
