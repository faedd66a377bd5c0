"""The totals that the operator is told are what lies in the tables, on either database."""

from __future__ import annotations

from chatd.store.readers import Readers
from chatd.store.totals import count_all
from tests.store.kit import Store, run
from tests.store.town import build_town


def test_what_is_counted_is_what_there_is(store: Store) -> None:
    build_town(store)

    async def count() -> dict[str, int]:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await count_all(reader)
        finally:
            await readers.close()

    counted = run(count())
    everything = store.sizes()
    assert counted["people"] + counted["bots"] == everything["users"] - everything["erased_subs"]
    assert counted["bots"] == everything["bots"]
    assert 0 < counted["groups"] <= everything["groups"] - counted["directs"]
    assert counted["messages"] > 0
