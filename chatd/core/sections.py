"""Sections (板块): the places of a group's log, each with its own numbers, so that each is read for itself.

Every group has a main section, number 0, which is a chat and cannot be closed. What the others are is a setting of the
group, told whole by each `sections` entry; a closed one can be read and found, and opened again, for what was said in
it stays in the log. Judged inside the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.core.cards import KIND_OF
from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.rights import check_may_post, check_writable, require
from chatd.core.section_rows import SectionCount
from chatd.core.values import Entry, Group, Member

MAIN: Final[Mapping[str, Any]] = {"section": 0, "kind": "chat", "title": ""}
_RIGHT_TO_POST: Final = {"chat": "post", "qa": "post", "announce": "announce", "showcase": "feature"}
"""By kind of section. Cards are for everybody who may post, in a showcase too."""


class CreateSection(Command, frozen=True, tag="section_create"):
    """A new section, behind the others."""

    group: str
    kind: str
    title: str
    intro: str

    def needs(self, need: Needs) -> None:
        _need_change(need, self.group, self.actor)
        need.sectioned.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `section_limit`, `limit`."""
        group = _changeable(facts, self.group, self.actor)
        sections = sections_of(group)
        _check_room(facts, sections)
        most = facts.bounds.sections_kept_per_group
        if len(sections) >= most:
            raise Refused("limit", bound="sections_kept_per_group", max=most)
        number = 1 + max(one["section"] for one in sections)
        made = {"section": number, "kind": self.kind, "title": self.title}
        facts.put(SectionCount(group.id, number))
        sections.append(made | ({"intro": self.intro} if self.intro else {}))
        return _change(facts, group, self.actor, "create", number, sections)


class UpdateSection(Command, frozen=True, tag="section_update"):
    """Change what is not None."""

    group: str
    section: int
    kind: str | None
    title: str | None
    intro: str | None
    closed: bool | None

    def needs(self, need: Needs) -> None:
        _need_change(need, self.group, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `no_section`, `section_limit`, `invalid` for what the main
        section cannot be."""
        group = _changeable(facts, self.group, self.actor)
        before = find_section(group, self.section)
        after = self._changed(before)
        sections = sections_of(group)
        if after == before:
            return {"group": group.id, "section": self.section}
        act = "update"
        if bool(after.get("closed")) != bool(before.get("closed")):
            act = "close" if self.closed else "open"
            if not self.closed:
                _check_room(facts, sections)
        sections = [after if one["section"] == self.section else one for one in sections]
        return _change(facts, group, self.actor, act, self.section, sections)

    def _changed(self, before: Mapping[str, Any]) -> dict[str, Any]:
        named = {"kind": self.kind, "title": self.title, "intro": self.intro, "closed": self.closed}
        after = dict(before) | {key: value for key, value in named.items() if value is not None}
        for field in ("kind", "closed"):
            if not self.section and named[field] and after[field] != before.get(field):
                raise Refused("invalid", "The main section is a chat and stays open", path=f"$.data.{field}")
        if self.section and not after["title"]:
            raise Refused("invalid", "Only the main section goes without a title", path="$.data.title")
        return {key: value for key, value in after.items() if value or key in MAIN}


class OrderSections(Command, frozen=True, tag="section_order"):
    """The open sections stand in this order from here on."""

    group: str
    sections: list[int]

    def needs(self, need: Needs) -> None:
        _need_change(need, self.group, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `no_section`, `invalid` unless all open ones are named once."""
        group = _changeable(facts, self.group, self.actor)
        named = [find_section(group, number) for number in self.sections]
        before = sections_of(group)
        if sorted(self.sections) != sorted(one["section"] for one in before if not one.get("closed")):
            raise Refused("invalid", "Expected every open section once", path="$.data.sections")
        after = [*named, *(one for one in before if one.get("closed"))]
        if after == before:
            return {"group": group.id}
        return _change(facts, group, self.actor, "order", None, after)


def sections_of(group: Group) -> list[Mapping[str, Any]]:
    """All sections of a group, the main one among them, open ones in their order."""
    return list(group.settings.get("sections", (MAIN,)))


def find_section(group: Group, number: int) -> Mapping[str, Any]:
    """What a section is. Raises `no_section`."""
    for one in group.settings.get("sections", (MAIN,)):
        if one["section"] == number:
            found: Mapping[str, Any] = one
            return found
    raise Refused("no_section", section=number)


def need_section(need: Needs, group: str, section: int) -> None:
    """What a message in a section other than the main one has to know."""
    need.record(SectionCount, group, section)


def check_may_post_in(group: Group, member: Member, section: int, type_: str) -> None:
    """Whether somebody may write a message of this type in a section, or rewrite one.

    Raises `read_only`, also for a closed section, `no_section`, `forbidden`.
    """
    if not section:
        check_may_post(group, member)
        return
    check_writable(group)
    kind = check_open(group, section)["kind"]
    require(group, member, "post" if kind == "showcase" and type_ in KIND_OF else _RIGHT_TO_POST[kind])


def check_answer(group: Group, section: int, answered: Entry) -> None:
    """Raises `invalid` where questions are answered, for an answer to something that stands elsewhere."""
    if section and answered.section != section and find_section(group, section)["kind"] == "qa":
        raise Refused("invalid", "An answer stands where its question does", path="$.data.reply_to")


def check_open(group: Group, section: int) -> Mapping[str, Any]:
    """What the section is. Raises `no_section`, `read_only` for a closed one."""
    found = find_section(group, section)
    if found.get("closed"):
        raise Refused("read_only", section=section)
    return found


def _need_change(need: Needs, group: str, actor: str) -> None:
    need.groups.add(group)
    need.members.add((group, actor))


def _changeable(facts: Facts, group_id: str, actor: str) -> Group:
    member = facts.member(group_id, actor)
    group = facts.groups[group_id]
    if group.direct:
        raise Refused("forbidden")
    require(group, member, "sections")
    check_writable(group)
    return group


def _check_room(facts: Facts, sections: list[Mapping[str, Any]]) -> None:
    most = facts.bounds.sections_per_group
    if sum(not one.get("closed") for one in sections) >= most:
        raise Refused("section_limit", bound="sections_per_group", max=most)


def _change(
    facts: Facts, group: Group, actor: str, act: str, number: int | None, sections: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """Everybody is told all of them; closed ones stand behind the open ones, and so does one that is opened again."""
    sections = sorted(sections, key=lambda one: bool(one.get("closed")))
    group.settings = group.settings | {"sections": sections}
    facts.changed_groups.add(group.id)
    named = {} if number is None else {"section": number}
    entry = facts.append(group, "sections", actor, {"act": act, **named, "sections": sections})
    facts.audit(f"section.{'update' if act in ('close', 'open') else act}", by=actor, group=group.id, pos=entry.pos)
    return {"group": group.id, **named, "pos": entry.pos}
