"""Acts about who follows the owner of a group, and what the group makes of it."""

from __future__ import annotations

from tests.model.nouns import Group
from tests.model.picks import Act, Picks, pick


class FanActs(Picks):
    """Each turns numbers into one request, or None."""

    def minds(self, user: str, b: int, c: int) -> Act | None:
        """Nearly always by the owner."""
        group = self.group(user, b)
        if group is None:
            return None
        owner = group.owner()
        choice = ("restrict", "remove", "restrict", "restrict", "keep")[c % 5]
        data = {"group": group.id, "on_unfollow_owner": choice, "cid": self.cid()}
        return Act(str(owner) if owner in self.present and b % 7 else user, "group.update", data)

    def forsake(self, user: str, b: int, c: int) -> Act | None:
        """Somebody in a group that minds no longer follows its owner, or blocks them."""
        op = ("follow.remove", "follow.remove", "follow.remove", "block.add")[c % 4]
        return self._of_a_fan(op, b, c, [group.people() for group in self._minding()])

    def come_back(self, user: str, b: int, c: int) -> Act | None:
        """The reverse, by whoever was ever in."""
        op = ("follow.add", "follow.add", "block.remove")[c % 3]
        return self._of_a_fan(op, b, c, [sorted(group.stays) for group in self._minding()])

    def _of_a_fan(self, op: str, b: int, c: int, people: list[list[str]]) -> Act | None:
        pairs = [
            (one, owner)
            for group, fans in zip(self._minding(), people, strict=True)
            for one in fans
            if one in self.present and (owner := group.owner()) not in (None, one)
        ]
        found = pick(pairs, b + c)
        return Act(found[0], op, {"user": found[1], "cid": self.cid()}) if found else None

    def _minding(self) -> list[Group]:
        return [group for group in self.world.groups.values() if group.on_unfollow != "keep"]
