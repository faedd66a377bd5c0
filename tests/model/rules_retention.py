"""The rules of retention: what is too old goes, but for what stands on the board if that is to be kept."""

from __future__ import annotations

from tests.model.nouns import Group
from tests.model.rules_cards import Cards


class Retention(Cards):
    """The operator's act, on all groups."""

    def let_go(self, now: int, *, keep_pinned: bool) -> None:
        """Everything that is as old as it may become goes, and what has left a board since."""
        for group in self.groups.values():
            over = [entry.pos for entry in group.log if entry.at <= now - self.bounds.kept_ms]
            group.floor = max([group.floor, *over])
            if not keep_pinned:
                group.pins = [pin for pin in group.pins if pin["pos"] > group.floor]
                group.featured = {pos: how for pos, how in group.featured.items() if pos > group.floor}
            self._sweep(group)

    def _sweep(self, group: Group) -> None:
        standing = {pin["pos"] for pin in group.pins} | set(group.featured)
        for entry in group.log[: group.floor]:
            if entry.kind == "message" and entry.pos not in standing:
                entry.gone = True
                entry.text, entry.more, entry.signs = "", {}, {}
                entry.mentions, entry.calls_all, entry.card = set(), False, None
