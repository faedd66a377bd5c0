"""The rules of who owns a group, how it ends, and what stands on top of it."""

from __future__ import annotations

from tests.model.nouns import Group, Json, No
from tests.model.rules_members import Members


class Ownership(Members):
    """One method per op, and what time brings."""

    def _group_transfer(self, user: str, data: Json) -> Json:
        group = self._owned(user, data)
        return {"group": group.id, "pos": self._hand_over(group, user, data["user"])}

    def _group_dissolve(self, user: str, data: Json) -> Json:
        group = self._owned(user, data)
        entry = self._append(group, "dissolved", user, {})
        entry.body["until"] = group.gone_at = entry.at + self.bounds.dissolved_keep_ms
        return {"group": group.id, "pos": entry.pos, "until": group.gone_at}

    def _owned(self, user: str, data: Json) -> Group:
        group, stay = self._inside(user, data)
        if stay.role != "owner":
            raise No("forbidden")
        self._check_writable(group)
        return group

    def end_dissolved(self, now: int) -> None:
        """Whoever is in a dissolved group whose time is over is out of it, all in one commit per group."""
        self.now = now
        for group in self.groups.values():
            if group.gone_at and group.gone_at <= now:
                for user in group.people():
                    self._go(group, user, "dissolved")
                self.end_commit()

    def _group_announce(self, user: str, data: Json) -> Json:
        group, _ = self._inside_as(user, data, "announce")
        self._check_writable(group)
        group.announced += 1
        told = {"version": group.announced} | ({"text": data["text"]} if data["text"] else {})
        entry = self._append(group, "announcement", user, told)
        group.announcement = told | {"by": user, "at": entry.at} if data["text"] else {}
        return {"group": group.id, "pos": entry.pos, "version": group.announced}
