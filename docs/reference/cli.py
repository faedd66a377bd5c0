"""The commands, walked as Typer has them: what each does, its arguments and options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from chatd.cli import app
from docs.reference import Words, said_by, table

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
EVERYWHERE = {"--json", "--config"}
"""Options that are explained once, at the top."""


def lines(words: Words) -> Iterator[str]:
    yield words.pick("# Commands", "# 命令")
    yield ""
    yield said_by(words, "chatd/cli")
    yield ""
    yield words.pick(
        "`chatd COMMAND --help` says the same. Commands for operators take `--json` (output for programs) and"
        " `--config FILE` (the settings; without it `./chatd.toml`, if there is one). Status: 0 it worked, 1 it did not, 2 it"
        " was asked in the wrong way or the settings are wrong.",
        "`chatd 命令 --help` 说的也是这些。运维用的命令都支持 `--json`（给程序看的输出）和 `--config FILE`"
        "（配置文件，不写就用当前目录的 `chatd.toml`，没有也行）。退出码：0 成功，1 没做成，2 用法或配置不对。",
    )
    yield ""
    found = list(commands())
    yield from table(
        words.pick("command|does", "命令|作用").split("|"),
        (
            [f"[`{name}`](#{name.replace(' ', '-')})", help_of(command.help, words)]
            for name, command in found
            if name.count(" ") == 1
        ),
    )
    for name, command in found:
        yield f"{'#' * min(name.count(' ') + 1, 3)} {name}"
        yield ""
        yield help_of(command.help, words)
        yield ""
        if not hasattr(command, "commands"):
            yield from describe(name, command, words)


def commands() -> Iterator[tuple[str, Any]]:
    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        for word, below in sorted(getattr(command, "commands", {}).items()):
            if not below.hidden:
                yield f"{name} {word}", below
                yield from walk(f"{name} {word}", below)

    yield from walk("chatd", get_command(app))


def describe(name: str, command: Any, words: Words) -> Iterator[str]:
    """How it is typed, and its arguments and options but for those that all have."""
    params = [param for param in command.params if not param.hidden]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option" and not EVERYWHERE & set(param.opts)]
    shown = " ".join(argument(param) for param in arguments)
    yield f"`{name}{' ' + shown if shown else ''}{' [OPTIONS]' if options else ''}`"
    yield ""
    if arguments or options:
        yield from table(
            words.pick("argument or option|default|is", "参数或选项|默认值|说明").split("|"),
            (
                [f"`{spelled(param)}`", default_of(param), help_of(param.help, words)]
                for param in [*arguments, *options]
            ),
        )


def argument(param: Any) -> str:
    name = str(param.metavar or param.name).strip("{}[]").upper()
    return name if param.required else f"[{name}]"


def spelled(param: Any) -> str:
    if param.param_type_name == "argument":
        return argument(param)
    names = "/".join([*param.opts, *param.secondary_opts])
    return names if param.is_flag else f"{names} {str(param.metavar or param.name).upper()}"


def default_of(param: Any) -> str:
    flag = param.param_type_name == "option" and param.is_flag
    return "" if flag or param.default in (None, "", ()) or callable(param.default) else f"`{param.default}`"


def help_of(text: str | None, words: Words) -> str:
    """In its language: a help says it in English and then, perhaps, in Chinese; else the Chinese is in the list."""
    text = " ".join((text or "").split())
    chinese = CHINESE.search(text)
    if chinese is None:
        return words.of(text)
    cut = re.match(r"(.*[.!?)`\w]) +(?=[^.]*[\u4e00-\u9fff])", text[: chinese.start() + 1])
    english = (cut[1] if cut else text[: chinese.start()]).strip()
    return words.pick(english, text[len(english) :].strip())
