"""The rules of groups, relations and messages once more, as plainly as they can be said: what the server is judged by.

One command at a time. This module must not import the server's rules, know sockets, or care for speed; where it and the
server disagree, one of them is wrong.
"""

from __future__ import annotations

from tests.model.ground import Bounds, Entry, Group, Json, No, Stay
from tests.model.rules_groups import Groups
from tests.model.rules_messages import Messages

__all__ = ["Bounds", "Entry", "Group", "Json", "No", "Stay", "World"]


class World(Groups, Messages):
    """All of it."""

    def command(self, user: str, op: str, data: Json, now: int, fresh: str = "") -> Json:
        """Judge and carry out one command. `fresh` is the id that a new group gets. Raises `No`."""
        before = self.accepted.get((user, data["cid"]))
        if before is not None:
            if before[:2] != (op, data):
                raise No("conflict")
            return before[2]
        self.now, self.fresh = now, fresh
        answer: Json = getattr(self, "_" + op.replace(".", "_"))(user, data)
        self.accepted[user, data["cid"]] = (op, data, answer)
        return answer

    def _follow_add(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        if (user, other) not in self.follows:
            if sum(a == user for a, _ in self.follows) >= self.bounds.following_max:
                raise No("limit")
            self.follows.add((user, other))
        self._settle_direct(user, other)
        return {"user": other, "following": True, "mutual": (other, user) in self.follows}

    def _follow_remove(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        self.follows.discard((user, other))
        self._settle_direct(user, other)
        return {"user": other, "following": False, "mutual": False}

    def _block_add(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        self.blocks.add((user, other))
        self._settle_direct(user, other)
        return {"user": other, "blocked": True}

    def _block_remove(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        self.blocks.discard((user, other))
        self._settle_direct(user, other)
        return {"user": other, "blocked": False}

    def _other(self, user: str, data: Json) -> str:
        other: str = data["user"]
        if other not in self.users:
            raise No("not_found")
        if other == user:
            raise No("invalid")
        return other

    def _settle_direct(self, one: str, other: str) -> None:
        group = self.direct_of(one, other)
        if group is not None and group.read_only == self.mutual(one, other):
            group.read_only = not group.read_only
            for user in (one, other):
                self._log(user, "direct", group.id, read_only=group.read_only)
