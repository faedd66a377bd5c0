"""What the full-screen chat offers for a message, and what it completes behind a slash."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatd.cli.chat_commands import COMMANDS
from chatd.cli.chat_items import SEEN_MAX, Items
from chatd.cli.chat_words import Lang, Words
from chatd.cli.screen.allowed import Standing, acts_on
from chatd.cli.screen.composer import bot_commands, completions
from chatd.service.catalogue import change_catalogue
from chatd.testing import running_server
from chatd_protocol import kinds, log
from chatd_protocol.bots import BotLine, CommandLine
from chatd_protocol.groups import GroupInfo, GroupLine
from tests.client.peer import USER, in_loop, line
from tests.client.sitting import at_phones, sitting, user_of
from tests.client.test_chat_bots import make_bot

OTHER = "uOtherOtherOtherOther"
RIGHTS = {"post": "member", "react": "member", "pin": "admin", "feature": "admin", "announce": "admin"}


def standing(role: str = "member", *, now_ms: int = 0, roles: Any = None, **more: Any) -> Standing:
    about = {name: more.pop(name) for name in ("restricted", "restricted_self") if name in more}
    shown = msgspec.convert(line(role=role, **more), GroupLine)
    whole = {"line": line(role=role, **more), "intro": "", "history": "all", "limit": 5, "owner": OTHER, "created": 0}
    info = msgspec.convert(whole | {"rights": {} if "peer" in more else RIGHTS} | about, GroupInfo)
    return Standing(USER, shown, info, roles or {}, now_ms, 120_000)


def said(sender: str = USER, **more: Any) -> log.Message:
    body = more.pop("body", kinds.TextContent("hi"))
    return log.Message(9, at=0, seq=4, sender=sender, cid="c", type="text", body=body, **more)


@pytest.mark.parametrize(
    ("message", "how", "acts"),
    [
        (said(), standing(), "reply react edit recall receipts copy forward"),
        (said(), standing(now_ms=120_001), "reply react receipts copy forward"),
        (said(OTHER), standing(), "reply react copy forward person"),
        (said(OTHER), standing("admin"), "reply react recall copy forward pin feature person"),
        (said(OTHER), standing("admin", roles={OTHER: "admin"}), "reply react copy forward pin feature person"),
        (said(OTHER), standing("owner", roles={OTHER: "admin"}), "reply react recall copy forward pin feature person"),
        (said(OTHER, operator=True), standing("owner"), "reply react copy forward pin feature person"),
        (said(), standing("silent"), "recall receipts copy forward"),
        (said(), standing(restricted_self={}), "recall receipts copy forward"),
        (said(OTHER), standing(restricted={}), "copy forward person"),
        (said(OTHER), standing("admin", restricted={}), "reply react recall copy forward pin feature person"),
        (said(OTHER), standing(kind="direct", peer=OTHER), "reply react copy forward pin feature person"),
        (said(), standing(gone_at=5), "receipts copy forward"),
        (said(forwarded=log.Forwarded()), standing(), "reply react recall receipts copy forward"),
        (said(OTHER, body=None, recalled=log.Recall(OTHER, 1), reply_to=3), standing("owner"), "quote person"),
    ],
)
def test_what_is_offered_is_what_may_be_done(message: log.Message, how: Standing, acts: str) -> None:
    assert " ".join(acts_on(message, how)) == acts


@in_loop
async def test_the_menu_offers_what_the_role_allows_and_to_unpin_what_is_pinned(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        placed = await bob.send(group, "the rules")
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.hears("the rules")
            await here.press("up")
            await here.sees("r 回复")
            assert "p 置顶" not in here.text
            await here.press("p")
            await here.sees("现在不能对这条消息这样做")
            await here.press("enter")
            await here.sees("转发")
            assert not any(word in here.text for word in ("置顶", "精华", "撤回"))
            await here.press("escape")
            await bob.set_role(group, user_of(ann), "admin")
            await here.sees("p 置顶")
            await here.press("p")
            await here.hears("我置顶了")
            await bob.feature(group, placed.pos)
            await here.press("enter")
            await here.sees("取消置顶")
            await here.sees("取消精华")
            await here.press("p")
            await here.hears("我取消置顶")
            assert (await ann.list_pins(group)).pins == []


@in_loop
async def test_commands_of_bots_come_before_our_own_and_the_list_scrolls(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
        group = (await ann.create_group("Tea")).group
        bot = await make_bot(server)
        await ann.add_members(group, [user_of(bot)])
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.until(lambda: bool(here.app.composer.bot_commands))
            await here.type("/", "space", "backspace")
            await here.sees("» /喝茶", "机器人")
            await here.sees("  /tea", "机器人")
            count = len(here.app.composer.offers)
            await here.sees(f"1/{count}")
            shown = [row for row in here.rows if "  /" in row or "» /" in row]
            assert len(shown) == 8
            await here.press("down", "down")
            await here.sees("» /群聊")
            await here.press("up", "up", "up")
            await here.sees(f"{count}/{count}")
            await here.press("down", "pagedown", "pagedown")
            await here.sees(f"11/{count}")
        await bot.close()


@pytest.mark.parametrize(("lang", "why"), [("en", "That message was taken back."), ("zh", "这条消息已撤回。")])
def test_what_cannot_be_done_with_a_recalled_message_says_why(sqlite_url: str, lang: Lang, why: str) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
            group = (await bob.create_group("One")).group
            await bob.add_members(group, [user_of(ann)])
            said = await bob.send(group, "a slip")
            async with sitting(server, "ann", "Ann", lang, group=group) as here:
                await here.hears("a slip")
                await bob.recall(group, said.pos)
                await here.until(lambda: not any("a slip" in row for row in here.conversation))
                listed = " 鲍勃 撤回了这条消息 " if lang == "zh" else " recalled by 鲍勃 "
                await here.until(lambda: any(row.startswith(listed) for row in here.rows))
                for key in "+rewcx":
                    await here.press("up", key)
                    await here.sees(why)
                    await here.press("escape", "escape")
                    await here.sees_no(why)

    scene()


@in_loop
async def test_a_key_right_behind_what_is_typed_completes_that(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
        group = (await ann.create_group("Tea")).group
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.sees("1 人在线")
            composer = here.app.composer
            for text, completed in {"/": "/群聊 ", "/mem": "/members ", "/成": "/成员 "}.items():
                composer.put(text)
                composer._own("tab")
                assert composer.text == completed


def test_a_bots_command_that_we_have_too_is_offered_with_the_name_of_its_bot() -> None:
    bots = [
        BotLine(
            "u1", "echo", "回声", commands=[CommandLine("help", "what I do", "我会什么"), CommandLine("echo", "again")]
        ),
        BotLine("u2", "shop", commands=[CommandLine("price", "how much"), CommandLine("echo", "again")]),
    ]
    found = bot_commands(Words("zh"), bots, COMMANDS)
    assert [name for name, _, _ in found] == ["help@echo", "echo@echo", "price", "echo@shop"]
    ours = [("help", "/help", "本页")]
    offered = completions("/he", (), [*ours, *found])
    assert [(one.text, one.about) for one in offered] == [
        ("/help", "本页"),
        ("/help@echo", "机器人 回声 · 我会什么"),
    ]


@pytest.mark.parametrize(
    ("lang", "names"),
    [("en", ["vote", "help@poll", "投票", "表决", "帮助"]), ("zh", ["投票", "帮助", "表决", "vote", "help@poll"])],
)
def test_every_name_of_a_bots_command_is_offered(lang: Lang, names: list[str]) -> None:
    told = [CommandLine("vote", "asks", "问", ["投票", "表决"]), CommandLine("help", also=["帮助"])]
    found = bot_commands(Words(lang), [BotLine("u1", "poll", commands=told)], COMMANDS)
    assert [name for name, _, _ in found] == names
    said = {name: about for name, _, about in found}
    assert (said["vote"][-1], said["帮助"][-4:]) == (("s", "poll") if lang == "en" else ("问", "poll"))
    assert [one.text for one in completions("/表", (), found)] == ["/表决"]


@in_loop
async def test_what_can_be_shared_is_found_by_words_of_its_title_and_offered_while_one_types(sqlite_url: str) -> None:
    made = {"kind": "product", "rev": 1, "price": 4800, "currency": "CNY", "shop_url": "https://shop.example/1"}
    titles = {"kiln-7": "青花茶壶", "kiln-9": "青花碗", "cup": "Tea cup blue", "hid": "青花瓶"}
    items = [made | {"id": item, "title": title} for item, title in titles.items()]
    items[-1]["status"] = "off_shelf"
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        results = await change_catalogue(server.hub.link.ask, items, [])
        assert [one["result"] for one in results] == ["added"] * 4
        group = (await bob.create_group("Shop")).group
        await bob.add_members(group, [user_of(ann)])
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.type("/发商品 壶", "space", "backspace")
            await here.sees("» /发商品 kiln-7", "青花茶壶")
            await here.press("ctrl+u")
            await here.type("/product 壶", "space", "backspace")
            await here.sees("» /product kiln-7", "青花茶壶")
            await here.press("tab", "enter")
            await here.sees("│ 青花茶壶")
            await here.type("/product 碗 好看")
            await here.sees("│ 青花碗")
            await here.hears("好看")
            await here.type("/product tea cup 早")
            await here.sees("│ Tea cup blue")
            await here.type("/product 「青花」 选一个")
            await here.sees("分享哪个商品？")
            await here.sees("青花茶壶  ¥48.00  kiln-7")
            await here.sees("青花碗  ¥48.00  kiln-9")
            assert "青花瓶" not in "".join(here.rows)
            await here.press("enter")
            await here.hears("选一个")
            await here.type("/product")
            await here.sees("Tea cup blue  ¥48.00  cup")
            await here.press("escape")
            await here.type("/product 月亮")
            await here.sees("没有标题含“月亮”、可以分享的商品")
            await here.until(lambda: here.app.composer.text == "/product 月亮")
            here.app.composer.clear()
            await here.type("/video")
            await here.sees("还没有可以分享的视频")


def test_what_was_seen_is_bounded_and_what_cannot_be_shared_any_more_is_forgotten() -> None:
    def shown(item: str, status: Any = "on_sale") -> log.Message:
        return said(body=kinds.TextContent("", card=kinds.ProductCard(item, status, rev=1, title=f"Tea {item}")))

    items = Items()
    items.see([shown("p1"), shown("p2")])
    assert items.find("product", "tea") == [("p2", "Tea p2"), ("p1", "Tea p1")]
    assert items.find("video", "tea") == []
    gone = kinds.ProductCard("p1", "gone", rev=2, title="Tea p1")
    items.see([log.CardChanged(5, at=0, target=1, card=gone)])
    assert items.find("product", "P") == [("p2", "Tea p2")]
    items.see(shown(f"x{number}") for number in range(SEEN_MAX))
    assert items.find("product", "p2") == []
    assert len(items.find("product", "x")) == SEEN_MAX
