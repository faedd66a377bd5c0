"""Erasing somebody who is in the middle of everything: on several sockets, owning groups with people, with a bot and
alone, having asked and being asked, while they write and while they are exported."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from chatd.service.export import UserExport
from chatd.store.export import snapshot
from chatd_protocol import errors
from tests.e2e.phone import PATIENCE_S, Phone, new_cid
from tests.e2e.test_erasure import WORD, erased, operate, problems
from tests.e2e.town import Town, living_town, on_loop

pytestmark = pytest.mark.promise("P9", "erase.live")


def exported(url: str, user: str) -> list[dict[str, Any]]:
    """All that is stored of somebody just now."""
    with snapshot(url) as database:
        return list(UserExport(database, user, 0).lines())


@on_loop
async def test_every_socket_is_closed_and_what_was_under_way_is_answered_or_not_done(
    store_url: str, tmp_path: Path
) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        desk = await town.phone_of(zoe.sub, "desk", "msgpack")
        pad = await town.phone_of(zoe.sub, "pad")
        group = await town.group_of(ann, zoe)
        sends = [
            phone.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": f"{WORD} {number}"})
            for number in range(30)
            for phone in (zoe, desk, pad)
        ]
        await operate(town, "erase", user=zoe.user, yes=True)
        assert [await phone.closed() for phone in (zoe, desk, pad)] == [errors.CLOSE_REVOKED] * 3
        assert len(await asyncio.gather(*sends, return_exceptions=True)) == 90
        await erased(town, zoe.user)
        last = await ann.say(group, "the end")
        await ann.up_to(group, last)
        page = await ann.history(group)
        assert WORD not in repr(page)
        assert [entry["kind"] for entry in page if entry["kind"] == "erased"] == ["erased"]
        assert WORD not in repr(exported(store_url, zoe.user))
    assert problems(store_url) == []


async def owner_of(town: Town, group: str) -> Any:
    return (await operate(town, "group.show", group=group))["owner"]


@on_loop
async def test_groups_that_somebody_owns_have_another_owner_or_end(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, bob, zoe = await town.people("ann", "bob", "zoe")
        bot = await town.bot()
        shared, with_bot, alone = [await town.group_of(zoe, *more) for more in ((bob, ann), (), ())]
        await zoe.do("member.role", group=shared, user=ann.user, role="admin")
        await zoe.do("member.add", group=with_bot, users=[bot.user])
        await zoe.say(alone, WORD)
        await erased(town, zoe.user)
        assert await owner_of(town, shared) == ann.user
        for group in (with_bot, alone):
            shown = await operate(town, "group.show", group=group)
            assert (shown["owner"], "dissolved" in shown) == (None, True), shown
        entry = await bob.until(lambda: [one for one in bob.entries[shared] if one["kind"] == "owner"])
        assert (entry[0]["user"], entry[0]["before"]) == (ann.user, zoe.user)
        assert await ann.say(shared, "I go on")
    assert problems(store_url) == []


@on_loop
async def test_invites_that_somebody_made_or_was_sent_lead_nowhere(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, bob, cat, zoe = await town.people("ann", "bob", "cat", "zoe")
        group = await town.group_of(ann, zoe)
        other = await town.group_of(ann, bob)
        await ann.do("member.role", group=group, user=zoe.user, role="admin")
        link = await zoe.do("invite.create", group=group, kind="link", note=WORD)
        directed = await zoe.do("invite.create", group=group, kind="directed", user=cat.user)
        await ann.do("invite.create", group=other, kind="directed", user=zoe.user)
        kinds = {line["type"] for line in exported(store_url, zoe.user)}
        assert {"profile", "membership", "invite", "log"} <= kinds
        assert [one["group"] for one in (await cat.ask("invite.received"))["invites"]] == [group]
        await erased(town, zoe.user)
        assert (await cat.ask("invite.received"))["invites"] == []
        for phone, data in ((bob, {"secret": link["token"]}), (cat, {"invite": directed["invite"]})):
            assert await phone.cannot("invite.redeem", **data) in ("invite_invalid", "not_found")
        left = [line for line in exported(store_url, zoe.user) if line["type"] == "invite"]
        assert WORD not in json.dumps(left)
        assert all("token" not in line for line in left)
        members = (await ann.ask("group.members", group=group))["members"]
        assert zoe.user not in [one["user"] for one in members]
    assert problems(store_url) == []


@on_loop
async def test_whoever_is_erased_while_they_are_exported_is_exported_as_they_were_at_one_moment(
    store_url: str, tmp_path: Path
) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        group = await town.group_of(ann, zoe)
        for number in range(30):
            await zoe.say(group, f"{WORD} {number}")
        with snapshot(store_url) as database:
            lines = UserExport(database, zoe.sub, 0).lines()
            first = next(lines)
            await erased(town, zoe.user)
            rest = list(lines)
        assert first["user"] == zoe.user
        said = [line for line in rest if line["type"] == "message"]
        assert [line["body"]["text"] for line in sorted(said, key=lambda line: line["pos"])] == [
            f"{WORD} {number}" for number in range(30)
        ]
        assert WORD not in repr(exported(store_url, zoe.user))


@on_loop
async def test_a_bot_that_somebody_pressed_and_talked_to_keeps_nothing_but_their_id(
    store_url: str, tmp_path: Path
) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        bot = await town.bot(direct=True)
        group = await town.group_of(ann, zoe)
        await ann.do("member.add", group=group, users=[bot.user])
        menu = [[{"id": "yes", "label": "要"}]]
        pos = (await bot.do("message.send", group=group, kind="text", body={"text": "shall I?", "menu": menu}))["pos"]
        await zoe.up_to(group, pos)
        await zoe.do("menu.press", group=group, pos=pos, button="yes")
        direct = (await zoe.do("group.create", kind="direct", user=bot.user))["group"]
        await zoe.say(direct, WORD)
        await erased(town, zoe.user)
        assert await ann.do("menu.press", group=group, pos=pos, button="yes")
        pressed = await _pressed(bot, 2)
        assert [one["by"] for one in pressed] == [zoe.user, ann.user]
        assert WORD not in repr(await bot.history(direct))
        assert await bot.cannot("message.send", group=direct, kind="text", body={"text": "still there?"}) == "read_only"
    assert problems(store_url) == []


async def _pressed(bot: Phone, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [entry for entry in bot.mine if entry["kind"] == "pressed"]

    await bot.until(lambda: len(found()) >= count, PATIENCE_S)
    return found()
