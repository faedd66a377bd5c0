"""Every command has a name in each language, and both do the same."""

from __future__ import annotations

import re

import pytest

from chatd.cli.chat_called import ALL_NAMES, called, named, offered
from chatd.cli.chat_commands import COMMANDS
from chatd.cli.chat_help import about_command, near_to
from chatd.cli.chat_words import TABLES, ZH, Lang, Words
from chatd.cli.screen.composer import bot_commands, completions
from chatd.cli.screen.desk import SCREEN_COMMANDS
from chatd.testing import running_server
from chatd_protocol.bots import BotLine, CommandLine
from chatd_protocol.kinds import TextContent
from chatd_protocol.log import Message
from tests.client.peer import in_loop
from tests.client.scene import Person, friends
from tests.client.sitting import at_phones, sitting, user_of
from tests.client.test_chat_bots import first_message, make_bot

EVERY = {**COMMANDS, **SCREEN_COMMANDS}


def test_each_command_has_one_name_in_each_language_and_no_two_share_one() -> None:
    both = {lang: [called(Words(lang), name) for name in EVERY] for lang in TABLES}
    assert both["en"] == list(EVERY)
    assert not any(name.isascii() or " " in name for name in both["zh"])
    everything = both["en"] + both["zh"]
    assert len(set(everything)) == len(everything) == 2 * len(EVERY)
    assert {name: named(name) for name in everything} == dict(ALL_NAMES)
    assert (named("GROUPS"), named("xyzzy")) == ("groups", "xyzzy")


def test_what_is_said_in_chinese_names_commands_in_chinese() -> None:
    found = {key: re.findall(r"(?<![\w/.])/([a-z-]+)", text) for key, text in ZH.items()}
    assert {key: words for key, words in found.items() if set(words) & set(EVERY)} == {}


@in_loop
async def test_both_names_do_the_same_in_either_language(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = await friends(server)
        ann.scene.type("/建群 茶", "/拉人 bob", "/WHO", "/我是谁")
        assert await ann.scene.sees("Ann · ann · ") == await ann.scene.sees("Ann · ann · ")
        await bob.scene.sees("Ann 把你拉进了“茶”")
        bob.scene.type("/群聊", "/帮助 help", "/help 撤回", "／打开", "/打看 1", "/置顶 x", "／到了")
        await bob.scene.sees("/帮助 [命令] — 本页，或某个命令的用法")
        await bob.scene.sees("/撤回 编号 — 撤回一条消息")
        await bob.scene.sees("正确写法：/打开 N|群名，例如 /打开 2")
        await bob.scene.sees("没有命令 /打看", "/打开")
        await bob.scene.sees("正确写法：/置顶 编号，例如 /置顶 42")
        await bob.scene.sees("我 ", "／到了")
        bob.scene.type("/退出")
        assert (await bob.talking, await ann.leave()) == (1, 0)


@in_loop
async def test_a_bots_command_of_the_same_name_is_the_bots_where_it_is_named(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann = Person(server, "ann", "阿安", "zh")
        await ann.scene.sees("已登录")
        bot = await make_bot(server)
        ann.scene.type("/建群 茶", "/拉人 bot:kettle", "/帮助@kettle", "/帮助 退出")
        await ann.scene.sees("我 ", "/帮助@kettle")
        await ann.scene.sees("/退出 — 退出")
        said = [one for one in (await first_message(bot)).entries if isinstance(one, Message)]
        assert [one.body for one in said] == [TextContent("/帮助@kettle")]
        await bot.close()
        assert await ann.leave() == 0


def test_what_a_bot_calls_as_we_do_is_offered_with_the_name_of_its_bot() -> None:
    told = [CommandLine("vote", "asks", "问", ["投票", "表情"]), CommandLine("help", also=["帮助"])]
    found = bot_commands(Words("zh"), [BotLine("u1", "poll", commands=told)], ALL_NAMES)
    assert [name for name, _, _ in found] == ["投票", "帮助@poll", "表情@poll", "vote", "help@poll"]


@pytest.mark.parametrize("lang", sorted(TABLES))
def test_a_command_is_offered_by_its_other_name_with_what_it_takes(lang: Lang) -> None:
    words = Words(lang)
    here, there = offered(words, "open")
    assert (here[0], there[0]) == (("open", "打开") if lang == "en" else ("打开", "open"))
    assert here[1].split()[1:] == there[1].split()[1:] == ["N|TITLE" if lang == "en" else "N|群名"]
    assert [one.text for one in completions("/打", (), [here, there])] == ["/打开"]
    assert about_command(words, EVERY, "打开") == about_command(words, EVERY, "open")


def test_a_chinese_word_that_is_none_leads_to_those_that_are_like_it() -> None:
    assert near_to(Words("zh"), EVERY, "收回") == ["archive", "recall", "reply"]
    assert near_to(Words("en"), EVERY, "xy") == []


@in_loop
async def test_only_the_readers_names_are_listed_and_the_others_are_offered_once_begun(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
        group = (await ann.create_group("Tea")).group
        bot = await make_bot(server)
        await ann.add_members(group, [user_of(bot)])
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            composer = here.app.composer
            await here.until(lambda: bool(composer.bot_commands))
            await here.type("/", "space", "backspace")
            await here.sees("» /喝茶")
            assert [one.text for one in composer.offers if one.text.isascii()] == ["/tea"]
            assert len(composer.offers) == len(EVERY) + 2
            await here.press("o", "p")
            await here.sees("» /open", "打开其中一个")
            await here.press("ctrl+u")
            await here.type("／我是谁")
            await here.sees("Ann · ann · ")
        await bot.close()
