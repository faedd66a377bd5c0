"""The rules of those in a group: pulling in, leaving, kicking, roles."""

from __future__ import annotations

from tests.model.ground import Ground
from tests.model.nouns import RANK, Entry, Group, Json, No, Stay


class Members(Ground):
    """One method per op, and what every way in and out has in common."""

    def _has_place(self, group: Group, user: str) -> bool:
        return len(group.people()) < group.limit and self.group_count(user) < self.bounds.groups_per_user

    def _join(self, group: Group, user: str, by: str | None, role: str = "member", how: str | None = None) -> int:
        entry = self._members_entry(group, user)
        floor = self._floor(group, entry.pos)
        before = group.stays.setdefault(user, [])
        if before:
            floor = max(floor, before[-1].until or 0)
        if before and before[-1].role == "silent" and role == "member":
            role = "silent"  # leaving and coming back does not end it
        told: Json = {"user": user, "by": by, "how": how, "role": role if role != "member" else None}
        told |= {"bot": True} if user in self.bots else {}
        entry.body.setdefault("joined", []).append({k: v for k, v in told.items() if v is not None})
        before.append(Stay(role, floor, (self.now, entry.pos), by))
        entry.body["count"] = len(group.people())
        self._log(user, "added", group.id, pos=entry.pos, by=by, how=how)
        return entry.pos

    def _brought(self, group: Group, user: str, by: str | None, invite: str | None) -> None:
        """What counts is what brought somebody the first time."""
        group.brought.setdefault(user, (by, invite))

    def _floor(self, group: Group, pos: int) -> int:
        """Messages are counted over all sections; what has no number does not count."""
        if group.history == "none":
            return pos - 1
        messages = [entry for entry in group.log if entry.seq]
        shown = len(messages) if group.history == "all" else int(group.history.split(":")[1])
        unseen = messages[: max(0, len(messages) - shown)]
        return unseen[-1].pos if unseen else 0

    def _member_leave(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct":
            self._archive(group, user, True)
            return {"group": group.id, "archived": True}
        if "successor" in data and stay.role != "owner":
            raise No("forbidden")
        if stay.role == "owner" and not group.gone_at:
            if "successor" not in data:
                raise No("owner_must_stay")
            self._hand_over(group, user, data["successor"])
        return {"group": group.id, "pos": self._go(group, user, "left")}

    def _hand_over(self, group: Group, owner: str, heir: str) -> int:
        """Whoever owned it stays as an admin."""
        stay, theirs = group.stay(owner), group.stay(heir)
        if owner == heir:
            raise No("invalid")
        if stay is None or theirs is None:
            raise No("not_found")
        if heir in self.bots:
            raise No("not_for_bots")
        stay.role, theirs.role = "admin", "owner"
        group.forget_choice()
        if RANK["admin"] < RANK[group.rights["invite"]]:
            self._void_invites(group, owner)
        return self._append(group, "owner", owner, {"user": heir, "before": owner, "role": "admin"}).pos

    def _member_kick(self, user: str, data: Json) -> Json:
        group, stay = self._inside_as_admin(user, data)
        self._check_writable(group)
        self._under(stay, group, data["user"])
        return {"group": group.id, "pos": self._go(group, data["user"], "kicked", user, told_reason(data))}

    def _go(self, group: Group, user: str, why: str, by: str | None = None, reason: str | None = None) -> int:
        """Somebody is out. The others see who did it; that it was a ban, and the reason, only the one who goes."""
        stay = group.stays[user][-1]
        entry = self._members_entry(group, user)
        told = {"by": by, "why": why if why in ("dissolved", "unfollowed") else None}
        entry.body.setdefault("left", []).append({"user": user} | {k: v for k, v in told.items() if v})
        stay.until, stay.why = entry.pos - 1, why
        group.acts += 1
        group.gone_act[user] = group.acts
        if by is not None or why == "unfollowed":
            self._void_invites(group, user)
        entry.body["count"] = len(group.people())
        self._log(user, "removed", group.id, pos=entry.pos, why=why, by=by, reason=reason)
        return entry.pos

    def _void_invites(self, group: Group, user: str) -> None:
        """Whoever is put out or loses the right to invite: what they made lets nobody in, for good."""
        for invite in self.invites.values():
            if invite.group == group.id and invite.maker == user and not invite.dead:
                invite.dead = "void"

    def _members_entry(self, group: Group, user: str) -> Entry:
        entry = group.open_entry
        if entry is not None and entry.kind == "members":
            named = [one["user"] for key in ("joined", "left") for one in entry.body.get(key, [])]
            if user not in named:
                return entry
        entry = self._append(group, "members", "", {})
        group.open_entry = entry
        return entry

    def _member_role(self, user: str, data: Json) -> Json:
        group, stay = self._inside_as_admin(user, data)
        self._check_writable(group)
        role = data["role"]
        if RANK[stay.role] <= RANK[role]:
            raise No("forbidden")
        other = self._under(stay, group, data["user"])
        lowered, other.role = RANK[role] < RANK[other.role], role
        entry = self._append(group, "role", user, {"user": data["user"], "role": role})
        if lowered and RANK[role] < RANK[group.rights["invite"]]:
            self._void_invites(group, data["user"])
        return {"group": group.id, "pos": entry.pos}

    def _archive(self, group: Group, user: str, archived: bool) -> None:
        stay = group.stays[user][-1]
        if archived != stay.archived:
            stay.archived = archived
            self._log(user, "archived", group.id, archived=archived)


def told_reason(data: Json) -> str | None:
    """The reason, for the one it concerns, if they are to know it."""
    return data.get("reason") if data.get("tell") else None
