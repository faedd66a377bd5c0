"""What somebody meets who has never seen the chat before: an empty screen, keys that do nothing, words that are
none."""

from __future__ import annotations

from typing import cast

import pytest

from chatd.admin import broadcasts
from chatd.cli.chat_called import called
from chatd.cli.chat_commands import COMMANDS
from chatd.cli.chat_help import about_command, near_to
from chatd.cli.chat_state import OPERATOR_NAME, OPERATOR_SUB, Names
from chatd.cli.chat_words import TABLES, Lang, Words
from chatd.cli.screen.desk import SCREEN_COMMANDS
from chatd.cli.typed.desk import Mistyped
from chatd.testing import running_server
from chatd_client import Client
from chatd_protocol.users import User
from tests.client.peer import in_loop
from tests.client.sitting import at_phones, sitting, user_of

LONG = "Somebody with a name that is as long as it may be"


@in_loop
async def test_where_there_is_no_chat_it_says_how_to_come_to_one_and_keys_do_not_lead_astray(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, sitting(server, "ann", "Ann", "zh") as here:
        await here.sees("收到口令或邀请？整段粘贴进来")
        await here.sees("还没有聊天 ")
        await here.press("tab", "a")
        await here.press("shift+tab", "b", "c")
        await here.sees("abc")
        assert here.app.composer.has_focus
        await here.press("tab", "ctrl+u")
        await here.until(lambda: here.app.composer.text == "")
        await here.press("f2")
        await here.sees("Esc 返回")
        await here.press("h", "i")
        await here.until(lambda: here.app.composer.text == "hi")
        await here.press("f2", "tab")
        await here.until(lambda: here.app.composer.has_focus)


@in_loop
async def test_that_no_group_is_open_is_said_until_one_is(sqlite_url: str) -> None:
    async with (
        running_server(sqlite_url) as server,
        at_phones(server, ann="Ann") as (ann,),
        sitting(server, "ann", "Ann", "zh") as here,
    ):
        await here.sees("还没有聊天 ")
        await here.type("hello")
        await here.sees("还没有打开群")
        await here.until(lambda: here.app.composer.text == "hello")
        here.app.note([[("", "something else")]])
        await here.sees("something else")
        await ann.create_group("Tea")
        await here.click("Tea")
        await here.sees_no("还没有打开群")
        await here.sees("something else")


@in_loop
async def test_a_search_says_what_to_do_and_what_was_not_found(sqlite_url: str) -> None:
    async with (
        running_server(sqlite_url, search={"follow_every_s": 0.01}) as server,
        at_phones(server, ann="Ann") as (ann,),
    ):
        await ann.create_group("Tea")
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("Tea", "1 人")
            await here.press("f3")
            await here.sees("输入关键词后按回车")
            await here.press("x", "y", "enter")
            await here.sees("没有找到含“xy”的消息")
            await here.press(*" in:here", "enter")
            await here.sees("当前聊天里没有含“xy”的消息")
            await here.press("escape", "f6")
            await here.sees("本群还没有置顶消息")
            await here.press("escape", "f5", "z")
            await here.sees("没有匹配的内容")
            await here.sees("↑↓ 选择 · 回车 确定 · Esc 关闭")
            await here.press("escape")
            await here.type("/search zz")
            await here.sees("没有找到含“zz”的消息")


@in_loop
async def test_help_explains_one_command_and_names_those_that_are_like_a_word(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, sitting(server, "ann", "Ann", "zh") as here:
        await here.sees("● 在线")
        await here.type("/help /open")
        await here.sees("/打开 N|群名 — 打开其中一个")
        await here.sees("例如：/打开 2")
        await here.type("/帮助 收回")
        await here.sees("没有命令 /收回", "/撤回")
        await here.until(lambda: here.app.composer.text == "/帮助 收回")
        here.app.composer.clear()
        await here.type("/open")
        await here.sees("正确写法：/打开 N|群名，例如 /打开 2")
        await here.until(lambda: here.app.composer.text == "/open")
        here.app.composer.clear()
        await here.press("ctrl+n")
        await here.sees("其他聊天没有未读")
        await here.type("/opne 2")
        await here.sees("没有命令 /opne", "/打开")


@in_loop
async def test_others_are_offered_behind_an_at_sign_then_everybody_and_what_is_narrow_is_not_cut_amiss(
    sqlite_url: str,
) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob=LONG) as (ann, bob):
        group = (await bob.create_group("A group with a title of some length")).group
        await bob.add_members(group, [user_of(ann)])
        async with sitting(server, "ann", "Ann", "zh", size=(120, 24)) as here:
            await here.until(lambda: len(here.app.state.people) == 2)
            await here.type("@", "space", "backspace")
            await here.until(lambda: [one.text for one in here.app.composer.offers] == [f"@{LONG}", "@所有人"])
            await here.sees("Somebody with a …", "群主")
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("A group with", "2 人 · ")
            await here.press("f4")
            row = await here.sees("A group with a", "│ A group with a title")
            assert row.split("│")[1].rstrip().endswith("…  2 人")


@pytest.mark.parametrize("lang", sorted(TABLES))
def test_each_command_that_takes_something_has_an_example_that_can_be_typed(lang: Lang) -> None:
    words = Words(lang)
    for name, command in {**COMMANDS, **SCREEN_COMMANDS}.items():
        lines = about_command(words, COMMANDS, name)
        assert (words("about_sub") in lines) == ("SUB" in words(f"usage_{name}"))
        assert any(words(f"usage_{name}") in line for line in lines)
        if command.parts + command.more:
            typed, _, rest = words(f"example_{name}").partition(" ")
            assert typed == f"/{called(words, name)}"
            assert len(rest.split()) >= command.parts + command.more


def test_what_is_like_a_word_is_found_by_how_it_is_written_and_by_what_it_does() -> None:
    assert near_to(Words("en"), COMMANDS, "memb")[:2] == ["members", "member"]
    assert near_to(Words("en"), COMMANDS, "serch") == ["search"]
    assert near_to(Words("zh"), COMMANDS, "群主") == ["fans"]
    assert near_to(Words("zh"), COMMANDS, "口令") == ["invite", "join"]
    assert near_to(Words("zh"), COMMANDS, "邀请")[0] == "invite"
    assert near_to(Words("zh"), COMMANDS, "") == []
    with pytest.raises(Mistyped) as nothing:
        about_command(Words("en"), COMMANDS, "xyzzyxyzzy")
    assert nothing.value.key == "unknown_command"


@pytest.mark.parametrize(("lang", "name"), [("en", "Operator"), ("zh", "运营方")])
def test_the_operator_has_a_name_in_the_readers_language_unless_they_took_one(lang: Lang, name: str) -> None:
    assert (OPERATOR_SUB, OPERATOR_NAME) == (broadcasts.OPERATOR_SUB, broadcasts.OPERATOR_NAME)
    names = Names(cast("Client", None), operator=Words(lang)("operator_name"))
    names._take(User("u1", OPERATOR_SUB, OPERATOR_NAME))
    names._take(User("u2", "ann", OPERATOR_NAME))
    assert (names.of("u1"), names.of("u2")) == (name, OPERATOR_NAME)
    names._take(User("u1", OPERATOR_SUB, "Tea House"))
    assert names.of("u1") == "Tea House"
