"""What comes up over the conversation of the full-screen chat: completions, invites, sections, menus, lists, people."""

from __future__ import annotations

import pytest

from chatd.cli.screen.cells import clean, cut, width, wrap
from chatd.cli.screen.composer import Completion, completions
from chatd.testing import running_server
from chatd_client import MineEvent
from chatd_protocol.menus import Button
from chatd_protocol.pasted import share_text
from tests.client.peer import in_loop
from tests.client.sitting import at_phones, sitting, user_of
from tests.client.test_chat_bots import make_bot


@in_loop
async def test_names_and_commands_are_completed_with_the_tab_key(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        async with sitting(server, "ann", "Ann") as here:
            await here.sees("One", "2 members")
            await here.until(lambda: "鲍勃" in here.app.state.people)
            await here.type("hi @鲍", "space", "backspace")
            await here.sees("» @鲍勃")
            await here.press("tab", "enter")
            await here.hears("hi @鲍勃")
            said = (await bob.read_history(group)).entries[-1]["body"]
            assert said["entities"] == [{"offset": 3, "length": 3, "user": user_of(bob)}]  # type: ignore[index]
            await bob.mark_read(group, 1)
            line = (await bob.get_group(group)).line
            assert line.group == group
            await here.type("/mem", "space", "backspace")
            await here.sees("» /members", "who is in it")
            await here.press("enter", "enter")
            await here.sees("2 members")
            await here.sees("鲍勃", "owner")


@in_loop
async def test_a_pasted_share_text_is_offered_with_its_question(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (_, bob):
        group = (await bob.create_group("茶友群")).group
        await bob.set_entry(group, "question", question="喝什么茶？")
        code = (await bob.create_invite(group, "code")).code
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("还没有聊天")
            await here.type(f"快来！{share_text('茶友群', code)}")
            await here.sees("“茶友群”", "1 人")
            await here.sees("进群问题：喝什么茶？")
            await here.press("p", "u", "e", "r", "enter")
            await here.sees("已申请")
            waiting = (await bob.list_requests(group)).requests
            assert [one.answer for one in waiting] == ["puer"]
            await bob.approve_request(group, waiting[0].user, waiting[0].number)
            await here.sees("茶友群")
            await here.sees("已进入“茶友群”")


@in_loop
async def test_sections_are_tabs_each_with_what_is_unread(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        number = (await bob.create_section(group, "问一问", "qa")).section or 0
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("[主板块]", "问一问")
            await bob.send(group, "怎么泡？", section=number)
            await here.sees("[主板块]", "问一问 (1)")
            assert not any("怎么泡" in row for row in here.conversation)
            await here.press("alt+right")
            await here.hears("怎么泡？")
            await here.sees("[问一问]")
            await here.type("用开水")
            await here.hears("用开水")
            assert (await bob.read_history(group)).entries[-1]["section"] == number
            await here.click("主板块")
            await here.sees("[主板块]")


@in_loop
async def test_a_button_of_a_bot_is_pressed_by_its_digit_and_by_the_mouse(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
        group = (await ann.create_group("Tea")).group
        bot = await make_bot(server)
        await ann.add_members(group, [user_of(bot)])
        placed = await bot.send(group, "喝茶吗？", menu=[[Button("yes", "要"), Button("no", "不要")]])
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.sees("1 要", "2 不要")
            await here.click("2 不要")
            await here.sees("已点“不要”")
            await here.type("", "up")
            await here.sees("▌")
            await here.sees("回车 更多 · 1–2 按按钮")
            await here.press("1")
            await here.sees("已点“要”")
            await here.type("/te", "space", "backspace")
            await here.sees("» /tea", "问谁要喝茶")
        pressed: list[str | None] = []
        async for event in bot.events():
            if isinstance(event, MineEvent):
                pressed += [one.button for one in event.entries if one.kind == "pressed" and one.pos == placed.pos]
            if len(pressed) == 2:
                break
        await bot.close()
        assert pressed == ["no", "yes"]


@in_loop
async def test_a_message_is_answered_edited_and_taken_back_by_keys(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        asked = await bob.send(group, "几点？")
        async with sitting(server, "ann", "Ann", "zh") as here:
            await here.hears("几点？")
            await here.press("up")
            await here.sees("▌")
            await here.press("r")
            await here.sees("回复 鲍勃：几点？")
            await here.type("八点")
            await here.hears("┆ ")
            answer = (await bob.read_history(group)).entries[-1]
            assert answer["reply_to"] == asked.pos
            await here.press("up")
            await here.sees("▌", "八点")
            await here.press("e")
            await here.sees("编辑 #")
            await here.type("半")
            await here.hears("八点半（已编辑）")
            await here.press("up")
            await here.sees("▌", "八点半")
            await here.press("x")
            await here.sees("撤回这条消息？")
            await here.press("enter")
            await here.hears("— 我撤回了这条消息 —")


@in_loop
async def test_pinned_messages_are_listed_and_gone_to(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        placed = await bob.send(group, "the rules")
        await bob.pin(group, placed.pos)
        await bob.announce(group, "Tea at five")
        await bob.send_notice(group, "doors open")
        async with sitting(server, "ann", "Ann", size=(120, 36)) as here:
            await here.sees("Announcement: Tea at five")
            await here.sees("╭─ [notice] 鲍勃 ")
            await here.sees("│ doors open")
            await here.press("f6")
            await here.sees("Pinned")
            await here.press("enter")
            await here.sees("▌", "the rules")
            await here.press("f1")
            await here.sees("Help: keys and commands")
            await here.press("escape")
            await here.sees_no("Help: keys")


def test_what_others_write_does_nothing_to_the_terminal_and_has_the_width_that_it_seems_to_have() -> None:
    family, flag, keycap, thumb = "👨\u200d👩\u200d👧", "🇨🇳", "1\ufe0f\u20e3", "👍🏽"
    assert [clean(sign) for sign in (family, flag, keycap, thumb)] == ["👨👩👧", "CN", "1", "👍"]
    assert "\x1b" not in clean("\x1b[31mred") + clean("a\u202eb")
    assert "\u202e" not in clean("a\u202eb")
    assert cut("石榴哥粉丝群", 7) == "石榴哥…"


@pytest.mark.parametrize("cells", [2, 5, 20])
def test_rows_are_no_wider_than_they_may_be_and_lose_nothing(cells: int) -> None:
    text = "今天晚上八点，一起 watching the unbreakableverylongword 直播吧！\nok 👍"
    rows = wrap([("text", text[:10]), ("bold", text[10:])], cells)
    assert all(sum(width(part) for _, part in row) <= cells for row in rows)
    kept = "".join(part for row in rows for _, part in row)
    assert kept.replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert not any(row and row[0][1][0] in "，！" for row in rows) or cells == 2


@pytest.mark.parametrize("cells", range(9, 30))
def test_a_sign_that_closes_takes_the_whole_word_before_it_along(cells: int) -> None:
    rows = wrap([("text", "你要找的是：/invites、/link，或 /ask。")], cells)
    told = [part for row in rows for _, part in row]
    assert not any(part[0] in "、，。" for part in told)
    for word in ("/invites", "/link", "/ask"):
        assert any(word in part for part in told) or cells < len(word) + 2


@pytest.mark.parametrize("cells", range(2, 30))
def test_a_sign_that_opens_does_not_end_a_row(cells: int) -> None:
    text = "没有互相关注（not_mutual）的人，或“已停用”的，不能拉"
    rows = wrap([("text", text)], cells)
    assert "".join(part for row in rows for _, part in row) == text
    ends = [row[-1][1][-1] for row in rows if sum(width(part) for _, part in row) > 2]
    assert not {"（", "“"} & set(ends)


def test_a_command_is_offered_once_with_what_it_takes_and_does() -> None:
    known = [("echo", "/echo", "say it again · Echo"), ("product", "/product ID [text]", "share a product")]
    assert completions("/ec", (), known) == [Completion("/echo", 3, "say it again · Echo")]
    assert completions("/pro", (), known) == [Completion("/product", 4, "ID [text]  share a product")]
