"""Dialogues played from the command line: an author reads what was expected, what came and where, and no traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from chatd_client import ChatdError
from chatd_client.bots import Bot, CardContext, MessageContext
from chatd_client.bots.testing import BadDialogue, DialogueFailed, ServerPlace, play
from chatd_protocol.catalogue import Product
from chatd_protocol.kinds import ProductCard
from tests.bots.house import bot_token, change_in, house, in_loop, running
from tests.bots.test_running import client_of, group_with, said_by_bots

PROGRAM = """\
import words
from chatd_client.bots import Bot, MessageContext

bot = Bot("tea")


@bot.command("tea")
async def tea(ctx: MessageContext) -> None:
    await ctx.reply(words.TEA)


if __name__ == "__main__":
    bot.main()
"""
HERE = "# a comment\n* group Tea: ann, bo\n"
TALK = HERE + "ann> /tea\nbot> With milk?\n"


def folder_with(folder: Path, talk: str, program: str = PROGRAM) -> Path:
    (folder / "tea.py").write_text(program)
    (folder / "words.py").write_text('TEA = "With milk?"\n')
    (folder / "tea.dialogue").write_text(talk)
    return folder


def run(folder: Path, *args: str, lang: str = "C.UTF-8") -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "LC_ALL": lang}
    command = [sys.executable, "-m", "chatd_client.bots.testing", *args]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_a_bot_that_says_what_is_written_ends_with_zero(tmp_path: Path) -> None:
    done = run(folder_with(tmp_path, TALK), "tea.py", "tea.dialogue", "tea.dialogue")
    assert (done.returncode, done.stdout, done.stderr) == (0, "tea.dialogue: as written\n" * 2, "")
    (tmp_path / "bad.dialogue").write_text(HERE + "* it is 2026-01-05 08:00\n")
    done = run(tmp_path, "tea.py", "bad.dialogue", "tea.dialogue", lang="zh_CN.UTF-8")
    assert (done.returncode, done.stdout.count("tea.dialogue")) == (2, 1), "those behind a wrong one are played too"
    assert "bad.dialogue 第 3 行：现在已是 2026-01-05 09:00 UTC" in done.stderr


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (TALK.replace("milk", "lemon"), "line 4\n  expected: bot> With lemon?\n  got:      bot> With milk?"),
        (TALK + "bot> Sugar?\n", "line 5\n  expected: bot> Sugar?\n  got:      nothing"),
        (
            HERE + "ann> /tea\nbo> me too\n",
            "line 4\n  expected: nothing more from the bot\n  got:      bot> With milk?",
        ),
        (HERE + "bo presses [[More]]\n", "line 3\n  expected: a button [[More]]\n  got:      there is none"),
    ],
)
def test_one_that_says_something_else_is_told_what_was_expected_what_came_and_where(
    talk: str, told: str, tmp_path: Path
) -> None:
    done = run(folder_with(tmp_path, talk), "tea.py", "tea.dialogue")
    assert (done.returncode, done.stdout, done.stderr) == (1, f"tea.dialogue, {told}\n", "")


def test_it_is_told_in_chinese_to_who_reads_chinese(tmp_path: Path) -> None:
    done = run(folder_with(tmp_path, TALK + "bot> 糖？\n"), "tea.py", "tea.dialogue", lang="zh_CN.UTF-8")
    assert done.stdout == "tea.dialogue 第 5 行\n  应该是：bot> 糖？\n  实际是：什么也没说\n"


@pytest.mark.parametrize(
    ("talk", "program", "told"),
    [
        ("ann waves\n", PROGRAM, "line 1: cannot be understood: ann waves"),
        ("ann> hello\n", PROGRAM, "line 1: say first who is there"),
        (HERE + "ann recalls\n", PROGRAM, "line 3: ann has said nothing yet"),
        (HERE + "ann reacts 👍\n", PROGRAM, "line 3: the bot has said nothing yet"),
        (TALK, "from chatd_client.bots import Bot\n", "tea.py has no bot, or several"),
        (TALK, "bot = Bot('b')\n", "NameError: name 'Bot' is not defined"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(talk: str, program: str, told: str, tmp_path: Path) -> None:
    done = run(folder_with(tmp_path, talk, program), "tea.py", "tea.dialogue")
    assert done.returncode == 2
    assert told in done.stderr
    assert "play.py" not in done.stderr
    missing = run(tmp_path, "tea.py" if program == PROGRAM else "none.py", "none.dialogue")
    assert missing.returncode == 2
    assert missing.stderr == f"{'none.dialogue' if program == PROGRAM else 'none.py'} is not there\n"


def test_a_program_that_runs_its_bot_whenever_it_is_read_is_tried_all_the_same(tmp_path: Path) -> None:
    program = PROGRAM.replace('if __name__ == "__main__":\n    bot.main()', "bot.main()")
    done = run(folder_with(tmp_path, TALK, program), "tea.py", "tea.dialogue")
    assert (done.returncode, done.stdout, done.stderr) == (0, "tea.dialogue: as written\n", "")


def test_a_handler_that_succeeds_in_the_end_is_told_of_too(tmp_path: Path) -> None:
    program = PROGRAM.replace("words.TEA", 'words.TEA if tries.pop() else str(1 / len(""))')
    program = program.replace("bot = Bot", "tries = [True, False]\nbot = Bot")
    english = run(folder_with(tmp_path, TALK, program), "tea.py", "tea.dialogue")
    assert (english.returncode, english.stderr) == (0, "")
    assert re.fullmatch(
        r"tea.dialogue: as written, but only when it was tried again\n"
        r"  failed:   tea\.tea: ZeroDivisionError: division by zero \(tea\.py:\d+\)\n",
        english.stdout,
    )
    chinese = run(tmp_path, "tea.py", "tea.dialogue", lang="zh_CN.UTF-8")
    assert chinese.stdout.startswith("tea.dialogue：与写下的一致，但重试才成功\n  出错：tea.tea: ZeroDivisionError")


def test_what_a_handler_failed_of_is_told_with_its_line(tmp_path: Path) -> None:
    program = PROGRAM.replace("words.TEA", 'words.TEA + str(1 / len("")) + "secret"')
    english = run(folder_with(tmp_path, TALK, program), "tea.py", "tea.dialogue")
    place = f"tea.py:{program.splitlines().index(next(x for x in program.splitlines() if 'secret' in x)) + 1}"
    assert english.stdout == (
        "tea.dialogue, line 4\n  expected: bot> With milk?\n  got:      nothing\n"
        f"  failed:   tea.tea: ZeroDivisionError: division by zero ({place})\n"
    )
    assert english.stderr == "", "it is told once"
    chinese = run(folder_with(tmp_path, HERE + "ann> /tea\n", program), "tea.py", "tea.dialogue", lang="zh_CN.UTF-8")
    assert chinese.stdout == (
        "tea.dialogue 第 3 行\n  应该是：没有处理函数出错\n"
        f"  实际是：tea.tea: ZeroDivisionError: division by zero ({place})\n"
    )
    broken = run(folder_with(tmp_path, TALK, "import nothing_of_this_name\n"), "tea.py", "tea.dialogue")
    assert re.fullmatch(
        r"Traceback [^\n]*\n  File [^\n]*tea\.py[^\n]*\n[^\n]*\nModuleNotFoundError: .*", broken.stderr.strip()
    ), "its traceback begins in the program"


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        ("ann waves\n", "tea.dialogue 第 1 行：看不懂：ann waves\n"),
        ("ann> hello\n", "tea.dialogue 第 1 行：先说有谁在：* group 群名: ann, bo\n"),
        (HERE + "ann recalls\n", "tea.dialogue 第 3 行：ann 还没说过话\n"),
        (HERE + "ann reacts 👍\n", "tea.dialogue 第 3 行：机器人还没说过话\n"),
        ('* product a "A" JPY 1.50\n', "tea.dialogue 第 1 行：JPY 的小数有 0 位\n"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_in_chinese_too(talk: str, told: str, tmp_path: Path) -> None:
    assert run(folder_with(tmp_path, talk), "tea.py", "tea.dialogue", lang="zh_CN.UTF-8").stderr == told


def test_the_kit_explains_itself_in_chinese_too(tmp_path: Path) -> None:
    shown = run(folder_with(tmp_path, TALK), "--help", lang="zh_CN.UTF-8")
    assert shown.stdout.startswith("用法：python -m chatd_client.bots.testing")
    assert ("\n选项:" in shown.stdout, "\n参数:" in shown.stdout) == (True, True)
    assert not re.search("usage|options|arguments|show this", shown.stdout)
    assert "缺少参数：bot, dialogue" in run(tmp_path, lang="zh_CN.UTF-8").stderr
    assert run(tmp_path, "tea.py", "none.dialogue", lang="zh_CN.UTF-8").stderr == "没有 none.dialogue 这个文件\n"


@in_loop
async def test_what_is_raised_begins_at_the_call_and_not_inside() -> None:
    with pytest.raises(DialogueFailed) as caught:
        await play(Bot("b"), HERE + "ann> hello\nbot> hello")
    assert (caught.value.line, caught.value.wanted, caught.value.heard) == (4, "bot> hello", "nothing")
    assert str(caught.value) == "at line 4 of the dialogue\n  expected: bot> hello\n  got:      nothing"
    assert len(caught.traceback) == 2, "the test, and play"
    with pytest.raises(FileNotFoundError, match=r"^there is no dialogue /.*/none\.dialogue$"):
        await play(Bot("b"), Path("none.dialogue"))
    with pytest.raises(BadDialogue, match="line 1: say first who is there"):
        await play(Bot("b"), "ann> hello")
    with pytest.raises(BadDialogue, match="line 3: the clock says 2026-01-05 09:00 UTC already"):
        await play(Bot("b"), HERE + "* it is 2026-01-05 08:59")


@in_loop
async def test_two_bots_that_answer_everything_do_not_answer_each_other(store_url: str, tmp_path: Path) -> None:
    bots = [Bot(name) for name in ("one", "two")]
    for bot in bots:

        @bot.message()
        async def answer(ctx: MessageContext) -> None:
            await ctx.reply("and you?")

    async with house(store_url, tmp_path) as server, client_of(server, "ann") as ann:
        tokens = [await bot_token(server) for _ in bots]
        async with (
            running(bots[0], server, tokens[0], tmp_path / "one.db") as one,
            running(bots[1], server, tokens[1], tmp_path / "two.db") as two,
        ):
            group = await group_with(ann, one)
            assert two.client.hello is not None
            added = await ann.add_members(group, [two.client.hello.user])
            await two.while_it_runs(two.runner.until(group, added.pos or 0))
            await ann.send(group, "how are you?")
            for _ in range(3):  # each has seen what the other one said
                head = (await ann.get_group(group)).line.head
                for bot_run in (one, two):
                    await bot_run.while_it_runs(bot_run.runner.until(group, head))
            assert await said_by_bots(ann, group) == ["and you?", "and you?"]


FOUND = """\
* product lamp-desk "Desk Lamp, brass" CNY 199.00
* product lamp-night "小夜灯" CNY 59.00
* product lamp-old "Oil lamp" CNY 9.00, off the shelf
* product lamp-last "Lamp of last year" CNY 19.00, sold out
* video lamp "How a lamp is made"
* video secret "A lamp nobody sees", private
* group Potters: ann
ann> /find product lamp
bot> lamp-last lamp-desk
ann> /find video LAMP
bot> lamp
ann> /find product "desk brass"
bot> lamp-desk
ann> /find product esk
bot> nothing
ann> /find product 夜灯
bot> lamp-night
ann> /find product "ｌａｍｐ　ｌａｓｔ"
bot> lamp-last
ann> /find product !?
bot> nothing
* product lamp-desk "Desk lamp, brass" CNY 149.00
ann> /find product lamp
bot> lamp-desk lamp-last
* product lamp-desk is deleted
ann> /find product lamp
bot> lamp-last
"""


def finding_bot() -> Bot:
    bot = Bot("finding")

    @bot.command("find")
    async def find(ctx: MessageContext, kind: Literal["product", "video"], words: str) -> None:
        found = await ctx.client.find_items(words, kind)
        await ctx.send(" ".join(card.id for card in found.items) or "nothing")

    return bot


@in_loop
async def test_what_a_bot_finds_by_a_title_is_on_the_stage_what_it_is_at_a_server(
    sqlite_url: str, tmp_path: Path
) -> None:
    await play(finding_bot(), FOUND)
    async with house(sqlite_url, tmp_path) as server:
        token = await bot_token(server, name="finding")
        place = ServerPlace(server.ws_url, bot_token=token, token_of=server.token, change=change_in(server))
        await play(finding_bot(), FOUND, place)


GOODS = """\
* bo is 小波
* product teapot "Teapot of the dialogue" CNY 1.00
* product cup "Cup" CNY 2.00
* group Potters: ann, bo
ann> /price teapot
bot> [product teapot]
ann> [product cup] this one
bot> cup
ann> /find teapot
bot> teapot
ann> /price kettle
bot> There is no kettle.
ann> /price {long}
bot> There is no {long}.
bo> /who
bot> 小波
ann> /who
bot> Ann
* product teapot "Teapot of the dialogue" CNY 0.50
bot> teapot is cheaper
* product cup is deleted
"""


def goods_bot() -> Bot:
    bot = Bot("goods")

    @bot.command("price")
    async def price(ctx: MessageContext, product: str) -> None:
        try:
            await ctx.send_product(product)
        except ChatdError as error:
            await ctx.send(f"There is no {product}." if error.code == "no_item" else error.code)

    @bot.command("find")
    async def find(ctx: MessageContext, words: str) -> None:
        await ctx.send(" ".join(card.id for card in (await ctx.ops.find_items(words, limit=1)).items))

    @bot.command("who")
    async def who(ctx: MessageContext) -> None:
        await ctx.send(await ctx.name_of(ctx.user))

    @bot.card("product")
    async def shown(ctx: MessageContext) -> None:
        await ctx.send(ctx.card.id if ctx.card is not None else "no card")

    @bot.card_changed("product")
    async def changed(ctx: CardContext) -> None:
        if ctx.card.status == "on_sale":
            await ctx.send(f"{ctx.card.id} is cheaper")

    return bot


@in_loop
async def test_a_dialogue_at_a_server_touches_no_item_and_nobody_who_was_there(store_url: str, tmp_path: Path) -> None:
    async with house(store_url, tmp_path) as server, client_of(server, "ann") as ann:
        put = change_in(server)
        await put(Product("teapot", 1, "Teapot", 12800, "CNY", "https://shop.example/teapot"))
        await put(Product("kettle", 1, "Kettle", 9900, "CNY", "https://shop.example/kettle"))
        token = await bot_token(server, name="goods")
        for _ in range(2):  # again, too
            asked: list[tuple[str, str]] = []

            def token_of(sub: str, name: str, asked: list[tuple[str, str]] = asked) -> str:
                asked.append((sub, name))
                return server.token(sub, name)

            place = ServerPlace(server.ws_url, bot_token=token, token_of=token_of, change=put)
            await play(goods_bot(), GOODS.format(long="x" * 64), place)
            assert [name for _, name in asked] == ["Ann", "小波"]
            assert all(re.fullmatch(r"dialogue-(ann|bo)-[0-9a-f]{8}", sub) for sub, _ in asked)
        assert (await ann.list_groups()).groups == []
        found = (await ann.find_items("")).items
        assert sorted((card.id, card.title) for card in found) == [("kettle", "Kettle"), ("teapot", "Teapot")]
        await put(Product("teapot", 2, "Teapot", 11800, "CNY", "https://shop.example/teapot"))
        (teapot,) = (await ann.find_items("teapot")).items
        assert isinstance(teapot, ProductCard)
        assert teapot.price == 11800, "its shop's next change is no older one"


@in_loop
async def test_without_a_way_to_change_it_a_dialogue_sees_the_catalogue_of_the_server(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with house(sqlite_url, tmp_path) as server:
        await change_in(server)(Product("teapot", 1, "Teapot", 12800, "CNY", "https://shop.example/teapot"))
        place = ServerPlace(server.ws_url, bot_token=await bot_token(server, name="goods"), token_of=server.token)
        await play(goods_bot(), "* group Tea: ann\nann> /price teapot\nbot> [product teapot]\n", place)
