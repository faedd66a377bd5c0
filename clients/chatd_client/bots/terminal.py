"""What the programs of a bot say on a terminal, in the language of its environment: usage, wrong arguments, files that
cannot be read. It knows nothing of bots.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

from chatd_client.bots.words import Lang, Phrase

OPTIONS: Final = Phrase("options", "选项")
ARGUMENTS: Final = Phrase("positional arguments", "参数")
HELP: Final = Phrase("show this help message and exit", "显示本页后退出")
WRONG: Final = Phrase("{prog}: error: {message}", "{prog}：{message}")
NOT_THERE: Final = Phrase("{path} is not there", "没有 {path} 这个文件")
NO_FOLDER: Final = Phrase("there is no folder {path}", "没有 {path} 这个文件夹")
NOT_ALLOWED: Final = Phrase("{path} may not be read or written by this user", "当前用户无权读写 {path}")
A_FOLDER: Final = Phrase("{path} is a folder, not a file", "{path} 是文件夹，不是文件")
_IN_CHINESE: Final = (
    (r"the following arguments are required: (.+)", "缺少参数：{0}"),
    (r"unrecognized arguments: (.+)", "不认识的参数：{0}"),
    (r"argument (\S+): expected (?:one|at least one) argument", "{0} 需要一个值"),
    (r"argument (\S+): invalid choice: (.+) \(choose from (.+)\)", "{0} 没有 {1} 这个值，可选 {2}"),
    (r"argument (\S+): not allowed with argument (\S+)", "{0} 不能和 {1} 一起用"),
    (r"argument (\S+): ignored explicit argument (.+)", "{0} 不带值，多了 {1}"),
    (r"ambiguous option: (\S+) could match (.+)", "{0} 不明确，可能是 {1}"),
)
"""What argparse says, and the same in Chinese."""


def language_from(env: Mapping[str, str]) -> Lang:
    """The language that the environment asks for."""
    told = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "zh" if told.lower().startswith("zh") else "en"


def in_chinese(message: str) -> str:
    """What argparse says, in Chinese; as it is where this module does not know the sentence."""
    for pattern, plain in _IN_CHINESE:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return plain.format(*found.groups())
    return message


def said_of(error: OSError, lang: Lang) -> str:
    """What is wrong with a file, without the number of the system."""
    path = error.filename
    if path is None:
        return str(error)
    if isinstance(error, FileNotFoundError):
        return (NO_FOLDER if str(path).endswith(os.sep) else NOT_THERE).in_(lang, path=path)
    if isinstance(error, PermissionError):
        return NOT_ALLOWED.in_(lang, path=path)
    if isinstance(error, IsADirectoryError):
        return A_FOLDER.in_(lang, path=path)
    return f"{path}: {error.strerror}"


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that speaks one of the two languages."""

    def __init__(self, lang: Lang, description: str, prog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, add_help=False, formatter_class=_FORMATTERS[lang])
        self._lang = lang
        self._optionals.title, self._positionals.title = OPTIONS.in_(lang), ARGUMENTS.in_(lang)
        self.add_argument("-h", "--help", action="help", help=HELP.in_(lang))

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end with 2."""
        self.print_usage(sys.stderr)
        told = in_chinese(message) if self._lang == "zh" else message
        self.exit(2, WRONG.in_(self._lang, prog=self.prog, message=told) + "\n")


class _Chinese(argparse.HelpFormatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


_FORMATTERS: Final[dict[Lang, type[argparse.HelpFormatter]]] = {"en": argparse.HelpFormatter, "zh": _Chinese}
