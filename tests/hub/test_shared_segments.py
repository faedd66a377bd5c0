"""What is shared by those who come for the same is at any time what one of them alone would get."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from chatd.config import Config
from chatd.config.sections import Hub
from chatd.core.catalogue import Item as CatalogueItem
from chatd.core.values import Entry
from chatd.hub import catchup
from chatd.hub.catchup import Pages
from chatd.hub.feed import Feed, Follow, State
from chatd.hub.ring import Item
from chatd.hub.shelf import Shelf
from chatd.store.outcome import GroupChange
from chatd.tuning import hub_settings

KINDS = ("say", "card", "react", "recall", "redact", "age", "item", "drop", "jump", "again")
PAGE = 5
SETTINGS = hub_settings(Config(hub=Hub(page_entries=PAGE)))


class Group:
    """A feed to which things happen; somebody always listens."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.floor = self.rev = 0
        self.make()

    def make(self) -> None:
        """The feed, as it is after everybody was away: without a ring."""
        head = max(self.entries, default=0)
        self.feed = Feed("tea", head, head, head, 2, self.floor)
        Follow(cast("Any", None), self.feed, 0, 0).set(State.LIVE)

    def do(self, kind: str, at: int) -> None:
        """One thing, to the entry `at` if it is about one."""
        target = self.entries.get(at)
        if kind == "say":
            self.add("message", {"type": "text", "body": {"text": f"said {self.head}"}})
        elif kind == "card":
            self.add("message", {"type": "product_card", "body": {"product": "p", "title": "Tea"}})
        elif kind in ("react", "recall") and target is not None and target.kind == "message":
            if kind == "recall":
                target.recalled, target.body = True, {"type": target.body["type"], "recalled": {"by": "ann"}}
            else:
                target.reactions = {"👍": self.head}
            self.add({"react": "reaction"}.get(kind, kind), {"emoji": "👍", "on": True}, target)
        elif kind == "redact" and target is not None and target.kind == "message":
            target.recalled, target.body = True, {"type": target.body["type"], "recalled": {"by": "ann"}}
            self.commit(redacted=[target])
        elif kind == "age" and at > self.floor and at <= self.head:
            gone = list(range(self.floor + 1, at + 1))
            self.floor = at
            self.commit(floor=at, gone=gone)
        elif kind == "item":
            self.rev += 1
            data = {
                "title": f"Tea {self.rev}",
                "status": "on_sale",
                "price": 100,
                "currency": "CNY",
                "shop_url": "https://a.example/",
            }
            self.feed.refresh_card(CatalogueItem("product", "p", self.rev, 1, version=self.rev, data=data))
        elif kind == "drop":
            self.feed.drop_ring()
        elif kind == "jump":
            self.feed.jump(self.head, self.head, self.head, 2, self.floor)
        elif kind == "again":
            self.make()

    @property
    def head(self) -> int:
        return max(self.entries, default=0)

    def add(self, kind: str, body: dict[str, Any], target: Entry | None = None) -> None:
        pos = self.head + 1
        of = None if target is None else target.pos
        seq = pos if kind == "message" else None
        entry = Entry("tea", pos, pos, kind, "ann", f"c{pos}", seq, of, 0, False, {}, body)
        self.entries[pos] = entry
        self.commit([entry], [] if target is None else [target])

    def commit(
        self,
        entries: list[Entry] = [],  # noqa: B006 - read only
        targets: list[Entry] = [],  # noqa: B006
        redacted: list[Entry] = [],  # noqa: B006
        floor: int = 0,
        gone: list[int] = [],  # noqa: B006
    ) -> None:
        after = self.head - len(entries)
        change = GroupChange(
            "tea", after, self.head, self.head, self.head, 2, entries, targets, [], [], redacted, floor, gone
        )
        if self.feed.take(change, False, 8, 10**6):
            self.feed.published = self.feed.head


def kept_by() -> Pages:
    """Pages that are never read: whatever is at hand comes from a ring."""
    return Pages(cast("Any", None), Shelf(), SETTINGS, cast("Any", None))


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 12)), max_size=30))
def test_it_is_what_the_ring_says_now(done: list[tuple[str, int]]) -> None:
    group, pages = Group(), kept_by()
    for kind, at in [("say", 0), *done]:
        group.do(kind, at)
        feed = group.feed
        for after in range(max(0, feed.head - 9), feed.head):
            shared, alone = pages.at_hand(feed, after), feed.recent(after, feed.published, PAGE)
            assert (shared is None) == (alone is None)
            if shared is not None and alone is not None:
                assert shared is pages.at_hand(feed, after)
                for floor in (0, feed.head - 1):
                    assert shared.frame("json", floor) == alone.frame("json", floor)


def test_nothing_is_shared_with_who_came_when_the_group_was_looked_at_before() -> None:
    group, pages = Group(), kept_by()
    group.do("say", 0)
    before = group.feed
    assert pages.at_hand(before, 0) is not None
    group.make()
    group.feed.warm([Item(group.entries[1], None)], group.feed.redactions, 8, 10**6)
    assert pages.at_hand(group.feed, 0) is not pages.at_hand(before, 0)


def test_it_is_bounded_in_bytes() -> None:
    group, pages = Group(), kept_by()
    for _ in range(8):
        group.do("say", 0)
    one = pages.at_hand(group.feed, 0)
    assert one is not None
    pages._kept_bytes = catchup._KEPT_BYTES
    assert pages.at_hand(group.feed, 1) is not None
    assert len(pages._kept) == 1
    assert pages.at_hand(group.feed, 0) is not one
