"""Menus over the wire: buttons shown wherever the message is, pressed once, and told to a bot that was away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from chatd_protocol.codec import Format
from tests.e2e.bot_kit import added, group_with, name_of
from tests.e2e.phone import Phone, new_cid
from tests.e2e.test_cards import PRODUCT, QUICK, change
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import one_commit, says

MENU: Final = [[{"id": "yes", "label": "要 Yes"}, {"id": "no", "label": "不要 No"}], [{"id": "page:2", "label": "▶"}]]
OTHER: Final = [[{"id": "done", "label": "✓ done"}]]


async def ask(bot: Phone, group: str, text: str = "shall I?", menu: Any = MENU, **more: Any) -> int:
    body = {"text": text, "menu": menu}
    return int((await bot.do("message.send", group=group, kind="text", body=body, **more))["pos"])


async def pressed(bot: Phone, count: int) -> list[dict[str, Any]]:
    """Wait for so many presses in the bot's own log; all that came."""

    def found() -> list[dict[str, Any]]:
        return [entry for entry in bot.mine if entry["kind"] == "pressed"]

    await bot.until(lambda: len(found()) >= count)
    return found()


def at(phone: Phone, group: str, pos: int) -> dict[str, Any]:
    """An entry that was pushed."""
    return next(entry for entry in phone.entries[group] if entry["pos"] == pos)


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_menu_is_shown_with_the_message_on_every_way_and_nowhere_else(town: Town, fmt: Format) -> None:
    bot = await town.bot(fmt, scopes=["read", "send", "pin"])
    ann, bob, group = await group_with(town, bot)
    await ann.do("member.role", group=group, user=bot.user, role="admin")
    await bob.cut_off()
    pos = await ask(bot, group)
    await ann.up_to(group, pos)
    back = await town.back(bob, fmt=fmt)
    await back.up_to(group, pos)
    page = {entry["pos"]: entry for entry in await back.history(group)}
    await bot.do("pin.add", group=group, pos=pos)
    pinned = (await ann.ask("pin.list", group=group))["pins"][0]["entry"]
    body = {"text": "shall I?", "menu": MENU}
    for shown in (at(ann, group, pos), at(back, group, pos), page[pos], pinned, (await ann.line(group))["last"]):
        assert (shown["body"], shown["bot"]) == (body, True)
    reply = await ann.say(group, "yes!", reply_to=pos)
    await back.up_to(group, reply)
    assert at(back, group, reply)["quote"].keys() == {"pos", "sender", "type", "text"}
    copy = (await ann.do("message.forward", group=group, source=group, positions=[pos]))["pos"]
    both = (await ann.do("message.forward", group=group, source=group, positions=[pos, reply]))["pos"]
    await back.up_to(group, both)
    assert at(back, group, copy)["body"] == {"text": "shall I?"}
    assert "menu" not in str(at(back, group, both))
    assert (await back.denied("menu.press", cid=new_cid(), group=group, pos=copy, button="yes")).code == "no_button"


@pytest.mark.promise("P9", "live", "history", "line")
async def test_a_recall_takes_the_buttons_away_everywhere(town: Town) -> None:
    bot = await town.bot()
    ann, bob, group = await group_with(town, bot)
    pos = await ask(bot, group, "a question of the bot's", [[{"id": "secret-7", "label": "a label of its own"}]])
    await bob.up_to(group, pos)
    recalled = (await bot.do("message.recall", group=group, pos=pos))["pos"]
    await bob.up_to(group, recalled)
    assert (await bob.denied("menu.press", cid=new_cid(), group=group, pos=pos, button="secret-7")).code == "gone"
    late = await town.phone_of(bob.sub, "late")
    await late.history(group)
    await late.line(group)
    assert not says(late, "secret-7")
    assert not says(late, "a label of its own")
    assert ann.user


