"""The rules of groups: creating and changing them."""

from __future__ import annotations

from tests.model.nouns import RANK, Group, Json, No, Stay
from tests.model.rules_fans import Fans

LOWEST = dict.fromkeys(("edit", "feature", "announce", "admit", "sections"), "admin")
"""Rights that no member can be given; none goes to silent viewers."""
SETTINGS = ("title", "intro", "history", "limit", "rules", "avatar")


class Groups(Fans):
    """One method per op."""

    def _group_create(self, user: str, data: Json) -> Json:
        if data["kind"] == "direct":
            return self._create_direct(user, data["user"])
        self._check_places(user)
        public, bounds = data["kind"] == "public", self.bounds
        limit = data.get("limit", bounds.public_default if public else bounds.limit_default)
        self._check_limit(data["kind"], limit)
        group = Group(self._new_id(), data["kind"], data["title"], data.get("intro", ""), data["history"], limit)
        group.entry = "open" if public else "invite"
        self._found(group, user, {user: "owner"})
        return {"group": group.id, "pos": 1, "created": True}

    def _create_direct(self, user: str, other: str) -> Json:
        if user == other:
            raise No("invalid")
        group = self.direct_of(user, other)
        if (group is None or group.read_only) and not self.mutual(user, other):
            raise No("not_mutual")
        if group is not None:
            self._archive(group, user, False)
            return {"group": group.id, "pos": 1, "created": False}
        self._check_places(user)
        self._check_places(other)
        return {"group": self._found_direct(user, other).id, "pos": 1, "created": True}

    def _found_direct(self, user: str, other: str) -> Group:
        group = Group(self._new_id(), "direct", "", "", "all", 2, pair=(user, other))
        self._found(group, user, {user: "member", other: "member"})
        return group

    def _new_id(self) -> str:
        return str(self.fresh.get("group", "?"))

    def _found(self, group: Group, by: str, roles: dict[str, str]) -> None:
        self.groups[group.id] = group
        group.items = self.items
        body = {"group_kind": group.kind, "title": group.title, "members": list(roles)}
        self._append(group, "created", by, {k: v for k, v in body.items() if v})
        for user, role in roles.items():
            self._brought(group, user, None, None)
            group.stays[user] = [Stay(role, 0, (self.now, 1), by if user != by else None)]
            self._log(user, "added", group.id, pos=1, by=by if user != by else None)

    def _check_places(self, user: str) -> None:
        if self.group_count(user) >= self.bounds.groups_per_user:
            raise No("limit")

    def _check_limit(self, kind: str, limit: int) -> None:
        if limit > (self.bounds.public_max if kind == "public" else self.bounds.limit_max):
            raise No("limit")

    def _group_update(self, user: str, data: Json) -> Json:
        group, stay = self._inside_as(user, data, "edit")
        self._check_writable(group)
        self._check_limit(group.kind, data.get("limit", 0))
        changed: Json = {k: data[k] for k in SETTINGS if k in data}
        if "rights" in data:
            changed["rights"] = self._checked_rights(group, stay, data["rights"])
        choice = data.get("on_unfollow_owner")
        if choice is not None:
            self._check_choice(group, user, stay, choice)
            self._choose(group, user, choice)
        for name, value in changed.items():
            setattr(group, name, value)
        changed |= {"on_unfollow_owner": choice} if choice is not None else {}
        return {"group": group.id, "pos": self._append(group, "settings", user, changed).pos}

    def _checked_rights(self, group: Group, stay: Stay, chosen: dict[str, str]) -> dict[str, str]:
        if stay.role != "owner":
            raise No("forbidden")
        if any(RANK[role] < RANK[LOWEST.get(right, "member")] for right, role in chosen.items()):
            raise No("invalid")
        return group.rights | chosen
