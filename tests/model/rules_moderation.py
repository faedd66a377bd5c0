"""The rules of who may not write for now: one person, everybody, and slow mode."""

from __future__ import annotations

from typing import Any

from tests.model.ground import Ground
from tests.model.nouns import FOREVER, RANK, Group, Json, No, Stay
from tests.model.rules_members import told_reason


class Moderation(Ground):
    """One method per op, and what is asked before somebody writes."""

    def _member_restrict(self, user: str, data: Json) -> Json:
        group, stay = self._inside_as_admin(user, data)
        self._check_writable(group)
        self._under(stay, group, data["user"])
        until = group.restricted[data["user"]] = self._end_of(data)
        end: dict[str, Any] = {} if until == FOREVER else {"until": until}
        self._log(data["user"], "restricted", group.id, by=user, reason=told_reason(data), **end)
        return {"group": group.id, "user": data["user"]} | end

    def _member_unrestrict(self, user: str, data: Json) -> Json:
        group, stay = self._inside_as_admin(user, data)
        self._check_writable(group)
        self._under(stay, group, data["user"])
        if group.restricted.pop(data["user"], 0) > self.now:
            self._log(data["user"], "unrestricted", group.id, by=user)
        return {"group": group.id, "user": data["user"]}

    def _group_restrict(self, user: str, data: Json) -> Json:
        group, _ = self._inside_as_admin(user, data)
        self._check_writable(group)
        group.quiet_until = self._end_of(data)
        end = {} if group.quiet_until == FOREVER else {"until": group.quiet_until}
        entry = self._append(group, "moderation", user, {"restricted": True} | end)
        return {"group": group.id, "pos": entry.pos} | end

    def _group_unrestrict(self, user: str, data: Json) -> Json:
        group, _ = self._inside_as_admin(user, data)
        self._check_writable(group)
        if group.quiet_until <= self.now:
            return {"group": group.id}
        group.quiet_until = 0
        return {"group": group.id, "pos": self._append(group, "moderation", user, {"restricted": False}).pos}

    def _group_slow(self, user: str, data: Json) -> Json:
        group, _ = self._inside_as_admin(user, data)
        self._check_writable(group)
        if group.slow_s == data["slow_s"]:
            return {"group": group.id}
        group.slow_s = data["slow_s"]
        return {"group": group.id, "pos": self._append(group, "moderation", user, {"slow_s": group.slow_s}).pos}

    def _end_of(self, data: Json) -> int:
        return self.now + data["for_s"] * 1000 if "for_s" in data else FOREVER

    # -- asked before somebody writes

    def _check_may_post(self, group: Group, stay: Stay) -> None:
        self._check_writable(group)
        if RANK[stay.role] < RANK[group.rights["post"]]:
            raise No("forbidden")

    def _check_unrestricted(self, group: Group, user: str, stay: Stay) -> None:
        one = group.restricted_until(user) > self.now and stay.role != "owner"
        if one or (group.quiet_until > self.now and RANK[stay.role] < RANK["admin"]):
            raise No("restricted")

    def _check_pace(self, group: Group, user: str, stay: Stay) -> None:
        if not group.slow_s or RANK[stay.role] >= RANK["admin"] or user not in group.paces:
            return
        if self.now - group.paces[user] < group.slow_s * 1000:
            raise No("slow_mode")

    def _keep_pace(self, group: Group, user: str, stay: Stay) -> None:
        """Only slow mode looks at when somebody wrote, and only while it is on."""
        if group.slow_s and RANK[stay.role] < RANK["admin"]:
            group.paces[user] = self.now
