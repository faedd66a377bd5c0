"""Budgets beside those of connections: by kind of act, by group, by address; over reconnects too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.phone import Denied, Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop

ALL_OFF = dict.fromkeys(("send", "join", "create", "follow", "group_send", "hello"), "off")


async def spend(phone: Phone, op: str, times: int, **data: object) -> list[str]:
    """The codes of so many requests, "" for those that were accepted."""
    answers = [await phone.send(op, cid=new_cid(), **data) for _ in range(times)]
    return [answer.get("error", {}).get("code", "") for answer in answers]


async def hello_is_refused(town: Town, phone: Phone) -> Denied:
    """The refusal of a further hello of somebody."""
    further = await town.dial()
    try:
        await further.say_hello(town.server.token(phone.sub), "another")
    except Denied as refusal:
        assert await further.closed() == 4102
        return refusal
    raise AssertionError("hello was not refused")


@on_loop
@pytest.mark.promise("P8", "rates.acts")
async def test_each_kind_of_act_has_a_budget_that_a_new_connection_does_not_fill(
    sqlite_url: str, tmp_path: Path
) -> None:
    rates = ALL_OFF | {"on": True, "create": "1/h, burst 2", "send": "1/h, burst 3"}
    async with living_town(sqlite_url, tmp_path, rates=rates) as town:
        ann, bob = await town.people("ann", "bob")
        assert await spend(ann, "group.create", 3, kind="private", title="x") == ["", "", "rate_limited"]
        group = (await bob.do("group.create", kind="private", title="y"))["group"]
        assert await spend(bob, "message.send", 4, group=group, kind="text", body={"text": "x"}) == [
            *[""] * 3,
            "rate_limited",
        ]
        again = await town.phone_of(ann.sub, "tablet")
        refused = await again.denied("group.create", cid=new_cid(), kind="private", title="x")
        assert (refused.code, refused.details) == ("rate_limited", {"bound": "create"})
        assert 3000 < refused.error["retry_after"] <= 3600
        await again.do("follow.add", user=bob.user)
        assert town.server.hub.rates.refused == {"create": 2, "send": 1}


@on_loop
@pytest.mark.promise("P8", "rates.group")
async def test_a_group_has_a_budget_that_outsiders_cannot_spend(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, rates=ALL_OFF | {"on": True, "group_send": "1/h, burst 3"}) as town:
        ann, bob, out = await town.people("ann", "bob", "out")
        group = await town.group_of(ann, bob)
        message = {"group": group, "kind": "text", "body": {"text": "x"}}
        assert await spend(out, "message.send", 10, **message) == ["not_found"] * 10
        assert await spend(ann, "message.send", 2, **message) == ["", ""]
        assert await spend(bob, "message.send", 2, **message) == ["", "rate_limited"]
        assert await spend(ann, "message.send", 1, **message) == ["rate_limited"]
        other = (await ann.do("group.create", kind="private", title="z"))["group"]
        await ann.say(other, "another group has its own")


@on_loop
@pytest.mark.promise("P8", "rates.address")
async def test_an_address_opens_so_many_sessions_and_no_more(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, rates=ALL_OFF | {"on": True, "hello": "1/h, burst 2"}) as town:
        ann, bob = await town.people("ann", "bob")
        refused = await hello_is_refused(town, ann)
        assert (refused.code, refused.details) == ("rate_limited", {"bound": "hello"})
        group = await town.group_of(ann, bob)
        await ann.say(group, "who is in stays in")
