"""The catalogue of videos and products: what is in it, and how it changes. What shows of it in chats is in `cards`.

An item is found by its kind and id. Whoever owns it at its source counts its revisions: an older one never wins over a
newer one, whatever order they arrive in, and the same one twice is one. What was deleted leaves its row behind, so that
this stays true and so that a private video does not come to light by being deleted.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Final, Literal

import msgspec

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.records import Record
from chatd_protocol.runs import line_of

Result = Literal["added", "updated", "same", "older", "deleted", "absent"]


class Item(Record):
    """One video or product. `data` is what its source says of it, empty once it is deleted (`gone`).

    `version` counts the states that look different in a chat, `shown` says that some message shows it, `line` is what
    its title is found by, empty as long as it cannot be shared.
    """

    table: ClassVar[str] = "catalogue"
    key_fields: ClassVar[int] = 2

    kind: str
    item_id: str
    rev: int
    at: int
    gone: bool = False
    private: bool = False
    shown: bool = False
    version: int = 1
    data: dict[str, Any] = {}
    line: str = ""


class Pending(Record):
    """That groups have to be told what cards of an item show now. One row per item, and per item and group after a
    recall (`group_id`; empty: every group that shows it).

    Groups above `cursor` are still to be told, up to `upto` if that is set; then, if `again`, those from the beginning
    up to `again`. `generation` makes what was decided on an earlier state of this row void.
    """

    table: ClassVar[str] = "card_changes"
    key_fields: ClassVar[int] = 3

    kind: str
    item_id: str
    group_id: str
    at: int
    generation: int
    cursor: str = ""
    upto: str = ""
    again: str = ""


_CHANGES: Final = frozenset({"added", "updated", "deleted"})


class ChangeCatalogue(Wish, frozen=True, tag="catalogue"):
    """Add or change items, and delete others. Each is judged for itself.

    `items`: (kind, id, rev, data), `deletions`: (kind, id, rev). `act`: what the audit log calls it, if it is the
    operator's and changes something.
    """

    items: list[tuple[str, str, int, dict[str, Any]]]
    deletions: list[tuple[str, str, int]]
    act: str = ""

    def needs(self, need: Needs) -> None:
        for kind, item_id, *_ in (*self.items, *self.deletions):
            need.record(Item, kind, item_id)
            need.record(Pending, kind, item_id, "")

    def decide(self, facts: Facts) -> dict[str, Any]:
        put = [put_item(facts, *item) for item in self.items]
        results = put + [delete_item(facts, *item) for item in self.deletions]
        done: dict[str, Any] = Counter(result for result in results if result in _CHANGES)
        if self.act and done:
            facts.audit(self.act, by=None, **done)
        return {"results": results}


def put_item(facts: Facts, kind: str, item_id: str, rev: int, data: dict[str, Any]) -> Result:
    """Make this the state of an item, unless what is there is as new."""
    before = facts.find(Item, kind, item_id)
    private = data.get("visibility") == "private"
    if before is None:
        facts.put(_listed(Item(kind, item_id, rev, facts.now_ms, private=private, data=data)))
        return "added"
    if rev <= before.rev:
        return "older" if rev < before.rev else "same"
    _replace(facts, before, rev=rev, gone=False, private=private, data=data)
    return "updated"


def delete_item(facts: Facts, kind: str, item_id: str, rev: int) -> Result:
    """Take an item out of the catalogue, unless what is there is newer than `rev`."""
    before = facts.find(Item, kind, item_id)
    if before is None:
        return "absent"
    if rev < before.rev or before.gone:
        return "older" if rev < before.rev else "same"
    _replace(facts, before, rev=rev, gone=True, private=before.private, data={})
    return "deleted"


def _replace(facts: Facts, before: Item, **changes: Any) -> None:
    item = msgspec.structs.replace(before, at=facts.now_ms, **changes)
    if look(item) != look(before):
        item.version += 1
        if item.shown:
            announce(facts, item)
    facts.put(_listed(item))


def _listed(item: Item) -> Item:
    item.line = line_for(item)
    return item


def line_for(item: Item) -> str:
    """What an item is to be found by: nothing as long as it cannot be shared."""
    return line_of(item.data["title"]) if can_be_shared(item) else ""


def look(item: Item) -> dict[str, Any]:
    """What everybody may see of an item, without what only counts: two items that look alike need no telling."""
    data = item.data
    if item.private:
        return {"status": "unavailable"}
    if item.gone:
        return {"status": "gone"}
    if item.kind == "video":
        names = ("title", "cover", "duration_ms", "author", "url")
        return {"status": "available"} | {name: data[name] for name in names if data.get(name)}
    shown = {name: data[name] for name in ("title", "cover", "price", "currency") if data.get(name) not in (None, "")}
    if data["status"] == "off_shelf":
        return {"status": "off_shelf"} | shown
    return {"status": "sold_out" if data.get("stock") == 0 else "on_sale"} | shown | {"url": data["shop_url"]}


def can_be_shared(item: Item | None) -> bool:
    """Whether a card of it may be sent."""
    return item is not None and look(item)["status"] in {"available", "on_sale", "sold_out"}


def announce(facts: Facts, item: Item) -> None:
    """Groups that show this item are to be told; those that were about to be, once."""
    pending = facts.find(Pending, item.kind, item.item_id, "")
    if pending is None:
        facts.put(Pending(item.kind, item.item_id, "", facts.now_ms, item.version))
        return
    # On from where it was, then those before: starting over with each change would never come to the last group.
    facts.put(msgspec.structs.replace(pending, generation=item.version, upto="", again=pending.cursor))
