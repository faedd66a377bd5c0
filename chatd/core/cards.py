"""Cards: messages that show an item of the catalogue, what they show of it, and telling groups when that changes.

A message keeps which item it shows, and what had to be kept of it: its title, and what it cost. Everything else comes
from the catalogue whenever somebody looks, so that no page and no entry is older than what was published. The reader
or the engine fills that in (`fill`); a card that was not filled shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec

from chatd.core.catalogue import Item, Pending, can_be_shared, look
from chatd.core.facts import Facts
from chatd.core.kinds import TEXT
from chatd.core.kinds import alt_of as alt_of_kind
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.records import Key, Record
from chatd.core.refusal import Refused
from chatd.core.values import Entry
from chatd_protocol.money import show_price

KIND_OF: Final = {"video_card": "video", "product_card": "product"}
"""By type of message: the kind of the item that it shows."""
_SIGNS: Final = {"video": "🎬", "product": "🛍"}
"""An `alt` is for everybody, whatever language they read."""


class Place(Record):
    """One message that shows an item. `told`: a `card` entry refers to it."""

    table: ClassVar[str] = "card_places"
    key_fields: ClassVar[int] = 2

    group_id: str
    pos: int
    kind: str
    item_id: str
    seq: int
    at: int
    told: bool = False
    section: int = 0


class Announce(Wish, frozen=True, tag="announce"):
    """Tell some groups what cards of an item show now: a step of the work that a `Pending` row stands for.

    `places`: (group, newest message that shows it). `cursor`: the last group of this step, in the database's order;
    `last`: there are no more. Decided on another state of that row than it was made from, it does nothing: so it
    happens once, however often it is proposed.
    """

    kind: str
    item_id: str
    group: str
    generation: int
    after: str
    places: list[tuple[str, int]]
    cursor: str
    last: bool

    def needs(self, need: Needs) -> None:
        need.record(Pending, self.kind, self.item_id, self.group)
        for group, pos in self.places:
            need.groups.add(group)
            need.entries.add((group, pos))
            need.record(Place, group, pos)
            need.record(Pending, self.kind, self.item_id, group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        pending = facts.find(Pending, self.kind, self.item_id, self.group)
        if pending is None or (pending.generation, pending.cursor) != (self.generation, self.after):
            return {"told": 0}
        if not self.last:
            facts.put(msgspec.structs.replace(pending, cursor=self.cursor))
        elif pending.again:
            facts.put(msgspec.structs.replace(pending, cursor="", upto=pending.again, again=""))
        else:
            facts.drop(Pending, *pending.key)
        return {"told": sum(self._tell(facts, group, pos) for group, pos in self.places)}

    def _tell(self, facts: Facts, group_id: str, pos: int) -> bool:
        place = facts.find(Place, group_id, pos)
        group = facts.groups.get(group_id)
        if group is None or group.dissolved_at is not None:
            return False
        if place is None:
            # Recalled since the groups were looked up: perhaps an older message shows the item too.
            facts.put(Pending(self.kind, self.item_id, group_id, facts.now_ms, group.head))
            return False
        facts.append(group, "card", None, {}, target=pos)
        facts.put(msgspec.structs.replace(place, told=True))
        return True


def need_item(need: Needs, type_: str, body: dict[str, Any]) -> None:
    """What `snapshot` has to know."""
    kind = KIND_OF.get(type_)
    if kind is not None:
        need.record(Item, kind, body[kind])


def snapshot(facts: Facts, type_: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body of a new message, with what is kept of the item. Raises `no_item` for all that cannot be shared."""
    kind = KIND_OF.get(type_)
    if kind is None:
        return body
    item = facts.find(Item, kind, body[kind])
    if item is None or not can_be_shared(item):
        raise Refused("no_item")
    kept = {name: item.data[name] for name in ("title", "price", "currency") if name in item.data}
    return {name: value for name, value in body.items() if value is not None} | kept


