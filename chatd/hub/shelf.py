"""What the hub knows of the catalogue: which feeds show which items, and which items have just changed.

Cards are filled when entries come from the engine or from the store; when an item changes, what was made of it before
must not be sent any more. In the feeds that show it the entries are filled anew and what is being read is read again,
as after a recall. For whatever else is being read, `mark` and `changed` tell whether it is still true.

Bounded: with too many items the oldest are forgotten, after which what depends on them counts as changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final
from weakref import WeakSet

from chatd.core.cards import keys_of
from chatd.core.catalogue import Item
from chatd.core.records import Key
from chatd.core.values import Entry
from chatd.hub.feed import Feed

ITEMS_MAX: Final = 10_000


class Shelf:
    """One per hub."""

    def __init__(self, items_max: int = ITEMS_MAX) -> None:
        self._items_max = items_max
        self._feeds: OrderedDict[Key, WeakSet[Feed]] = OrderedDict()
        self._changes: OrderedDict[Key, int] = OrderedDict()
        self._count = 0
        self._forgotten = 0
        """The newest change that is no longer listed."""

    def watch(self, feed: Feed, entries: Iterable[Entry]) -> None:
        """From now on this feed has something that shows the items of these entries."""
        for key in keys_of(entries):
            self._feeds.setdefault(key, WeakSet()).add(feed)
            self._feeds.move_to_end(key)
        while len(self._feeds) > self._items_max:
            _, feeds = self._feeds.popitem(last=False)
            for unwatched in feeds:
                unwatched.drop_ring()

    def put(self, item: Item) -> None:
        """An item has changed: nothing shows its old state from here on."""
        self._count += 1
        self._changes[item.key] = self._count
        self._changes.move_to_end(item.key)
        if len(self._changes) > self._items_max:
            _, self._forgotten = self._changes.popitem(last=False)
        for feed in self._feeds.get(item.key, ()):
            feed.refresh_card(item)

    def forget(self) -> None:
        """Items may have changed without our being told."""
        self._count += 1
        self._forgotten = self._count
        self._changes.clear()
        feeds, self._feeds = self._feeds, OrderedDict()
        for feed in {feed for of_item in feeds.values() for feed in of_item}:
            feed.drop_ring()

    def mark(self) -> int:
        """Where we are now, to be asked for before something is read."""
        return self._count

    def changed(self, keys: Iterable[Key], mark: int) -> bool:
        """Whether one of these items may have changed since `mark`."""
        return any(self._changes.get(key, self._forgotten) > mark for key in keys)

    def drop_stale(self, lines: Iterable[dict[str, Any]], mark: int) -> None:
        """Take the last message out of lines of the chat list where what it shows has changed since `mark`."""
        for line in lines:
            if self.changed(keys_in(line.get("last") or {}), mark):
                line.pop("last", None)


def keys_in(shown: Mapping[str, Any]) -> set[Key]:
    """The items that an entry shows, as it goes on the wire."""
    cards = (shown.get("body", {}).get("card"), shown.get("quote", {}).get("card"), shown.get("card"))
    return {(card["kind"], card["id"]) for card in cards if card}
