"""Acts of those who run a group: ownership, rights, and who may not write for now."""

from __future__ import annotations

from tests.model.nouns import RANK
from tests.model.picks import Act, Json, Picks
from tests.model.rules_groups import LOWEST

RIGHTS = ("invite", "pull", "post", "react", "pin", "mention_all", "feature", "announce", "admit", "sections", "edit")


class RightActs(Picks):
    """Each turns numbers into one request, or None."""

    def _owned(self, user: str, b: int, op: str, data: Json) -> Act | None:
        """Nearly always by the owner."""
        group = self.group(user, b)
        if group is None:
            return None
        owner = group.owner()
        actor = owner if owner in self.present and b % 5 else user
        return Act(str(actor), op, {"group": group.id, "cid": self.cid()} | data)

    def transfer(self, user: str, b: int, c: int) -> Act | None:
        return self._owned(user, b, "group.transfer", {"user": self.other(c)})

    def hand_over(self, user: str, b: int, c: int) -> Act | None:
        return self._owned(user, b, "member.leave", {"successor": self.other(c)})

    def dissolve(self, user: str, b: int, _: int) -> Act | None:
        return self._owned(user, b, "group.dissolve", {})

    def rights(self, user: str, b: int, c: int) -> Act | None:
        right, role = RIGHTS[(b + c) % len(RIGHTS)], ("admin", "member", "owner", "member")[c % 4]
        role = max(role, LOWEST.get(right, "member"), key=RANK.__getitem__)
        return self._owned(user, b, "group.update", {"rights": {right: role}})

    def announce(self, user: str, b: int, c: int) -> Act | None:
        return self.in_group(user, "group.announce", b, {"text": f"read this, {c}" if c % 4 else ""}, boss=True)

    def silence(self, user: str, b: int, c: int) -> Act | None:
        return self.on_member(user, "member.role", b, c, {"role": "silent" if c % 4 else "member"})

    def restrict(self, user: str, b: int, c: int) -> Act | None:
        data: Json = {"for_s": self.short(100)} if c % 2 else {}
        return self.on_member(user, "member.restrict", b, c, data | {"reason": "loud", "tell": c % 3 == 0})

    def unrestrict(self, user: str, b: int, c: int) -> Act | None:
        return self.on_member(user, "member.unrestrict", b, c, {})

    def quiet(self, user: str, b: int, c: int) -> Act | None:
        return self.in_group(user, "group.restrict", b, {"for_s": self.short(100)} if c % 2 else {}, boss=True)

    def unquiet(self, user: str, b: int, _: int) -> Act | None:
        return self.in_group(user, "group.unrestrict", b, {}, boss=True)

    def slow(self, user: str, b: int, c: int) -> Act | None:
        return self.in_group(user, "group.slow", b, {"slow_s": self.short(50 * (1 + c % 3)) if c % 4 else 0}, boss=True)
