"""Dialogues played from the command line: an author reads what was expected, what came and where, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatd_client.bots import Bot, MessageContext
from chatd_client.bots.testing import BadDialogue, DialogueFailed, play
from tests.bots.house import bot_token, house, in_loop, running
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
    assert "No such file" in missing.stderr


@in_loop
async def test_what_is_raised_begins_at_the_call_and_not_inside() -> None:
    with pytest.raises(DialogueFailed) as caught:
        await play(Bot("b"), HERE + "ann> hello\nbot> hello")
    assert (caught.value.line, caught.value.wanted, caught.value.heard) == (4, "bot> hello", "nothing")
    assert str(caught.value) == "at line 4 of the dialogue\n  expected: bot> hello\n  got:      nothing"
    assert len(caught.traceback) == 2, "the test, and play"
    with pytest.raises(BadDialogue, match="line 1: say first who is there"):
        await play(Bot("b"), "ann> hello")


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
