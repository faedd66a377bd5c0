"""What exceeds a bound gets an error that names it, and nothing of it happens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.phone import PATIENCE_S, Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import one_commit


async def beyond(phone: Phone, op: str, **data: Any) -> tuple[str, Any, Any]:
    """Code, bound and its size of a refusal."""
    refusal = await phone.denied(op, cid=new_cid(), **data)
    return refusal.code, refusal.details.get("bound"), refusal.details.get("max")


@on_loop
@pytest.mark.promise("P8", "counts")
async def test_counts_that_commits_are_judged_by(store_url: str, tmp_path: Path) -> None:
    limits = {
        "groups_per_user": 3,
        "following_max": 2,
        "reactions_per_message": 2,
        "edits_per_message": 1,
        "group_limit_max": 5,
        "private_group_limit_default": 4,
    }
    async with living_town(store_url, tmp_path, limits=limits) as town:
        ann, bob, cat, dan = await town.people("ann", "bob", "cat", "dan")
        group = await town.group_of(ann, bob)
        assert (await ann.ask("group.get", group=group))["limit"] == 4
        assert await beyond(ann, "group.create", kind="private", title="x", limit=6) == ("limit", "group_limit_max", 5)
        assert await beyond(ann, "group.update", group=group, limit=6) == ("limit", "group_limit_max", 5)
        await ann.do("follow.add", user=cat.user)
        assert await beyond(ann, "follow.add", user=dan.user) == ("limit", "following_max", 2)
        await ann.do("follow.add", user=cat.user)
        pos = await ann.say(group, "a message")
        for emoji in ("1", "2"):
            await ann.do("reaction.add", group=group, pos=pos, emoji=emoji)
        refused = await beyond(bob, "reaction.add", group=group, pos=pos, emoji="3")
        assert refused == ("limit", "reactions_per_message", 2)
        await bob.do("reaction.add", group=group, pos=pos, emoji="2")
        await ann.do("message.edit", group=group, pos=pos, text="once")
        refused = await beyond(ann, "message.edit", group=group, pos=pos, text="twice")
        assert refused == ("limit", "edits_per_message", 1)
        for _ in range(2):
            await bob.do("group.create", kind="private", title="another")
        refused = await beyond(bob, "group.create", kind="private", title="one more")
        assert refused == ("limit", "groups_per_user", 3)
        theirs = (await cat.do("group.create", kind="private", title="theirs"))["group"]
        await town.befriend(cat, bob)
        added = await cat.do("member.add", group=theirs, users=[bob.user])
        assert added["results"][0]["result"] == "full"
        refused = await beyond(cat, "group.create", kind="direct", user=bob.user)
        assert refused[0] == "limit"
        await bob.do("member.leave", group=group)
        assert (await cat.do("member.add", group=theirs, users=[bob.user]))["results"][0]["result"] == "added"


@on_loop
@pytest.mark.promise("P8", "sizes")
async def test_sizes_that_the_operator_set_narrower(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"text_max": 10, "title_max": 5, "add_max": 2, "history_page_max": 20, "list_page_max": 100}
    async with living_town(sqlite_url, tmp_path, limits=limits) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann, title="Title")
        pos = await ann.say(group, "𝄞" * 10)
        refused: list[tuple[str, dict[str, Any], str]] = [
            ("message.send", {"group": group, "kind": "text", "body": {"text": "x" * 11}}, "$.data.body.text"),
            ("message.edit", {"group": group, "pos": pos, "text": "x" * 11}, "$.data.text"),
            ("group.create", {"kind": "private", "title": "x" * 6}, "$.data.title"),
            ("group.update", {"group": group, "title": "x" * 6}, "$.data.title"),
            ("member.add", {"group": group, "users": [f"u{n:020d}" for n in range(3)]}, "$.data.users"),
        ]
        for op, data, path in refused:
            refusal = await ann.denied(op, cid=new_cid(), **data)
            assert (refusal.code, refusal.details["path"]) == ("invalid", path)
        assert (await ann.denied("message.history", group=group, limit=21)).details["path"] == "$.data.limit"
        for op in ("follow.list", "block.list", "group.list"):
            assert (await ann.denied(op, limit=101)).details["path"] == "$.data.limit"
        assert [e["pos"] for e in await ann.history(group, limit=20)] == [1, pos]
        assert len((await ann.ask("message.history", group=group))["entries"]) == 2


@on_loop
@pytest.mark.promise("P8", "rates")
async def test_too_many_requests_are_refused_and_then_the_end(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"requests_per_s": 1.0, "request_burst": 5, "user_requests_per_s": 1.0, "user_request_burst": 1000}
    async with living_town(sqlite_url, tmp_path, limits=limits) as town:
        ann = await town.person("ann")
        answers = [ann.send("typing.start", group="g" + "x" * 20) for _ in range(20)]
        responses = [await asyncio.wait_for(answer, PATIENCE_S) for answer in answers]
        codes = [response["error"]["code"] for response in responses]
        assert set(codes) == {"not_found", "rate_limited"}
        limited = next(r["error"] for r in responses if r["error"]["code"] == "rate_limited")
        assert 0 < limited["retry_after"] <= 1
        for _ in range(250):
            ann.send("typing.start", group="g" + "x" * 20)
        assert await ann.closed() == 4102


@on_loop
@pytest.mark.promise("P8", "rates")
async def test_what_is_refused_for_its_shape_or_state_counts_too(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"requests_per_s": 0.001, "request_burst": 5, "user_requests_per_s": 1.0, "user_request_burst": 1000}
    async with living_town(sqlite_url, tmp_path, limits=limits) as town:
        for message in ({"id": 1, "op": "group.list"}, {"id": 1, "op": 5}, {"id": 1, "op": "group.list", "data": []}):
            nobody = await town.dial()
            for _ in range(300):
                nobody.write(message)
            assert await nobody.closed() == 4102
            codes = [response["error"]["code"] for response in nobody.messages]
            assert codes[:5] == ["wrong_state" if message["op"] != 5 and "data" not in message else "invalid"] * 5
            assert set(codes[5:]) == {"rate_limited"}


@on_loop
@pytest.mark.promise("P8", "rates")
async def test_a_person_has_one_budget_over_all_connections(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"user_requests_per_s": 0.01, "user_request_burst": 6}
    async with living_town(sqlite_url, tmp_path, limits=limits) as town:
        ann = await town.person("ann")
        tablet = await town.phone_of(ann.sub, "tablet")
        codes = [(await phone.denied("typing.start", group="g" + "x" * 20)).code for phone in (ann, tablet) * 4]
        assert codes == ["not_found"] * 6 + ["rate_limited"] * 2


@on_loop
@pytest.mark.promise("P8", "queue")
async def test_more_commands_than_may_wait_are_refused_and_may_be_repeated(sqlite_url: str, tmp_path: Path) -> None:
    store = {"queue_max": 10, "batch_max": 10}
    async with living_town(sqlite_url, tmp_path, store=store) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        cids = [new_cid() for _ in range(20)]
        async with one_commit(town.server):
            answers = [ann.send("message.send", group=group, cid=cid, kind="text", body={"text": "x"}) for cid in cids]
            await ann.settle()
        responses = [await asyncio.wait_for(answer, PATIENCE_S) for answer in answers]
        assert ["ok" in r for r in responses] == [True] * 10 + [False] * 10
        assert {r["error"]["code"] for r in responses[10:]} == {"overloaded"}
        assert all(r["error"]["retry_after"] > 0 for r in responses[10:])
        for cid in cids:
            await ann.say(group, "x", cid=cid)
        assert (await ann.line(group))["seq"] == 20


@pytest.mark.promise("P8", "in_flight")
async def test_more_in_flight_than_is_read_at_once_is_only_read_later(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    answers = [
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "x"}) for _ in range(500)
    ]
    for answer in answers:
        await ann.answer_to(answer)
    assert (await ann.line(group))["seq"] == 500


@pytest.mark.promise("P8", "message_size")
async def test_a_message_beyond_the_bound_that_hello_tells(town: Town) -> None:
    ann = await town.person("ann")
    most = ann.hello["bounds"]["message_bytes"]
    head = b'{"id":99,"op":"group.list","data":{},"x":"'
    ann.write_raw(head + b"x" * (most - len(head) - 2) + b'"}')
    await ann.until(lambda: [m for m in ann.messages if m.get("re") == 99])
    ann.write_raw(b" " * (most + 1))
    assert await ann.closed() == 1009
