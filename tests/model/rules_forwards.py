"""The rules of forwarding: what somebody sees in one group becomes a new message of theirs in another."""

from __future__ import annotations

from tests.model import views
from tests.model.nouns import Entry, Group, Json, No
from tests.model.rules_messages import Messages


class Forwards(Messages):
    """One method per op."""

    def _message_forward(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        section = data.get("section", 0)
        if not section:
            self._check_may_post(group, stay)
        self._check_unrestricted(group, user, stay)
        self._check_pace(group, user, stay)
        source, reader = self._inside(user, {"group": data["source"]})
        found = [self._message(source, reader, pos) for pos in sorted(data["positions"])]
        card, kind, body = None, "bundle", {}
        if len(found) == 1:
            card, kind, body = found[0].card, _type_of_copy(found[0]), self._copied(found[0])
            if card is not None:
                self._card_of(kind, {card[0]: card[1]})
        else:
            body = self._bundled(source, found)
        if section:
            self._check_may_post_in(group, stay, section, kind)
        answer = self._send(group, user, stay, data, kind, body, card)
        origin = {"group": source.id, "title": source.title} if source.kind == "public" else {}
        group.log[-1].forwarded = origin
        return answer

    def _copied(self, entry: Entry) -> Json:
        """A message without its mentions, which are for those it was said to."""
        links = [part for part in entry.more.get("entities", ()) if "url" in part]
        rest = {name: entry.more[name] for name in ("alt", "data", "items") if name in entry.more}
        return rest | ({"text": entry.text} if entry.text else {}) | ({"entities": links} if links else {})

    def _bundled(self, source: Group, found: list[Entry]) -> Json:
        if any(entry.card is not None for entry in found):
            raise No("invalid")
        items = [self._item(source, entry) for entry in found]
        deep = 1 + max(_depth(item) for item in items)
        if deep > self.bounds.bundle_depth or sum(map(_size, items)) > self.bounds.bundle_items:
            raise No("limit")
        return {"items": items}

    def _item(self, source: Group, entry: Entry) -> Json:
        stay = source.stay(entry.by)
        kind = _type_of_copy(entry)
        called = (stay.nickname if stay else "") or self.names.get(entry.by, "")
        shown = {"name": called, "at": entry.at, "type": kind}
        alt = {} if kind == "text" else {"alt": views.alt_of(source, entry)}
        return shown | {"body": self._copied(entry)} | alt


def _type_of_copy(entry: Entry) -> str:
    """What a notice says is a text in somebody else's mouth."""
    return "text" if entry.type == "notice" else entry.type


def _depth(item: Json) -> int:
    return 1 + max(map(_depth, item["body"]["items"])) if item["type"] == "bundle" else 0


def _size(item: Json) -> int:
    return sum(map(_size, item["body"]["items"])) if item["type"] == "bundle" else 1