def asked_for(type_: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body that somebody would send to share the same item with the same words; any other body as it is."""
    kind = KIND_OF.get(type_)
    return body if kind is None else {name: body[name] for name in (kind, "text") if name in body}


def place_card(facts: Facts, entry: Entry) -> None:
    """Note that a new message shows an item, if it does. For every message, however it came to be."""
    key = key_of(entry)
    if key is None or entry.seq is None:
        return
    item = facts.find(Item, *key)
    if item is not None and not item.shown:
        facts.put(msgspec.structs.replace(item, shown=True))
    kind, item_id = key
    facts.put(Place(entry.group, entry.pos, kind, item_id, entry.seq, entry.at, section=entry.section))


def remove_card(facts: Facts, group: str, pos: int, recall_pos: int) -> None:
    """The message at `pos` no longer shows anything. Nor does a `card` entry that refers to it, so the group has to be
    told anew of older messages with the same item."""
    place = facts.find(Place, group, pos)
    if place is None:
        return
    facts.drop(Place, group, pos)
    if place.told:
        facts.put(Pending(place.kind, place.item_id, group, facts.now_ms, recall_pos))


# -- what is shown


def key_of(entry: Entry) -> Key | None:
    """(kind, id) of the item that a message shows."""
    if entry.kind != "message" or entry.recalled:
        return None
    kind = KIND_OF.get(entry.body["type"])
    return (kind, entry.body["body"][kind]) if kind is not None else None


def keys_of(entries: Iterable[Entry]) -> set[Key]:
    """The items that these show."""
    return {key for entry in entries if (key := key_of(entry)) is not None}


def fill(entry: Entry, item: Item | None) -> None:
    """Give a message what the catalogue says of the item that it shows."""
    key = key_of(entry)
    if key is not None:
        entry.card = show(key, entry.body["body"], item)


def show(key: Key, kept: dict[str, Any], item: Item | None) -> dict[str, Any]:
    """A card as it goes on the wire. `kept`: what the message itself knows of the item."""
    kind, item_id = key
    card: dict[str, Any] = {"kind": kind, "id": item_id}
    if item is None:
        return card | {"status": "gone", "title": kept["title"]}
    card |= {"rev": item.version} | look(item)
    if card["status"] == "gone":
        card["title"] = kept["title"]
    elif "price" in card and kept.get("currency") == card["currency"] and kept["price"] != card["price"]:
        card["price_then"] = kept["price"]
    return card


def card_of(entry: Entry) -> dict[str, Any]:
    """What the card shows now; nothing of the item if nobody has filled it in."""
    kind, item_id = key_of(entry) or ("", "")
    return entry.card or {"kind": kind, "id": item_id, "status": "unavailable"}


def content(entry: Entry) -> dict[str, Any]:
    """The body of a message as it goes on the wire."""
    body: dict[str, Any] = entry.body["body"]
    if key_of(entry) is None:
        return body
    return {name: body[name] for name in ("text", "menu") if name in body} | {"card": card_of(entry)}


def words_of(entry: Entry) -> str:
    """What a message that is there says, in words: what quotes begin with. Nothing of what may not be shown."""
    body = entry.body["body"]
    if key_of(entry) is None:
        return alt_of_kind(entry.body["type"], body)
    return text_of({"title": card_of(entry).get("title"), "text": body.get("text")})


def text_of(body: dict[str, Any]) -> str:
    """The words of a message's stored body: what search finds it by. A card's are its title and what was written."""
    return "\n".join(part for part in (body.get("title"), body.get("text")) if part)


def stored_text(entry: Entry) -> str:
    """The words of a message as it is stored, whatever its kind."""
    kind, body = entry.body["type"], entry.body["body"]
    return text_of(body) if kind == TEXT or key_of(entry) is not None else alt_of_kind(kind, body)


def shown_text(entry: Entry) -> str:
    """The same of a message that somebody is about to see, who sees nothing of an item that is unavailable."""
    body = entry.body["body"]
    hidden = key_of(entry) is not None and card_of(entry)["status"] == "unavailable"
    return str(body.get("text", "")) if hidden else stored_text(entry)


def alt_of(card: dict[str, Any]) -> str:
    """What stands for a card where cards are unknown."""
    words = [_SIGNS[card["kind"]], card.get("title") or "—"]
    if card["status"] == "on_sale":
        words.append(show_price(card["price"], card["currency"]))
    return " ".join(words)
