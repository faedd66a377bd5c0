"""The rules of bans: who must not come back by any way, until an admin lifts it."""

from __future__ import annotations

from tests.model.nouns import Json, No
from tests.model.rules_members import Members, told_reason


class Bans(Members):
    """One method per op."""

    def _member_ban(self, user: str, data: Json) -> Json:
        group, stay = self._inside_as_admin(user, data)
        self._check_writable(group)
        other = data["user"]
        if other not in self.known:
            raise No("not_found")
        if other == user:
            raise No("forbidden")
        if group.stay(other):
            self._under(stay, group, other)
        if other not in group.bans and len(group.bans) >= self.bounds.bans:
            raise No("limit")
        before = group.bans.get(other, {"at": self.now})
        group.bans[other] = {"user": other, "by": user, "at": before["at"]} | _reason(data)
        group.bans[other] |= {"bot": True, "name": self.names[other]} if other in self.bots else {}
        self._void_invites(group, other)
        answer: Json = {"group": group.id, "user": other, "banned": True}
        if group.stay(other):
            answer["pos"] = self._go(group, other, "banned", user, told_reason(data))
        return answer

    def _member_unban(self, user: str, data: Json) -> Json:
        group, _ = self._inside_as_admin(user, data)
        self._check_writable(group)
        group.bans.pop(data["user"], None)
        return {"group": group.id, "user": data["user"], "banned": False}


def _reason(data: Json) -> Json:
    return {"reason": data["reason"]} if data.get("reason") else {}
