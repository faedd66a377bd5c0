"""What bots may do over the wire: by their scopes, and whatever else they are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatd_protocol.codec import Format
from chatd_protocol.ops import OPS
from chatd_protocol.scopes import BOTS_ONLY, CLOSED, OPEN, SCOPE_OF, SCOPES
from tests.e2e.bot_kit import added, group_with, name_of
from tests.e2e.hostile import world_of
from tests.e2e.phone import PATIENCE_S, Denied, Phone, new_cid
from tests.e2e.town import Town
from tests.hub.kit import held_reads, says


def test_every_op_says_what_a_bot_needs_for_it() -> None:
    assert set(SCOPE_OF) == set(OPS)
    assert set(SCOPE_OF.values()) == {*SCOPES, OPEN, CLOSED}
    assert all(SCOPE_OF[op] != CLOSED for op in BOTS_ONLY)


async def code_of(phone: Phone, op: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a request is refused with; "" if it is answered."""
    named = data | ({"cid": new_cid()} if OPS[op].command else {})
    future = phone.send(op, **named)
    try:
        await phone.answer_to(future)
    except Denied as refused:
        return refused.code, refused.details
    return "", {}


@pytest.mark.promise("P7", "bot.scopes")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_without_scopes_a_bot_may_do_what_is_open_to_all_of_them_and_with_all_nothing_is_missing(
    town: Town, fmt: Format
) -> None:
    ann, requests = await world_of(town, fmt)
    group = requests["group.get"]["group"]
    bare, full = await town.bot(fmt, scopes=[]), await town.bot(fmt, scopes=list(SCOPES))
    assert await added(ann, group, bare, full) == ["added", "added"]
    await full.own("added", group)
    ending = ("session.renew", "member.leave")
    for op in [*sorted(set(OPS) - {"session.hello", *ending}), "member.leave"]:
        rule = SCOPE_OF[op]
        code, details = await code_of(bare, op, requests[op])
        if rule == CLOSED:
            assert code == "not_for_bots", op
        elif rule == OPEN:
            assert code not in {"scope_missing", "not_for_bots"}, op
        else:
            assert (code, details) == ("scope_missing", {"scope": rule}), op
        allowed = await code_of(full, op, requests[op])
        assert (allowed[0] == "not_for_bots") == (rule == CLOSED), op
        assert allowed[0] != "scope_missing", op
    assert (await code_of(ann, "bot.commands", {"commands": []}))[0] == "bots_only"


@pytest.mark.promise("P7", "bot.scopes")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_bot_that_may_not_read_is_shown_nothing_that_is_said(town: Town, fmt: Format) -> None:
    bot = await town.bot(fmt, scopes=["send"])
    ann, _, group = await group_with(town, bot)
    await ann.say(group, "between us")
    await ann.do("group.announce", group=group, text="announced between us")
    assert "announcement" in await ann.ask("group.get", group=group)
    sent = await bot.do("message.send", group=group, kind="text", body={"text": "news!"})
    await ann.up_to(group, sent["pos"])
    await ann.say(group, "still between us")
    await bot.settle()
    assert (await bot.line(group))["head"] > sent["pos"]
    assert (await bot.ask("group.list"))["groups"][0].keys() & {"last", "after"} == set()
    for op, more in (("group.open", {}), ("message.history", {}), ("message.at", {"at": 0})):
        assert (await bot.denied(op, group=group, **more)).code == "scope_missing"
    fresh = await town.bot_by(bot.token, fmt, "another")
    again = await town.bot_by(bot.token, fmt, "third", **bot.cursors())
    assert bot.entries == fresh.entries == again.entries == {}
    for phone in (bot, fresh, again):
        assert not says(phone, "between us")
        assert not phone.hello["groups"] or not phone.hello["groups"][0].get("live", False)


@pytest.mark.promise("P7", "bot.scopes")
async def test_what_a_bot_may_not_read_it_cannot_carry_elsewhere_either(town: Town) -> None:
    bot = await town.bot(scopes=["send"])
    ann, _, group = await group_with(town, bot)
    said = await ann.say(group, "between us")
    elsewhere = (await ann.do("group.create", kind="private", title="elsewhere"))["group"]
    assert await added(ann, elsewhere, bot) == ["added"]
    await bot.own("added", elsewhere)
    refused = await bot.denied("message.forward", cid=new_cid(), group=elsewhere, source=group, positions=[said])
    assert (refused.code, refused.details) == ("scope_missing", {"scope": "read"})
    page = await ann.ask("message.history", group=elsewhere)
    assert "between us" not in str(page)


async def test_changing_the_scopes_ends_what_is_open_and_hello_tells_the_new_ones(town: Town) -> None:
    bot = await town.bot(scopes=["read"])
    ann, _, group = await group_with(town, bot)
    assert bot.hello["bot"] == {"name": name_of(bot), "scopes": ["read"]}
    assert (await bot.denied("message.send", cid=new_cid(), group=group, kind="text", body={"text": "x"})).details == {
        "scope": "send"
    }
    same = await town.act("bot.scopes", bot=name_of(bot), scopes=["read"])
    assert same["closed"] == 0, "nothing changed"
    assert (await town.act("bot.scopes", bot=name_of(bot), scopes=["send", "read"]))["scopes"] == ["read", "send"]
    assert await bot.closed() == 4003
    back = await town.bot_by(bot.token, **bot.cursors())
    assert back.hello["bot"]["scopes"] == ["read", "send"]
    await ann.up_to(group, await back.say(group, "now I can"))
    assert (await town.act("bot.scopes", bot=name_of(bot), scopes=[]))["closed"] == 1


async def test_scopes_that_change_while_a_session_is_opened_are_not_missed(town: Town) -> None:
    bot = await town.bot(scopes=["read", "send"])
    await bot.hang_up()
    opening = await town.dial()
    with held_reads(town.server.hub, passing=2) as reads:
        future = opening.send("session.hello", token=bot.token, device="server")
        await reads.begun.wait()
        await town.act("bot.scopes", bot=name_of(bot), scopes=["read"])
        reads.go.set()
        assert await opening.closed() == 4003
    assert future.cancelled() or "error" in future.result()
    assert (await town.bot_by(bot.token)).hello["bot"]["scopes"] == ["read"]


async def test_scopes_that_change_while_nothing_else_happens_are_those_of_the_session(town: Town) -> None:
    bot = await town.bot(scopes=["read", "send"])
    await bot.hang_up()
    opening = await town.dial()
    with held_reads(town.server.hub, passing=1, at_rest=True) as reads:
        future = opening.send("session.hello", token=bot.token, device="server")
        async with asyncio.timeout(PATIENCE_S):
            await reads.begun.wait()
        await town.act("bot.scopes", bot=name_of(bot), scopes=["read"])
        reads.go.set()
        assert (await asyncio.wait_for(future, PATIENCE_S))["ok"]["bot"]["scopes"] == ["read"]
