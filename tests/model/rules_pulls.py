"""The rules of pulling people in, and of asking those first who want to be asked."""

from __future__ import annotations

from collections.abc import Callable

from tests.model.nouns import RANK, Group, Invite, Json, No, Stay
from tests.model.rules_members import Members


class Pulls(Members):
    """One method per op."""

    id_of_ask: Callable[[str, str, str], str]
    """The id that the server gives the invite by which somebody (group, who, whom) is asked."""

    def _member_add(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct" or RANK[stay.role] < RANK[group.rights["pull"]]:
            raise No("forbidden")
        self._check_writable(group)
        self._check_may_ask(group, user, stay, data["users"])
        answer: Json = {"group": group.id, "results": []}
        for other in data["users"]:
            result = self._judge_pull(group, user, stay, other)
            answer["results"].append({"user": other, "result": result})
            if result == "added":
                answer["pos"] = self._join(group, other, user)
                self._brought(group, other, user, None)
            elif result == "asked":
                self._ask_first(group, user, other)
        return answer

    def _judge_pull(self, group: Group, user: str, stay: Stay, other: str) -> str:
        if group.stay(other):
            return "already"
        if other in self.bots:
            return self._judge_bot(group, user, stay, other)
        if other not in self.known or not self.mutual(user, other):
            return "not_mutual"
        if other in group.bans:
            return "banned"
        wish = self.pull_wishes.get(other, "mutual")
        if wish == "nobody":
            return "opted_out"
        before = group.stays.get(other)
        if before and before[-1].why == "kicked" and RANK[stay.role] < RANK["admin"]:
            return "kicked"
        if not self._has_place(group, other):
            return "full"
        return "asked" if wish == "ask" else "added"

    def _judge_bot(self, group: Group, user: str, stay: Stay, other: str) -> str:
        """By the right of admin or owner."""
        if RANK[stay.role] < RANK["admin"] or self.apart(user, other):
            return "not_mutual"
        if other in group.bans:
            return "banned"
        return "added" if self._has_place(group, other) else "full"

    def _check_may_ask(self, group: Group, user: str, stay: Stay, others: list[str]) -> None:
        """Asking counts as an invite that is open."""
        to_ask = [other for other in others if self._judge_pull(group, user, stay, other) == "asked"]
        asks = {self.id_of_ask(group.id, user, other) for other in to_ask}
        there = {one.id for one in self.open_invites(group, user)}
        if asks - there and len(asks | there) > self.bounds.invites_open:
            raise No("limit")

    def open_invites(self, group: Group, maker: str) -> list[Invite]:
        made = [one for one in self.invites.values() if (one.group, one.maker) == (group.id, maker)]
        return [one for one in made if one.state(self.now) == "open"]

    def _ask_first(self, group: Group, user: str, other: str) -> None:
        """There is one invite for each who asks whom where; within its time it is told of once, also after a no."""
        name = self.id_of_ask(group.id, user, other)
        before = self.invites.get(name)
        state = before.state(self.now) if before else "none"
        over = before is None or (before.expires or 0) <= self.now or before.uses >= (before.max_uses or 0)
        if before is not None and not over and (before.declined or state == "open"):
            return
        group.acts += 1
        group.open_entry = None
        expires = self.now + self.bounds.pull_ask_ms if before is None or over else before.expires
        uses = before.uses if before else 0
        self.invites[name] = Invite(
            name, group.id, "directed", user, "member", self.now, expires, uses + 1, other, False, "", group.acts, uses
        )
        self.invites[name].pull = True
        if over:
            self._log(other, "invited", group.id, invite=name, by=user)
