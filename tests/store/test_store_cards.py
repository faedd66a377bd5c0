"""Cards in the store: what verify finds, the rows of the queue, and that nothing of them goes by number of groups."""

from __future__ import annotations

import pytest

from chatd.core.cards import Announce
from chatd.core.catalogue import Pending
from chatd.core.values import Entry
from chatd.store.cards import Window, fill_entries, groups_to_tell, pending_until
from chatd.store.database import connect
from chatd.store.messages import page_up
from chatd.store.readers import Readers
from chatd.store.verify import verify
from tests.store.kit import START_MS, Store, put_product, put_video, recall, run, send_card

DAY_MS = 86_400_000


def problems(store: Store) -> list[str]:
    database = connect(store.url)
    try:
        return verify(database).problems
    finally:
        database.close()


def page_of(store: Store, group: str = "tea") -> list[Entry]:
    async def read() -> list[Entry]:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return (await page_up(reader, group, 0, 100, 100)).entries
        finally:
            await readers.close()

    return run(read())


def to_tell(store: Store, pending: Pending, newest: int, days: int, limit: int = 50) -> list[tuple[str, int]]:
    async def read() -> list[tuple[str, int]]:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                window = Window(store.now_ms - days * DAY_MS, newest)
                return [(group, pos) for group, pos in await groups_to_tell(reader, pending, window, limit)]
        finally:
            await readers.close()

    return run(read())


def test_a_page_has_the_catalogue_of_its_own_moment(tea: Store) -> None:
    tea.done(put_product("p"), put_video("v"))
    tea.done(send_card("ann", "tea", "product", "p"), send_card("ann", "tea", "video", "v"))
    tea.done(put_product("p", 2, price=1), put_video("v", 2, visibility="private"))
    product, video = (entry.card for entry in page_of(tea)[-2:])
    assert product is not None
    assert video is not None
    assert (product["price"], product["price_then"], video["status"]) == (1, 12800, "unavailable")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM card_places",
        "UPDATE card_places SET item_id = 'q'",
        "UPDATE card_places SET told = NOT told",
        "UPDATE catalogue SET shown = NOT shown",
        "DELETE FROM catalogue",
        "UPDATE entries SET target = 2 WHERE kind = 'card'",
        """UPDATE entries SET body = '{"x":1}' WHERE kind = 'card'""",
        "UPDATE entries SET actor = 'ann' WHERE kind = 'card'",
    ],
)
def test_replay_and_verify_know_cards_and_find_what_is_wrong_with_them(tea: Store, damage: str) -> None:
    tea.done(put_product("p"))
    tea.done(send_card("ann", "tea", "product", "p"))
    pos = tea.done(send_card("ann", "tea", "product", "p"))[0]["pos"]
    tea.done(put_product("p", 2, price=1))
    tea.done(Announce("product", "p", "", 2, "", [("tea", pos)], "tea", True))
    last = tea.done(send_card("ann", "tea", "product", "p"))[0]["pos"]
    tea.done(recall("ann", "tea", last))
    assert problems(tea) == []
    tea.database.run(damage)
    assert problems(tea)


@pytest.mark.promise("P4", "card.job")
def test_the_queue_says_whom_to_tell_by_messages_and_by_days(tea: Store) -> None:
    tea.done(put_product("p"))
    tea.found("old", "ann")
    tea.found("busy", "ann")
    old = tea.done(send_card("ann", "old", "product", "p"))[0]["pos"]
    busy = tea.done(send_card("ann", "busy", "product", "p"))[0]["pos"]
    tea.done(*(put_product("other"), send_card("ann", "busy", "product", "other")))
    for _ in range(3):
        tea.say("ann", "busy")
    tea.now_ms = START_MS + 2 * DAY_MS
    tea.done(put_product("p", 2, price=1))
    pending = Pending("product", "p", "", 1, 2)
    assert to_tell(tea, pending, 3, 1) == [("old", old)], "too many messages came behind it in busy"
    assert to_tell(tea, pending, 5, 1) == [("busy", busy), ("old", old)]
    assert to_tell(tea, pending, 0, 3) == [("busy", busy), ("old", old)]
    assert to_tell(tea, pending, 0, 1) == []
    after = Pending("product", "p", "", 1, 2, cursor="busy")
    assert to_tell(tea, after, 5, 1) == [("old", old)]
    assert to_tell(tea, Pending("product", "p", "", 1, 2, upto="busy"), 5, 1) == [("busy", busy)]
    assert to_tell(tea, Pending("product", "p", "old", 1, 2), 5, 1) == [("old", old)]

    async def waiting() -> list[Pending]:
        readers = Readers(tea.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                await fill_entries(reader, [])
                return await pending_until(reader, tea.now_ms, 5)
        finally:
            await readers.close()

    (row,) = run(waiting())
    assert (row.kind, row.item_id, row.group_id, row.generation) == ("product", "p", "", 2)
