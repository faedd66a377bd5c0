"""`POST /v1/follows`: signed changes of a host, in any order, with every kind of mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatd.http.catalogue import SIGNATURE, TIMESTAMP, sign
from chatd.store.readers import ReaderLost
from tests.e2e.town import Town, living_town, on_loop

SECRET = "a secret of the host, thirty-two bytes and more"


async def post(town: Town, body: Any, secret: str = SECRET, late_s: int = 0, **more: str) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(town.server.hub.now_ms() // 1000 - late_s)
    signed = {TIMESTAMP: stamp, SIGNATURE: sign(secret.encode(), stamp, raw)}
    signed |= {name: more[key] for key, name in (("signature", SIGNATURE), ("stamp", TIMESTAMP)) if key in more}
    async with httpx.AsyncClient(base_url=town.server.http_url) as client:
        return await client.post("/v1/follows", content=raw, headers=signed)


def edge(one: str, other: str, version: Any, **more: Any) -> dict[str, Any]:
    return {"from": one, "to": other, "version": version} | more


@on_loop
async def test_a_host_tells_who_follows_whom_and_late_words_change_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chatd.db"
    async with living_town(url, tmp_path, follows={"secret": SECRET, "owner": "host"}) as town:
        ann, ben = await town.person("ann"), await town.person("ben")
        assert await ann.cannot("follow.add", user=ben.user) == "host_owns_follows"
        assert await ann.cannot("follow.remove", user=ben.user) == "host_owns_follows"
        there, back = edge(ann.sub, ben.sub, 5), edge(ben.sub, ann.sub, 5)
        told = await post(town, {"edges": [there, back, edge(ann.sub, "somebody new", 1)]})
        assert (told.status_code, told.json()) == (200, {"results": [{"result": "added"}] * 3})
        group = (await ann.do("group.create", kind="private", title="Tea"))["group"]
        (added,) = (await ann.do("member.add", group=group, users=[ben.user]))["results"]
        assert added["result"] == "added"
        chat = (await ann.do("group.create", kind="direct", user=ben.user))["group"]
        late = [edge(ann.sub, ben.sub, 4, op="remove"), edge(ann.sub, ben.sub, 5, op="remove")]
        assert (await post(town, {"edges": late})).json()["results"] == [{"result": "older"}, {"result": "same"}]
        gone = await post(town, {"edges": [edge(ann.sub, ben.sub, 6, op="remove"), there]})
        assert gone.json()["results"] == [{"result": "removed"}, {"result": "older"}]
        assert (await ben.own("direct", chat))["read_only"] is True


@on_loop
async def test_a_database_that_cannot_be_read_is_a_reason_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> None:
        raise ReaderLost("of no concern")

    async with living_town(f"sqlite:///{tmp_path}/chatd.db", tmp_path, follows={"secret": SECRET}) as town:
        monkeypatch.setattr(town.server.hub.readers, "snapshot", lost)
        answer = await post(town, {"edges": [edge("a", "b", 1)]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        monkeypatch.undo()


@on_loop
async def test_what_is_wrong_is_refused_by_name_and_the_rest_happens(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chatd.db"
    async with living_town(url, tmp_path, follows={"secret": SECRET, "body_max_bytes": 100_000}) as town:
        good = edge("a", "b", 1)
        wrong: list[tuple[Any, str]] = [
            ({"from": "a", "to": "b"}, "$.version"),
            (edge("a", "b", -1), "$.version"),
            (edge("a", "b", 2**53), "$.version"),
            (edge("a", "b", 1.5), "$.version"),
            (edge("a", "b", True), "$.version"),
            (edge("a", "a", 1), "$.to"),
            (edge("", "b", 1), "$.from"),
            (edge("a", "b" * 201, 1), "$.to"),
            (edge("a", "b", 1, op="toggle"), "$.op"),
            (edge("a", "b", 1, since=1), "$.since"),
            ([], "$"),
            (None, "$"),
        ]
        told = await post(town, {"edges": [*(raw for raw, _ in wrong), good]})
        *refused, last = told.json()["results"]
        assert [(one["result"], one["path"]) for one in refused] == [("refused", path) for _, path in wrong]
        assert last == {"result": "added"}
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b"[]", 400),
            (b'{"edges": 7}', 400),
            (b'{"edges": [], "more": 1}', 400),
            (b"\xff", 400),
            ({"edges": [good] * 501}, 400),
            (b" " * 100_001, 413),
        ):
            assert (await post(town, body)).status_code == status, body
        for response in (
            await post(town, {"edges": []}, secret="x" * 40),
            await post(town, {"edges": []}, late_s=301),
            await post(town, {"edges": []}, signature=""),
            await post(town, {"edges": []}, stamp="soon"),
        ):
            assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("secret", ["", SECRET])
@on_loop
async def test_without_a_secret_there_is_no_such_route(tmp_path: Path, secret: str) -> None:
    url = f"sqlite:///{tmp_path}/chatd.db"
    async with living_town(url, tmp_path, follows={"secret": secret}) as town:
        assert (await post(town, {"edges": []})).status_code == (200 if secret else 404)
