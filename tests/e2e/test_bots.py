"""Bots over the wire: what they speak by, how they come into groups, and how they are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from chatd.admin.socket import AdminError
from chatd.store.database import connect
from chatd.store.verify import verify
from chatd_protocol.scopes import SCOPES
from tests.e2e.bot_kit import added, group_with, name_of
from tests.e2e.phone import Denied, new_cid
from tests.e2e.town import Town, a_millisecond_later, living_town, on_loop
from tests.hub.kit import held_reads, says

COMMANDS: Final = [{"name": "price", "en": "What it costs", "zh": "查价"}, {"name": "help"}]


async def refusal(town: Town, token: str) -> tuple[str, int]:
    """The error and the close code that a hello gets."""
    phone = await town.dial()
    with pytest.raises(Denied) as refused:
        await phone.say_hello(token)
    assert token not in str(refused.value.error)
    return refused.value.code, await phone.closed()


# -- tokens


@pytest.mark.promise("P7", "bot.token")
async def test_rotating_ends_what_the_older_tokens_opened_and_nothing_else(town: Town) -> None:
    bot = await town.bot()
    second = (await town.act("bot.token", bot=name_of(bot)))["token"]
    assert second.startswith("chatdbot_")
    assert len(second) >= len("chatdbot_") + 22
    by_second = await town.bot_by(second, device="two")
    assert by_second.user == bot.user
    assert "expires" not in by_second.hello
    done = await town.act("bot.token", bot=name_of(bot), rotate=True)
    assert done["closed"] == 2
    assert await bot.closed() == await by_second.closed() == 4402
    for token in (bot.token, second, "chatdbot_", "chatdbot_" + "A" * 32, "chatdbot_" + "é" * 10, done["token"][:-1]):
        assert await refusal(town, token) == ("unauthenticated", 4401)
    await (await town.bot_by(done["token"])).settle()
    assert (await town.act("bot.show", bot=name_of(bot)))["tokens"] == 1


@pytest.mark.promise("P7", "bot.token")
@pytest.mark.parametrize(("passing", "at_rest"), [(0, False), (1, False), (2, False), (0, True), (1, True)])
async def test_a_token_that_is_taken_back_while_hello_is_answered_opens_nothing(
    town: Town, passing: int, at_rest: bool
) -> None:
    bot = await town.bot()
    await bot.hang_up()
    opening = await town.dial()
    with held_reads(town.server.hub, passing=passing, at_rest=at_rest) as reads:
        future = opening.send("session.hello", token=bot.token, device="server")
        await reads.begun.wait()
        fresh = (await town.act("bot.token", bot=name_of(bot), rotate=True))["token"]
        reads.go.set()
        assert await opening.closed() in {4401, 4402}
    assert future.cancelled() or "error" in future.result()
    await (await town.bot_by(fresh)).settle()


async def test_a_session_moves_to_another_token_and_outlives_the_older_one(town: Town) -> None:
    bot, other = await town.bot(), await town.bot()
    second = (await town.act("bot.token", bot=name_of(bot)))["token"]
    assert await bot.ask("session.renew", token=second) == {}
    await bot.settle()
    third = (await town.act("bot.token", bot=name_of(bot)))["token"]
    assert (await bot.denied("session.renew", token=other.token)).code == "unauthenticated"
    assert await bot.closed() == 4401
    await (await town.bot_by(third)).settle()


@pytest.mark.promise("P7", "bot.token", "revoked")
async def test_a_bot_is_revoked_and_disabled_like_everybody_and_a_later_token_is_good(town: Town) -> None:
    bot = await town.bot()
    a_millisecond_later()
    await town.act("revoke", sub=bot.sub)
    assert await bot.closed() == 4402
    assert await refusal(town, bot.token) == ("revoked", 4402)
    fresh = (await town.act("bot.token", bot=name_of(bot), rotate=True))["token"]
    back = await town.bot_by(fresh)
    assert (await town.act("bot.disable", bot=name_of(bot), on=True))["closed"] == 1
    assert await back.closed() == 4405
    assert await refusal(town, fresh) == ("disabled", 4405)
    await town.act("bot.disable", bot=name_of(bot), on=False)
    await (await town.bot_by(fresh)).settle()


@pytest.mark.promise("P7", "bot.token", "token")
async def test_nobody_but_the_operator_makes_a_bot_or_speaks_for_one(town: Town) -> None:
    bot = await town.bot()
    for sub in (bot.sub, "bot:made-up"):
        assert await refusal(town, town.server.token(sub)) == ("unauthenticated", 4401)
    with pytest.raises(AdminError, match="invalid"):
        await town.act("user", sub="bot:made-up")
    ann = await town.person("ann")
    with pytest.raises(AdminError, match="not_found"):
        await town.act("follow.add", sub=ann.sub, target="bot:made-up")
    assert (await bot.ask("user.get", subs=["bot:made-up"]))["users"] == []


async def test_what_the_operator_does_with_bots_is_audited_without_a_token(town: Town) -> None:
    bot = await town.bot(scopes=["read"])
    token = (await town.act("bot.token", bot=name_of(bot), rotate=True))["token"]
    await town.act("bot.scopes", bot=name_of(bot), scopes=["pin"])
    await town.act("bot.disable", bot=name_of(bot), on=True)
    rows = (await town.act("audit", filters={"user": bot.user}))["rows"]
    acts = [row["act"] for row in rows]
    assert acts == ["user.disable", "bot.scopes", "bot.token", "bot.create"]
    assert all(secret not in str(rows) for secret in (token, bot.token))
    with pytest.raises(AdminError, match="taken"):
        await town.act("bot.create", bot=name_of(bot))
    for wrong in ({"bot": "X"}, {"bot": "ok-name", "scopes": ["fly"]}, {"bot": "ok-name", "intro": 5}):
        with pytest.raises(AdminError, match="invalid"):
            await town.act("bot.create", **wrong)
    with pytest.raises(AdminError, match="not_found"):
        await town.act("bot.show", bot="nobody-of-this-name")


# -- coming in


@pytest.mark.promise("P6", "bot")
async def test_a_bot_comes_in_by_the_right_of_admin_or_owner_and_by_no_other_way(town: Town) -> None:
    bot, second = await town.bot(), await town.bot()
    ann, bob, ada = await town.people("ann", "bob", "ada")
    group = await town.group_of(ann, bob, ada)
    await ann.do("member.role", group=group, user=ada.user, role="admin")
    await bob.do("follow.add", user=bot.user)
    assert await added(bob, group, bot) == ["not_mutual"]
    assert await added(ada, group, bot) == ["added"]
    assert await added(ann, group, bot, second) == ["already", "added"]
    rows = (await ann.ask("audit.list", group=group, act="member.add"))["rows"]
    assert [(row["by"], row["user"]) for row in rows] == [(ann.user, second.user), (ada.user, bot.user)]
    link = await ann.do("invite.create", group=group, kind="link")
    third = await town.bot(scopes=list(SCOPES))
    assert await third.cannot("invite.redeem", secret=link["token"]) == "not_for_bots"
    directed = await ann.denied("invite.create", cid=new_cid(), group=group, kind="directed", user=third.user)
    assert directed.code == "not_for_bots"
    await ann.do("group.entry", group=group, entry="open", invites="anyone")
    assert await third.cannot("group.join", group=group) == "not_for_bots"
    await ann.do("member.ban", group=group, user=bot.user)
    assert await added(ada, group, bot) == ["banned"]
    assert (await ann.ask("member.bans", group=group))["bans"][0]["bot"] is True


async def test_a_bot_is_shown_as_one_wherever_somebody_is_shown(town: Town) -> None:
    bot = await town.bot(name="Helper 助手", intro="ask me")
    ann, bob, group = await group_with(town, bot)
    shown = (await ann.ask("user.get", users=[bot.user, bob.user]))["users"]
    assert {user["user"]: user.get("bot", False) for user in shown} == {bot.user: True, bob.user: False}
    assert {"name": "Helper 助手", "bio": "ask me", "sub": bot.sub}.items() <= next(
        user for user in shown if user["user"] == bot.user
    ).items()
    members = (await ann.ask("group.members", group=group))["members"]
    assert {one["user"] for one in members if one.get("bot")} == {bot.user}
    pos = await bot.say(group, "hello")
    await ann.up_to(group, pos)
    came, message = (next(e for e in ann.entries[group] if e["pos"] == at) for at in (pos - 1, pos))
    assert came["joined"] == [{"user": bot.user, "by": ann.user, "bot": True}]
    assert message["bot"] is True
    await ann.do("follow.add", user=bot.user)
    following = {one["user"]: one for one in (await ann.ask("follow.list", which="following"))["users"]}
    assert following[bot.user]["bot"] is True
    assert "bot" not in following[bob.user]


@pytest.mark.promise("P2", "retry.every_op")
async def test_a_bot_declares_commands_once_and_whoever_is_in_the_group_reads_them(town: Town) -> None:
    bot, quiet = await town.bot(name="Helper", intro="ask me"), await town.bot(name="Quiet")
    ann, bob, group = await group_with(town, bot)
    assert await added(ann, group, quiet) == ["added"]
    request = {"commands": COMMANDS, "cid": new_cid()}
    assert await bot.ask("bot.commands", **request) == {"commands": 2}
    await bot.do("bot.commands", commands=COMMANDS[:1])
    assert await bot.ask("bot.commands", **request) == {"commands": 2}, "the first answer"
    other = await town.bot_by(bot.token, "msgpack", "another")
    assert await other.ask("bot.commands", **request) == {"commands": 2}
    assert (await bot.denied("bot.commands", commands=[], cid=request["cid"])).code == "conflict"
    lines = {one["user"]: one for one in (await bob.ask("group.bots", group=group))["bots"]}
    assert lines[bot.user] == {
        "user": bot.user,
        "bot": name_of(bot),
        "name": "Helper",
        "intro": "ask me",
        "commands": COMMANDS[:1],
    }
    assert lines[quiet.user].keys() == {"user", "bot", "name"}
    first = await bob.ask("group.bots", group=group, limit=1)
    rest = await bob.ask("group.bots", group=group, limit=1, after=first["more"])
    assert [one["user"] for one in first["bots"] + rest["bots"]] == sorted(lines)
    assert "more" not in rest
    await town.act("bot.disable", bot=name_of(quiet), on=True)
    await bot.do("member.leave", group=group)
    assert (await bob.ask("group.bots", group=group))["bots"] == []


async def test_a_direct_chat_with_a_bot_that_talks_to_anybody(town: Town) -> None:
    bot, shy = await town.bot(direct=True), await town.bot()
    ann = await town.person("ann")
    assert await ann.cannot("group.create", kind="direct", user=shy.user) == "not_mutual"
    chat = (await ann.do("group.create", kind="direct", user=bot.user))["group"]
    await bot.own("added", chat)
    await bot.up_to(chat, await ann.say(chat, "/price"))
    await ann.up_to(chat, await bot.say(chat, "12 yuan"))
    await ann.do("block.add", user=bot.user)
    assert await bot.cannot("message.send", group=chat, kind="text", body={"text": "buy!"}) == "read_only"
    assert await ann.cannot("group.create", kind="direct", user=bot.user) == "not_mutual"
    await ann.do("block.remove", user=bot.user)
    await ann.up_to(chat, await bot.say(chat, "sorry"))
    assert await ann.cannot("contact.request", user=shy.user) == "not_mutual", "nobody would answer"


@on_loop
async def test_bots_outlive_a_restart_and_the_database_is_whole(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        bot = await town.bot(scopes=["read", "send", "moderate"])
        ann, _, group = await group_with(town, bot)
        await bot.do("bot.commands", commands=COMMANDS)
        await town.act("bot.token", bot=name_of(bot))
        token, cursors = bot.token, bot.cursors()
        await ann.say(group, "before")
    async with living_town(store_url, tmp_path) as town:
        back = await town.bot_by(token, **cursors)
        assert back.hello["bot"]["scopes"] == ["read", "send", "moderate"]
        await back.until(lambda: says(back, "before"))
        assert (await back.ask("group.bots", group=group))["bots"][0]["commands"] == COMMANDS
    database = connect(store_url)
    assert verify(database).problems == []
    database.close()


@on_loop
@pytest.mark.promise("P7", "bot.token")
@pytest.mark.promise("P9", "history")
async def test_an_erased_bot_speaks_no_more_and_its_buttons_are_gone(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        bot = await town.bot(name="Helper")
        _, bob, group = await group_with(town, bot)
        await bot.do("bot.commands", commands=COMMANDS)
        menu = [[{"id": "secret-7", "label": "a label of its own"}]]
        sent = await bot.do("message.send", group=group, kind="text", body={"text": "shall I?", "menu": menu})
        pos = sent["pos"]
        await bob.do("menu.press", group=group, pos=pos, button="secret-7")
        await bot.until(lambda: any(entry["kind"] == "pressed" for entry in bot.mine))
        await town.act("erase", user=bot.user, yes=True)
        await bot.closed()
        assert (await refusal(town, bot.token))[0] in {"unauthenticated", "disabled", "revoked"}
        await bob.until(lambda: any(entry["kind"] == "erased" for entry in bob.entries[group]))
        assert await bob.cannot("menu.press", group=group, pos=pos, button="secret-7") == "gone"
        assert (await bob.ask("group.bots", group=group))["bots"] == []
        late = await town.phone_of(bob.sub, "late")
        await late.history(group)
        assert not says(late, "secret-7")
        again = await town.bot_by((await town.act("bot.create", bot=name_of(bot)))["token"])
        assert again.user != bot.user, "the name is free, and stands for another one"
    database = connect(store_url)
    assert verify(database).problems == []
    database.close()
