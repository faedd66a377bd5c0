"""The rules of a group's board: pinned messages in their order, and featured posts."""

from __future__ import annotations

from tests.model.nouns import RANK, Entry, Group, Json, No, Stay
from tests.model.rules_cards import Cards


class Boards(Cards):
    """One method per op."""

    def _pin_add(self, user: str, data: Json) -> Json:
        group, stay, entry = self._kept(user, data, "pin")
        before = [pin["pos"] for pin in group.pins]
        others = [pin for pin in group.pins if pin["pos"] != entry.pos]
        place, above = 0, data.get("above", entry.pos)
        if above != entry.pos:
            known = [pin["pos"] for pin in others]
            if above not in known or above <= stay.floor:
                raise No("not_found")
            place = known.index(above)
        if len(others) >= self.bounds.pins:
            raise No("limit")
        mine = next((pin for pin in group.pins if pin not in others), {"pos": entry.pos, "by": user, "at": self.now})
        pins = [*others[:place], mine, *others[place:]]
        if [pin["pos"] for pin in pins] == before:
            return {"group": group.id, "target": entry.pos}
        group.pins = pins
        body = {"above": pins[place + 1]["pos"]} if place + 1 < len(pins) else {}
        change = self._append(group, "pin", user, body, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def _pin_remove(self, user: str, data: Json) -> Json:
        group, _, entry = self._kept(user, data, "pin")
        pins = [pin for pin in group.pins if pin["pos"] != entry.pos]
        if pins == group.pins:
            return {"group": group.id, "target": entry.pos}
        group.pins = pins
        change = self._append(group, "unpin", user, {}, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def _feature_add(self, user: str, data: Json) -> Json:
        group, _, entry = self._kept(user, data, "feature")
        note = {"note": data["note"]} if data.get("note") else {}
        before = group.featured.get(entry.pos)
        if before is not None and before.get("note") == note.get("note"):
            return {"group": group.id, "target": entry.pos}
        if before is None and len(group.featured) >= self.bounds.featured:
            raise No("limit")
        group.featured[entry.pos] = {"by": user, "at": self.now} | note
        change = self._append(group, "feature", user, note, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def _feature_remove(self, user: str, data: Json) -> Json:
        group, _, entry = self._kept(user, data, "feature")
        if group.featured.pop(entry.pos, None) is None:
            return {"group": group.id, "target": entry.pos}
        change = self._append(group, "unfeature", user, {}, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def _kept(self, user: str, data: Json, right: str) -> tuple[Group, Stay, Entry]:
        """Those with the right keep it; in a direct chat both do."""
        group, stay = self._inside(user, data)
        self._check_writable(group)
        if group.kind != "direct" and RANK[stay.role] < RANK[group.rights[right]]:
            raise No("forbidden")
        return group, stay, self._message(group, stay, data["pos"])
