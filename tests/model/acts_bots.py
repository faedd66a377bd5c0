"""What people do with a bot, and what it does: bringing it in, its menus, pressing them."""

from __future__ import annotations

from tests.model.picks import Act, Json, Picks, pick


class BotActs(Picks):
    """Part of `Acts`."""

    def bring(self, user: str, b: int, c: int) -> Act | None:
        """Mostly by somebody who may."""
        users = [*self.world.bots, *([self.other(b)] if b % 4 == 3 else [])]
        return self.in_group(user, "member.add", c, {"users": list(dict.fromkeys(users))}, boss=True)

    def menu(self, _: str, b: int, c: int) -> Act | None:
        """The bot asks something."""
        bot = self._bot()
        data: Json = {"kind": "text", "body": {"text": self.text(), "menu": _menu(c)}}
        return self.in_group(bot, "message.send", b, data) if bot else None

    def change_menu(self, _: str, b: int, c: int) -> Act | None:
        """Other buttons, none, or other words, long after too."""
        bot = self._bot()
        change: Json = ({"menu": _menu(c)}, {"menu": []}, {"text": self.text()})[b % 3]
        return self.on_message(bot, "message.edit", b, c, change, own=True) if bot else None

    def press(self, user: str, b: int, c: int) -> Act | None:
        """Nearly always a button of a message that has some."""
        group = self.group(user, b)
        if group is None:
            return None
        asked = [entry for entry in group.log if entry.more.get("menu")] if b % 6 else []
        entry = pick(asked, -1 - b // 6) or pick([entry for entry in group.log if entry.kind == "message"], c)
        if entry is None:
            return None
        ids = [button["id"] for row in entry.more.get("menu", ()) for button in row]
        button = pick(ids, c) if c % 6 else None
        data = {"group": group.id, "cid": self.cid(), "pos": entry.pos, "button": button or "none"}
        return Act(user, "menu.press", data)

    def _bot(self) -> str | None:
        return pick([bot for bot in self.world.bots if bot in self.present], 0)


def _menu(number: int) -> list[list[dict[str, str]]]:
    return [[{"id": f"b{at}", "label": f"按 {at}"} for at in range(1 + number % 3)]]
