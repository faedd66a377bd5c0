"""Messages: sending, recalling, editing, reacting. Judged inside the commit."""

from __future__ import annotations

from typing import Any

from chatd.core import cards
from chatd.core.board import Board, need_taking_down, take_down
from chatd.core.facts import Facts
from chatd.core.kinds import NOTICE, TEXT
from chatd.core.mentions import call_all, calls_all, check_mentions, is_called, mention, mention_anew, need_mentions
from chatd.core.menus import changed_menu
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.restrictions import check_pace, check_unrestricted, keep_pace
from chatd.core.rights import check_may_post, check_writable, outranks, require
from chatd.core.sections import check_answer, check_may_post_in, check_open, need_section
from chatd.core.values import Entry, Group


class Send(Command, frozen=True, tag="send"):
    """A new message. `after` is the cid of a send of the same person that must have been accepted."""

    group: str
    type: str
    body: dict[str, Any]
    reply_to: int | None
    after: str | None
    tags: list[str] = []
    """The sender's verified tags when it arrived."""
    section: int = 0
    bot: bool = False

    def needs(self, need: Needs) -> None:
        sender = (self.group, self.actor)
        need.groups.add(self.group)
        need.members.add(sender)
        need.paces.add(sender)
        if self.reply_to is not None:
            need.entries.add((self.group, self.reply_to))
        if self.after is not None:
            need.sends.add((self.actor, self.after))
        cards.need_item(need, self.type, self.body)
        if self.section:
            need_section(need, self.group, self.section)
        if "entities" in self.body:
            need_mentions(need, self.group, self.actor, self.body)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `read_only`, `forbidden`, `gone` (a recalled message is not answered), `out_of_order`,
        `restricted`, `slow_mode`, `no_item`, `no_section`; for mentions `limit`, `forbidden`."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if self.section:
            check_may_post_in(group, member, self.section, self.type)
        else:
            check_may_post(group, member)
        if self.type == NOTICE:
            require(group, member, "announce")
        if group.settings or member.restricted_until:
            check_unrestricted(facts, group, member)
            check_pace(facts, group, member)
        if self.after is not None and (self.actor, self.after, self.group) not in facts.sends:
            raise Refused("out_of_order")
        if self.reply_to is not None:
            check_answer(group, self.section, facts.visible_message(member, self.reply_to))
        body: dict[str, Any] = {"type": self.type, "body": cards.snapshot(facts, self.type, self.body)}
        if self.tags:
            body["tags"] = self.tags
        if self.bot:
            body["bot"] = True
        marked = "entities" in self.body
        if marked:
            check_mentions(facts, group, member, self.body)
        entry = facts.append(
            group,
            "message",
            self.actor,
            body,
            cid=self.cid,
            digest=self.digest,
            target=self.reply_to,
            numbered=self.type != NOTICE,
            section=self.section,
        )
        if group.settings:
            keep_pace(facts, group, member)
        cards.place_card(facts, entry)
        if marked:
            mention(facts, entry, self.body)
            if calls_all(self.body):
                call_all(facts, entry)
        return answer_of(entry, facts.bounds.recall_window_ms)


class Recall(Command, frozen=True, tag="recall"):
    """Take a message back. `arrived_at`: when the request reached the server, which is what the window is judged by.
    `scope`: the one that the actor, a bot, lacks for taking back what others wrote."""

    group: str
    pos: int
    arrived_at: int
    scope: str | None = None

    def needs(self, need: Needs) -> None:
        _needs_of_change(need, self.group, self.actor, self.pos)
        need.senders.add((self.group, self.pos))
        need_taking_back(need, self.group, self.pos)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `forbidden`, `too_late`, `read_only`, `scope_missing`."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_writable(group)
        entry = facts.visible_message(member, self.pos)
        if self.scope is not None and entry.actor != self.actor:
            raise Refused("scope_missing", scope=self.scope)
        sender = facts.members.get((self.group, entry.actor or ""))
        sender_role = sender.role if sender is not None and sender.present else "member"
        if entry.actor == self.actor:
            check_window(facts, entry, self.arrived_at)
        elif "operator" in entry.body or not outranks(member, sender_role):
            raise Refused("forbidden")
        take_back(facts, group, entry, self.actor)
        facts.redact("recall", group.id, self.pos, self.actor)
        if entry.actor != self.actor:
            facts.audit("message.recall", by=self.actor, group=group.id, user=entry.actor, pos=self.pos)
        new = facts.append(group, "recall", self.actor, {}, cid=self.cid, digest=self.digest, target=self.pos)
        cards.remove_card(facts, self.group, self.pos, new.pos)
        return answer_of(new, facts.bounds.recall_window_ms)


