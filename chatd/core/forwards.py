"""Forwarding: what somebody sees in one group becomes a new message of theirs in another. Judged inside the commit.

What goes along is what the forwarder sees at that moment, and no reference back: no group, no position, no user id.
Only a public group, which outsiders may know, is named. What was forwarded stays when the source is recalled, like
anything that was said again.
"""

from __future__ import annotations

from typing import Any

from chatd.core import cards
from chatd.core.facts import Facts
from chatd.core.kinds import BUNDLE, TEXT, alt_of, copy_of, depth_of, items_of, kind_of_copy, size_of
from chatd.core.messages import answer_of
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.restrictions import check_pace, check_unrestricted, keep_pace, need_pace
from chatd.core.rights import check_may_post
from chatd.core.sections import check_may_post_in, need_section
from chatd.core.values import Entry, Group


class Forward(Command, frozen=True, tag="forward"):
    """Messages of `source` as a new message in `group`: one as it is, several as a bundle in the order of the log."""

    group: str
    source: str
    positions: list[int]
    tags: list[str] = []
    """The forwarder's verified tags when it arrived."""
    section: int = 0
    bot: bool = False

    def needs(self, need: Needs) -> None:
        for group in (self.group, self.source):
            need.groups.add(group)
            need.members.add((group, self.actor))
        need_pace(need, self.group, self.actor)
        if self.section:
            need_section(need, self.group, self.section)
        for pos in self.positions:
            need.entries.add((self.source, pos))
            need.names.add((self.source, pos))
            need.senders.add((self.source, pos))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone` (a recalled message is not forwarded), `read_only`, `forbidden`, `restricted`,
        `slow_mode`, `no_item`, `no_section`, `invalid`, `limit`."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if not self.section:
            check_may_post(group, member)
        check_unrestricted(facts, group, member)
        check_pace(facts, group, member)
        reader = facts.member(self.source, self.actor)
        found = [facts.visible_message(reader, pos) for pos in sorted(self.positions)]
        if len(found) == 1:
            stored, body = found[0].body["type"], found[0].body["body"]
            kind, body = kind_of_copy(stored), copy_of(stored, body)
            body = cards.snapshot(facts, kind, cards.asked_for(kind, body))
        else:
            kind, body = BUNDLE, _bundle_of(facts, found)
        if self.section:
            check_may_post_in(group, member, self.section, kind)
        content: dict[str, Any] = {"type": kind, "body": body, "forwarded": _origin_of(facts.groups[self.source])}
        if self.tags:
            content["tags"] = self.tags
        if self.bot:
            content["bot"] = True
        entry = facts.append(
            group,
            "message",
            self.actor,
            content,
            cid=self.cid,
            digest=self.digest,
            numbered=True,
            section=self.section,
        )
        keep_pace(facts, group, member)
        cards.place_card(facts, entry)
        return answer_of(entry, facts.bounds.recall_window_ms)


def _bundle_of(facts: Facts, found: list[Entry]) -> dict[str, Any]:
    """Raises `invalid` for cards, which show what is true now and so cannot be frozen; `limit` for a bundle that is too
    deep, has too many messages or is too long."""
    if cards.keys_of(found):
        raise Refused("invalid", "A card is forwarded alone", path="$.data.positions")
    body = {"items": [_item_of(facts, entry) for entry in found]}
    bounds = facts.bounds
    for size, most, bound in (
        (depth_of(BUNDLE, body), bounds.bundle_depth_max, "bundle_depth_max"),
        (items_of(BUNDLE, body), bounds.bundle_items_max, "bundle_items_max"),
        (size_of(BUNDLE, body), bounds.bundle_text_max, "bundle_text_max"),
    ):
        if size > most:
            raise Refused("limit", bound=bound, max=most)
    return body


def _item_of(facts: Facts, entry: Entry) -> dict[str, Any]:
    """Raises `not_found` for one that was not there yet when it was asked for."""
    if entry.actor not in facts.names:
        raise Refused("not_found")
    kind, body = kind_of_copy(entry.body["type"]), entry.body["body"]
    item = {
        "name": _name_of(facts, entry.group, entry.actor),
        "at": entry.at,
        "type": kind,
        "body": copy_of(kind, body),
    }
    return item if kind == TEXT else item | {"alt": alt_of(kind, body)}


def _origin_of(source: Group) -> dict[str, Any]:
    """What those may know of the source who are not in it."""
    return {"group": source.id, "title": source.title} if source.kind == "public" else {}


def _name_of(facts: Facts, group: str, user: str) -> str:
    """What somebody is called in the source: as they are in this group, else by their name."""
    member = facts.members.get((group, user))
    return (member.nickname if member is not None and member.present else "") or facts.names[user]