@pytest.mark.promise("P4", "resume.mine")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_press_is_told_to_the_bot_alone_live_and_when_it_is_back(town: Town, fmt: Format) -> None:
    bot = await town.bot(fmt)
    ann, bob, group = await group_with(town, bot)
    pos = await ask(bot, group)
    await bob.up_to(group, pos)
    head = (await ann.line(group))["head"]
    assert await bob.do("menu.press", group=group, pos=pos, button="yes") == {
        "group": group,
        "pos": pos,
        "button": "yes",
    }
    (first,) = await pressed(bot, 1)
    assert {key: first[key] for key in ("group", "pos", "by", "button")} == {
        "group": group,
        "pos": pos,
        "by": bob.user,
        "button": "yes",
    }
    await bot.cut_off()
    for phone, button in ((ann, "no"), (bob, "page:2"), (bob, "yes")):
        await phone.do("menu.press", group=group, pos=pos, button=button)
    back = await town.bot_by(bot.token, fmt, **bot.cursors())
    assert [(one["by"], one["button"]) for one in await pressed(back, 3)] == [
        (ann.user, "no"),
        (bob.user, "page:2"),
        (bob.user, "yes"),
    ]
    assert (await ann.line(group))["head"] == head, "the group's log knows nothing of it"
    assert not any(entry["kind"] == "pressed" for phone in (ann, bob) for entry in phone.mine)


@pytest.mark.promise("P2", "retry.every_op", "retry.reconnect", "conflict", "refusal")
async def test_a_press_with_one_cid_happens_once_and_the_first_answer_stands(town: Town) -> None:
    bot = await town.bot()
    ann, bob, group = await group_with(town, bot)
    pos = await ask(bot, group)
    request = {"group": group, "pos": pos, "button": "yes", "cid": new_cid()}
    first = await bob.ask("menu.press", **request)
    assert await bob.ask("menu.press", **request) == first
    tablet = await town.phone_of(bob.sub, "tablet", "msgpack")
    assert await tablet.ask("menu.press", **request) == first
    assert (await bob.denied("menu.press", **request | {"button": "no"})).code == "conflict"
    await bot.do("message.edit", group=group, pos=pos, menu=OTHER)
    assert await bob.ask("menu.press", **request) == first
    cid = new_cid()
    refused = {"group": group, "pos": pos, "button": "yes", "cid": cid}
    assert (await ann.denied("menu.press", **refused)).code == "no_button"
    await bot.do("message.edit", group=group, pos=pos, menu=MENU)
    await ann.ask("menu.press", **refused)
    assert [(one["by"], one["button"]) for one in await pressed(bot, 2)] == [(bob.user, "yes"), (ann.user, "yes")]


