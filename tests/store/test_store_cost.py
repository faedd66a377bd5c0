"""What a commit costs: statements by the kinds of proposals in it, rows by the message, never by group or batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from chatd.core.cards import Announce
from chatd.core.chats import ClearMark, Draft, SaveDrafts
from chatd.core.featured import Feature, Unfeature
from chatd.core.forwards import Forward
from chatd.core.messages import Send
from chatd.core.pins import Pin, Unpin
from chatd.core.users import EnsureUser, SaveReads
from chatd.core.wishes import AnyWish
from chatd.store.database import Row, connect
from chatd.store.statements import Lock, Probe, Write
from tests.store.kit import (
    DIGEST,
    Store,
    Wrapped,
    add,
    block,
    chat,
    create,
    direct,
    edit,
    follow,
    kick,
    leave,
    new_cid,
    nickname,
    put_product,
    react,
    recall,
    send,
    send_card,
    set_role,
    update,
)

pytestmark = pytest.mark.relaxed_durability


class Counting(Wrapped):
    """Writes down every statement, and how many rows each write took."""

    def __init__(self, url: str) -> None:
        super().__init__(connect(url))
        self.statements: list[str] = []
        self.rows_written: Counter[str] = Counter()

    def forget(self) -> None:
        self.statements.clear()
        self.rows_written.clear()

    def begin(self) -> None:
        self.statements.append("begin")
        super().begin()

    def commit(self) -> None:
        self.statements.append("commit")
        super().commit()

    def find(self, what: Probe | Lock, keys: Sequence[Row]) -> list[Row]:
        self.statements.append(what.sqlite)
        return super().find(what, keys)

    def write(self, what: Write, rows: Sequence[Row]) -> None:
        self.statements.append(what.sqlite)
        self.rows_written[what.table.name] += len(rows)
        super().write(what, rows)

    def run(self, sql: str, params: Row = ()) -> tuple[list[Row], int]:
        self.statements.append(sql)
        return super().run(sql, params)


PEOPLE = 40
GROUPS = 40
# For each kind: the number-th wish of its kind, all of them acceptable in one batch.
KINDS: dict[str, Callable[[int], AnyWish]] = {
    "send": lambda i: send(f"u{i}", f"g{30 + i % 7}"),
    "reply": lambda i: send(f"u{i}", f"g{30 + i % 7}", reply_to=3),
    "send behind": lambda i: send(f"u{i}", f"g{30 + i % 7}", after=f"{i:021}Q"),
    "recall": lambda i: recall("u0", f"g{i % GROUPS}", 4),
    "edit": lambda i: edit("u0", f"g{i % GROUPS}", 3),
    "react": lambda i: react(f"u{i}", f"g{30 + i % 7}", 3),
    "kick": lambda i: kick("u0", f"g{i % GROUPS}", f"u{i + 1}"),
    "leave": lambda i: leave(f"u{i + 1}", f"g{i % GROUPS}"),
    "role": lambda i: set_role("u0", f"g{i % GROUPS}", f"u{i + 9}", "admin"),
    "update": lambda i: update("u0", f"g{i % GROUPS}", title="x"),
    "add": lambda i: add("u0", f"g{i % GROUPS}", f"new{i}"),
    "follow": lambda i: follow(f"new{i}", f"u{i + 1}"),
    "block": lambda i: block(f"new{i}", f"u{i}"),
    "create": lambda i: create(f"u{i}", f"made{i}"),
    "direct": lambda i: direct("u0", f"d{i}", f"u{i + 1}"),
    "user": lambda i: EnsureUser(f"id{i}", f"sub{i}", ""),
    "card": lambda i: send_card(f"u{i}", f"g{30 + i % 7}", "product", f"p{i}"),
    "catalogue": lambda i: put_product(f"p{i}", 2, price=i),
    "announce": lambda i: Announce("product", "shown", "", 2, "", [(f"g{i}", 3)], f"g{i}", False),
    "reads": lambda i: SaveReads([(f"g{30 + i % 7}", f"u{i}", 0, 2)]),
    "chat": lambda i: chat(f"u{i}", f"g{30 + i % 7}", pinned=True, archived=False),
    "unmark": lambda i: ClearMark(f"u{i}", f"g{30 + i % 7}"),
    "drafts": lambda i: SaveDrafts([Draft(f"u{i}", f"g{30 + i % 7}", 2, "so"), Draft(f"u{i}", "g1", 2, "")]),
    "nickname": lambda i: nickname(f"u{i}", f"g{30 + i % 7}", "nick"),
}
KINDS |= {
    "mention": lambda i: mentioning(f"u{i}", f"g{30 + i % 7}", {"user": f"u{i + 1}"}),
    "call": lambda i: mentioning("u0", f"g{i % GROUPS}", {"all": True}),
    "pin": lambda i: Pin("u0", new_cid(), DIGEST, f"g{i % GROUPS}", 3, None),
    "unpin": lambda i: Unpin("u0", new_cid(), DIGEST, f"g{i % GROUPS}", 3),
    "feature": lambda i: Feature("u0", new_cid(), DIGEST, f"g{i % GROUPS}", 3, ""),
    "unfeature": lambda i: Unfeature("u0", new_cid(), DIGEST, f"g{i % GROUPS}", 3),
    "forward": lambda i: Forward(f"u{i}", new_cid(), DIGEST, f"g{30 + i % 7}", f"g{i % GROUPS}", [3]),
}
MIXED = [kind for kind in KINDS if kind not in ("kick", "recall")]


def mentioning(user: str, group: str, *parts: dict[str, Any]) -> Send:
    entities = [{"offset": at, "length": 1} | part for at, part in enumerate(parts)]
    return Send(user, new_cid(), DIGEST, group, "text", {"text": "x" * 50, "entities": entities}, None, None)


def fill(store: Store) -> None:
    """Forty people in forty groups, each with two messages of the owner's; forty newcomers the owner may pull in."""
    everybody = [f"u{i}" for i in range(PEOPLE)]
    newcomers = [f"new{i}" for i in range(PEOPLE)]
    store.people(*everybody, *newcomers)
    store.make_mutual("u0", *everybody[1:], *newcomers)
    store.done(*(create("u0", f"g{i}") for i in range(GROUPS)))
    store.done(*(add("u0", f"g{i}", *everybody[1:]) for i in range(GROUPS)))
    for _ in range(2):
        store.done(*(send("u0", f"g{i}") for i in range(GROUPS)))
    store.done(*(send(f"u{i}", f"g{30 + i % 7}", cid=f"{i:021}Q") for i in range(PEOPLE)))
    store.done(*(put_product(f"p{i}") for i in range(PEOPLE)))


