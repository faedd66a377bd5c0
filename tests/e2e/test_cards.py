"""Videos and products of the catalogue, shown in chats: always as they are now, to whoever may see them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from chatd.http.catalogue import SIGNATURE, TIMESTAMP, sign
from chatd.testing import TestServer
from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import says

SECRET: Final = "a secret of the shop, thirty-two bytes and more"
QUICK: Final[dict[str, Any]] = {"secret": SECRET, "settle_s": 0.0, "pause_s": 0.0}
PRODUCT: Final = {"kind": "product", "title": "Teapot", "price": 12800, "currency": "CNY", "shop_url": "https://shop/1"}
VIDEO: Final = {"kind": "video", "title": "Kiln day", "url": "https://video/1", "cover": "https://cdn/kiln.jpg"}


async def post(server: TestServer, body: bytes, at_s: int | None = None, secret: str = SECRET) -> httpx.Response:
    timestamp = str(server.hub.now_ms() // 1000 if at_s is None else at_s)
    headers = {TIMESTAMP: timestamp, SIGNATURE: sign(secret.encode(), timestamp, body)}
    async with httpx.AsyncClient() as client:
        return await client.post(server.http_url + "/v1/catalogue", content=body, headers=headers)


async def change(town: Town, *items: dict[str, Any], deletions: list[dict[str, Any]] | None = None) -> list[str]:
    """Change the catalogue as its owner does. The results."""
    import json

    body = json.dumps({"items": items, "deletions": deletions or []}).encode()
    response = await post(town.server, body)
    assert response.status_code == 200, response.text
    return [result["result"] for result in response.json()["results"]]


async def share(phone: Phone, group: str, kind: str, item: str, **more: Any) -> int:
    body = {kind: item} | ({"text": more.pop("text")} if "text" in more else {})
    return int((await phone.do("message.send", group=group, kind=f"{kind}_card", body=body, **more))["pos"])


async def told(phone: Phone, group: str, nth: int = 1) -> dict[str, Any]:
    """Wait for a `card` entry."""
    hits = await phone.until(lambda: [e for e in phone.entries.get(group, []) if e["kind"] == "card"][nth - 1 :])
    return hits[0]


async def card_at(phone: Phone, group: str, pos: int) -> dict[str, Any]:
    """What a page shows."""
    card: dict[str, Any] = {e["pos"]: e for e in await phone.history(group)}[pos]["body"]["card"]
    return card


@on_loop
@pytest.mark.promise("P4", "card")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_price_changes_while_a_member_is_away(store_url: str, tmp_path: Path, fmt: Format) -> None:
    async with living_town(store_url, tmp_path, catalogue=QUICK) as town:
        ann, bob = await town.person("ann"), await town.person("bob", fmt=fmt)
        group = await town.group_of(ann, bob)
        assert await change(town, PRODUCT | {"id": "pot", "rev": 1}) == ["added"]
        pos = await share(ann, group, "product", "pot", text="see this")
        await bob.up_to(group, pos)
        live = bob.entries[group][-1]
        assert live["body"]["card"]["price"] == 12800
        assert live["alt"] == "🛍 Teapot CNY 128.00"
        await bob.cut_off()
        assert await change(town, PRODUCT | {"id": "pot", "rev": 2, "price": 9900}) == ["updated"]
        entry = await told(ann, group)
        assert (entry["target"], entry["card"]["price"], entry["card"]["price_then"]) == (pos, 9900, 12800)
        back = await town.back(bob)
        assert (await told(back, group)) == entry
        assert (await card_at(back, group, pos)) == entry["card"]
        assert (await change(town, PRODUCT | {"id": "pot", "rev": 3, "stock": 0})) == ["updated"]
        assert (await told(back, group, 2))["card"]["status"] == "sold_out"
        line = await back.line(group)
        assert line["last"]["body"]["card"]["status"] == "sold_out"
        assert line["unread"] <= 1, "what a card shows is no message"
        deletion = [{"kind": "product", "id": "pot", "rev": 4}]
        assert await change(town, deletions=deletion) == ["deleted"]
        gone = (await told(back, group, 3))["card"]
        assert {k: gone[k] for k in ("status", "title")} == {"status": "gone", "title": "Teapot"}
        assert gone.keys() == {"kind", "id", "rev", "status", "title"}


@on_loop
@pytest.mark.promise("P7", "card.private", "card_entry")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_private_video_is_nowhere(store_url: str, tmp_path: Path, fmt: Format) -> None:
    async with living_town(store_url, tmp_path, catalogue=QUICK) as town:
        ann, bob, late = await town.person("ann"), await town.person("bob", fmt=fmt), await town.person("late", fmt=fmt)
        group = await town.group_of(ann, bob)
        cursors = bob.cursors()
        await change(town, VIDEO | {"id": "v", "rev": 1})
        pos = await share(ann, group, "video", "v")
        reply = await bob.say(group, "nice", reply_to=pos)
        await bob.up_to(group, reply)
        assert bob.entries[group][-1]["quote"]["text"] == "Kiln day"
        await town.befriend(ann, late)
        await ann.do("member.add", group=group, users=[late.user])
        await change(town, VIDEO | {"id": "v", "rev": 2, "visibility": "private"})
        entry = await told(bob, group)
        assert entry["card"].keys() == {"kind", "id", "rev", "status"}
        await late.up_to(group, entry["pos"])
        assert late.entries[group][-1]["kind"] == "hidden", "the card is from before their time"
        fresh = await town.phone_of(bob.sub, "fresh", fmt, **cursors)
        await fresh.up_to(group, entry["pos"])
        await fresh.history(group)
        await fresh.line(group)
        await fresh.ask("group.list")
        assert not says(fresh, "Kiln day")
        assert not says(fresh, "kiln.jpg")
        assert not says(late, "Kiln day")
        assert await bob.cannot("message.send", group=group, kind="video_card", body={"video": "v"}) == "no_item"
        assert await bob.cannot("message.send", group=group, kind="video_card", body={"video": "nobody"}) == "no_item"


@on_loop
@pytest.mark.promise("P9", "card_entry")
async def test_a_recalled_card_is_shown_by_no_entry(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, catalogue=QUICK) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        await change(town, PRODUCT | {"id": "pot", "rev": 1})
        first = await share(ann, group, "product", "pot")
        second = await share(ann, group, "product", "pot")
        await change(town, PRODUCT | {"id": "pot", "rev": 2, "price": 1})
        assert (await told(bob, group))["target"] == second
        await ann.do("message.recall", group=group, pos=second)
        again = await told(bob, group, 2)
        assert (again["target"], again["card"]["price"]) == (first, 1)
        page = await bob.history(group)
        entry = next(e for e in page if e["kind"] == "card" and e["target"] == second)
        assert entry.keys() == {"kind", "pos", "at", "target"}
        assert await ann.cannot("message.edit", group=group, pos=first, text="mine") == "forbidden"


@on_loop
@pytest.mark.promise("P4", "card.killed")
@pytest.mark.parametrize("steps", [1, 2])
async def test_a_writer_killed_in_the_middle_of_telling_neither_loses_nor_doubles(
    store_url: str, tmp_path: Path, steps: int
) -> None:
    async with living_town(store_url, tmp_path, catalogue=QUICK | {"groups_per_commit": 1}) as town:
        ann = await town.person("ann")
        await change(town, PRODUCT | {"id": "pot", "rev": 1})
        groups = [str((await ann.do("group.create", kind="private", title=f"G{i}"))["group"]) for i in range(6)]
        for group in groups:
            await share(ann, group, "product", "pot")
        await change(town, PRODUCT | {"id": "pot", "rev": 2, "price": 1})

        def cards() -> int:
            return sum(e["kind"] == "card" for group in groups for e in ann.entries.get(group, []))

        await ann.until(lambda: cards() >= steps)
        pid = town.server.link.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await ann.until(lambda: cards() >= len(groups))
        await ann.say(groups[0], "after it all")
        await ann.settle()
        for group in groups:
            kinds = [e["kind"] for e in await ann.history(group)]
            assert kinds.count("card") == 1


@on_loop
@pytest.mark.promise("P4", "card.killed", "card.job")
async def test_what_a_server_has_not_told_the_next_one_tells(store_url: str, tmp_path: Path) -> None:
    slow = QUICK | {"groups_per_commit": 1, "pause_s": 3600.0}
    async with living_town(store_url, tmp_path, catalogue=slow) as town:
        ann = await town.person("ann")
        sub = ann.sub
        await change(town, PRODUCT | {"id": "pot", "rev": 1})
        groups = [str((await ann.do("group.create", kind="private", title=f"G{i}"))["group"]) for i in range(4)]
        for group in groups:
            await share(ann, group, "product", "pot")
        await change(town, PRODUCT | {"id": "pot", "rev": 2, "price": 1})
        await ann.until(lambda: [e for g in groups for e in ann.entries.get(g, []) if e["kind"] == "card"])
        cursors = ann.cursors()
    async with living_town(store_url, tmp_path, catalogue=QUICK) as town:
        back = await town.phone_of(sub, "phone", **cursors)
        await back.until(
            lambda: sum(e["kind"] == "card" for of in back.entries.values() for e in of) >= len(groups) - 1
        )
        for group in groups:
            assert [e["kind"] for e in await back.history(group)].count("card") == 1


@on_loop
async def test_only_what_is_signed_and_lately_changes_the_catalogue(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, catalogue=QUICK | {"body_max_bytes": 20_000}) as town:
        server = town.server
        body = b'{"items": [{"kind": "product", "id": "a", "rev": 1, "title": "A", "price": 1, "currency": "CNY",'
        body += b' "shop_url": "https://s/1"}]}'
        now_s = server.hub.now_ms() // 1000
        assert (await post(server, body, secret="another secret")).status_code == 401
        assert (await post(server, body, now_s - 301)).status_code == 401
        assert (await post(server, body, now_s + 302)).status_code == 401
        assert (await post(server, body)).json()["results"] == [{"kind": "product", "id": "a", "result": "added"}]
        assert (await post(server, body)).json()["results"][0]["result"] == "same"
        assert (await post(server, b"[]")).status_code == 400
        assert (await post(server, b" " * 20_001)).status_code == 413
        mixed = (
            b'{"items": [7, {"kind": "song"}, {"kind": "video", "id": "v", "rev": 1, "title": "V", "url": "ftp://x"},'
        )
        mixed += (
            b'{"kind": "video", "id": "w", "rev": 1, "title": "W", "url": "https://x"}], "deletions": [{"id": "a"}]}'
        )
        results = (await post(server, mixed)).json()["results"]
        assert [r["result"] for r in results] == ["refused", "refused", "refused", "added", "refused"]
        assert [r.get("path") for r in results] == ["$", "$.kind", "$.url", None, "$.kind"]
    async with living_town(sqlite_url, tmp_path) as town:
        assert (await post(town.server, body)).status_code == 404
