"""Finding videos and products to share: by words of their titles, and only what can be shared now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.test_bad_input import FORMATS
from tests.e2e.test_cards import PRODUCT, QUICK, VIDEO, change
from tests.e2e.town import living_town, on_loop
from tests.hub.kit import held_reads


async def found(phone: Phone, text: str, **more: Any) -> list[str]:
    return [card["id"] for card in (await phone.ask("item.find", text=text, **more))["items"]]


@on_loop
@pytest.mark.parametrize("fmt", FORMATS)
async def test_items_are_found_by_words_of_their_titles(store_url: str, tmp_path: Path, fmt: Format) -> None:
    async with living_town(store_url, tmp_path, catalogue=QUICK) as town:
        ann = await town.person("ann", fmt=fmt)
        assert (await ann.ask("item.find"))["items"] == [], "an empty catalogue"
        await change(
            town,
            PRODUCT | {"id": "green", "rev": 1, "title": "明前绿茶礼盒 Green Tea 100%"},
            PRODUCT | {"id": "black", "rev": 1, "title": "红茶 Black tea", "stock": 0},
            VIDEO | {"id": "kiln", "rev": 1, "title": "ＫＩＬＮ day_one 烧窑"},
        )
        for text, ids in {
            "茶": ["green", "black"],
            "绿茶": ["green"],
            "绿茶 礼盒": ["green"],
            "礼盒 绿茶": ["green"],
            "茶绿": [],
            "TEA": ["green", "black"],
            "te": ["green", "black"],
            "ea": [],
            "tea green": ["green"],
            "绿茶 black": [],
            "kiln": ["kiln"],
            "ｋｉｌｎ": ["kiln"],
            "day_o": ["kiln"],
            "dayxo": [],
            "100": ["green"],
            "%": [],
            "！？": [],
        }.items():
            assert sorted(await found(ann, text)) == sorted(ids), text
        assert sorted(await found(ann, "")) == ["black", "green", "kiln"]
        assert sorted(await found(ann, "", kind="product")) == ["black", "green"]
        assert await found(ann, "茶", kind="video") == []
        (card,) = (await ann.ask("item.find", text="红茶"))["items"]
        assert card == {
            "kind": "product",
            "id": "black",
            "rev": 1,
            "status": "sold_out",
            "title": "红茶 Black tea",
            "price": 12800,
            "currency": "CNY",
            "url": "https://shop/1",
        }
        page = await ann.ask("item.find", text="", limit=2)
        assert (len(page["items"]), page["more"]) == (2, True)
        assert "more" not in await ann.ask("item.find", text="", limit=3)
        assert (await ann.denied("item.find", text="x", kind="sock")).details["path"] == "$.data.kind"


@on_loop
async def test_only_what_can_be_shared_now_is_found_under_the_title_of_now(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, catalogue=QUICK) as town:
        ann = await town.person("ann")
        pot = PRODUCT | {"id": "pot"}
        await change(town, pot | {"rev": 1}, VIDEO | {"id": "kiln", "rev": 1, "visibility": "private"})
        assert await found(ann, "teapot") == ["pot"]
        assert await found(ann, "kiln") == []
        await change(town, pot | {"rev": 2, "status": "off_shelf"}, VIDEO | {"id": "kiln", "rev": 2})
        assert await found(ann, "teapot") == []
        assert await found(ann, "kiln") == ["kiln"]
        await change(town, pot | {"rev": 3, "title": "Kettle"})
        assert (await found(ann, "teapot"), await found(ann, "kettle")) == ([], ["pot"])
        await change(town, VIDEO | {"id": "kiln", "rev": 3, "visibility": "private"})
        assert await found(ann, "") == ["pot"], "what changed last comes first, and nothing that is hidden"
        await change(town, deletions=[{"kind": "product", "id": "pot", "rev": 4}])
        assert await found(ann, "") == []
        await change(town, pot | {"rev": 5})
        assert await found(ann, "teapot") == ["pot"]


@on_loop
async def test_what_is_withdrawn_while_it_is_read_is_not_shown(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, catalogue=QUICK) as town:
        ann = await town.person("ann")
        await change(town, VIDEO | {"id": "kiln", "rev": 1})
        with held_reads(town.server.hub) as reads:
            asked = ann.send("item.find", text="kiln")
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            await change(town, VIDEO | {"id": "kiln", "rev": 2, "visibility": "private"})
        assert (await asyncio.wait_for(asked, PATIENCE_S))["ok"]["items"] == []


@on_loop
async def test_looking_is_paid_from_the_budget_of_searches(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(
        sqlite_url, tmp_path, catalogue=QUICK, rates={"on": True, "search": "2/min, burst 2"}
    ) as town:
        ann = await town.person("ann")
        assert [await found(ann, "a"), await found(ann, "b")] == [[], []]
        assert (await ann.denied("item.find", text="c")).code == "rate_limited"