def statements_for(store: Store, counting: Counting, wishes: list[AnyWish]) -> Counter[str]:
    store.engine = store.make_engine()  # nothing is remembered from before: every batch is the first one
    counting.forget()
    assert store.codes(*wishes) == [""] * len(wishes)
    return Counter(counting.statements)


@pytest.fixture
def counted(tables_url: str) -> Iterator[tuple[Store, Counting]]:
    counting = Counting(tables_url)
    with Store(tables_url, database=counting) as store:
        fill(store)
        yield store, counting


@pytest.mark.parametrize("kind", KINDS)
def test_statements_depend_on_the_kind_and_not_on_the_count(counted: tuple[Store, Counting], kind: str) -> None:
    store, counting = counted
    one = statements_for(store, counting, [KINDS[kind](0)])
    many = statements_for(store, counting, [KINDS[kind](i) for i in range(1, 31)])
    assert many == one
    assert max(many.values()) <= 2


def test_a_mixed_batch_costs_no_more_statements_when_it_is_larger(counted: tuple[Store, Counting]) -> None:
    store, counting = counted
    few = statements_for(store, counting, [KINDS[kind](0) for kind in MIXED])
    many = statements_for(store, counting, [KINDS[kind](i) for i in range(1, 21) for kind in MIXED])
    assert many == few


@pytest.mark.promise("P5", "constant.rows")
@pytest.mark.parametrize("reply", [False, True])
def test_a_message_costs_the_same_rows_in_a_small_and_in_a_large_group(tables_url: str, reply: bool) -> None:
    counting = Counting(tables_url)
    with Store(tables_url, database=counting) as store:
        crowd = [f"u{i}" for i in range(1, 1000)]
        for start in range(0, len(crowd), 333):
            store.people(*crowd[start : start + 333])
        store.people("ann", "ben")
        store.found("small", "ann", "ben")
        store.found("large", "ann", *crowd, limit=1000)
        assert store.rows("SELECT group_id, member_count FROM groups ORDER BY group_id") == [
            ("large", 1000),
            ("small", 2),
        ]
        costs = []
        for group in ("small", "large"):
            pos = store.say("ann", group)
            before = store.sizes()
            counting.forget()
            store.done(send("ann", group, reply_to=pos if reply else None))
            after = store.sizes()
            grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
            costs.append((grown, dict(counting.rows_written), len(counting.statements)))
        assert costs[0] == costs[1]
        assert costs[0][0] == {"entries": 1, "commits": 1}
        assert costs[0][1] == {"entries": 1, "groups": 1, "commits": 1}


@pytest.mark.promise("P5", "constant.rows")
def test_a_card_costs_one_row_more_in_a_group_of_any_size(tables_url: str) -> None:
    counting = Counting(tables_url)
    with Store(tables_url, database=counting) as store:
        crowd = [f"u{i}" for i in range(1, 300)]
        store.people("ann", "ben", *crowd)
        store.found("small", "ann", "ben")
        store.found("large", "ann", *crowd, limit=1000)
        store.done(put_product("p"), send_card("ann", "small", "product", "p"))
        for group in ("small", "large"):
            before = store.sizes()
            counting.forget()
            store.done(send_card("ann", group, "product", "p"))
            after = store.sizes()
            grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
            assert grown == {"entries": 1, "commits": 1, "card_places": 1}
            assert dict(counting.rows_written) == {"entries": 1, "groups": 1, "commits": 1, "card_places": 1}


@pytest.mark.promise("P5", "constant.mentions")
def test_a_mention_costs_a_row_for_each_who_is_named_and_everybody_costs_one(tables_url: str) -> None:
    counting = Counting(tables_url)
    with Store(tables_url, database=counting) as store:
        crowd = [f"u{i}" for i in range(300)]
        store.people("ann", *crowd)
        store.found("tea", "ann", *crowd, limit=1000)
        costs = []
        for parts in ([{"user": user} for user in crowd[:7]], [{"all": True}], [{"all": True}, {"user": "u1"}]):
            counting.forget()
            store.done(mentioning("ann", "tea", *parts))
            costs.append(dict(counting.rows_written))
        everyday = {"entries": 1, "groups": 1, "commits": 1}
        assert costs == [everyday | {"mentions": 7}, everyday | {"boards": 1}, everyday | {"boards": 1}]
        assert store.sizes()["mentions"] == 7
