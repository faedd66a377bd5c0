"""Acts about the places of a group: its sections, what is said in them, and notices."""

from __future__ import annotations

from tests.model.nouns import Group
from tests.model.picks import Act, Json, Picks, pick

KINDS_OF = ("announce", "qa", "showcase", "chat")


class SectionActs(Picks):
    """Each turns numbers into one request, or None."""

    def section(self, user: str, b: int, c: int) -> Act | None:
        data: Json = {"kind": KINDS_OF[c % 4], "title": f"板块 {c}"} | ({"intro": "read first"} if c % 5 == 4 else {})
        return self.in_group(user, "section.create", b, data, boss=True)

    def change_section(self, user: str, b: int, c: int) -> Act | None:
        group = self._several(user, b)
        if group is None:
            return None
        some_closed = any(one.get("closed") for one in group.sections)
        change: Json = (
            {"closed": not some_closed},
            {"kind": KINDS_OF[b % 4]},
            {"title": f"板块 {c}" if c % 2 else ""},
            {"closed": not some_closed, "title": f"板块 {c}"},
            {"closed": True, "intro": "over" if b % 2 else ""},
        )[c % 5]
        numbers = [one["section"] for one in group.sections if bool(one.get("closed")) != change.get("closed")]
        number = pick(numbers[::-1], b // 2) if c % 7 != 6 else len(group.sections) * (b % 2)
        data = {"group": group.id, "section": number or 0, "cid": self.cid()} | change
        return Act(self.boss(user, group, b), "section.update", data)

    def order(self, user: str, b: int, c: int) -> Act | None:
        group = self._several(user, b)
        if group is None:
            return None
        numbers = [one["section"] for one in group.sections if not one.get("closed") or c % 11 == 10]
        turned = numbers[c % len(numbers) :] + numbers[: c % len(numbers)]
        data = {"group": group.id, "sections": turned[b % 13 == 12 :] or [0], "cid": self.cid()}
        return Act(self.boss(user, group, b), "section.order", data)

    def notice(self, user: str, b: int, c: int) -> Act | None:
        group = self._several(user, b)
        if group is None:
            return None
        data: Json = {"group": group.id, "kind": "notice", "body": {"text": self.text()}, "cid": self.cid()}
        return Act(self.boss(user, group, b), "message.send", data | self.place(group, c))

    def answer(self, user: str, b: int, c: int) -> Act | None:
        """Mostly where the question stands."""
        group = self._several(user, b)
        entry = self.message(group, user, c, own=False) if group else None
        if group is None or entry is None:
            return None
        data: Json = {"group": group.id, "kind": "text", "body": {"text": self.text()}, "cid": self.cid()}
        place = {"section": entry.section} if c % 4 else self.place(group, b)
        return Act(user, "message.send", data | {"reply_to": entry.pos} | place)

    def _several(self, user: str, number: int) -> Group | None:
        """Nearly always a group with sections that the user is in."""
        mine = [group for group in self.world.groups.values() if group.stay(user) and len(group.sections) > 1]
        return pick(mine, number) if mine and number % 17 != 16 else self.group(user, number)
