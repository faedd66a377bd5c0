"""The rules of messages: sending, recalling, editing, reacting, and whom a message mentions."""

from __future__ import annotations

from tests.model.nouns import RANK, Entry, Group, Json, No, Stay, numbers_of
from tests.model.rules_cards import Cards

DAY_MS = 86_400_000


class Messages(Cards):
    """One method per op."""

    def _message_send(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        section, kind = data.get("section", 0), data["kind"]
        self._check_may_post_in(group, stay, section, kind)
        if kind == "notice":
            self._check_right(group, stay, "announce")
        self._check_unrestricted(group, user, stay)
        self._check_pace(group, user, stay)
        if "after" in data and not self._sent(user, data["after"], group.id):
            raise No("out_of_order")
        if "reply_to" in data:
            self._check_answer(group, section, self._message(group, stay, data["reply_to"]))
        body = data["body"]
        card = self._card_of(kind, body)
        self._check_mentions(group, user, stay, body, called=False)
        return self._send(group, user, stay, data, kind, body, card)

    def _send(
        self, group: Group, user: str, stay: Stay, data: Json, kind: str, body: Json, card: tuple[str, str] | None
    ) -> Json:
        section = data.get("section", 0)
        number = len(group.messages(section)) + 1 if kind != "notice" else 0
        entry = self._append(group, "message", user, {}, data["cid"], data.get("reply_to", 0))
        entry.seq, entry.section, entry.type, entry.card = number, section, kind, card
        entry.bot = user in self.bots
        self._say(entry, body)
        if card is not None:
            entry.more = self._kept_of(card)
        self._mention(group, entry)
        self._keep_pace(group, user, stay)
        answer: Json = {"group": group.id, "pos": entry.pos, "cid": entry.cid, "at": entry.at}
        answer |= {"recall_until": entry.at + self.bounds.window_ms} | numbers_of(entry)
        if entry.seq:
            self.mark_read(user, group.id, entry.seq, section)
            self.unmark(user, group)
        return answer

    def _say(self, entry: Entry, body: Json) -> None:
        """What a message says in words, and what it says beside them."""
        entry.text = body.get("text", "")
        names = ("entities", "alt", "data", "items", "menu")
        entry.more = {name: body[name] for name in names if body.get(name)}

    def _sent(self, user: str, cid: str, group: str) -> bool:
        op, data, _ = self.accepted.get((user, cid), ("", {}, {}))
        return op in ("message.send", "message.forward") and data["group"] == group

    def _message_recall(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        entry = self._message(group, stay, data["pos"])
        theirs = group.role(entry.by) or "member"
        if entry.by == user:
            self._check_window(entry)
        elif RANK[stay.role] < RANK["admin"] or RANK[stay.role] <= RANK[theirs]:
            raise No("forbidden")
        change = self._append(group, "recall", user, {}, data["cid"], entry.pos)
        group.pins = [pin for pin in group.pins if pin["pos"] != entry.pos]
        group.featured.pop(entry.pos, None)
        self._forget_card(group, entry)
        entry.text, entry.more, entry.signs, entry.recalled = "", {}, {}, {"by": user, "at": change.at}
        entry.mentions, entry.calls_all, entry.card = set(), False, None
        return {"group": group.id, "pos": change.pos}

    def _message_edit(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        self._check_unrestricted(group, user, stay)
        entry = self._message(group, stay, data["pos"])
        bot, card = user in self.bots, entry.card is not None
        if entry.by != user or (card and not bot):
            raise No("forbidden")
        if not (card or entry.type == "text") or entry.forwarded is not None or (card and data.get("entities")):
            raise No("invalid")
        self._check_may_post_in(group, stay, entry.section, entry.type)
        if not bot:
            self._check_window(entry)
        if entry.version >= self.bounds.edits_per_message:
            raise No("limit")
        self._check_mentions(group, user, stay, data, called=entry.calls_all)
        entry.version += 1
        self._rewrite(group, entry, data)
        change = self._append(group, "edit", user, {"version": entry.version}, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos, "version": entry.version}

    def _rewrite(self, group: Group, entry: Entry, data: Json) -> None:
        """What is not named stays: the words with what is marked in them, the buttons, the item of a card."""
        kept = entry.more
        menu = {"menu": data["menu"]} if "menu" in data else {"menu": kept.get("menu")}
        if "text" in data:
            self._say(entry, data)
            entry.more = {name: kept[name] for name in kept if name not in ("entities", "menu")} | entry.more
            self._mention(group, entry)
        entry.more = {name: to for name, to in (entry.more | menu).items() if to}

    # -- mentions

    def _check_mentions(self, group: Group, user: str, stay: Stay, body: Json, *, called: bool) -> None:
        if len(_named(body)) > self.bounds.mentions_per_message:
            raise No("limit")
        if called or not _calls_all(body):
            return
        if group.kind == "direct" or RANK[stay.role] < RANK[group.rights["mention_all"]]:
            raise No("forbidden")
        if sum(at > self.now - DAY_MS for at in group.calls) >= self.bounds.calls_per_day:
            raise No("limit")

    def _mention(self, group: Group, entry: Entry) -> None:
        """Whom it reaches: those in the group who see it, but for its author and between whom there is a block."""
        called, entry.calls_all = entry.calls_all, _calls_all(entry.more)
        if entry.calls_all and not called:
            group.calls.append(max(entry.at, self.now))
        entry.mentions = {
            one
            for one in _named(entry.more)
            if (stay := group.stay(one)) and stay.floor < entry.pos and one != entry.by
            if not self.apart(one, entry.by)
        }

    # -- reactions

    def _reaction_add(self, user: str, data: Json) -> Json:
        group, entry = self._reactable(user, data, on=True)
        sign = data["emoji"]
        if user in entry.signs.get(sign, ()):
            return {"group": group.id, "target": entry.pos}
        if sign not in entry.signs and len(entry.signs) >= self.bounds.signs_per_message:
            raise No("limit")
        entry.signs.setdefault(sign, set()).add(user)
        return self._reacted(group, entry, user, data, True)

    def _reaction_remove(self, user: str, data: Json) -> Json:
        group, entry = self._reactable(user, data, on=False)
        sign = data["emoji"]
        if user not in entry.signs.get(sign, ()):
            return {"group": group.id, "target": entry.pos}
        entry.signs[sign].remove(user)
        if not entry.signs[sign]:
            del entry.signs[sign]
        return self._reacted(group, entry, user, data, False)

    def _reactable(self, user: str, data: Json, *, on: bool) -> tuple[Group, Entry]:
        """Taking a sign back is always possible where one may write at all."""
        group, stay = self._inside(user, data)
        self._check_writable(group)
        if on:
            self._inside_as(user, data, "react")
            self._check_unrestricted(group, user, stay)
        entry = self._message(group, stay, data["pos"])
        if on:
            self._check_open(group, entry.section)
        return group, entry

    def _reacted(self, group: Group, entry: Entry, user: str, data: Json, on: bool) -> Json:
        body = {"emoji": data["emoji"], "on": on}
        change = self._append(group, "reaction", user, body, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def _check_window(self, entry: Entry) -> None:
        if self.now - entry.at > self.bounds.window_ms:
            raise No("too_late")


def _named(body: Json) -> set[str]:
    return {part["user"] for part in body.get("entities", ()) if "user" in part}


def _calls_all(body: Json) -> bool:
    return any(part.get("all") for part in body.get("entities", ()))
