"""The rules of the catalogue and of the messages that show what is in it."""

from __future__ import annotations

from tests.model.nouns import Entry, Group, Item, Json, Key, No, Stay
from tests.model.rules_sections import Sections

KIND_OF = {"video_card": "video", "product_card": "product"}


class Cards(Sections):
    """What happens in the catalogue, what a card keeps of an item, and which groups are to be told."""

    def change_item(self, kind: str, number: str, rev: int, look: Json, now: int) -> str:
        """What the source says of an item from here on; `look` is what everybody may see of it."""
        key, item = (kind, number), self.items.get((kind, number))
        if item is None:
            if look["status"] == "gone":
                return "absent"
            self.items[key] = Item(rev, look)
            return "added"
        gone = look["status"] == "gone"
        if rev < item.rev:
            return "older"
        if (rev == item.rev and not gone) or (gone and item.gone):
            return "same"
        if gone and item.look["status"] == "unavailable":
            look = item.look  # what was private does not come to light by being deleted
        item.rev, item.gone = rev, gone
        if look != item.look:
            item.look, item.version = look, item.version + 1
            if any(entry.card == key or key in entry.showed for g in self.groups.values() for entry in g.log):
                self.untold.setdefault(key, {})[""] = now
        return "deleted" if gone else "updated"

    def tell(self, key: Key, places: list[tuple[str, int]]) -> None:
        """One commit of the job: a `card` entry in these groups."""
        for name, pos in places:
            self._append(self.groups[name], "card", "", {}, target=pos)
            self.groups[name].log[pos - 1].told = True
        self.end_commit()

    def to_tell(self, now: int) -> dict[Key, dict[str, int]]:
        """By item: the groups to be told by now, and the newest message there that shows it."""
        found: dict[Key, dict[str, int]] = {}
        for key, where in self.untold.items():
            for name, since in where.items():
                if since <= now:
                    groups = [self.groups[name]] if name else list(self.groups.values())
                    found.setdefault(key, {}).update(self._showing(key, groups))
        return found

    def _showing(self, key: Key, groups: list[Group]) -> dict[str, int]:
        newest = {g.id: [entry.pos for entry in g.log if entry.card == key] for g in groups if not g.gone_at}
        return {name: places[-1] for name, places in newest.items() if places}

    def told_all(self, now: int) -> None:
        """The job has nothing to do any more."""
        for where in self.untold.values():
            for name in [name for name, since in where.items() if since <= now]:
                del where[name]

    # -- messages

    def _card_of(self, kind: str, body: Json) -> Key | None:
        """The item that a new message shows."""
        if kind not in KIND_OF:
            return None
        key = (KIND_OF[kind], body[KIND_OF[kind]])
        item = self.items.get(key)
        if item is None or item.look["status"] not in ("available", "on_sale", "sold_out"):
            raise No("no_item")
        return key

    def _kept_of(self, key: Key) -> Json:
        """What a message keeps of an item: its title, and what it cost."""
        look = self.items[key].look
        return {name: look[name] for name in ("title", "price", "currency") if name in look}

    def _forget_card(self, group: Group, entry: Entry) -> None:
        """Recalled: what told of it shows nothing any more, so the group is told anew of older messages."""
        if entry.card is not None:
            entry.showed.add(entry.card)
            if entry.told:
                self.untold.setdefault(entry.card, {})[group.id] = self.now

    def _message(self, group: Group, stay: Stay, pos: int) -> Entry:
        entry = group.log[pos - 1] if pos <= group.head else None
        if entry is None or entry.kind != "message" or pos <= stay.floor or entry.gone:
            raise No("not_found")
        if entry.recalled:
            raise No("gone")
        return entry