def need_taking_back(need: Needs, group: str, pos: int) -> None:
    """What `take_back` has to know, beside the entry itself."""
    need.record(cards.Place, group, pos)
    need_taking_down(need, group, pos)


def take_back(facts: Facts, group: Group, entry: Entry, by: str) -> None:
    """The content of a message goes. The entry that says so is to be added next, and the card taken off its place."""
    take_down(facts, entry)
    entry.recalled = True
    entry.reactions = {}
    # The time of the entry that says so, which a clock that was turned back does not turn back.
    at = max(group.head_at, facts.now_ms)
    entry.body = tombstone(entry, {"by": by, "at": at})
    facts.rewrite(entry)
    facts.reactions_dropped.add((group.id, entry.pos))


def tombstone(entry: Entry, mark: dict[str, Any]) -> dict[str, Any]:
    """What is left of a message's body once its content is gone."""
    return {name: entry.body[name] for name in ("type", "operator") if name in entry.body} | {"recalled": mark}


class Edit(Command, frozen=True, tag="edit"):
    """Rewrite one's own text. A bot (`bot`) may do so at any time, with its cards too, and change the buttons.

    `body`: the new words with what is marked in them, empty if they stay. `menu`: None if the buttons stay.
    """

    group: str
    pos: int
    body: dict[str, Any]
    arrived_at: int
    bot: bool = False
    menu: list[list[dict[str, str]]] | None = None

    def needs(self, need: Needs) -> None:
        _needs_of_change(need, self.group, self.actor, self.pos)
        need.record(Board, self.group)
        need_mentions(need, self.group, self.actor, self.body)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `forbidden`, `invalid` (it is no text, or was forwarded), `too_late`,
        `read_only`, `limit`, `restricted`."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_writable(group)
        check_unrestricted(facts, group, member)
        entry = facts.visible_message(member, self.pos)
        self._check(entry)
        check_may_post_in(group, member, entry.section, entry.body["type"])
        if not self.bot:
            check_window(facts, entry, self.arrived_at)
        if entry.version >= facts.bounds.edits_per_message:
            raise Refused("limit", bound="edits_per_message", max=facts.bounds.edits_per_message)
        body = self._body_of(entry)
        if self.body:
            check_mentions(facts, group, member, self.body, is_called(facts.find(Board, self.group), self.pos))
            mention_anew(facts, entry, self.body)
        entry.version += 1
        entry.body = entry.body | {"body": body}
        facts.rewrite(entry)
        new = facts.append(
            group,
            "edit",
            self.actor,
            {},
            cid=self.cid,
            digest=self.digest,
            target=self.pos,
            version=entry.version,
        )
        return answer_of(new, facts.bounds.recall_window_ms)

    def _check(self, entry: Entry) -> None:
        card = cards.key_of(entry) is not None
        if entry.actor != self.actor or (card and not self.bot):
            raise Refused("forbidden")
        if not (card or entry.body["type"] == TEXT) or "forwarded" in entry.body:
            raise Refused("invalid", "Only a text of one's own words is edited", path="$.data.pos")
        if card and "entities" in self.body:
            raise Refused("invalid", "A card has no parts", path="$.data.entities")

    def _body_of(self, entry: Entry) -> dict[str, Any]:
        kept: dict[str, Any] = entry.body["body"]
        words = self.body or {name: kept[name] for name in ("text", "entities") if name in kept}
        rest = {name: value for name, value in kept.items() if name not in ("text", "entities", "menu")}
        return rest | words | changed_menu(kept, self.menu)


