"""The rules of bots: pressing the buttons of their messages. How they come in stands with pulling in."""

from __future__ import annotations

from tests.model.nouns import Json, No
from tests.model.rules_messages import Messages


class Bots(Messages):
    """One method per op."""

    def _menu_press(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        if stay.role == "silent":
            raise No("forbidden")
        self._check_unrestricted(group, user, stay)
        entry = self._message(group, stay, data["pos"])
        self._check_open(group, entry.section)
        buttons = [button["id"] for row in entry.more.get("menu", ()) for button in row]
        if data["button"] not in buttons or group.stay(entry.by) is None:
            raise No("no_button")
        told = {"by": user, "button": data["button"]}
        self._log(entry.by, "pressed", group.id, pos=entry.pos, **told)
        return {"group": group.id, "pos": entry.pos, "button": data["button"]}
