"""The rules of sections: places of a group's log, each with numbers of its own, and who writes where."""

from __future__ import annotations

from tests.model.nouns import MAIN, Entry, Group, Json, No, Stay
from tests.model.rules_moderation import Moderation

RIGHT_TO_POST = {"chat": "post", "qa": "post", "announce": "announce", "showcase": "feature"}
CARDS = ("video_card", "product_card")


class Sections(Moderation):
    """One method per op, and what is asked before somebody writes in a section."""

    def _section_create(self, user: str, data: Json) -> Json:
        group = self._sectioned(user, data)
        self._check_room(group)
        if len(group.sections) >= self.bounds.sections_kept:
            raise No("limit")
        number = len(group.sections)  # none ever goes
        made = {"section": number, "kind": data["kind"], "title": data["title"]}
        group.sections.append(made | ({"intro": data["intro"]} if data.get("intro") else {}))
        return self._told_sections(group, user, "create", number)

    def _section_update(self, user: str, data: Json) -> Json:
        group = self._sectioned(user, data)
        number = data["section"]
        before = self._section(group, number)
        named = {name: data[name] for name in ("kind", "title", "intro", "closed") if name in data}
        after = {name: value for name, value in (before | named).items() if value or name in MAIN}
        if not number and (after["kind"] != "chat" or after.get("closed")):
            raise No("invalid")
        if number and not after["title"]:
            raise No("invalid")
        if after == before:
            return {"group": group.id, "section": number}
        opens = before.get("closed", False) and not after.get("closed")
        closes = after.get("closed", False) and not before.get("closed")
        if opens:
            self._check_room(group)
        group.sections[group.sections.index(before)] = after
        return self._told_sections(group, user, "open" if opens else "close" if closes else "update", number)

    def _section_order(self, user: str, data: Json) -> Json:
        group = self._sectioned(user, data)
        named = [self._section(group, number) for number in data["sections"]]
        by_number = [one["section"] for one in group.sections if not one.get("closed")]
        if sorted(data["sections"]) != sorted(by_number):
            raise No("invalid")
        if data["sections"] == by_number:
            return {"group": group.id}
        group.sections = named + [one for one in group.sections if one.get("closed")]
        return self._told_sections(group, user, "order", None)

    def _sectioned(self, user: str, data: Json) -> Group:
        group, _ = self._inside_as(user, data, "sections")
        self._check_writable(group)
        return group

    def _section(self, group: Group, number: int) -> Json:
        found = next((one for one in group.sections if one["section"] == number), None)
        if found is None:
            raise No("no_section")
        return found

    def _check_room(self, group: Group) -> None:
        if sum(not one.get("closed") for one in group.sections) >= self.bounds.sections:
            raise No("section_limit")

    def _told_sections(self, group: Group, user: str, act: str, number: int | None) -> Json:
        """Everybody is told all of them: what is open in its order, then what is closed."""
        group.sections = sorted(group.sections, key=lambda one: bool(one.get("closed")))
        named: Json = {} if number is None else {"section": number}
        told = {"act": act, **named, "sections": [dict(one) for one in group.sections]}
        return {"group": group.id, **named, "pos": self._append(group, "sections", user, told).pos}

    # -- asked before somebody writes

    def _check_may_post_in(self, group: Group, stay: Stay, section: int, kind: str) -> None:
        if not section:
            self._check_may_post(group, stay)
            return
        self._check_writable(group)
        place = self._check_open(group, section)
        shows_card = place["kind"] == "showcase" and kind in CARDS
        self._check_right(group, stay, "post" if shows_card else RIGHT_TO_POST[place["kind"]])

    def _check_open(self, group: Group, section: int) -> Json:
        place = self._section(group, section)
        if place.get("closed"):
            raise No("read_only")
        return place

    def _check_answer(self, group: Group, section: int, answered: Entry) -> None:
        """Where questions are answered, an answer stands where its question does."""
        if self._section(group, section)["kind"] == "qa" and answered.section != section:
            raise No("invalid")
