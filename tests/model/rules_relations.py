"""The rules of following and blocking, and of what follows from them for direct chats."""

from __future__ import annotations

from tests.model.nouns import Json, No
from tests.model.rules_fans import Fans


class Relations(Fans):
    """One method per op."""

    def _follow_add(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        if (user, other) not in self.follows:
            if sum(a == user for a, _ in self.follows) >= self.bounds.following_max:
                raise No("limit")
            fan = self._is_fan(user, other)
            self.follows.add((user, other))
            self._settle(user, other, fan)
        return {"user": other, "following": True, "mutual": (other, user) in self.follows}

    def _follow_remove(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        fan = self._is_fan(user, other)
        self.follows.discard((user, other))
        self._settle(user, other, fan)
        return {"user": other, "following": False, "mutual": False}

    def _block_add(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        fan = self._is_fan(user, other)
        self.blocks.add((user, other))
        self._settle(user, other, fan)
        return {"user": other, "blocked": True}

    def _block_remove(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        fan = self._is_fan(user, other)
        self.blocks.discard((user, other))
        self._settle(user, other, fan)
        return {"user": other, "blocked": False}

    def _privacy_set(self, user: str, data: Json) -> Json:
        if "receipts" in data:
            (self.shows_reads.add if data["receipts"] else self.shows_reads.discard)(user)
        if "requests" in data:
            (self.no_requests.discard if data["requests"] else self.no_requests.add)(user)
        self.pull_wishes[user] = data.get("pull", self.pull_wishes.get(user, "mutual"))
        chosen = {"receipts": user in self.shows_reads, "requests": user not in self.no_requests}
        return {"findable": True, "last_seen": "mutual", "pull": self.pull_wishes[user]} | chosen

    def _other(self, user: str, data: Json) -> str:
        other: str = data["user"]
        if other not in self.known:
            raise No("not_found")
        if other == user:
            raise No("invalid")
        return other

    def _settle(self, user: str, other: str, fan: bool) -> None:
        """What follows from how they stand to each other now; `fan`: whether the one followed the other."""
        self._settle_direct(user, other)
        self._settle_fan(user, other, fan)

    def _settle_direct(self, one: str, other: str) -> None:
        """Their chat can be written while they are mutual, or, after a request was accepted, until a block."""
        group = self.direct_of(one, other)
        if group is None:
            return
        writable = self.mutual(one, other) or (group.accepted and not self.apart(one, other))
        if group.not_mutual == writable:
            group.not_mutual = not writable
            for user in sorted((one, other)):
                self._log(user, "direct", group.id, read_only=not writable)
