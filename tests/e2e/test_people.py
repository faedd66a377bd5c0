"""Finding people, what they show of themselves, their devices, and people who are shut out; over real sockets."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from chatd.admin.socket import AdminError, call
from chatd.app import now_ms
from tests.e2e.phone import Denied, Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop


async def act(town: Town, name: str, **fields: Any) -> dict[str, Any]:
    """As the operator's CLI does it."""
    return await asyncio.to_thread(call, town.server.config.admin_socket_path(), name, **fields)


async def shown(asker: Phone, user: str) -> dict[str, Any]:
    """What somebody sees of a person."""
    (one,) = (await asker.ask("user.get", users=[user]))["users"]
    assert isinstance(one, dict)
    return one


def unique(name: str) -> str:
    """A name that no other story uses."""
    return name + new_cid().replace("-", "x").replace("_", "y")[:12]


async def names(asker: Phone, query: str) -> list[str]:
    """Whom a search finds."""
    return [one["user"] for one in (await asker.ask("user.search", query=query))["users"]]


async def test_people_are_found_by_any_part_of_their_name_those_that_begin_with_it_first(town: Town) -> None:
    ann, bob, eve = await town.people("ann", "bob", "eve")
    tail = unique("")
    await ann.do("user.update", name=f"小{tail}石榴")
    await bob.do("user.update", name=f"{tail}榴莲")
    assert await names(eve, tail.upper()) == [bob.user, ann.user]
    assert await names(eve, f"{tail}石") == [ann.user]
    assert await names(eve, f"小{tail}") == [ann.user]
    assert await names(eve, f"{tail}莲") == []
    assert await names(eve, " ") == []
    page = await eve.ask("user.search", query=tail, limit=1)
    assert (len(page["users"]), page["more"]) == (1, True)
    await bob.do("user.update", name="Somebody else")
    assert await names(eve, tail) == [ann.user]


async def test_who_does_not_want_to_be_found_is_not_by_name_nor_by_handle(town: Town) -> None:
    ann, eve = await town.people("ann", "eve")
    handle = unique("a")
    await ann.do("user.update", name=handle)
    assert await ann.do("user.handle", handle=handle)
    for query in (handle, "@" + handle.swapcase(), handle[3:9]):
        assert await names(eve, query) == [ann.user], query
    assert await names(eve, "@" + handle[:-1]) == []
    await ann.do("privacy.set", findable=False)
    for query in (handle, "@" + handle, handle[3:9]):
        assert await names(eve, query) == [], query
    assert (await ann.ask("privacy.get"))["findable"] is False
    assert (await shown(eve, ann.user))["handle"] == handle, "who knows the id still sees them"
    await ann.do("privacy.set", findable=True)
    assert await names(eve, "@" + handle) == [ann.user]


