"""`python -m chatd_client.bots.testing shop.py shop.dialogue`: does the bot say what is written?

Exit codes: 0 as written; 1 it says something else, and where; 2 one of the files cannot be used.
"""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

from chatd_client.bots.bot import Bot, being_tried
from chatd_client.bots.failures import Failure, told_of
from chatd_client.bots.terminal import Parser, language_from, said_of
from chatd_client.bots.testing.dialogue import BadDialogue
from chatd_client.bots.testing.ear import DialogueFailed
from chatd_client.bots.testing.play import play
from chatd_client.bots.words import Phrase

WORDS: Final[dict[str, Phrase]] = {
    "about": Phrase("Plays dialogues with a bot, without a server.", "不用服务器，让机器人照着对话演一遍。"),
    "bot": Phrase("the program of the bot", "机器人的程序文件"),
    "dialogue": Phrase("what people say, and what it is to answer", "人说什么、机器人该答什么"),
    "as_written": Phrase("{path}: as written", "{path}：与写下的一致"),
    "at_last": Phrase(
        "{path}: as written, but only when it was tried again{failures}",
        "{path}：与写下的一致，但重试才成功{failures}",
    ),
    "failed": Phrase("{path}, line {line}{told}", "{path} 第 {line} 行{told}"),
    "bad": Phrase("{path}: {told}", "{path} {told}"),
    "late": Phrase("{path}: it does not come to an end", "{path}：一直没有结束"),
    "no_bot": Phrase("{path} has no bot, or several: there is to be one Bot(…)", "{path} 里要有且只有一个 Bot(…)"),
}


def main(args: Sequence[str] | None = None) -> int:
    """Play them one after another. Returns the exit code."""
    lang = language_from(os.environ)
    words = {name: phrase.in_(lang) for name, phrase in WORDS.items()}
    parser = Parser(lang, words["about"], prog="python -m chatd_client.bots.testing")
    parser.add_argument("bot", type=Path, help=words["bot"])
    parser.add_argument("dialogue", type=Path, nargs="+", help=words["dialogue"])
    options = parser.parse_args(args)
    logging.getLogger("chatd_client.bots").addHandler(logging.NullHandler())  # what it says is told here, by line
    worst = 0
    for path in options.dialogue:
        try:
            bot = load(options.bot)
        except NoBot:
            print(words["no_bot"].format(path=options.bot), file=sys.stderr)  # noqa: T201
            return 2
        except Exception as error:  # noqa: BLE001  the program of the bot is somebody else's code
            if isinstance(error, OSError) and error.filename == str(options.bot):
                print(said_of(error, lang), file=sys.stderr)  # noqa: T201
            else:
                traceback.print_exception(error.with_traceback(_from(options.bot, error)))
            return 2
        try:
            failures = _noted(bot)
            asyncio.run(play(bot, path))
            told = "".join(DialogueFailed.FAILED.in_(lang, failure=one) for one in failures)
            print(words["at_last" if told else "as_written"].format(path=path, failures=told))  # noqa: T201
        except DialogueFailed as failed:
            print(words["failed"].format(path=path, line=failed.line, told=failed.told(lang)))  # noqa: T201
            worst = max(worst, 1)
        except TimeoutError:
            print(words["late"].format(path=path))  # noqa: T201
            worst = max(worst, 1)
        except BadDialogue as bad:
            print(words["bad"].format(path=path, told=bad.told(lang)), file=sys.stderr)  # noqa: T201
            worst = 2
        except OSError as error:
            print(said_of(error, lang), file=sys.stderr)  # noqa: T201
            return 2
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)  # noqa: T201
            return 2
    return worst


def _noted(bot: Bot) -> list[str]:
    """What its handlers fail of from now on, and where."""
    failures: list[str] = []

    @bot.on_error
    async def note(failure: Failure) -> None:
        failures.append(f"{failure.handler}: {told_of(failure.error)}")

    return failures


def _from(path: Path, error: BaseException) -> TracebackType | None:
    """Its traceback from the program on; who called that tells an author nothing."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename != str(path.absolute()):
        step = step.tb_next
    return step


class NoBot(Exception):
    """A program that has no bot, or more than one."""


def load(path: Path) -> Bot:
    """The one bot of a program, which is read and not run: `bot.main()` does nothing meanwhile. Raises `OSError`,
    `NoBot`, and what the program raises when it is read."""
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    sys.path.insert(0, str(path.parent.resolve()))  # what it imports lies beside it, as when it is started
    tried = being_tried.set(True)
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path.absolute())
        if spec is None or spec.loader is None:
            raise NoBot
        module: ModuleType = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    finally:
        being_tried.reset(tried)
        sys.path.remove(str(path.parent.resolve()))
    bots = {id(value): value for value in vars(module).values() if isinstance(value, Bot)}
    if len(bots) != 1:
        raise NoBot
    return next(iter(bots.values()))


if __name__ == "__main__":
    raise SystemExit(main())