class React(Command, frozen=True, tag="react"):
    """Add a sign to a message, or take one's own back."""

    group: str
    pos: int
    emoji: str
    on: bool

    def needs(self, need: Needs) -> None:
        _needs_of_change(need, self.group, self.actor, self.pos)
        need.reactions.add((self.group, self.pos, self.actor, self.emoji))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `gone`, `read_only`, `forbidden`, `limit`, `restricted` (a sign of one's own can be taken
        back)."""
        member = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        check_writable(group)
        if self.on:
            require(group, member, "react")
            check_unrestricted(facts, group, member)
        entry = facts.visible_message(member, self.pos)
        if self.on and entry.section:
            check_open(group, entry.section)
        key = (self.group, self.pos, self.actor, self.emoji)
        if (key in facts.reactions) == self.on:
            return {"group": group.id, "target": self.pos}
        most = facts.bounds.reactions_per_message
        if self.on and self.emoji not in entry.reactions and len(entry.reactions) >= most:
            raise Refused("limit", bound="reactions_per_message", max=most)
        count_reaction(entry, self.emoji, self.on)
        (facts.reactions.add if self.on else facts.reactions.discard)(key)
        facts.reaction_changes[key] = self.on
        facts.rewrite(entry)
        new = facts.append(
            group,
            "reaction",
            self.actor,
            {"emoji": self.emoji, "on": self.on},
            cid=self.cid,
            digest=self.digest,
            target=self.pos,
        )
        return answer_of(new, facts.bounds.recall_window_ms)


TARGETED = frozenset({"reaction", "pin", "unpin", "feature", "unfeature"})
"""Entries whose command is answered with what they refer to."""


def answer_of(entry: Entry, recall_window_ms: int) -> dict[str, Any]:
    """What the command that made this entry is answered, the first time and whenever it is repeated."""
    if entry.kind == "message":
        answer: dict[str, Any] = {
            "group": entry.group,
            "pos": entry.pos,
            "cid": entry.cid,
            "at": entry.at,
            "recall_until": entry.at + recall_window_ms,
        }
        if entry.seq is not None:
            answer["seq"] = entry.seq
        if entry.section:
            answer["section"] = entry.section
        return answer
    answer = {"group": entry.group, "pos": entry.pos}
    if entry.kind == "edit":
        answer |= {"target": entry.target, "version": entry.version}
    elif entry.kind in TARGETED:
        answer["target"] = entry.target
    return answer


def _needs_of_change(need: Needs, group: str, actor: str, pos: int) -> None:
    need.groups.add(group)
    need.members.add((group, actor))
    need.entries.add((group, pos))


def count_reaction(entry: Entry, emoji: str, on: bool) -> None:
    """Move a sign's count by one; a sign nobody shows any more disappears."""
    count = entry.reactions.get(emoji, 0) + (1 if on else -1)
    if count > 0:
        entry.reactions[emoji] = count
    else:
        entry.reactions.pop(emoji, None)


def check_window(facts: Facts, entry: Entry, arrived_at: int) -> None:
    """Raises `too_late` when the request arrived after the window for changing one's own message."""
    if arrived_at - entry.at > facts.bounds.recall_window_ms:
        raise Refused("too_late", bound="recall_window_s", max=facts.bounds.recall_window_ms // 1000)


def search_text(entry: Entry) -> str | None:
    """What a message is found by, None for what is never found. Every kind of message with words says so here."""
    if entry.kind != "message" or entry.recalled:
        return None
    return cards.stored_text(entry) or None