@on_loop
async def test_pressed_from_two_connections_in_one_commit_it_happens_once(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        bot = await town.bot()
        _, bob, group = await group_with(town, bot)
        pos = await ask(bot, group)
        tablet = await town.phone_of(bob.sub, "tablet")
        request = {"group": group, "pos": pos, "button": "yes", "cid": new_cid()}
        async with one_commit(town.server):
            futures = [phone.send("menu.press", **request) for phone in (bob, tablet)]
            await asyncio.gather(bob.settle(), tablet.settle())
        answers = [await phone.answer_to(future) for phone, future in zip((bob, tablet), futures, strict=True)]
        assert answers[0] == answers[1]
        await bob.do("menu.press", group=group, pos=pos, button="no")
        assert [one["button"] for one in await pressed(bot, 2)] == ["yes", "no"]


async def test_people_have_no_menus(town: Town) -> None:
    bot = await town.bot()
    ann, _, group = await group_with(town, bot)
    refused = await ann.denied(
        "message.send", cid=new_cid(), group=group, kind="text", body={"text": "?", "menu": MENU}
    )
    assert (refused.code, refused.details) == ("bots_only", {"path": "$.data.body.menu"})
    pos = await ann.say(group, "mine")
    for menu in (MENU, []):
        refused = await ann.denied("message.edit", cid=new_cid(), group=group, pos=pos, menu=menu)
        assert (refused.code, refused.details) == ("bots_only", {"path": "$.data.menu"})
    assert await bot.cannot("menu.press", group=group, pos=pos, button="yes") == "not_for_bots"


async def test_an_edit_of_the_buttons_reaches_everybody_and_quotes_stay(town: Town) -> None:
    bot = await town.bot()
    ann, bob, group = await group_with(town, bot)
    pos = await ask(bot, group)
    await bob.up_to(group, pos)
    await bob.cut_off()
    edited = await bot.do("message.edit", group=group, pos=pos, menu=OTHER)
    assert (edited["target"], edited["version"]) == (pos, 1)
    await ann.up_to(group, edited["pos"])
    back = await town.back(bob)
    await back.up_to(group, edited["pos"])
    for phone in (ann, back):
        entry = at(phone, group, edited["pos"])
        assert (entry["kind"], entry["body"]) == ("edit", {"text": "shall I?", "menu": OTHER})
    assert await bob_presses(back, group, pos, "yes") == "no_button"
    await back.do("menu.press", group=group, pos=pos, button="done")
    await bot.do("message.edit", group=group, pos=pos, menu=[])
    assert await bob_presses(back, group, pos, "done") == "no_button"
    last = (await bot.do("message.edit", group=group, pos=pos, text="I did"))["pos"]
    await ann.up_to(group, last)
    assert at(ann, group, last)["body"] == {"text": "I did"}


async def bob_presses(phone: Phone, group: str, pos: int, button: str) -> str:
    return await phone.cannot("menu.press", group=group, pos=pos, button=button)


@on_loop
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_cards_have_buttons_that_a_bot_changes_long_after(store_url: str, tmp_path: Path, fmt: Format) -> None:
    messages = {"recall_window_s": 0.0}
    async with living_town(store_url, tmp_path, catalogue=QUICK, messages=messages) as town:
        bot = await town.bot()
        ann, bob, group = await group_with(town, bot)
        assert await change(town, PRODUCT | {"id": "pot", "rev": 1}) == ["added"]
        body = {"product": "pot", "text": "fresh", "menu": MENU}
        pos = (await bot.do("message.send", group=group, kind="product_card", body=body))["pos"]
        await bob.up_to(group, pos)
        shown = at(bob, group, pos)["body"]
        assert (shown["text"], shown["card"]["title"], shown["menu"]) == ("fresh", "Teapot", MENU)
        await bob.cut_off()
        edited = (await bot.do("message.edit", group=group, pos=pos, text="the last one", menu=OTHER))["pos"]
        await ann.up_to(group, edited)
        back = await town.back(bob, fmt=fmt)
        await back.up_to(group, edited)
        page = {entry["pos"]: entry for entry in await back.history(group)}
        for entry in (at(ann, group, edited), at(back, group, edited), page[edited], page[pos]):
            body = entry["body"]
            assert (body["text"], body["card"]["title"], body["menu"]) == ("the last one", "Teapot", OTHER)
        await back.do("menu.press", group=group, pos=pos, button="done")
        await pressed(bot, 1)
        copy = (await back.do("message.forward", group=group, source=group, positions=[pos]))["pos"]
        await ann.up_to(group, copy)
        assert at(ann, group, copy)["body"].keys() == {"text", "card"}
        assert await ann.cannot("message.edit", group=group, pos=copy, text="x") == "forbidden"


@on_loop
@pytest.mark.promise("P8", "rates.acts")
async def test_pressing_too_often_is_refused_for_a_while(sqlite_url: str, tmp_path: Path) -> None:
    rates = {"on": True, "press": "1/min, burst 3"}
    async with living_town(sqlite_url, tmp_path, rates=rates) as town:
        bot = await town.bot()
        _, bob, group = await group_with(town, bot)
        pos = await ask(bot, group)
        codes = [await bob_tries(bob, group, pos) for _ in range(5)]
        assert codes == ["", "", "", "rate_limited", "rate_limited"]
        again = await town.phone_of(bob.sub, "again")
        refused = await again.denied("menu.press", cid=new_cid(), group=group, pos=pos, button="yes")
        assert (refused.code, refused.details["bound"]) == ("rate_limited", "press")
        assert len(await pressed(bot, 3)) == 3


async def bob_tries(phone: Phone, group: str, pos: int) -> str:
    response = await asyncio.wait_for(
        phone.send("menu.press", cid=new_cid(), group=group, pos=pos, button="yes"), timeout=15
    )
    return str(response.get("error", {}).get("code", ""))


@on_loop
@pytest.mark.promise("P4", "own_log.truncated")
async def test_a_bot_that_was_away_for_more_than_is_kept_is_told_so(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, store={"user_log_keep": 5}) as town:
        bot = await town.bot()
        _, bob, group = await group_with(town, bot)
        pos = await ask(bot, group)
        await bot.cut_off()
        for _ in range(15):
            await bob.do("menu.press", group=group, pos=pos, button="yes")
        back = await town.bot_by(bot.token, **bot.cursors())
        assert back.hello["mine"] - 10 <= back.hello["mine_truncated"] < back.hello["mine"]


@on_loop
async def test_what_stands_on_buttons_and_commands_is_judged_by_the_word_list(sqlite_url: str, tmp_path: Path) -> None:
    listed = tmp_path / "words.txt"
    listed.write_text("赌博\nweixin\tmask\n", encoding="utf-8")
    async with living_town(sqlite_url, tmp_path, words={"files": (str(listed),)}) as town:
        bot = await town.bot()
        ann, _, group = await group_with(town, bot)
        menu = [[{"id": "a", "label": "ok"}], [{"id": "b", "label": "ok"}, {"id": "c", "label": "赌博!"}]]
        body = {"text": "?", "menu": menu}
        refused = await bot.denied("message.send", cid=new_cid(), group=group, kind="text", body=body)
        assert (refused.code, refused.details["path"]) == ("blocked", "$.data.body.menu[1][1].label")
        pos = await ask(bot, group, menu=[[{"id": "weixin", "label": "my weixin"}]])
        await ann.up_to(group, pos)
        assert at(ann, group, pos)["body"]["menu"] == [[{"id": "weixin", "label": "my ******"}]]
        refused = await bot.denied("message.edit", cid=new_cid(), group=group, pos=pos, menu=menu)
        assert refused.details["path"] == "$.data.menu[1][1].label"
        commands = [{"name": "bet", "en": "x", "zh": "赌博"}]
        refused = await bot.denied("bot.commands", cid=new_cid(), commands=commands)
        assert refused.details["path"] == "$.data.commands[0].zh"


@on_loop
async def test_a_search_finds_the_words_of_a_bot_and_not_its_buttons(store_url: str, tmp_path: Path) -> None:
    search = {"on": True, "follow_every_s": 0.01}
    async with living_town(store_url, tmp_path, search=search) as town:
        bot = await town.bot()
        _, bob, group = await group_with(town, bot)
        pos = await ask(bot, group, "remarkable question")
        await bot.do("message.edit", group=group, pos=pos, text="remarkable answer", menu=OTHER)
        assert town.server.hub.search is not None
        await town.server.hub.search.caught_up()

        async def found(query: str) -> list[str]:
            hits = (await bob.ask("message.search", group=group, query=query))["hits"]
            return [hit["text"] for hit in hits]

        assert await found("remarkable") == ["remarkable answer"]
        assert await found("done") == await found("question") == []


async def test_a_bot_that_is_put_out_is_told_no_more(town: Town) -> None:
    bot = await town.bot()
    ann, bob, group = await group_with(town, bot)
    pos = await ask(bot, group)
    await bob.up_to(group, pos)
    await ann.do("member.kick", group=group, user=bot.user)
    assert await bob_presses(bob, group, pos, "yes") == "no_button"
    assert await added(ann, group, bot) == ["added"]
    await bob.do("menu.press", group=group, pos=pos, button="yes")
    await pressed(bot, 1)
    await town.act("bot.disable", bot=name_of(bot), on=True)
    assert await bob_presses(bob, group, pos, "yes") == "no_button"