async def test_a_handle_belongs_to_one_person(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    handle = unique("h")
    first = await ann.do("user.handle", handle=handle)
    assert first["change_at"] > now_ms()
    assert (await bob.denied("user.handle", handle=handle.upper(), cid=new_cid())).code == "taken"
    again = await ann.denied("user.handle", handle=unique("h"), cid=new_cid())
    assert (again.code, again.details) == ("too_soon", {"until": first["change_at"]})
    await ann.do("user.handle", handle=handle.upper())
    tablet = await town.phone_of(bob.sub, "tablet", "msgpack")
    assert (await shown(tablet, ann.user))["handle"] == handle.upper()


async def test_one_of_many_gets_a_handle_that_all_want_at_once(town: Town) -> None:
    people = await town.people(*[f"p{n}" for n in range(8)])
    handle = unique("r")
    tries = [one.send("user.handle", handle=handle, cid=new_cid()) for one in people]
    answers = [await one for one in tries]
    assert sorted(answer.get("error", {}).get("code", "ok") for answer in answers) == ["ok"] + ["taken"] * 7


@on_loop
async def test_profiles_have_the_fields_that_the_operator_declared(store_url: str, tmp_path: Path) -> None:
    fields = ("company=Company/公司", "job=Position/职位")
    async with living_town(store_url, tmp_path, profile={"fields": fields, "field_max": 5}) as town:
        ann, bob = await town.people("ann", "bob")
        assert ann.hello["profile_fields"] == [
            {"name": "company", "en": "Company", "zh": "公司"},
            {"name": "job", "en": "Position", "zh": "职位"},
        ]
        done = await ann.do("user.update", bio="摄影", avatar="a.png", fields={"company": "P", "job": "x"})
        assert done["fields"] == {"company": "P", "job": "x"}
        await ann.do("user.update", fields={"job": ""})
        seen = await shown(bob, ann.user)
        assert (seen["bio"], seen["avatar"], seen["fields"]) == ("摄影", "a.png", {"company": "P"})
        undeclared = await ann.denied("user.update", fields={"car": "red"}, cid=new_cid())
        assert (undeclared.code, undeclared.details) == ("invalid", {"path": "$.data.fields.car"})
        long = await ann.denied("user.update", fields={"job": "x" * 6}, cid=new_cid())
        assert (long.code, long.details) == ("limit", {"bound": "profile_field_max", "max": 5})
        assert (await ann.denied("user.update", cid=new_cid())).code == "invalid"


async def test_when_somebody_was_here_is_for_those_whom_they_let_know(town: Town) -> None:
    ann, bob, eve = await town.people("ann", "bob", "eve")
    await town.befriend(ann, bob)
    before = now_ms()
    assert before - 60_000 < (await shown(bob, ann.user))["seen"] <= now_ms() + 1
    assert "seen" not in await shown(eve, ann.user)
    await ann.do("block.add", user=bob.user)
    assert "seen" not in await shown(bob, ann.user)
    await ann.do("block.remove", user=bob.user)
    await ann.do("privacy.set", last_seen="everybody")
    assert "seen" in await shown(eve, ann.user)
    await ann.do("privacy.set", last_seen="nobody")
    assert "seen" not in await shown(bob, ann.user)
    assert "seen" in await shown(ann, ann.user)


@on_loop
async def test_when_somebody_was_here_survives_a_restart(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        await town.befriend(ann, bob)
        await ann.hang_up()
        await bob.settle()
        sub, left = bob.sub, (await shown(bob, ann.user))["seen"]
    async with living_town(store_url, tmp_path) as town:
        again = await town.phone_of(sub, "phone")
        assert (await shown(again, ann.user))["seen"] == left
        lines = (await again.ask("device.list"))["devices"]
        assert [(line["device"], line["current"], line["online"]) for line in lines] == [("phone", True, True)]
        assert lines[0]["first"] < lines[0]["seen"]


async def test_devices_are_listed_and_revoked_by_their_owner(town: Town) -> None:
    ann = await town.person("ann", client="app/1")
    tablet, watch = await town.phone_of(ann.sub, "tablet"), await town.phone_of(ann.sub, "watch")
    await watch.hang_up()
    await ann.settle()
    lines = {line["device"]: line for line in (await ann.ask("device.list"))["devices"]}
    assert {name: (line.get("current"), line.get("online")) for name, line in lines.items()} == {
        "phone": (True, True),
        "tablet": (None, True),
        "watch": (None, None),
    }
    assert lines["phone"]["client"] == "app/1"
    token = town.server.token(ann.sub)
    await ann.do("device.revoke", device="tablet")
    assert await tablet.closed() == 4402
    assert {line["device"] for line in (await ann.ask("device.list"))["devices"]} == {"phone", "watch"}
    again = await town.dial()
    with pytest.raises(Denied) as refusal:
        await again.say_hello(token, "tablet")
    assert refusal.value.code == "revoked"
    await ann.do("device.revoke")
    assert await ann.closed() == 4402


async def test_a_repeated_revocation_does_not_close_what_a_newer_token_opened(town: Town) -> None:
    ann = await town.person("ann")
    request = {"device": "tablet", "cid": new_cid()}
    first = await ann.ask("device.revoke", **request)
    tablet = await town.dial()
    await tablet.say_hello(town.server.token(ann.sub, iat=int(time.time()) + 2), "tablet")
    assert await ann.ask("device.revoke", **request) == first
    await tablet.settle()
    await ann.settle()


async def test_a_disabled_user_is_out_at_once_and_stays_in_history(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    name = unique("n")
    await bob.do("user.update", name=name)
    said = await bob.say(group, "before")
    tablet = await town.phone_of(bob.sub, "tablet")
    assert await act(town, "user.disable", sub=bob.sub, on=True) == {"user": bob.user, "disabled": True, "closed": 2}
    assert (await bob.closed(), await tablet.closed()) == (4405, 4405)
    for token in (town.server.token(bob.sub), town.server.token(bob.sub, iat=int(time.time()) + 5)):
        refusing = await town.dial()
        with pytest.raises(Denied) as refusal:
            await refusing.say_hello(token)
        assert (refusal.value.code, await refusing.closed()) == ("disabled", 4405)
    assert await names(ann, name) == []
    assert (await shown(ann, bob.user))["disabled"] is True
    assert [e["sender"] for e in await ann.history(group) if e["pos"] == said] == [bob.user]
    assert bob.user in {m["user"] for m in (await ann.ask("group.members", group=group))["members"]}
    await act(town, "user.disable", sub=bob.sub, on=False)
    back = await town.phone_of(bob.sub, "phone")
    assert (await back.line(group))["unread"] == 0
    await back.do("user.update", name=name)
    assert await names(ann, name) == [bob.user]
    with pytest.raises(AdminError, match="not_found"):
        await act(town, "user.disable", sub="nobody at all", on=True)


async def test_tags_show_in_lists_of_members_and_on_messages_as_of_sending(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    before = await bob.say(group, "untagged")
    await act(town, "user.tag", sub=bob.sub, tag="staff", on=True)
    await bob.until(lambda: [entry for entry in bob.mine if entry["kind"] == "profile"])
    during = await bob.say(group, "tagged")
    await bob.do("message.edit", group=group, pos=during, text="tagged, better")

    async def of_members() -> dict[str, Any]:
        members = (await ann.ask("group.members", group=group))["members"]
        return {member["user"]: member.get("tags") for member in members}

    assert await of_members() == {ann.user: None, bob.user: ["staff"]}
    await act(town, "user.tag", sub=bob.sub, tag="staff", on=True, until=now_ms() - 1)
    assert await of_members() == {ann.user: None, bob.user: None}
    after = await bob.say(group, "untagged again")
    live = {e["pos"]: e.get("tags") for e in await ann.up_to(group, after) if e["kind"] == "message"}
    stored = {e["pos"]: e.get("tags") for e in await ann.history(group) if e["kind"] == "message"}
    assert live == stored == {before: None, during: ["staff"], after: None}
    await ann.do("message.recall", group=group, pos=during)
    assert all("tags" not in e for e in await ann.history(group) if e["pos"] == during)


async def test_the_hosts_token_brings_tags_that_end_with_their_time(town: Town) -> None:
    sub = unique("host.")
    soon = int(time.time()) + 3600
    phone = await town.dial()
    await phone.say_hello(
        town.server.token(sub, tags=["seller", {"tag": "vip", "exp": soon}, {"tag": "old", "exp": 1}])
    )
    tags = (await shown(phone, phone.user))["tags"]
    assert tags == [{"tag": "seller", "source": "host"}, {"tag": "vip", "source": "host", "until": soon * 1000}]
    group = str((await phone.do("group.create", kind="private", title="Shop"))["group"])
    pos = await phone.say(group, "hello")
    assert [e["tags"] for e in await phone.history(group) if e["pos"] == pos] == [["seller", "vip"]]
    other = await town.dial()
    await other.say_hello(town.server.token(sub), "other")
    assert (await shown(other, phone.user))["tags"] == tags, "a token that does not say leaves them"
    third = await town.dial()
    await third.say_hello(town.server.token(sub, tags=[]), "third")
    assert "tags" not in await shown(third, phone.user)
    for bad in ("x", [1], [{"exp": 1}], ["x" * 33], ["\n"], ["a"] * 21, [{"tag": "a", "exp": "soon"}]):
        refusing = await town.dial()
        with pytest.raises(Denied) as refusal:
            await refusing.say_hello(town.server.token(sub, tags=bad))
        assert refusal.value.code == "unauthenticated", bad


@on_loop
@pytest.mark.promise("P8", "rates")
async def test_searching_has_a_budget_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, rates={"on": True, "search": "2/min, burst 2"}) as town:
        ann = await town.person("ann")
        tablet = await town.phone_of(ann.sub, "tablet")
        await ann.ask("user.search", query="a")
        await tablet.ask("user.search", query="a")
        refused = await ann.denied("user.search", query="a")
        assert (refused.code, 0 < refused.error["retry_after"] <= 30) == ("rate_limited", True)
        await ann.ask("user.get", users=[ann.user])
