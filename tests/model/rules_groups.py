"""The rules of groups and of those in them: creating, changing, pulling in, leaving, kicking, roles."""

from __future__ import annotations

from tests.model.ground import RANK, Entry, Ground, Group, Json, No, Stay


class Groups(Ground):
    """One method per op."""

    def _group_create(self, user: str, data: Json) -> Json:
        if data["kind"] == "direct":
            return self._create_direct(user, data["user"])
        self._check_places(user)
        limit = data.get("limit", self.bounds.limit_default)
        if limit > self.bounds.limit_max:
            raise No("limit")
        group = Group(self.fresh, "private", data["title"], data.get("intro", ""), data.get("history", "none"), limit)
        self._found(group, user, {user: "owner"})
        return {"group": group.id, "pos": 1, "created": True}

    def _create_direct(self, user: str, other: str) -> Json:
        if user == other:
            raise No("invalid")
        if not self.mutual(user, other):
            raise No("not_mutual")
        group = self.direct_of(user, other)
        if group is not None:
            self._archive(group, user, False)
            return {"group": group.id, "pos": 1, "created": False}
        self._check_places(user)
        self._check_places(other)
        group = Group(self.fresh, "direct", "", "", "all", 2, pair=(user, other))
        self._found(group, user, {user: "member", other: "member"})
        return {"group": group.id, "pos": 1, "created": True}

    def _found(self, group: Group, by: str, roles: dict[str, str]) -> None:
        self.groups[group.id] = group
        body = {"group_kind": group.kind, "title": group.title, "members": list(roles)}
        self._append(group, "created", by, {k: v for k, v in body.items() if v})
        for user, role in roles.items():
            group.stays[user] = [Stay(role, 0, 0)]
            self._log(user, "added", group.id, pos=1, by=by if user != by else None)

    def _check_places(self, user: str) -> None:
        if self.group_count(user) >= self.bounds.groups_per_user:
            raise No("limit")

    def _group_update(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if RANK[stay.role] < RANK["admin"]:
            raise No("forbidden")
        if data.get("limit", 0) > self.bounds.limit_max:
            raise No("limit")
        changed: Json = {k: data[k] for k in ("title", "intro", "history", "limit") if k in data}
        for name, value in changed.items():
            setattr(group, name, value)
        return {"group": group.id, "pos": self._append(group, "settings", user, changed).pos}

    # -- members

    def _member_add(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct":
            raise No("forbidden")
        answer: Json = {"group": group.id, "results": []}
        for other in data["users"]:
            result = self._judge_pull(group, user, stay, other)
            answer["results"].append({"user": other, "result": result})
            if result == "added":
                answer["pos"] = self._join(group, other, user)
        return answer

    def _judge_pull(self, group: Group, user: str, stay: Stay, other: str) -> str:
        if group.stay(other):
            return "already"
        if other not in self.users or not self.mutual(user, other):
            return "not_mutual"
        before = group.stays.get(other)
        if before and before[-1].why == "kicked" and stay.role == "member":
            return "kicked"
        full = len(group.people()) >= group.limit or self.group_count(other) >= self.bounds.groups_per_user
        return "full" if full else "added"

    def _join(self, group: Group, user: str, by: str) -> int:
        entry = self._members_entry(group, user)
        entry.body.setdefault("joined", []).append({"user": user, "by": by})
        floor, floor_seq = self._floor(group, entry.pos)
        before = group.stays.setdefault(user, [])
        if before and (before[-1].until or 0) > floor:
            floor, floor_seq = before[-1].until or 0, before[-1].until_seq
        before.append(Stay("member", floor, floor_seq))
        entry.body["count"] = len(group.people())
        self._log(user, "added", group.id, pos=entry.pos, by=by)
        return entry.pos

    def _floor(self, group: Group, pos: int) -> tuple[int, int]:
        if group.history == "none":
            return pos - 1, group.seq
        messages = [entry for entry in group.log if entry.kind == "message"]
        shown = len(messages) if group.history == "all" else int(group.history.split(":")[1])
        unseen = messages[: max(0, len(messages) - shown)]
        return (unseen[-1].pos, unseen[-1].seq) if unseen else (0, 0)

    def _member_leave(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct":
            self._archive(group, user, True)
            return {"group": group.id, "archived": True}
        if stay.role == "owner":
            raise No("owner_must_stay")
        return {"group": group.id, "pos": self._go(group, user, stay, None)}

    def _member_kick(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if stay.role == "member" or group.kind == "direct":
            raise No("forbidden")
        other = group.stay(data["user"])
        if other is None:
            raise No("not_found")
        if RANK[stay.role] <= RANK[other.role]:
            raise No("forbidden")
        return {"group": group.id, "pos": self._go(group, data["user"], other, user)}

    def _go(self, group: Group, user: str, stay: Stay, by: str | None) -> int:
        entry = self._members_entry(group, user)
        entry.body.setdefault("left", []).append({"user": user} | ({"by": by} if by else {}))
        stay.until, stay.until_seq, stay.why = entry.pos - 1, group.seq, "kicked" if by else "left"
        entry.body["count"] = len(group.people())
        self._log(user, "removed", group.id, pos=entry.pos, why=stay.why, by=by)
        return entry.pos

    def _members_entry(self, group: Group, user: str) -> Entry:
        entry = group.open_members
        named = [one["user"] for key in ("joined", "left") for one in (entry.body.get(key, []) if entry else [])]
        if entry is None or user in named:
            entry = self._append(group, "members", "", {})
            group.open_members = entry
        return entry

    def _member_role(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if stay.role == "member" or group.kind == "direct" or RANK[stay.role] <= RANK[data["role"]]:
            raise No("forbidden")
        other = group.stay(data["user"])
        if other is None:
            raise No("not_found")
        if RANK[stay.role] <= RANK[other.role]:
            raise No("forbidden")
        other.role = data["role"]
        body = {"user": data["user"], "role": data["role"]}
        return {"group": group.id, "pos": self._append(group, "role", user, body).pos}

    def _archive(self, group: Group, user: str, archived: bool) -> None:
        if archived != (user in group.archived):
            group.archived ^= {user}
            self._log(user, "archived", group.id, archived=archived)
