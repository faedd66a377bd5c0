"""The rules of fan groups: what becomes of members who cease to follow the owner."""

from __future__ import annotations

from tests.model.nouns import Group, No, Stay
from tests.model.rules_members import Members


class Fans(Members):
    """What an owner chooses, and what follows from who follows."""

    def _check_choice(self, group: Group, user: str, stay: Stay, choice: str) -> None:
        if stay.role != "owner":
            raise No("forbidden")
        others = [one for one in self._fan_groups(user) if one is not group]
        if choice != "keep" and len(others) >= self.bounds.fan_groups:
            raise No("limit")

    def _choose(self, group: Group, user: str, choice: str) -> None:
        """Who ceased to follow while the group did not mind has ceased nothing."""
        others = [one.id for one in self._fan_groups(user) if one is not group]
        self.fan_groups[user] = others if choice == "keep" else [*others, group.id]
        if choice == "keep":
            group.forget_choice()
        group.on_unfollow = choice

    def _fan_groups(self, owner: str) -> list[Group]:
        """Those that mind and are theirs."""
        named = [self.groups[one] for one in self.fan_groups.get(owner, ())]
        return [one for one in named if one.on_unfollow != "keep" and one.owner() == owner and not one.gone_at]

    def _is_fan(self, user: str, owner: str) -> bool:
        """Being blocked by the owner is nothing that anybody notices."""
        return (user, owner) in self.follows and (user, owner) not in self.blocks

    def _settle_fan(self, user: str, owner: str, before: bool) -> None:
        after = self._is_fan(user, owner)
        for group in self._fan_groups(owner) if after != before else ():
            stay = group.stay(user)
            if after:
                self._welcome_back(group, user, stay)
            elif stay is not None and stay.role in ("member", "silent"):
                self._let_go(group, user)

    def _let_go(self, group: Group, user: str) -> None:
        if group.on_unfollow == "remove":
            self._go(group, user, "unfollowed")
        else:
            group.estranged.add(user)
            self._log(user, "restricted", group.id, why="unfollowed")

    def _welcome_back(self, group: Group, user: str, stay: Stay | None) -> None:
        if user in group.estranged:
            group.estranged.remove(user)
            if stay is not None and group.on_unfollow == "restrict":
                self._log(user, "unrestricted", group.id, why="unfollowed")
