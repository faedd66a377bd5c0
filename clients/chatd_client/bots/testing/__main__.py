"""`python -m chatd_client.bots.testing shop.py shop.dialogue`: does the bot say what is written?

Exit codes: 0 as written; 1 it says something else, and where; 2 one of the files cannot be used.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from chatd_client.bots.bot import Bot
from chatd_client.bots.program import language_from
from chatd_client.bots.testing.dialogue import BadDialogue
from chatd_client.bots.testing.ear import DialogueFailed
from chatd_client.bots.testing.play import play
from chatd_client.bots.words import Phrase

WORDS: Final[dict[str, Phrase]] = {
    "about": Phrase("Plays dialogues with a bot, without a server.", "不用服务器，让机器人照着对话演一遍。"),
    "bot": Phrase("the program of the bot", "机器人的程序文件"),
    "dialogue": Phrase("what people say, and what it is to answer", "人说什么、机器人该答什么"),
    "as_written": Phrase("{path}: as written", "{path}：与写下的一致"),
    "failed": Phrase(
        "{path}, line {line}\n  expected: {wanted}\n  got:      {heard}",
        "{path} 第 {line} 行\n  应该是：{wanted}\n  实际是：{heard}",
    ),
    "nothing": Phrase("nothing", "什么也没说"),
    "no_more": Phrase("nothing more from the bot", "机器人不再说话"),
    "late": Phrase("{path}: it does not come to an end", "{path}：一直没有结束"),
    "no_bot": Phrase("{path} has no bot, or several: there is to be one Bot(…)", "{path} 里要有且只有一个 Bot(…)"),
}


def main(args: Sequence[str] | None = None) -> int:
    """Play them one after another. Returns the exit code."""
    lang = language_from(os.environ)
    words = {name: phrase.in_(lang) for name, phrase in WORDS.items()}
    parser = argparse.ArgumentParser(prog="python -m chatd_client.bots.testing", description=words["about"])
    parser.add_argument("bot", type=Path, help=words["bot"])
    parser.add_argument("dialogue", type=Path, nargs="+", help=words["dialogue"])
    options = parser.parse_args(args)
    worst = 0
    for path in options.dialogue:
        try:
            bot = load(options.bot, words["no_bot"])
        except Exception as error:  # noqa: BLE001  the program of the bot is somebody else's code
            traceback.print_exception(error.with_traceback(None) if isinstance(error, OSError | ValueError) else error)
            return 2
        try:
            asyncio.run(play(bot, path))
            print(words["as_written"].format(path=path))  # noqa: T201
        except DialogueFailed as failed:
            told = {
                "wanted": words["no_more"] if failed.wanted == DialogueFailed.NO_MORE else failed.wanted,
                "heard": words["nothing"] if failed.heard == DialogueFailed.NOTHING else failed.heard,
            }
            print(words["failed"].format(path=path, line=failed.line, **told))  # noqa: T201
            worst = max(worst, 1)
        except TimeoutError:
            print(words["late"].format(path=path))  # noqa: T201
            worst = max(worst, 1)
        except (BadDialogue, OSError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)  # noqa: T201
            return 2
    return worst


def load(path: Path, complaint: str) -> Bot:
    """The one bot of a program. Raises `OSError`, `ValueError`, and what the program raises when it is imported."""
    if not path.exists():
        raise FileNotFoundError(2, os.strerror(2), str(path))
    sys.path.insert(0, str(path.parent.resolve()))  # what it imports lies beside it, as when it is started
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ValueError(complaint.format(path=path))
        module: ModuleType = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent.resolve()))
    bots = {id(value): value for value in vars(module).values() if isinstance(value, Bot)}
    if len(bots) != 1:
        raise ValueError(complaint.format(path=path))
    return next(iter(bots.values()))


if __name__ == "__main__":
    raise SystemExit(main())
